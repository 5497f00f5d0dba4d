"""Judges the headers that come with every answer of Graph."""

import re
from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.rules import COUNTED_IN_UNITS

_ALWAYS = ("request-id", "client-request-id", "x-ms-ags-diagnostic", "date")
_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_JSON = "application/json"
_METADATA = "odata.metadata=minimal"
_BATCH = "/$batch"


def header_faults(exchange: Exchange) -> Iterator[Mismatch]:
    """Everything that is wrong with the headers of an answer; a part of a batch brings few of its own."""
    for name in _ALWAYS:
        if name not in exchange.told:
            yield Mismatch("header", f"{name} is missing")
    yield from _values(exchange)
    yield from _body_headers(exchange)
    segment = exchange.path.strip("/").split("/")[0].split("(")[0]
    if exchange.succeeded and segment in COUNTED_IN_UNITS and "x-ms-resource-unit" not in exchange.told:
        yield Mismatch("header", "x-ms-resource-unit is missing")


def _values(exchange: Exchange) -> Iterator[Mismatch]:
    told, asked = exchange.told, exchange.asked
    if "request-id" in told and not _GUID.fullmatch(told["request-id"]):
        yield Mismatch("header", f"request-id {told['request-id']!r} is not a GUID")
    sent = asked.get("client-request-id")
    if sent and "client-request-id" in told and told["client-request-id"] != sent:
        yield Mismatch("header", "client-request-id is not the one that was sent")
    if "date" in told and not _is_date(told["date"]):
        yield Mismatch("header", f"date {told['date']!r} is not an HTTP date")
    units = told.get("x-ms-resource-unit")
    if units is not None and not (units.isdigit() and int(units) >= 1):
        yield Mismatch("header", f"x-ms-resource-unit {units!r} is not a number of units")
    share = told.get("x-ms-throttle-limit-percentage")
    if share is not None and not _is_share(share):
        yield Mismatch("header", f"x-ms-throttle-limit-percentage {share!r} is not between 0.8 and 1.8")


def _body_headers(exchange: Exchange) -> Iterator[Mismatch]:
    media = exchange.told.get("content-type", "").replace(" ", "").lower()
    if not exchange.received:
        return
    if not media:
        yield Mismatch("header", "an answer with a body needs Content-Type")
    if not media.startswith(_JSON):
        return
    if exchange.succeeded and not exchange.path.startswith(_BATCH):
        if _METADATA not in media:
            yield Mismatch("header", f"Content-Type {media!r} does not say {_METADATA}")
        if exchange.told.get("odata-version") != "4.0":
            yield Mismatch("header", "OData-Version is not 4.0")


def _is_date(value: str) -> bool:
    try:
        parsedate_to_datetime(value)
    except ValueError:
        return False
    return True


def _is_share(value: str) -> bool:
    try:
        return 0.8 <= float(value) <= 1.8
    except ValueError:
        return False
