"""Named locations: the places that Conditional Access policies speak of, by address ranges or countries.

They belong to Conditional Access, and share its limit of one look a second per tenant.
Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import NamedLocation
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext, Service

_KINDS = {"#microsoft.graph.ipNamedLocation": "ip", "#microsoft.graph.countryNamedLocation": "country"}
_LOOKUPS = {"clientIpAddress": "ip address", "authenticatorAppGps": "gps"}


class _Range(msgspec.Struct, rename="camel"):
    cidr_address: str | None = None
    lower_address: str | None = None
    upper_address: str | None = None


class _Location(msgspec.Struct, rename="camel"):
    id: str
    kind: str = msgspec.field(name="@odata.type", default="")
    display_name: str | None = None
    is_trusted: bool = False
    ip_ranges: list[_Range] = []
    countries_and_regions: list[str] = []
    country_lookup_method: str | None = None
    include_unknown_countries_and_regions: bool = False


def _read(asked: ReadContext) -> Reading:
    found = asked.by_id(_Location)
    return Reading(records=[Record(key=it.id, body=_told(it)) for it in found.values()], is_complete=True)


def _told(it: _Location) -> NamedLocation:
    return NamedLocation(
        id=it.id,
        name=clean(it.display_name or "") or it.id,
        kind=_KINDS.get(it.kind, "unknown"),
        is_trusted=it.is_trusted,
        ranges=sorted(clean(it.cidr_address or f"{it.lower_address}-{it.upper_address}") for it in it.ip_ranges),
        countries=sorted(clean(code) for code in it.countries_and_regions),
        includes_unknown=it.include_unknown_countries_and_regions,
        looked_up_by=_LOOKUPS.get(it.country_lookup_method, "unknown") if it.country_lookup_method else None,
    )


NAMED_LOCATIONS = Dataset(
    name="named_locations",
    permission="Policy.Read.All",
    record=NamedLocation,
    source=FirstRequest(first="/identity/conditionalAccess/namedLocations", page=_Location),
    read=_read,
    service=Service.CONDITIONAL_ACCESS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
