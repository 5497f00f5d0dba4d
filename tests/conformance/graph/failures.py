"""Judges error answers: the error object, its code for its status, and the headers that come with some of them."""

import re
from collections.abc import Iterator
from typing import Any

from tests.conformance.graph.description import Description
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.rules import CODES, CONDITIONAL_ACCESS
from tests.conformance.graph.schemas import Schemas

_ERROR = "microsoft.graph.ODataErrors.ODataError"
_MAIN = frozenset({"code", "message", "target", "details", "innerError", "innererror"})
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")
_SCOPE = re.compile(r"Tenant_Application/ReadWrite/[^/]+/[^/]+")
_INFORMATION = frozenset({"CPULimitExceeded", "WriteLimitExceeded", "ResourceUnitLimitExceeded"})


def failure_faults(
    exchange: Exchange, description: Description, schemas: Schemas, *, is_part: bool = False
) -> Iterator[Mismatch]:
    """Everything that is wrong with an answer that is not a success."""
    if exchange.status in {302, 304}:
        return
    if exchange.status < 400:
        yield Mismatch("status", f"{exchange.status} is no answer of Graph")
        return
    schema = description.schema(_ERROR)
    for fault in schemas.faults(schema or {}, exchange.answer):
        yield Mismatch("error", f"not an OData error: {fault}")
    if isinstance(exchange.answer, dict) and isinstance(exchange.answer.get("error"), dict):
        yield from _main(exchange, exchange.answer["error"])
    yield from _headers(exchange, is_part=is_part)


def _main(exchange: Exchange, error: dict[str, Any]) -> Iterator[Mismatch]:
    codes = CODES.get(exchange.status)
    if codes is not None and not {code.lower() for code in _codes(error)} & (codes | {""}):
        yield Mismatch("error", f"{error.get('code')!r} does not come with {exchange.status}")
    for name in error.keys() - _MAIN:
        yield Mismatch("error", f"an error object has no member {name!r}")
    inner = error.get("innerError", error.get("innererror"))
    if isinstance(inner, dict):
        yield from _inner(exchange, inner)


def _codes(error: dict[str, Any]) -> Iterator[str]:
    """The code, and the finer ones nested inside."""
    thing: Any = error
    while isinstance(thing, dict):
        if isinstance(thing.get("code"), str):
            yield thing["code"]
        thing = thing.get("innerError", thing.get("innererror"))


def _inner(exchange: Exchange, inner: dict[str, Any]) -> Iterator[Mismatch]:
    date = inner.get("date")
    if date is not None and not (isinstance(date, str) and _DATE.match(date)):
        yield Mismatch("error", f"innerError.date {date!r} is not a time")
    for name in ("request-id", "client-request-id"):
        header = exchange.told.get(name)
        if name in inner and header and inner[name] != header:
            yield Mismatch("error", f"innerError.{name} is not the one of the headers")


def _headers(exchange: Exchange, *, is_part: bool) -> Iterator[Mismatch]:
    if exchange.status == 410 and "location" not in exchange.told:
        yield Mismatch("header", "410 comes with the address to start again from, in Location")
    if exchange.status != 429:
        return
    if exchange.path.lower().startswith(CONDITIONAL_ACCESS):
        if "retry-after" in exchange.told:
            yield Mismatch("header", "this service throttles without Retry-After")
        return
    if "retry-after" not in exchange.told:
        yield Mismatch("header", "429 without Retry-After")
    scope = exchange.told.get("x-ms-throttle-scope")
    if scope is not None and not _SCOPE.fullmatch(scope):
        yield Mismatch("header", f"x-ms-throttle-scope {scope!r} has another form")
    information = exchange.told.get("x-ms-throttle-information")
    if information is not None and information not in _INFORMATION:
        yield Mismatch("header", f"x-ms-throttle-information {information!r} is unknown")
    if not is_part and (scope is None) != (information is None):
        yield Mismatch("header", "x-ms-throttle-scope and x-ms-throttle-information come together")
