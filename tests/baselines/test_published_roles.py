"""What CISA publishes for controls about administrators: how many, from where, and how they get their roles."""

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest

from tests.baselines.published import LICENSED, UNLICENSED, Published, disagreements
from tests.baselines.recorded import Answers
from tests.baselines.tenants import (
    ASSIGNMENTS,
    DIRECTORY_ROLES,
    ELIGIBILITIES,
    GLOBAL,
    GROUPS,
    RULES,
    USER_ADMINISTRATOR,
    USERS,
    instance,
    member,
    user,
)

_APPLICATIONS = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"  # Application Administrator
_CLOUD = "158c047a-c907-4556-b7ef-446551a6b5f7"  # Cloud Application Administrator


def _people(**roles: list[str]) -> Answers:
    """People by name, each with the roles that they have."""
    held = {role for it in roles.values() for role in it}
    members = {role: [member(name) for name, some in roles.items() if role in some] for role in held}
    return {
        DIRECTORY_ROLES: {"value": [{"id": f"d-{it}", "roleTemplateId": it, "displayName": it} for it in sorted(held)]},
        **{f"{DIRECTORY_ROLES}/d-{role}/members": {"value": found} for role, found in members.items()},
        USERS: {"value": [user(it) for it in roles]},
        GROUPS: {"value": []},
        ELIGIBILITIES: {"value": []},
    }


def _global(count: int) -> dict[str, list[str]]:
    """Global Administrators, of whom the first one has another role, too."""
    return {f"g{number}": [GLOBAL, *([USER_ADMINISTRATOR] if not number else [])] for number in range(count)}


def people() -> Iterator[Published]:
    for count in (1, 2, 3, 8, 9, 10):
        passes = 2 <= count <= 8
        verdict = "met" if passes else "not_met"
        yield Published(f"{count} people", "MS.AAD.7.1v1", _people(**_global(count)), passes, verdict)
    for count, others in product((1, 2, 3, 9), range(5)):
        made = _people(**_global(count), **{f"o{number}": [_APPLICATIONS] for number in range(others)})
        passes = 2 <= count <= 8 and count <= others
        yield Published(f"{count} and {others} others", "MS.AAD.7.2v1", made, passes, "met" if passes else "not_met")
    for first, second in product((None, "synced"), repeat=2):
        made = _people(ada=[GLOBAL, USER_ADMINISTRATOR], ben=[GLOBAL])
        synced = [user("ada", onPremisesImmutableId=first), user("ben", onPremisesImmutableId=second)]
        passes = first is second is None
        yield Published(f"immutable ids {first}, {second}", "MS.AAD.7.3v1", {**made, USERS: {"value": synced}}, passes,
                        "met" if passes else "not_met")  # fmt: skip


def _assigned(*items: dict[str, Any]) -> Answers:
    return {ASSIGNMENTS: {"value": list(items)}, **LICENSED}


def assignments() -> Iterator[Published]:
    control, forever = "MS.AAD.7.4v1", {"endDateTime": None}
    ada, ben = instance(GLOBAL, "ada", **forever), instance(GLOBAL, "ben", **forever)
    cleo = instance(_APPLICATIONS, "cleo", **forever)
    ends = instance(_APPLICATIONS, "cleo", endDateTime="2023-08-02T19:54:25.17Z")
    for kind in ("role_users", "role_groups"):
        for some, named, passes in (
            ([ada], ["ada"], True),
            ([ada, ends], ["ada"], True),
            ([ada, ben], ["ada", "ben"], True),
            ([ada], ["dan"], False),
            ([ada, ends], ["cleo"], False),
            ([ada, cleo], ["dan"], False),
            ([ada, ben, cleo], ["ada"], False),
        ):
            settings = {"exclusions": {control: {kind: named}}}
            name = f"{[it['id'] for it in some]} but for {kind} {named}"
            yield Published(name, control, _assigned(*some), passes, "met" if passes else "not_met", settings)
    for some, passes in (([], True), ([ends], True), ([ada], False), ([ada, ends], False), ([ada, cleo], False)):
        name = f"{[it['id'] for it in some]}"
        yield Published(name, control, _assigned(*some), passes, "met" if passes else "not_met")
    elsewhere = instance(GLOBAL, "ada", startDateTime=None)
    for some, passes in (([ends], True), ([elsewhere], False), ([ends, elsewhere], False)):
        name = f"given outside: {[it['id'] for it in some]}"
        yield Published(name, "MS.AAD.7.5v1", _assigned(*some), passes, "met" if passes else "not_met")


def _rule(kind: str, **more: Any) -> dict[str, Any]:
    told: dict[str, Any] = {"notificationType": "Email", "notificationRecipients": ["soc@contoso.example"]}
    return {"id": kind, **told, **more}


def _ruled(roles: dict[str, list[dict[str, Any]]], group: list[dict[str, Any]] | None = None) -> Answers:
    """The rules of roles, and of a group that holds them."""
    of_roles = [
        {"id": f"r-{it}", "roleDefinitionId": it, "scopeId": "/", "scopeType": "DirectoryRole",
         "policy": {"rules": rules}} for it, rules in roles.items()
    ]  # fmt: skip
    of_group = {"id": "g", "roleDefinitionId": "member", "scopeId": "group", "scopeType": "Group",
                "policy": {"rules": group}}  # fmt: skip
    return {
        RULES: {"value": [*of_roles, *([of_group] if group else [])]},
        ASSIGNMENTS: {"value": [instance(it, "group") for it in roles]},
        GROUPS: {"value": [{"id": "group", "displayName": "G", "isAssignableToRole": True}] if group else []},
        **LICENSED,
    }


def _ruling(control: str, name: str, passes: bool, answers: Answers, *roles: str) -> Published:
    return Published(name, control, answers, passes, settings={"privileged_roles": list(roles)})


def approval() -> Iterator[Published]:
    control, kind = "MS.AAD.7.6v1", "Approval_EndUser_Assignment"
    yes = _rule(kind, setting={"isApprovalRequired": True})
    no = _rule(kind, setting={"isApprovalRequired": False})
    both = GLOBAL, _APPLICATIONS
    yield _ruling(control, "required", True, _ruled({GLOBAL: [yes]}), *both)
    yield _ruling(control, "no such rule", True, _ruled({GLOBAL: [_rule("Another")]}), *both)
    yield _ruling(control, "not for another role", True, _ruled({GLOBAL: [yes], _APPLICATIONS: [no]}), *both)
    yield _ruling(control, "not required", False, _ruled({GLOBAL: [no]}), *both)
    yield _ruling(control, "required for a group, too", True, _ruled({GLOBAL: [yes]}, [yes]), *both)
    yield _ruling(control, "not for a group", False, _ruled({GLOBAL: [yes]}, [no]), *both)
    yield _ruling(control, "without licence", False, {**_ruled({GLOBAL: [no]}), **UNLICENSED}, *both)


def alerts() -> Iterator[Published]:
    control = "MS.AAD.7.7v1"
    active, eligible = "Notification_Admin_Admin_Assignment", "Notification_Admin_Admin_Eligibility"
    nobody: dict[str, Any] = {"notificationRecipients": []}
    for first, second in product(({}, nobody), repeat=2):
        made = _ruled({GLOBAL: [_rule(active, **first), _rule(eligible, **second)]})
        yield _ruling(control, f"told {not first}, {not second}", not (first or second), made, GLOBAL)
    of_group = [_rule(active, **nobody), _rule(eligible, **nobody)]
    told = [_rule(active), _rule(eligible)]
    yield _ruling(control, "not of a group", False, _ruled({GLOBAL: told}, of_group), GLOBAL)
    yield _ruling(control, "of a group, too", True, _ruled({GLOBAL: told}, told), GLOBAL)
    yield _ruling(control, "one rule only", True, _ruled({GLOBAL: [_rule(active)]}), GLOBAL)
    other = _ruled({GLOBAL: told, _CLOUD: of_group})
    yield _ruling(control, "not of another role", False, other, GLOBAL, _CLOUD)
    yield _ruling(control, "without licence", False, {**_ruled({GLOBAL: told}), **UNLICENSED}, GLOBAL)


def activations() -> Iterator[Published]:
    kind = "Notification_Admin_EndUser_Assignment"
    told, silent = _rule(kind), _rule(kind, notificationRecipients=[])
    elsewhere = _rule(kind, notificationRecipients=[], notificationType="")
    for control, role, other in (("MS.AAD.7.8v1", GLOBAL, _CLOUD), ("MS.AAD.7.9v1", _CLOUD, GLOBAL)):
        for name, passes, made in (
            ("told", True, _ruled({role: [told]})),
            ("nobody is told", False, _ruled({role: [silent]})),
            ("not by mail", True, _ruled({role: [elsewhere]})),
            ("no such rule", True, _ruled({role: [_rule("Another")]})),
            ("a group told, too", True, _ruled({role: [told]}, [told])),
            ("nobody told of a group", False, _ruled({role: [told]}, [silent])),
            ("neither", False, _ruled({role: [silent]}, [told])),
            ("another role", True, _ruled({role: [told], other: [silent]})),
            ("without licence", False, {**_ruled({role: [told]}), **UNLICENSED}),
        ):
            yield _ruling(control, name, passes, made, GLOBAL, _CLOUD)


@pytest.mark.parametrize("cases", [people, assignments, approval, alerts, activations])
def test_administrators_meet_a_control_where_cisa_says_so(cases: Any) -> None:
    assert disagreements(cases()) == {}
