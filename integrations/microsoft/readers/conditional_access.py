"""Conditional Access policies. Microsoft allows one request a second per tenant, for all applications together.

Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-policies
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import ConditionalAccess
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, moment
from integrations.microsoft.limits import Service

_FIELDS = "id,displayName,state,conditions,grantControls,modifiedDateTime"
_STATES = {"enabled": "enabled", "disabled": "disabled", "enabledForReportingButNotEnforced": "report only"}


class _Users(msgspec.Struct, rename="camel"):
    include_users: list[str] = []
    exclude_users: list[str] = []
    include_groups: list[str] = []
    exclude_groups: list[str] = []
    include_roles: list[str] = []
    exclude_roles: list[str] = []
    include_guests_or_external_users: dict[str, object] | None = None
    exclude_guests_or_external_users: dict[str, object] | None = None


class _Places(msgspec.Struct, rename="camel"):
    include_locations: list[str] = []
    exclude_locations: list[str] = []

    @property
    def are_all(self) -> bool:
        return self.include_locations in ([], ["All"]) and not self.exclude_locations


class _Applications(msgspec.Struct, rename="camel"):
    include_applications: list[str] = []
    exclude_applications: list[str] = []
    application_filter: dict[str, object] | None = None


class _Conditions(msgspec.Struct, rename="camel"):
    users: _Users | None = None
    applications: _Applications | None = None
    client_app_types: list[str] = []
    sign_in_risk_levels: list[str] = []
    user_risk_levels: list[str] = []
    platforms: dict[str, object] | None = None
    locations: _Places | None = None
    devices: dict[str, object] | None = None
    authentication_flows: dict[str, object] | None = None
    insider_risk_levels: str | None = None


class _Strength(msgspec.Struct, rename="camel"):
    id: str | None = None
    display_name: str | None = None


class _GrantControls(msgspec.Struct, rename="camel"):
    operator: str | None = None
    built_in_controls: list[str] = []
    custom_authentication_factors: list[str] = []
    terms_of_use: list[str] = []
    authentication_strength: _Strength | None = None


class _Policy(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    state: str | None = None
    conditions: _Conditions | None = None
    grant_controls: _GrantControls | None = None
    modified_date_time: GraphDateTime | None = None


def _read(context: ReadContext) -> Reading:
    policies = context.by_id(_Policy)
    return Reading(
        records=[Record(key=it.id, body=_to_conditional_access(it)) for it in policies.values()], is_complete=True
    )


def _to_conditional_access(policy: _Policy) -> ConditionalAccess:
    conditions = policy.conditions or _Conditions()
    who, what = conditions.users or _Users(), conditions.applications or _Applications()
    grant, places = policy.grant_controls or _GrantControls(), conditions.locations or _Places()
    strength = grant.authentication_strength
    return ConditionalAccess(
        id=policy.id,
        name=clean(policy.display_name or "") or policy.id,
        state=_STATES.get(policy.state or "", "unknown"),
        demands=_demands(grant),
        all_demands=grant.operator == "AND",
        users=sorted(who.include_users),
        groups=sorted(who.include_groups),
        roles=sorted(who.include_roles),
        guests=who.include_guests_or_external_users is not None,
        without_users=sorted(who.exclude_users),
        without_groups=sorted(who.exclude_groups),
        without_roles=sorted(who.exclude_roles),
        without_guests=who.exclude_guests_or_external_users is not None,
        applications=sorted(what.include_applications),
        without_applications=sorted(what.exclude_applications),
        client_apps=sorted(conditions.client_app_types),
        is_narrowed=_is_narrowed(conditions, what),
        sign_in_risks=sorted(conditions.sign_in_risk_levels),
        user_risks=sorted(conditions.user_risk_levels),
        locations=sorted(places.include_locations),
        without_locations=sorted(places.exclude_locations),
        strength=clean_or_none(strength.display_name or strength.id) if strength else None,
        changed_at=moment(policy.modified_date_time),
    )


def _demands(grant: _GrantControls) -> list[str]:
    more = (
        ("authenticationStrength", grant.authentication_strength),
        ("termsOfUse", grant.terms_of_use),
        ("customAuthenticationFactor", grant.custom_authentication_factors),
    )
    return sorted({*grant.built_in_controls, *(name for name, there in more if there)})


def _is_narrowed(conditions: _Conditions, what: _Applications) -> bool:
    """Whether it applies only at some locations, on some devices, at some risk, or to filtered applications."""
    narrowing = (
        conditions.sign_in_risk_levels, conditions.user_risk_levels, conditions.platforms, conditions.devices,
        conditions.authentication_flows, conditions.insider_risk_levels, what.application_filter,
        conditions.locations is not None and not conditions.locations.are_all,
    )  # fmt: skip
    return any(narrowing)


CONDITIONAL_ACCESS = Dataset(
    name="conditional_access",
    permission="Policy.Read.All",
    record=ConditionalAccess,
    first_request=FirstRequest(path="/identity/conditionalAccess/policies", query={"select": _FIELDS}, page=_Policy),
    read=_read,
    service=Service.CONDITIONAL_ACCESS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
