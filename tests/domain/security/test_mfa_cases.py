"""Seventy tenants and the decision about one person in each: yes, no, no but at some sign-ins, or unknown."""

from typing import NamedTuple

import pytest

from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.mfa_decision import DIRECTORY_SYNCHRONIZATION, MfaDecision, MfaMode
from integrations.domain.security.mfa_policies import MfaCoverage
from integrations.domain.security.policy_people import SignedInPerson
from integrations.domain.sync.security_records import NamedLocation
from tests.domain.security.mfa_worlds import (
    World,
    asks,
    decision,
    group,
    groups,
    guests,
    only,
    places,
    policy,
    role,
    roles,
    strength,
    users,
)

ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ADELE = SignedInPerson("adele")
GUEST = SignedInPerson("gina", "b2bCollaborationGuest")
INTERNAL = SignedInPerson("ines", "internalGuest")
ALL_KINDS = ("b2bCollaborationGuest", "b2bCollaborationMember", "internalGuest", "otherExternalUser")
NESTED = (group("g1", "g2"), group("g2", "g3"), group("g3", "adele"))
OFFICE = NamedLocation(id="office", name="HQ", kind="ip", is_trusted=True)
LEGACY = ["exchangeActiveSync", "other"]
MODERN = ["browser", "mobileAppsAndDesktopClients"]
FULL = policy(id="full")


class Case(NamedTuple):
    """``because`` are words of the causes or of the gap."""

    id: str
    world: World
    verdict: str
    because: str = ""
    person: SignedInPerson = ADELE


def by(*policies, **more) -> World:
    return World(policies=policies, **more)


CASES = [
    Case("m01", World(), "N", "any sign-in"),
    Case("m02", World(security_defaults=True), "Y", "when Microsoft sees fit"),
    Case(
        "m03", World(security_defaults=True, roles=[role(ADMINISTRATOR, "adele")]), "Y", "at every sign-in, for a role"
    ),
    Case("m04", World(security_defaults=True), "Y", "when Microsoft sees fit", GUEST),
    Case("m05", World(security_defaults=True, roles=[role(DIRECTORY_SYNCHRONIZATION, "adele")]), "N", "leave out"),
    Case("m06", World(security_defaults=None), "?", "could not be read"),
    Case("m07", by(FULL, security_defaults=None), "Y", "Policy full"),
    Case("m08", World(per_user={"adele": "enforced"}), "Y", "enforced"),
    Case("m09", World(per_user={"adele": "enabled"}), "Y", "enabled"),
    Case("m10", World(per_user=None), "?", "states could not be read"),
    Case("m11", by(FULL, per_user=None), "Y", "Policy full"),
    Case("m12", by(FULL), "Y", "at every sign-in"),
    Case("m13", by(policy(state="report only")), "N", "only reports"),
    Case("m14", by(policy(state="disabled")), "N"),
    Case("m15", by(policy(grant=asks("mfa", "compliantDevice"))), "N", "something else is enough"),
    Case("m16", by(policy(grant=asks("mfa", "compliantDevice", operator="AND"))), "Y"),
    Case("m17", by(policy(grant=asks(strength=strength("password,sms", "fido2")))), "Y"),
    Case("m18", by(policy(grant=asks(strength=strength("password", "fido2")))), "N", "accepts one factor"),
    Case("m19", by(policy(grant=asks("mfa", strength=strength("fido2", "windowsHelloForBusiness")))), "Y"),
    Case("m20", by(policy(grant=asks(strength=strength()))), "?", "not all of it could be understood"),
    Case("m21", by(policy(grant=asks(custom_factors=["Duo"]))), "N", "external factor"),
    Case("m22", by(policy(grant=asks(terms_of_use=["t"]))), "N"),
    Case("m23", by(policy(grant=None, session={"signInFrequency": {"isEnabled": True}})), "N"),
    Case("m24", by(policy(grant=asks("block"))), "Y", "blocks"),
    Case("m25", by(policy(excluded=users("adele"))), "N", "excluded by name"),
    Case("m26", by(policy(included=users("adele"), excluded=users("adele"))), "N", "excluded by name"),
    Case("m27", by(policy(excluded=groups("g1")), groups=NESTED), "N", "excluded through the group Group g1"),
    Case("m28", by(policy(included=groups("g1")), groups=NESTED), "Y"),
    Case("m29", by(policy(included=groups("g")), groups=[group("g", "bob")]), "N"),
    Case("m30", by(policy(excluded=groups("gone"))), "Y"),
    Case("m31", by(policy(excluded=groups("g")), groups=None), "?", "not known whether it applies"),
    Case("m32", by(policy(included=groups("g")), groups=None), "?", "not known whether it applies"),
    Case("m33", by(policy(excluded=groups("a")), groups=[group("a", "b"), group("b", "a", "adele")]), "N"),
    Case("m34", by(policy(included=roles("r")), roles=[role("r", "adele")]), "Y"),
    Case(
        "m35",
        by(
            policy(included=roles("r")),
            roles=[role("r", "g", "group")],
            groups=[group("g", "adele", may_hold_roles=True)],
        ),
        "Y",
    ),
    Case(
        "m36",
        by(policy(included=roles("r")), eligible=[RoleSchedule(id="e", role_id="r", principal_id="adele")]),
        "N",
        "once a role is activated",
    ),
    Case("m37", by(policy(excluded=roles(ADMINISTRATOR)), roles=[role(ADMINISTRATOR, "adele")]), "N", "by the role"),
    Case("m38", by(policy(excluded=roles("r")), roles=None), "?"),
    Case("m39", by(policy(applications=only("Office365"))), "N~", "to other applications"),
    Case("m40", by(policy(applications=only("MicrosoftAdminPortals"))), "N~", "to other applications"),
    Case("m41", by(policy(applications=only("All", excluding=["app"]))), "N~", "to the application app"),
    Case("m42", by(policy(applications=only("All", excluding=["app"])), policy(id="q", applications=only("app"))), "Y"),
    Case("m43", by(policy(applications=only(user_actions=["urn:user:registersecurityinfo"]))), "N"),
    Case("m44", by(policy(applications=only(contexts=["c1"]))), "N"),
    Case("m45", by(policy(applications=only("All", filter={"mode": "include", "rule": "x"}))), "N~", "filtered"),
    Case("m46", by(policy(client_apps=["browser"])), "N~", "desktop and mobile apps"),
    Case("m47", by(policy(client_apps=MODERN)), "N~", "Exchange ActiveSync and legacy clients"),
    Case("m48", by(policy(client_apps=MODERN), policy(id="q", grant=asks("block"), client_apps=LEGACY)), "Y"),
    Case("m49", by(policy(locations=places("All", excluding=["AllTrusted"]))), "N~", "in trusted locations"),
    Case("m50", by(policy(locations=places("All"))), "Y"),
    Case(
        "m51",
        by(
            policy(locations=places("All", excluding=["office"])),
            policy(id="q", locations=places("office")),
            locations=[OFFICE],
        ),
        "Y",
    ),
    Case("m52", by(policy(platforms=places("windows"))), "N~", "on macOS, iOS, Android and 3 more"),
    Case("m53", by(policy(platforms=places("all"))), "Y"),
    Case("m54", by(policy(sign_in_risks=["high"])), "N~", "without sign-in risk"),
    Case("m55", by(policy(devices={"deviceFilter": {"mode": "exclude", "rule": "x"}})), "N~", "some devices"),
    Case("m56", by(policy(flows=["deviceCodeFlow"])), "N~", "some ways of signing in"),
    Case("m57", by(policy(other={"timesOfDay": "night"})), "N~", "a condition that is not known"),
    Case("m58", by(FULL), "Y", person=GUEST),
    Case("m59", by(policy(excluded=guests("b2bCollaborationGuest"))), "N", "excluded as a guest", GUEST),
    Case("m60", by(policy(excluded=guests("b2bCollaborationMember", "internalGuest"))), "Y", person=GUEST),
    Case("m61", by(policy(excluded=guests("b2bCollaborationGuest", tenants=["t"]))), "?", person=GUEST),
    Case("m62", by(policy(included=guests(*ALL_KINDS))), "N"),
    Case("m63", by(policy(included=guests(*ALL_KINDS))), "Y", person=GUEST),
    Case("m64", by(policy(included=users("GuestsOrExternalUsers"))), "Y", person=INTERNAL),
    Case("m65", by(policy(included=users("None"))), "N"),
    Case("m66", World(policies=None), "?", "policies could not be read"),
    Case("m67", World(policies=None, per_user={"adele": "enforced"}), "Y"),
    Case(
        "m68",
        by(policy(client_apps=["browser"]), policy(id="q", locations=places("All", excluding=["AllTrusted"]))),
        "N~",
        "desktop and mobile apps in trusted locations",
    ),
    Case(
        "m69", by(policy(grant=asks("passwordChange", "mfa", operator="AND"), user_risks=["high"])), "N~", "user risk"
    ),
    Case("m70", by(policy(workloads={"includeServicePrincipals": ["All"]})), "N"),
]


def verdict_of(decided: MfaDecision) -> str:
    if decided.required is Certainty.NO and decided.coverage is MfaCoverage.CONDITIONAL:
        return "N~"
    return {Certainty.YES: "Y", Certainty.NO: "N", Certainty.UNKNOWN: "?"}[decided.required]


def told(decided: MfaDecision) -> str:
    causes = [f"{it.name} {it.effect.value}: {it.why}" for it in decided.causes]
    return "; ".join([decided.gap or "", *causes])


@pytest.mark.parametrize("case", [pytest.param(it, id=it.id) for it in CASES])
def test_the_decision_is_right_in_every_case(case: Case) -> None:
    decided = decision(case.world, case.person)

    assert (verdict_of(decided), case.because in told(decided)) == (case.verdict, True), told(decided)


def test_there_are_seventy_cases() -> None:
    assert [it.id for it in CASES] == [f"m{number:02}" for number in range(1, 71)]


@pytest.mark.parametrize(
    ("case", "mode"),
    [
        pytest.param("m02", MfaMode.ADAPTIVE, id="security defaults, of users"),
        pytest.param("m03", MfaMode.ALWAYS, id="security defaults, of administrators"),
        pytest.param("m08", MfaMode.ALWAYS, id="the person's own state"),
        pytest.param("m12", MfaMode.ALWAYS, id="a policy"),
        pytest.param("m24", MfaMode.BLOCKED, id="a policy that blocks"),
        pytest.param("m48", MfaMode.ALWAYS, id="MFA here and a block there"),
        pytest.param("m01", None, id="nothing"),
    ],
)
def test_how_mfa_is_required_is_said(case: str, mode: MfaMode | None) -> None:
    world, person = next((it.world, it.person) for it in CASES if it.id == case)

    assert decision(world, person).mode is mode
