"""Named locations of Conditional Access: IP ranges or countries.

They share Conditional Access's limit of one request a second per tenant.
Source: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import NamedLocation
from integrations.domain.text import clean
from integrations.microsoft.dataset import ENTRA_ID_P1, Dataset, FirstRequest, ReadContext
from integrations.microsoft.limits import Service

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


def _read(context: ReadContext) -> Reading:
    locations = context.by_id(_Location)
    return Reading(
        records=[Record(key=it.id, body=_to_named_location(it)) for it in locations.values()], is_complete=True
    )


def _to_named_location(location: _Location) -> NamedLocation:
    return NamedLocation(
        id=location.id,
        name=clean(location.display_name or "") or location.id,
        kind=_KINDS.get(location.kind, "unknown"),
        is_trusted=location.is_trusted,
        ranges=sorted(clean(it.cidr_address or f"{it.lower_address}-{it.upper_address}") for it in location.ip_ranges),
        countries=sorted(clean(code) for code in location.countries_and_regions),
        includes_unknown=location.include_unknown_countries_and_regions,
        looked_up_by=_LOOKUPS.get(location.country_lookup_method, "unknown")
        if location.country_lookup_method
        else None,
    )


NAMED_LOCATIONS = Dataset(
    name="named_locations",
    permission="Policy.Read.All",
    record=NamedLocation,
    first_request=FirstRequest(path="/identity/conditionalAccess/namedLocations", page=_Location),
    read=_read,
    service=Service.CONDITIONAL_ACCESS,
    cadence=Cadence.SIX_HOURS,
    needs_plan=ENTRA_ID_P1,
)
