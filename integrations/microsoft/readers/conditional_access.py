"""Conditional Access policies. Microsoft allows one request a second per tenant, for all applications together.

A policy is read whole. A condition that this version does not know, or that cannot be read, stays in the policy by
Microsoft's name: a policy must never look as if it applied more widely than it does.
Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
"""

from typing import Any

import msgspec

from integrations.domain.policies.conditional_access import (
    ConditionalAccess,
    Conditions,
    ExternalUsers,
    Grant,
    PolicyApplications,
    PolicyUsers,
    Selection,
)
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, in_order, moment, words
from integrations.microsoft.limits import Service
from integrations.microsoft.readers.authentication_strengths import GraphStrength, to_strength
from integrations.microsoft.unknown_properties import Object, filled, fit_each, unreadable_in

_FIELDS = "id,displayName,state,conditions,grantControls,sessionControls,modifiedDateTime"
_GRANT = "grantControls"  # kept under this name where it is no object
_STATES = {"enabled": "enabled", "disabled": "disabled", "enabledForReportingButNotEnforced": "report only"}


class _OtherTenants(msgspec.Struct, rename="camel"):
    membership_kind: str | None = None
    members: list[str] | None = None


class _GraphExternalUsers(msgspec.Struct, rename="camel"):
    guest_or_external_user_types: str | None = None
    external_tenants: _OtherTenants | None = None


class _GraphUsers(msgspec.Struct, rename="camel"):
    include_users: list[str] | None = None
    exclude_users: list[str] | None = None
    include_groups: list[str] | None = None
    exclude_groups: list[str] | None = None
    include_roles: list[str] | None = None
    exclude_roles: list[str] | None = None
    include_guests_or_external_users: _GraphExternalUsers | None = None
    exclude_guests_or_external_users: _GraphExternalUsers | None = None


class _GraphApplications(msgspec.Struct, rename="camel"):
    include_applications: list[str] | None = None
    exclude_applications: list[str] | None = None
    include_user_actions: list[str] | None = None
    include_authentication_context_class_references: list[str] | None = None
    application_filter: Object | None = None


class _GraphPlatforms(msgspec.Struct, rename="camel"):
    include_platforms: list[str] | None = None
    exclude_platforms: list[str] | None = None


class _GraphLocations(msgspec.Struct, rename="camel"):
    include_locations: list[str] | None = None
    exclude_locations: list[str] | None = None


class _GraphFlows(msgspec.Struct, rename="camel"):
    transfer_methods: str | None = None


class _GraphConditions(msgspec.Struct, rename="camel"):
    users: _GraphUsers | None = None
    applications: _GraphApplications | None = None
    client_app_types: list[str] | None = None
    platforms: _GraphPlatforms | None = None
    locations: _GraphLocations | None = None
    sign_in_risk_levels: list[str] | None = None
    user_risk_levels: list[str] | None = None
    service_principal_risk_levels: list[str] | None = None
    insider_risk_levels: str | list[str] | None = None
    authentication_flows: _GraphFlows | None = None
    devices: Object | None = None
    client_applications: Object | None = None
    agent_id_risk_levels: str | list[str] | None = None


class _GraphGrantControls(msgspec.Struct, rename="camel"):
    operator: str | None = None
    built_in_controls: list[str] | None = None
    custom_authentication_factors: list[str] | None = None
    terms_of_use: list[str] | None = None
    authentication_strength: GraphStrength | None = None


class _GraphPolicy(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    state: str | None = None
    conditions: Object | None = None
    grant_controls: Any = None
    session_controls: Object | None = None
    modified_date_time: GraphDateTime | None = None


def _read(context: ReadContext) -> Reading:
    policies = context.by_id_as(_GraphPolicy, _to_policy)
    return Reading(
        records=[Record(key=key, body=it) for key, it in policies.items()],
        is_complete=True,
        odd=sum(map(_unreadable, policies.values())),
    )


def _read_agents(context: ReadContext) -> Reading:
    """The policies about agents, of which v1.0 does not know the conditions."""
    reading = _read(context)
    about = [it for it in reading.records if isinstance(it.body, ConditionalAccess) and _is_about_agents(it.body)]
    return msgspec.structs.replace(reading, records=about)


def _is_about_agents(policy: ConditionalAccess) -> bool:
    conditions = policy.conditions
    if conditions is None:
        return True
    return bool(conditions.agent_risks) or any("AgentId" in name for name in conditions.workloads or {})


def _to_policy(source: _GraphPolicy) -> ConditionalAccess:
    return ConditionalAccess(
        id=source.id,
        name=clean(source.display_name or "") or source.id,
        state=_STATES.get(source.state or "", "unknown"),
        conditions=None if source.conditions is None else _to_conditions(source.conditions),
        grant=None if source.grant_controls is None else _to_grant(source.grant_controls),
        session=filled(source.session_controls or {}) or None,
        changed_at=moment(source.modified_date_time),
    )


def _to_conditions(source: Object) -> Conditions:
    known, other = fit_each(source, _GraphConditions)
    users = known.users or _GraphUsers()
    return Conditions(
        included=PolicyUsers(
            users=in_order(users.include_users),
            groups=in_order(users.include_groups),
            roles=in_order(users.include_roles),
            external=_to_external(users.include_guests_or_external_users),
        ),
        excluded=PolicyUsers(
            users=in_order(users.exclude_users),
            groups=in_order(users.exclude_groups),
            roles=in_order(users.exclude_roles),
            external=_to_external(users.exclude_guests_or_external_users),
        ),
        applications=_to_applications(known.applications),
        client_apps=in_order(known.client_app_types),
        platforms=_platforms(known.platforms),
        locations=_locations(known.locations),
        sign_in_risks=in_order(known.sign_in_risk_levels),
        user_risks=in_order(known.user_risk_levels),
        service_principal_risks=in_order(known.service_principal_risk_levels),
        insider_risks=words(known.insider_risk_levels),
        flows=words(known.authentication_flows.transfer_methods if known.authentication_flows else None),
        devices=filled(known.devices or {}) or None,
        workloads=filled(known.client_applications or {}) or None,
        agent_risks=words(known.agent_id_risk_levels),
        other=other,
    )


def _to_external(source: _GraphExternalUsers | None) -> ExternalUsers | None:
    if source is None:
        return None
    tenants = source.external_tenants
    is_any = tenants is None or tenants.membership_kind == "all"
    return ExternalUsers(
        kinds=words(source.guest_or_external_user_types),
        tenants=None if is_any or tenants is None else in_order(tenants.members),
    )


def _to_applications(source: _GraphApplications | None) -> PolicyApplications | None:
    if source is None:
        return None
    return PolicyApplications(
        included=in_order(source.include_applications),
        excluded=in_order(source.exclude_applications),
        user_actions=in_order(source.include_user_actions),
        contexts=in_order(source.include_authentication_context_class_references),
        filter=filled(source.application_filter or {}) or None,
    )


def _to_grant(source: Any) -> Grant:
    known, other = fit_each(source if isinstance(source, dict) else {_GRANT: source}, _GraphGrantControls)
    return Grant(
        operator=clean_or_none(known.operator),
        controls=in_order(known.built_in_controls),
        custom_factors=in_order(known.custom_authentication_factors),
        terms_of_use=in_order(known.terms_of_use),
        strength=to_strength(known.authentication_strength) if known.authentication_strength else None,
        other=other,
    )


def _platforms(source: _GraphPlatforms | None) -> Selection | None:
    if source is None:
        return None
    return Selection(included=in_order(source.include_platforms), excluded=in_order(source.exclude_platforms))


def _locations(source: _GraphLocations | None) -> Selection | None:
    if source is None:
        return None
    return Selection(included=in_order(source.include_locations), excluded=in_order(source.exclude_locations))


def _unreadable(policy: ConditionalAccess) -> int:
    """How many values of a policy could not be read; conditions that are merely new to us do not count."""
    conditions = unreadable_in(policy.conditions.other, _GraphConditions) if policy.conditions else 0
    grant = unreadable_in(policy.grant.other, _GraphGrantControls) if policy.grant else 0
    return conditions + grant + bool(policy.grant and _GRANT in policy.grant.other)


CONDITIONAL_ACCESS = Dataset(
    name="conditional_access",
    permission="Policy.Read.All",
    record=ConditionalAccess,
    version=2,
    first_request=FirstRequest(
        path="/identity/conditionalAccess/policies", query={"select": _FIELDS}, page=_GraphPolicy
    ),
    read=_read,
    service=Service.CONDITIONAL_ACCESS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
AGENT_CONDITIONAL_ACCESS = Dataset(
    name="agent_conditional_access",
    permission="Policy.Read.All",
    record=ConditionalAccess,
    first_request=FirstRequest(
        path="/identity/conditionalAccess/policies", query={"select": _FIELDS}, page=_GraphPolicy
    ),
    read=_read_agents,
    service=Service.BETA,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
