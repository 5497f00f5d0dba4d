"""Domains, with their password expiry.

Source: https://learn.microsoft.com/graph/api/domain-list
"""

import msgspec
from msgspec import UNSET, UnsetType

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import Domain
from integrations.domain.text import clean, key_from
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import Flag

_FIELDS = "id,authenticationType,isDefault,isInitial,isVerified,isRoot,supportedServices,passwordValidityPeriodInDays"


class _GraphDomain(msgspec.Struct, rename="camel"):
    id: str
    authentication_type: str | None = None
    is_default: bool | None = None
    is_initial: bool | None = None
    is_verified: bool | None = None
    is_root: Flag = UNSET
    supported_services: list[str] | None = None
    password_validity_period_in_days: int | UnsetType | None = UNSET


def _read(context: ReadContext) -> Reading:
    domains = [it for page in context.graph.pages_from(context.page, type=_GraphDomain) for it in page.items]
    return Reading(
        records=[Record(key=key_from(it.id.lower()), body=_to_domain(it)) for it in domains], is_complete=True
    )


def _to_domain(domain: _GraphDomain) -> Domain:
    return Domain(
        name=clean(domain.id),
        is_default=bool(domain.is_default),
        is_initial=bool(domain.is_initial),
        is_verified=bool(domain.is_verified),
        is_root=domain.is_root,
        is_federated=domain.authentication_type == "Federated",
        services=sorted(clean(service) for service in domain.supported_services or []),
        password_days=domain.password_validity_period_in_days,
    )


DOMAINS = Dataset(
    name="domains",
    permission="Directory.Read.All",
    record=Domain,
    version=2,
    first_request=FirstRequest(path="/domains", query={"select": _FIELDS}, page=_GraphDomain),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
