"""Who has a directory role, from when until when, and the rules under which roles are given (Entra ID P2).

Sources: https://learn.microsoft.com/graph/api/resources/unifiedroleassignmentscheduleinstance,
https://learn.microsoft.com/graph/api/resources/unifiedroleeligibilityscheduleinstance,
https://learn.microsoft.com/graph/api/resources/unifiedrolemanagementpolicy
"""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType


class RoleSchedule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One assignment of a role, active or eligible (the data set tells which).

    Attributes:
        id: Microsoft's id of the assignment.
        role_id: The id of the role's template, the same in every tenant.
        principal_id: The object id of the user, group or application.
        scope: Where it counts: "/" is the whole tenant.
        kind: "Assigned", or "Activated" if somebody activated a role they are eligible for. Null for eligible ones.
        member: "Direct", "Group" or "Inherited". Null if Microsoft does not say.
        starts_at: When it began. Null for an assignment that was made without Privileged Identity Management.
        ends_at: When it ends. Null: never.
    """

    id: str
    role_id: str
    principal_id: str
    scope: str = "/"
    kind: str | None = None
    member: str | None = None
    starts_at: datetime | UnsetType | None = UNSET
    ends_at: datetime | UnsetType | None = UNSET


class RoleRule(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One rule of a role's policy; only the fields of its own kind are there.

    Attributes:
        needs_approval: Whether somebody must approve.
        recipients: Mail addresses that are told.
        tells_default_recipients: Whether Microsoft's own choice of people is told.
        channel: How they are told, such as Email.
    """

    needs_approval: bool | UnsetType | None = UNSET
    recipients: list[str] | UnsetType | None = UNSET
    tells_default_recipients: bool | UnsetType | None = UNSET
    channel: str | UnsetType | None = UNSET


class RolePolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The rules under which a directory role, or the membership of a group, is given.

    Attributes:
        id: Microsoft's id of the assignment of the policy.
        role_id: The id of the role's template; for a group "member" or "owner".
        group_id: The group's object id. Null for a directory role.
        rules: The rules by Microsoft's names, such as Approval_EndUser_Assignment.
    """

    id: str
    role_id: str
    group_id: str | None = None
    rules: dict[str, RoleRule] = {}
