"""Tenants made up by chance, such that their people are decided in every way."""

from random import Random

from integrations.domain.policies.conditional_access import ConditionalAccess, ExternalUsers, Grant, PolicyUsers
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.policy_people import SignedInPerson
from integrations.domain.sync.security_records import NamedLocation
from tests.domain.security.mfa_worlds import (
    EVERYBODY,
    MFA,
    World,
    asks,
    group,
    only,
    places,
    policy,
    role,
    strength,
    users,
)

PEOPLE = (
    SignedInPerson("adele"),
    SignedInPerson("bob"),
    SignedInPerson("carl"),
    SignedInPerson("gina", "b2bCollaborationGuest"),
    SignedInPerson("mei", "b2bCollaborationMember", "t1"),
    SignedInPerson("ines", "internalGuest"),
)
_IDS = [it.id for it in PEOPLE]
_GROUPS, _ROLES, _PLACES, _APPS = ["g1", "g2", "g3", "g4"], ["r1", "r2"], ["office", "branch"], ["Office365", "app"]
_KINDS = ["b2bCollaborationGuest", "b2bCollaborationMember", "internalGuest"]
_MODERN, _LEGACY = ["browser", "mobileAppsAndDesktopClients"], ["exchangeActiveSync", "other"]
_SYNC = "d29b2b05-8046-44ba-8758-1e26182fcf32"
_GRANTS: list[Grant | None] = [
    None,
    asks("mfa", "compliantDevice"),
    asks("mfa", "compliantDevice", operator="AND"),
    asks("block"),
    asks(strength=strength("password,sms", "fido2")),
    asks(strength=strength("password", "fido2")),
    asks(strength=strength()),
    asks(strength=strength(satisfies="none")),
    asks(custom_factors=["Duo"]),
    asks("mfa", terms_of_use=["t"]),
    asks("compliantDevice", other={"new": 1}, operator="AND"),
]
_HALVES = [
    ({"client_apps": _MODERN}, {"client_apps": _LEGACY}),
    ({"locations": places("All", excluding=["office"])}, {"locations": places("office")}),
    ({"locations": places("All", excluding=["AllTrusted"])}, {"locations": places("AllTrusted")}),
    ({"applications": only("All", excluding=["app"])}, {"applications": only("app", "Office365")}),
    ({"platforms": places("all", excluding=["android", "iOS"])}, {"platforms": places("android", "iOS")}),
    ({"sign_in_risks": ["low", "medium", "high"]}, {"sign_in_risks": ["none"]}),
]
_NARROWING = [
    {"devices": {"deviceFilter": {}}},
    {"flows": ["deviceCodeFlow"]},
    {"other": {"new": 1}},
    {"user_risks": ["high"]},
    {"applications": only(user_actions=["urn:user:registersecurityinfo"])},
    {"applications": only("All", filter={"mode": "include"})},
    {"workloads": {"includeServicePrincipals": ["x"]}},
    {"client_apps": ["browser"]},
    {"platforms": places("windows")},
    {"locations": places("All", excluding=["office", "branch"])},
]


def made_up_world(chance: Random) -> World:
    def unless(share, value):
        return None if chance.random() < share else value

    return World(
        security_defaults=chance.choices([False, True, None], [92, 4, 4])[0],
        per_user=unless(
            0.06, {it: chance.choice(["enabled", "enforced", None]) for it in _IDS if chance.random() < 0.04}
        ),
        policies=unless(0.03, _policies(chance)),
        groups=unless(0.2, [_group(chance, it) for it in _GROUPS if chance.random() < 0.9]),
        roles=unless(0.2, _roles(chance)),
        locations=unless(0.1, [_location(chance, it) for it in _PLACES]),
        strengths=chance.choice([[], [strength("fido2")]]),
        eligible=[RoleSchedule(id=it, role_id=it, principal_id=chance.choice(_IDS)) for it in _ROLES],
    )


def _group(chance: Random, group_id: str):
    return group(
        group_id, *chance.sample(_IDS, chance.choice([0, 1, 1, 2])), *chance.sample(_GROUPS, chance.choice([0, 1, 2]))
    )


def _roles(chance: Random):
    members = [role(it, chance.choice(_IDS)) for it in _ROLES]
    members += [role(it, chance.choice(_GROUPS), "group") for it in _ROLES if chance.random() < 0.4]
    return members + [role(_SYNC, chance.choice(_IDS)) for _ in range(chance.random() < 0.3)]


def _location(chance: Random, place: str) -> NamedLocation:
    return NamedLocation(id=place, name=place, kind="ip", is_trusted=chance.random() < 0.5)


def _policies(chance: Random) -> list[ConditionalAccess]:
    made: list[dict[str, object]] = [
        _who(chance) | chance.choice([{}, {}, {}, *_NARROWING]) | _what(chance)
        for _ in range(chance.choice([0, 1, 1, 2]))
    ]
    for _ in range(chance.choice([0, 1, 1, 2])):
        first, second = chance.choice(_HALVES)
        who = _who(chance)
        made += [
            who | first | _what(chance, 0.85),
            (who if chance.random() < 0.9 else _who(chance)) | second | _what(chance, 0.85),
        ]
    return [policy(id=f"p{number}", **it) for number, it in enumerate(made)]


def _what(chance: Random, usual: float = 0.55) -> dict[str, object]:
    grant = MFA if chance.random() < usual else chance.choice(_GRANTS)
    return {
        "grant": grant,
        "state": chance.choices(["enabled", "report only", "disabled", "unknown"], [90, 6, 2, 2])[0],
    }


def _who(chance: Random) -> dict[str, PolicyUsers]:
    included = EVERYBODY if chance.random() < 0.6 else _some(chance)
    return {"included": included, "excluded": PolicyUsers() if chance.random() < 0.4 else _some(chance)}


def _some(chance: Random) -> PolicyUsers:
    kinds = chance.sample(_KINDS, 2)
    return chance.choice([
        users(*chance.sample(_IDS, 2)),
        users("GuestsOrExternalUsers"),
        PolicyUsers(groups=chance.sample([*_GROUPS, "gone"], 1)),
        PolicyUsers(groups=chance.sample(_GROUPS, 2)),
        PolicyUsers(roles=chance.sample(_ROLES, 1)),
        PolicyUsers(external=ExternalUsers(kinds=kinds)),
        PolicyUsers(external=ExternalUsers(kinds=kinds, tenants=chance.choice([["t1"], ["t2"]]))),
    ])  # fmt: skip
