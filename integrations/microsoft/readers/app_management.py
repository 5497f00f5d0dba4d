"""Which secrets and certificates applications may have: the tenant's default, and policies for some applications.

Sources: https://learn.microsoft.com/graph/api/tenantappmanagementpolicy-get,
https://learn.microsoft.com/graph/api/appmanagementpolicy-list
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.policies.app_management import (
    AppManagementPolicy,
    CredentialRestriction,
    CredentialRestrictions,
    DefaultAppManagementPolicy,
)
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Flag, GraphDateTime, in_order, moment_if_sent, text_if_sent
from integrations.microsoft.readers.policies import POLICY


class _GraphRestriction(msgspec.Struct, rename="camel"):
    restriction_type: str
    state: str | UnsetType | None = UNSET
    max_lifetime: str | UnsetType | None = UNSET
    restrict_for_apps_created_after_date_time: GraphDateTime | UnsetType | None = UNSET


class _GraphRestrictions(msgspec.Struct, rename="camel"):
    password_credentials: list[_GraphRestriction] = []
    key_credentials: list[_GraphRestriction] = []


class _GraphDefaultPolicy(msgspec.Struct, rename="camel"):
    id: str
    is_enabled: Flag = UNSET
    application_restrictions: _GraphRestrictions | UnsetType | None = UNSET
    service_principal_restrictions: _GraphRestrictions | UnsetType | None = UNSET


class _GraphApplication(msgspec.Struct):
    id: str


class _GraphAppPolicy(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    is_enabled: Flag = UNSET
    restrictions: _GraphRestrictions | None = None
    applies_to: list[_GraphApplication] | None = None


def _read_default(context: ReadContext) -> Reading:
    policy: _GraphDefaultPolicy = context.page.items[0]
    body = DefaultAppManagementPolicy(
        is_enabled=policy.is_enabled,
        applications=_if_sent(policy.application_restrictions),
        service_principals=_if_sent(policy.service_principal_restrictions),
    )
    return Reading(records=[Record(key=POLICY, body=body)], is_complete=True)


def _read(context: ReadContext) -> Reading:
    policies = context.by_id_as(_GraphAppPolicy, _to_policy)
    return Reading(records=[Record(key=key, body=it) for key, it in policies.items()], is_complete=True)


def _to_policy(source: _GraphAppPolicy) -> AppManagementPolicy:
    return AppManagementPolicy(
        id=source.id,
        name=clean(source.display_name or "") or source.id,
        is_enabled=source.is_enabled,
        restrictions=_to_restrictions(source.restrictions) if source.restrictions else None,
        applies_to=None if source.applies_to is None else in_order(it.id for it in source.applies_to),
    )


def _if_sent(source: _GraphRestrictions | UnsetType | None) -> CredentialRestrictions | UnsetType | None:
    return _to_restrictions(source) if isinstance(source, _GraphRestrictions) else source


def _to_restrictions(source: _GraphRestrictions) -> CredentialRestrictions:
    return CredentialRestrictions(
        passwords=[_to_restriction(it) for it in source.password_credentials],
        keys=[_to_restriction(it) for it in source.key_credentials],
    )


def _to_restriction(source: _GraphRestriction) -> CredentialRestriction:
    return CredentialRestriction(
        kind=clean(source.restriction_type),
        state=text_if_sent(source.state),
        longest=text_if_sent(source.max_lifetime),
        created_after=moment_if_sent(source.restrict_for_apps_created_after_date_time),
    )


DEFAULT_APP_MANAGEMENT_POLICY = Dataset(
    name="default_app_management_policy",
    permission="Policy.Read.All",
    record=DefaultAppManagementPolicy,
    first_request=FirstRequest(path="/policies/defaultAppManagementPolicy", page=_GraphDefaultPolicy, is_single=True),
    read=_read_default,
    cadence=Cadence.SIX_HOURS,
)
APP_MANAGEMENT_POLICIES = Dataset(
    name="app_management_policies",
    permission="Policy.Read.All",
    record=AppManagementPolicy,
    first_request=FirstRequest(
        path="/policies/appManagementPolicies", query={"expand": "appliesTo"}, page=_GraphAppPolicy
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
