"""The tenant's own object: its name before mapping, its profile after.

Source: https://learn.microsoft.com/graph/api/organization-list
"""

from collections.abc import Iterable
from typing import NamedTuple

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import TenantProfile
from integrations.domain.text import clean, clean_or_none
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from shared.microsoft.graph import Graph, UnexpectedAnswer

PATH = "/organization"
_NAME_FIELDS = "id,displayName,partnerTenantType"
_WORKING = frozenset({"Enabled", "Warning"})  # a plan in its grace period works like any other
_PROFILE_FIELDS = "id,displayName,verifiedDomains,countryLetterCode,assignedPlans"


class _VerifiedDomain(msgspec.Struct, rename="camel"):
    name: str
    is_default: bool | None = None


class _Plan(msgspec.Struct, rename="camel"):
    service_plan_id: str | None = None
    capability_status: str | None = None


class _GraphOrganization(msgspec.Struct, rename="camel"):
    id: str
    display_name: str | None = None
    partner_tenant_type: str | None = None
    country_letter_code: str | None = None
    verified_domains: list[_VerifiedDomain] = []
    assigned_plans: list[_Plan] | None = None


class TenantName(NamedTuple):
    """All that is read of a tenant before it is mapped. ``is_partner``: it is a CSP's own tenant."""

    tenant_id: str
    name: str
    is_partner: bool


def read_tenant_name(graph: Graph) -> TenantName:
    """The tenant's display name.

    Raises:
        UnexpectedAnswer: not exactly one organization came back.
    """
    organization = _only(graph.items(PATH, type=_GraphOrganization, select=_NAME_FIELDS))
    return TenantName(organization.id.lower(), _name(organization), organization.partner_tenant_type is not None)


def _only(items: Iterable[_GraphOrganization]) -> _GraphOrganization:
    """The one organization, which may be listed several times; raises UnexpectedAnswer if there is not exactly one."""
    unique = list({it.id: it for it in items}.values())
    if len(unique) != 1:
        raise UnexpectedAnswer(f"{len(unique)} organizations instead of one")
    return unique[0]


def _read_profile(context: ReadContext) -> Reading:
    organization = _only(context.page.items)
    without_plans = int(organization.assigned_plans is None)
    return Reading(records=[Record(key="profile", body=_profile(organization))], is_complete=True, odd=without_plans)


def _profile(organization: _GraphOrganization) -> TenantProfile:
    domains = organization.verified_domains
    return TenantProfile(
        name=_name(organization),
        default_domain=next((clean(it.name) for it in domains if it.is_default), None),
        verified_domains=sorted(clean(it.name) for it in domains),
        country=clean_or_none(organization.country_letter_code),
        plans=_plans(organization),
    )


def _plans(organization: _GraphOrganization) -> list[str] | msgspec.UnsetType:
    if organization.assigned_plans is None:
        return msgspec.UNSET
    working = (it for it in organization.assigned_plans if it.capability_status in _WORKING)
    return sorted({it.service_plan_id for it in working if it.service_plan_id})


def _name(organization: _GraphOrganization) -> str:
    return clean(organization.display_name or "") or organization.id


ORGANIZATION = Dataset(
    name="organization",
    is_core=True,
    permission="Organization.Read.All",
    record=TenantProfile,
    first_request=FirstRequest(path=PATH, query={"select": _PROFILE_FIELDS}, page=_GraphOrganization),
    read=_read_profile,
)
