"""Controls about privileged roles: who has them, and how they are given."""

from typing import Any

from integrations.domain.baselines.tenant import Exclusions
from tests.baselines.cases.case import (
    MET,
    NOT_MET,
    UNKNOWN,
    Case,
    case,
)
from tests.baselines.changing import add, answer, drop, put, unrecorded
from tests.baselines.tenants import (
    ASSIGNMENTS,
    DIRECTORY_ROLES,
    ELIGIBILITIES,
    GLOBAL,
    GROUPS,
    RULES,
    USER_ADMINISTRATOR,
    USERS,
    Change,
    instance,
    member,
    rules,
    user,
)

_GLOBAL_MEMBERS = f"{DIRECTORY_ROLES}/dir-{GLOBAL}/members"
_OTHER_MEMBERS = f"{DIRECTORY_ROLES}/dir-{USER_ADMINISTRATOR}/members"


def _administrators() -> list[Case]:
    few, finer, cloud = "MS.AAD.7.1v1", "MS.AAD.7.2v1", "MS.AAD.7.3v1"

    def globals_(*ids: str) -> Change:
        return answer(_GLOBAL_MEMBERS, {"value": [member(it) for it in ids]})

    def others(*ids: str) -> Change:
        return answer(_OTHER_MEMBERS, {"value": [member(it) for it in ids]})

    def eligible(*ids: str, role: str = GLOBAL, **more: Any) -> Change:
        return answer(ELIGIBILITIES, {"value": [instance(role, it, **more) for it in ids]})

    def group(*ids: str) -> Change:
        def change(answers: dict[str, Any]) -> None:
            answers[GROUPS]["value"].append({"id": "g", "displayName": "G", "isAssignableToRole": True})
            answers[f"{GROUPS}/g/members"] = {"value": [{"id": it} for it in ids]}

        return change

    eight = [f"a{number}" for number in range(8)]
    users = answer(USERS, {"value": [user(it) for it in ("ada", "ben", "cleo", "dan", "eve", *eight, "a8")]})
    many = others(*(f"o{number}" for number in range(9)))
    return [
        case(few, "one", globals_("ada"), is_=NOT_MET),
        case(few, "two", globals_("ada", "ben"), is_=MET),
        case(few, "eight", globals_(*eight), is_=MET),
        case(few, "nine", globals_(*eight, "a8"), is_=NOT_MET),
        case(few, "an application is nobody", answer(_GLOBAL_MEMBERS, {"value": [member("ada"),
             member("app", "servicePrincipal")]}), is_=NOT_MET),
        case(few, "one and an eligible one", globals_("ada"), eligible("eve"), is_=MET),
        case(few, "one who is also eligible", globals_("ada"), eligible("ada"), is_=NOT_MET),
        case(few, "one eligible for a part of the tenant", globals_("ada"),
             eligible("eve", directoryScopeId="/administrativeUnits/x"), is_=NOT_MET),
        case(few, "an eligible application", globals_("ada"), eligible("app"), is_=NOT_MET),
        case(few, "through a group", answer(_GLOBAL_MEMBERS, {"value": [member("g", "group")]}), group("ada", "ben"),
             is_=MET),
        case(few, "nine through an eligible group", globals_("ada"), eligible("g"), group(*eight, "a8"), users,
             is_=NOT_MET),
        case(few, "a group with applications", answer(_GLOBAL_MEMBERS, {"value": [member("g", "group")]}),
             group("ada", "app"), is_=NOT_MET),
        case(few, "who is eligible is not known", unrecorded(ELIGIBILITIES), is_=UNKNOWN, scuba=MET),
        case(few, "groups are not known, and there are none", unrecorded(GROUPS), eligible("eve"), is_=MET),
        case(finer, "more Global Administrators", globals_("ada", "ben", "eve"), is_=NOT_MET),
        case(finer, "as many", is_=MET),
        case(finer, "nobody else", others(), is_=NOT_MET),
        case(finer, "others who are Global Administrators too", others("ada", "ben"), is_=NOT_MET),
        case(finer, "nine of either", globals_(*eight, "a8"), many, is_=NOT_MET),
        case(finer, "an eligible other one", others("cleo"), eligible("eve", role=USER_ADMINISTRATOR), is_=MET),
        case(finer, "another role does not count", others("cleo"), eligible("eve", role="another"), is_=NOT_MET),
        case(cloud, "a synced one", put(USERS, "cleo", "onPremisesImmutableId", to="abc=="), is_=NOT_MET),
        case(cloud, "a synced user without a role", put(USERS, "eve", "onPremisesImmutableId", to="abc=="), is_=MET),
        case(cloud, "a synced one who is eligible", eligible("eve"),
             put(USERS, "eve", "onPremisesImmutableId", to="abc=="), is_=NOT_MET),
        case(cloud, "not sent", drop(USERS, "ada", "onPremisesImmutableId"), is_=UNKNOWN),
        case(cloud, "one synced, one not sent", drop(USERS, "ada", "onPremisesImmutableId"),
             put(USERS, "ben", "onPremisesImmutableId", to="abc=="), is_=NOT_MET),
        case(cloud, "one who is not among the users", drop(USERS, "ada"), is_=UNKNOWN),
    ]  # fmt: skip


def _assignments() -> list[Case]:
    lasting, outside = "MS.AAD.7.4v1", "MS.AAD.7.5v1"

    def assigned(*items: dict[str, Any]) -> Change:
        return answer(ASSIGNMENTS, {"value": list(items)})

    forever = instance(GLOBAL, "ada", endDateTime=None)
    unlimited = instance(USER_ADMINISTRATOR, "cleo", endDateTime=None)
    early = instance(GLOBAL, "ada", startDateTime=None)
    unsaid = {key: value for key, value in instance(GLOBAL, "ben").items() if not key.endswith("DateTime")}
    return [
        case(lasting, "nobody", assigned(), is_=MET),
        case(lasting, "one without an end", assigned(forever), is_=NOT_MET),
        case(lasting, "one of another privileged role", assigned(unlimited), is_=NOT_MET),
        case(lasting, "one of another role", assigned(instance("another", "ada", endDateTime=None)), is_=MET),
        case(lasting, "for a part of the tenant", assigned({**forever, "directoryScopeId": "/administrativeUnits/x"}),
             is_=NOT_MET),
        case(lasting, "an exception", assigned(forever), is_=MET, exclusions=Exclusions(role_users=["ada"])),
        case(lasting, "a group as an exception", assigned(forever),
             is_=MET, exclusions=Exclusions(role_groups=["ada"])),
        case(lasting, "an exception, and somebody else", assigned(forever, unlimited), is_=NOT_MET,
             exclusions=Exclusions(role_users=["ada"])),
        case(lasting, "not sent", assigned(unsaid), is_=UNKNOWN),
        case(lasting, "one without an end, one not sent", assigned(forever, unsaid), is_=NOT_MET),
        case(lasting, "without a beginning", assigned(early), is_=MET),
        case(lasting, "roles that somebody chose", assigned(unlimited), is_=MET, privileged_roles=[GLOBAL]),
        case(outside, "nobody", assigned(), is_=MET),
        case(outside, "one without a beginning", assigned(early), is_=NOT_MET),
        case(outside, "one of another role", assigned(instance("another", "ada", startDateTime=None)), is_=MET),
        case(outside, "without an end", assigned(forever), is_=MET),
        case(outside, "not sent", assigned(unsaid), is_=UNKNOWN),
    ]  # fmt: skip


_GROUP_RULES = f"{RULES}?$filter=scopeId eq 'g' and scopeType eq 'Group'&$expand=policy($expand=rules)"
_RULE_PLACES = {
    "MS.AAD.7.6v1": ("Approval_EndUser_Assignment", GLOBAL, "setting"),
    "MS.AAD.7.7v1": ("Notification_Admin_Admin_Assignment", USER_ADMINISTRATOR, "notificationRecipients"),
    "MS.AAD.7.8v1": ("Notification_Admin_EndUser_Assignment", GLOBAL, "notificationRecipients"),
    "MS.AAD.7.9v1": ("Notification_Admin_EndUser_Assignment", USER_ADMINISTRATOR, "notificationRecipients"),
}


def _rules() -> list[Case]:
    return [it for control, place in _RULE_PLACES.items() for it in _rule(control, *place)] + [
        case("MS.AAD.7.7v1", "of eligible assignments nobody is told",
             _rule_is(GLOBAL, "Notification_Admin_Admin_Eligibility", "notificationRecipients", []), is_=NOT_MET),
        case("MS.AAD.7.8v1", "another role's is not asked",
             _rule_is(USER_ADMINISTRATOR, "Notification_Admin_EndUser_Assignment", "notificationRecipients", []),
                  is_=MET),
        case("MS.AAD.7.9v1", "Global Administrator's is not asked",
             _rule_is(GLOBAL, "Notification_Admin_EndUser_Assignment", "notificationRecipients", []), is_=MET),
        case("MS.AAD.7.8v1", "a rule for another channel",
             _rule_is(GLOBAL, "Notification_Admin_EndUser_Assignment", "notificationRecipients", []),
             _rule_is(GLOBAL, "Notification_Admin_EndUser_Assignment", "notificationType", "Pager"), is_=MET),
        case("MS.AAD.7.9v1", "a rule for another channel",
             _rule_is(USER_ADMINISTRATOR, "Notification_Admin_EndUser_Assignment", "notificationRecipients", []),
             _rule_is(USER_ADMINISTRATOR, "Notification_Admin_EndUser_Assignment", "notificationType", "Pager"),
                  is_=MET),
        case("MS.AAD.7.7v1", "only Microsoft's own recipients",
             _rule_is(GLOBAL, "Notification_Admin_Admin_Assignment", "isDefaultRecipientsEnabled", True),
             _rule_is(GLOBAL, "Notification_Admin_Admin_Assignment", "notificationRecipients", []), is_=NOT_MET),
    ]  # fmt: skip


def _rule_is(role: str, rule: str, key: str, to: Any) -> Change:
    return put(RULES, f"/-{role}", "policy", "rules", rule, key, to=to)


def _rule(control: str, rule: str, role: str, key: str) -> list[Case]:
    lax: Any = {"isApprovalRequired": False} if key == "setting" else []
    in_group = {"id": "g", "displayName": "G", "isAssignableToRole": True}
    holds = [add(GROUPS, in_group), add(f"{DIRECTORY_ROLES}/dir-{role}/members", member("g", "group"))]

    def group_rules(answers: dict[str, Any], holder: str = "member") -> None:
        made = rules(holder, ("g", "Group"))
        next(it for it in made["policy"]["rules"] if it["id"] == rule)[key] = lax
        answers[_GROUP_RULES] = {"value": [made]}

    return [
        case(control, "lax", _rule_is(role, rule, key, lax), is_=NOT_MET),
        case(control, "no such rule", drop(RULES, f"/-{role}", "policy", "rules", rule), is_=UNKNOWN, scuba=MET),
        case(control, "no rules of the role", drop(RULES, f"/-{role}"), is_=UNKNOWN, scuba=MET),
        case(control, "what it says was not sent", drop(RULES, f"/-{role}", "policy", "rules", rule, key), is_=UNKNOWN,
             scuba=MET),
        case(control, "another role", add(RULES, {**rules("another"), "policy": {"rules": [{"id": rule, key: lax}]}}),
             is_=MET),
        case(control, "a lax group", *holds, group_rules, is_=NOT_MET),
        case(control, "lax owners of a group", *holds, lambda it: group_rules(it, "owner"), is_=MET),
        case(control, "a lax group without the role", add(GROUPS, in_group), group_rules, is_=MET),
        case(control, "a group that is eligible", add(GROUPS, in_group), group_rules,
             answer(ELIGIBILITIES, {"value": [instance(role, "g")]}), is_=NOT_MET),
        case(control, "a group that PIM made active", add(GROUPS, in_group), group_rules,
             add(ASSIGNMENTS, instance(role, "g")), is_=NOT_MET),
    ]  # fmt: skip


CASES = [*_administrators(), *_assignments(), *_rules()]
