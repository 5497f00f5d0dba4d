"""The rules under which directory roles are given, and membership of the groups that hold roles. Needs Entra ID P2.

Sources: https://learn.microsoft.com/graph/api/policyroot-list-rolemanagementpolicyassignments,
https://learn.microsoft.com/graph/api/resources/unifiedrolemanagementpolicyrule
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.role_management import RolePolicy, RoleRule
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P2, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Told, in_order, text_told

_PATH = "/policies/roleManagementPolicyAssignments"
_GROUP = "Group"
_RULES = "policy($expand=rules)"


class _Setting(msgspec.Struct, rename="camel"):
    is_approval_required: Told = UNSET


class _Rule(msgspec.Struct, rename="camel"):
    id: str
    setting: _Setting | None = None
    notification_recipients: list[str] | UnsetType | None = UNSET
    is_default_recipients_enabled: Told = UNSET
    notification_type: str | UnsetType | None = UNSET


class _RolePolicy(msgspec.Struct):
    rules: list[_Rule] = []


class _Assignment(msgspec.Struct, rename="camel"):
    id: str
    role_definition_id: str
    scope_id: str | None = None
    scope_type: str | None = None
    policy: _RolePolicy | None = None


def _read(context: ReadContext) -> Reading:
    policies = context.by_id_as(_Assignment, _to_policy)
    return Reading(records=[Record(key=key, body=it) for key, it in policies.items()], is_complete=True)


def _to_policy(source: _Assignment) -> RolePolicy:
    return RolePolicy(
        id=source.id,
        role_id=source.role_definition_id,
        group_id=source.scope_id if source.scope_type == _GROUP else None,
        rules={clean(it.id): _to_rule(it) for it in source.policy.rules} if source.policy else {},
    )


def _to_rule(source: _Rule) -> RoleRule:
    recipients = source.notification_recipients
    return RoleRule(
        needs_approval=source.setting.is_approval_required if source.setting else UNSET,
        recipients=in_order(recipients) if isinstance(recipients, list) else recipients,
        tells_default_recipients=source.is_default_recipients_enabled,
        channel=text_told(source.notification_type),
    )


ROLE_POLICIES = Dataset(
    name="role_policies",
    permission="RoleManagementPolicy.Read.Directory",
    record=RolePolicy,
    first_request=FirstRequest(
        path=_PATH,
        query={"filter": "scopeId eq '/' and scopeType eq 'DirectoryRole'", "expand": _RULES},
        page=_Assignment,
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P2,
)
