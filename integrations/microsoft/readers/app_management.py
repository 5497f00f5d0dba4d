"""Which secrets and certificates applications may have: the tenant's default, and policies for some applications.

Sources: https://learn.microsoft.com/graph/api/tenantappmanagementpolicy-get,
https://learn.microsoft.com/graph/api/appmanagementpolicy-list
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.sync.app_management import (
    AppManagementPolicy,
    CredentialRestriction,
    CredentialRestrictions,
    DefaultAppManagementPolicy,
)
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, Told, in_order, moment_told, text_told
from integrations.microsoft.readers.policies import POLICY


class _Restriction(msgspec.Struct, rename="camel"):
    restriction_type: str
    state: str | UnsetType | None = UNSET
    max_lifetime: str | UnsetType | None = UNSET
    restrict_for_apps_created_after_date_time: GraphDateTime | UnsetType | None = UNSET


class _Restrictions(msgspec.Struct, rename="camel"):
    password_credentials: list[_Restriction] = []
    key_credentials: list[_Restriction] = []


class _DefaultPolicy(msgspec.Struct, rename="camel"):
    id: str
    is_enabled: Told = UNSET
    application_restrictions: _Restrictions | UnsetType | None = UNSET
    service_principal_restrictions: _Restrictions | UnsetType | None = UNSET


class _Application(msgspec.Struct):
    id: str


class _Policy(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    is_enabled: Told = UNSET
    restrictions: _Restrictions | None = None
    applies_to: list[_Application] | None = None


def _read_default(context: ReadContext) -> Reading:
    policy: _DefaultPolicy = context.page.items[0]
    body = DefaultAppManagementPolicy(
        is_enabled=policy.is_enabled,
        applications=_told(policy.application_restrictions),
        service_principals=_told(policy.service_principal_restrictions),
    )
    return Reading(records=[Record(key=POLICY, body=body)], is_complete=True)


def _read(context: ReadContext) -> Reading:
    policies = context.by_id_as(_Policy, _to_policy)
    return Reading(records=[Record(key=key, body=it) for key, it in policies.items()], is_complete=True)


def _to_policy(source: _Policy) -> AppManagementPolicy:
    return AppManagementPolicy(
        id=source.id,
        name=clean(source.display_name or "") or source.id,
        is_enabled=source.is_enabled,
        restrictions=_to_restrictions(source.restrictions) if source.restrictions else None,
        applies_to=None if source.applies_to is None else in_order(it.id for it in source.applies_to),
    )


def _told(source: _Restrictions | UnsetType | None) -> CredentialRestrictions | UnsetType | None:
    return _to_restrictions(source) if isinstance(source, _Restrictions) else source


def _to_restrictions(source: _Restrictions) -> CredentialRestrictions:
    return CredentialRestrictions(
        passwords=[_to_restriction(it) for it in source.password_credentials],
        keys=[_to_restriction(it) for it in source.key_credentials],
    )


def _to_restriction(source: _Restriction) -> CredentialRestriction:
    return CredentialRestriction(
        kind=clean(source.restriction_type),
        state=text_told(source.state),
        longest=text_told(source.max_lifetime),
        created_after=moment_told(source.restrict_for_apps_created_after_date_time),
    )


DEFAULT_APP_MANAGEMENT_POLICY = Dataset(
    name="default_app_management_policy",
    permission="Policy.Read.All",
    record=DefaultAppManagementPolicy,
    first_request=FirstRequest(path="/policies/defaultAppManagementPolicy", page=_DefaultPolicy, is_single=True),
    read=_read_default,
    cadence=Cadence.SIX_HOURS,
)
APP_MANAGEMENT_POLICIES = Dataset(
    name="app_management_policies",
    permission="Policy.Read.All",
    record=AppManagementPolicy,
    first_request=FirstRequest(path="/policies/appManagementPolicies", query={"expand": "appliesTo"}, page=_Policy),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
