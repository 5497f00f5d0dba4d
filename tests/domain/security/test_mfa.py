"""Who has registered for MFA, and what demands it of everybody."""

from collections import Counter

import msgspec
import pytest

from integrations.domain.policies.conditional_access import (
    AuthenticationStrength,
    ConditionalAccess,
    Conditions,
    Grant,
    PolicyApplications,
    PolicyUsers,
    Selection,
)
from integrations.domain.security.mfa import demanded_by, kind_of_registration, registered
from integrations.domain.sync.security_records import NamedLocation, Registration

FOR_ALL = ConditionalAccess(
    id="p",
    name="MFA for all",
    state="enabled",
    conditions=Conditions(included=PolicyUsers(users=["All"]), applications=PolicyApplications(included=["All"])),
    grant=Grant(operator="OR", controls=["mfa"]),
)
STRENGTH = AuthenticationStrength(id="s", combinations=["fido2", "password,sms"])
WEAK, UNKNOWN = AuthenticationStrength(id="w", combinations=["fido2", "password"]), AuthenticationStrength(id="u")


def when(**changes: object) -> dict[str, object]:
    return {"conditions": msgspec.structs.replace(FOR_ALL.conditions, **changes)}


def asks(*controls: str, **more: object) -> dict[str, object]:
    return {"grant": Grant(**{"operator": "OR", "controls": list(controls), **more})}


def person(*, admin: bool = False, guest: bool = False, mfa: bool = True) -> Registration:
    return Registration(
        user_id="u", name="U", username="u", is_mfa_registered=mfa, is_mfa_capable=mfa, is_admin=admin, is_guest=guest
    )


def test_people_administrators_and_guests_are_counted_from_tallies_alone() -> None:
    people = [person(), person(mfa=False), person(admin=True), person(admin=True, mfa=False), person(guest=True)]

    counted = registered(Counter(kind_of_registration(it) for it in people))

    assert msgspec.to_builtins(counted) == {
        "users": 4,
        "users_without": 2,
        "admins": 2,
        "admins_without": 1,
        "guests": 1,
        "guests_without": 0,
    }


@pytest.mark.parametrize(
    ("changes", "demands"),
    [
        pytest.param({}, True, id="everybody, everywhere"),
        pytest.param(asks(strength=STRENGTH), True, id="a strength of two factors"),
        pytest.param(asks(strength=WEAK), False, id="a strength that accepts a password alone"),
        pytest.param(asks(strength=UNKNOWN), False, id="a strength that nobody knows"),
        pytest.param(asks("compliantDevice", "mfa", operator="AND"), True, id="MFA and more"),
        pytest.param(asks("compliantDevice", "mfa"), False, id="MFA or a compliant device"),
        pytest.param(asks("mfa", terms_of_use=["t"]), False, id="MFA or terms of use"),
        pytest.param(asks("mfa", custom_factors=["f"]), False, id="MFA or somebody else's factor"),
        pytest.param(asks("mfa", other={"newControl": "on"}), False, id="MFA or something that is new to us"),
        pytest.param(asks("mfa", operator="AND", other={"newControl": "on"}), True, id="MFA and something new to us"),
        pytest.param(asks("block"), False, id="no MFA"),
        pytest.param({"grant": None}, False, id="nothing"),
        pytest.param({"state": "report only"}, False, id="only reports"),
        pytest.param({"state": "disabled"}, False, id="switched off"),
        pytest.param({"conditions": None}, False, id="conditions that nobody could read"),
        pytest.param(when(included=PolicyUsers(groups=["g"])), False, id="some people"),
        pytest.param(when(applications=PolicyApplications(included=["Office365"])), False, id="some applications"),
        pytest.param(when(applications=None), False, id="something else than applications"),
        pytest.param(
            when(applications=PolicyApplications(included=["All"], filter={"mode": "exclude"})),
            False,
            id="filtered applications",
        ),
        pytest.param(when(client_apps=["exchangeActiveSync", "other"]), False, id="some clients"),
        pytest.param(when(client_apps=["all"]), True, id="all clients"),
        pytest.param(when(locations=Selection(included=["All"], excluded=["AllTrusted"])), False, id="some places"),
        pytest.param(when(platforms=Selection(included=["android"])), False, id="some platforms"),
        pytest.param(when(sign_in_risks=["high"]), False, id="risky sign-ins"),
        pytest.param(when(user_risks=["high"]), False, id="risky people"),
        pytest.param(when(service_principal_risks=["high"]), False, id="risky applications"),
        pytest.param(when(insider_risks=["elevated"]), False, id="insiders"),
        pytest.param(when(agent_risks=["high"]), False, id="risky agents"),
        pytest.param(when(flows=["deviceCodeFlow"]), False, id="one way to sign in"),
        pytest.param(when(devices={"deviceFilter": {"mode": "include"}}), False, id="some devices"),
        pytest.param(when(workloads={"includeServicePrincipals": ["x"]}), False, id="applications' own sign-ins"),
        pytest.param(when(other={"timesOfDay": "night"}), False, id="a condition that is new to us"),
        pytest.param(when(excluded=PolicyUsers(users=["break-glass"])), True, id="but for one account"),
    ],
)
def test_a_policy_demands_mfa_of_everybody_or_it_does_not(changes: dict[str, object], demands: bool) -> None:
    policy = msgspec.structs.replace(FOR_ALL, **changes)

    assert demanded_by([policy], security_defaults=False) == (["MFA for all"] if demands else [])


def test_security_defaults_demand_it_too() -> None:
    assert demanded_by([FOR_ALL], security_defaults=True) == ["Security defaults", "MFA for all"]
    assert demanded_by([], security_defaults=None) == []


def test_a_strength_without_combinations_is_looked_up() -> None:
    policy = msgspec.structs.replace(FOR_ALL, **asks(strength=UNKNOWN))
    known = {"u": msgspec.structs.replace(STRENGTH, id="u")}

    assert demanded_by([policy], security_defaults=False, strengths=known) == ["MFA for all"]


def test_policies_that_hold_every_sign_in_together_demand_it_together() -> None:
    modern = named("Modern", client_apps=["browser", "mobileAppsAndDesktopClients"])
    legacy = named("Legacy", client_apps=["exchangeActiveSync", "other"])
    blocked = msgspec.structs.replace(legacy, grant=Grant(operator="OR", controls=["block"]))
    useless = named("Browsers", client_apps=["browser"])

    assert demanded_by([modern, blocked, useless], security_defaults=False) == ["Legacy", "Modern"]
    assert demanded_by([modern, useless], security_defaults=False) == []
    assert demanded_by([modern, legacy, FOR_ALL], security_defaults=False) == ["MFA for all"]


def test_places_are_known_by_their_locations() -> None:
    away = named("Away", locations=Selection(included=["All"], excluded=["AllTrusted"]))
    here = named("Here", locations=Selection(included=["AllTrusted"]))
    blocked = named("Office", locations=Selection(included=["office"]))
    office = NamedLocation(id="office", name="HQ", kind="ip", is_trusted=True)

    together = {"policies": [away, here, blocked], "security_defaults": False}

    assert demanded_by(**together, locations={"office": office}) == ["Away", "Here"]
    assert demanded_by([away, blocked], security_defaults=False, locations={"office": office}) == []


def named(name: str, **changes: object) -> ConditionalAccess:
    return msgspec.structs.replace(FOR_ALL, id=name, name=name, **when(**changes))
