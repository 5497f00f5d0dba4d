"""Domains, and how passwords age in them.

Source: https://learn.microsoft.com/graph/api/domain-list
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import Domain
from integrations.domain.text import clean, key_from
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

_FIELDS = "id,authenticationType,isDefault,isInitial,isVerified,supportedServices,passwordValidityPeriodInDays"
_NEVER_EXPIRES = 2_147_483_647
_DEFAULT_DAYS = 90  # what null stands for


class _Domain(msgspec.Struct, rename="camel"):
    id: str
    authentication_type: str | None = None
    is_default: bool | None = None
    is_initial: bool | None = None
    is_verified: bool | None = None
    supported_services: list[str] | None = None
    password_validity_period_in_days: int | None = None


def _read(asked: ReadContext) -> Reading:
    found = [it for page in asked.graph.pages_from(asked.page, type=_Domain) for it in page.items]
    return Reading(records=[Record(key=key_from(it.id.lower()), body=_told(it)) for it in found], is_complete=True)


def _told(it: _Domain) -> Domain:
    days = it.password_validity_period_in_days
    return Domain(
        name=clean(it.id),
        is_default=bool(it.is_default),
        is_initial=bool(it.is_initial),
        is_verified=bool(it.is_verified),
        is_federated=it.authentication_type == "Federated",
        services=sorted(clean(service) for service in it.supported_services or []),
        password_days=None if days == _NEVER_EXPIRES else (days or _DEFAULT_DAYS),
    )


DOMAINS = Dataset(
    name="domains",
    permission="Directory.Read.All",
    record=Domain,
    source=FirstRequest(first="/domains", query={"select": _FIELDS}, page=_Domain),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
