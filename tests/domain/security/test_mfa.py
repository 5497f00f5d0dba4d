"""Who has registered for MFA, and what demands it of everybody."""

from collections import Counter

import msgspec
import pytest

from integrations.domain.security.mfa import demanded_by, kind_of_registration, registered
from integrations.domain.policies.conditional_access import ConditionalAccess
from integrations.domain.sync.security_records import Registration

FOR_ALL = ConditionalAccess(
    id="p", name="MFA for all", state="enabled", demands=["mfa"], users=["All"], applications=["All"]
)


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
        pytest.param({"demands": ["authenticationStrength"]}, True, id="a strength of authentication"),
        pytest.param({"demands": ["compliantDevice", "mfa"], "all_demands": True}, True, id="MFA and more"),
        pytest.param({"demands": ["compliantDevice", "mfa"]}, False, id="MFA or a compliant device"),
        pytest.param({"demands": ["block"]}, False, id="no MFA"),
        pytest.param({"state": "report only"}, False, id="only reports"),
        pytest.param({"state": "disabled"}, False, id="switched off"),
        pytest.param({"users": [], "groups": ["g"]}, False, id="some people"),
        pytest.param({"applications": ["Office365"]}, False, id="some applications"),
        pytest.param({"client_apps": ["exchangeActiveSync", "other"]}, False, id="some clients"),
        pytest.param({"client_apps": ["all"]}, True, id="all clients"),
        pytest.param({"is_narrowed": True}, False, id="some places"),
        pytest.param({"without_users": ["break-glass"]}, True, id="but for one account"),
    ],
)
def test_a_policy_demands_mfa_of_everybody_or_it_does_not(changes: dict[str, object], demands: bool) -> None:
    policy = msgspec.structs.replace(FOR_ALL, **changes)

    assert demanded_by([policy], security_defaults=False) == (["MFA for all"] if demands else [])


def test_security_defaults_demand_it_too() -> None:
    assert demanded_by([FOR_ALL], security_defaults=True) == ["Security defaults", "MFA for all"]
    assert demanded_by([], security_defaults=None) == []
