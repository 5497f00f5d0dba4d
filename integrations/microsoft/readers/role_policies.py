"""The rules under which directory roles are given, and membership of the groups that hold roles. Needs Entra ID P2.

Sources: https://learn.microsoft.com/graph/api/policyroot-list-rolemanagementpolicyassignments,
https://learn.microsoft.com/graph/api/resources/unifiedrolemanagementpolicyrule
"""

from collections.abc import Iterator

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.policies.role_management import RolePolicy, RoleRule
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P2, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Flag, ids_for_paths, in_order, text_if_sent
from shared.microsoft.graph import BatchRequest

_PATH = "/policies/roleManagementPolicyAssignments"
_GROUP = "Group"
_RULES = "policy($expand=rules)"


class _GraphSetting(msgspec.Struct, rename="camel"):
    is_approval_required: Flag = UNSET


class _GraphRule(msgspec.Struct, rename="camel"):
    id: str
    setting: _GraphSetting | None = None
    notification_recipients: list[str] | UnsetType | None = UNSET
    is_default_recipients_enabled: Flag = UNSET
    notification_type: str | UnsetType | None = UNSET


class _GraphRolePolicy(msgspec.Struct):
    rules: list[_GraphRule] = []


class _GraphAssignment(msgspec.Struct, rename="camel"):
    id: str
    role_definition_id: str
    scope_id: str | None = None
    scope_type: str | None = None
    policy: _GraphRolePolicy | None = None


class _GraphRoleGroup(msgspec.Struct, rename="camel"):
    id: str
    is_assignable_to_role: bool | None = None


def _read(context: ReadContext) -> Reading:
    policies = context.by_id_as(_GraphAssignment, _to_policy).values()
    return Reading(records=[Record(key=it.id, body=it) for it in policies if it.group_id is None], is_complete=True)


def _read_groups(context: ReadContext) -> Reading:
    groups = [it.id for it in context.by_id(_GraphRoleGroup).values() if it.is_assignable_to_role]
    records = {it.id: Record(key=it.id, body=it) for it in _policies_of(context, ids_for_paths(groups))}
    return Reading(records=list(records.values()), is_complete=True)


def _policies_of(context: ReadContext, groups: list[str]) -> Iterator[RolePolicy]:
    requests = [
        BatchRequest(
            id=it, path=_PATH, query={"filter": f"scopeId eq '{it}' and scopeType eq '{_GROUP}'", "expand": _RULES}
        )
        for it in groups
    ]
    for group, response in context.graph.batch(requests).items():
        for page in context.graph.pages_from(response.page(_GraphAssignment), type=_GraphAssignment):
            yield from (it for it in map(_to_policy, page.items) if it.group_id == group)


def _to_policy(source: _GraphAssignment) -> RolePolicy:
    return RolePolicy(
        id=source.id,
        role_id=source.role_definition_id,
        group_id=source.scope_id if source.scope_type == _GROUP else None,
        rules={clean(it.id): _to_rule(it) for it in source.policy.rules} if source.policy else {},
    )


def _to_rule(source: _GraphRule) -> RoleRule:
    recipients = source.notification_recipients
    return RoleRule(
        needs_approval=source.setting.is_approval_required if source.setting else UNSET,
        recipients=in_order(recipients) if isinstance(recipients, list) else recipients,
        tells_default_recipients=source.is_default_recipients_enabled,
        channel=text_if_sent(source.notification_type),
    )


ROLE_POLICIES = Dataset(
    name="role_policies",
    permission="RoleManagementPolicy.Read.Directory",
    record=RolePolicy,
    first_request=FirstRequest(
        path=_PATH,
        query={"filter": "scopeId eq '/' and scopeType eq 'DirectoryRole'", "expand": _RULES},
        page=_GraphAssignment,
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P2,
)
GROUP_ROLE_POLICIES = Dataset(
    name="group_role_policies",
    permission="RoleManagementPolicy.Read.AzureADGroup",
    record=RolePolicy,
    first_request=FirstRequest(
        path="/groups",
        query={"filter": "isAssignableToRole eq true", "select": "id,isAssignableToRole", "top": "999"},
        page=_GraphRoleGroup,
    ),
    read=_read_groups,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P2,
)
