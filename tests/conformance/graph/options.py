"""Judges the query of a request: options that the operation takes, values that Graph accepts, names that exist."""

from collections import Counter
from collections.abc import Iterator

from tests.conformance.graph.description import Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.expressions import Unreadable, read_expand, read_filter, read_names, read_orderby
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.properties import Properties
from tests.conformance.graph.rules import (
    ANY,
    DELTA_MOST_IDS,
    DELTA_OPTIONS,
    DIRECTORY,
    NARROW,
    NOT_IN_DELTA,
    SINGLE_USER_ONLY,
    USERS,
)


def query_faults(exchange: Exchange, operation: Operation, properties: Properties) -> Iterator[Mismatch]:
    """Everything that is wrong with the query of a request."""
    yield from _options(exchange, operation)
    yield from _top(exchange, operation)
    try:
        yield from _names(exchange, operation, properties)
        yield from _expands(exchange, operation)
        yield from _delta(exchange, operation)
        yield from _advanced(exchange, operation)
    except Unreadable as error:
        yield Mismatch("expression", f"cannot be read: {error}")


def _allowed(operation: Operation) -> frozenset[str]:
    if operation.is_delta:
        return DELTA_OPTIONS
    narrow = NARROW.get(operation.template, ANY)
    allowed = operation.options if narrow.only is None else narrow.only
    paging = {"$skiptoken"} if operation.is_collection else set()
    return (allowed | paging) - narrow.never


def _options(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    given = Counter(name for name, _ in exchange.options)
    for name, times in given.items():
        if name not in _allowed(operation):
            yield Mismatch("option", f"{name} is not an option of {operation.template}")
        elif times > 1:
            yield Mismatch("option", f"{name} is given {times} times")


def _top(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    value = exchange.option("$top")
    if value is None:
        return
    most = NARROW.get(operation.template, ANY).most_top
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= most:
        yield Mismatch("top", f"$top={value}; Graph takes 1 to {most}")


def _names(exchange: Exchange, operation: Operation, properties: Properties) -> Iterator[Mismatch]:
    if operation.element is None:
        return
    used = [
        (option, path) for option in ("$select", "$filter", "$orderby", "$expand") for path in _used(exchange, option)
    ]
    for option, path in used:
        if not properties.has(operation.element, path):
            yield Mismatch("name", f"{option} names {path!r}, which {operation.element.get('title')} does not have")
    for option, path in used:
        if option == "$select" and operation.template == USERS and path in SINGLE_USER_ONLY:
            yield Mismatch("name", f"{path} can be read of a single user only")


def _used(exchange: Exchange, option: str) -> list[str]:
    text = exchange.option(option)
    if text is None:
        return []
    if option == "$filter":
        return list(read_filter(text).paths)
    if option == "$orderby":
        return read_orderby(text)
    if option == "$expand":
        return [expanded.name for expanded in read_expand(text)]
    return read_names(text)


def _expands(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    text = exchange.option("$expand")
    if text is None:
        return
    expanded, most = read_expand(text), NARROW.get(operation.template, ANY).most_expands
    if most is not None and len(expanded) > most:
        yield Mismatch("expand", f"{len(expanded)} relations are expanded; {operation.template} takes {most}")
    if any("$expand" in item.options.lower() for item in expanded):
        yield Mismatch("expand", "a relation is expanded inside another; Graph goes one level deep")


def _delta(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    if not operation.is_delta:
        return
    given = {name for name, _ in exchange.options}
    if {"$select", "$skiptoken"} <= given:
        yield Mismatch("delta", "$select may not be combined with $skiptoken")
    if {"$deltatoken", "$skiptoken"} <= given:
        yield Mismatch("delta", "a request carries either $skiptoken or $deltatoken")
    for name in NOT_IN_DELTA & set(_used(exchange, "$select")):
        yield Mismatch("delta", f"{name} is stored outside the directory and not tracked")
    text = exchange.option("$filter")
    if text is not None:
        filtered = read_filter(text)
        if set(filtered.paths) != {"id"} or set(filtered.words) - {"eq", "or"}:
            yield Mismatch("delta", "$filter takes id eq '..' joined by or, nothing else")
        elif len(filtered.paths) > DELTA_MOST_IDS:
            yield Mismatch("delta", f"$filter names {len(filtered.paths)} ids; {DELTA_MOST_IDS} is the most")


def _advanced(exchange: Exchange, operation: Operation) -> Iterator[Mismatch]:
    """ConsistencyLevel: eventual with $count=true, where the directory cannot answer from its main index."""
    reason = next(_needs_advanced(exchange, operation), "")
    if not reason:
        return
    if exchange.asked.get("consistencylevel", "").lower() != "eventual":
        yield Mismatch("advanced", f"{reason} needs the header ConsistencyLevel: eventual")
    elif not _is_count(operation) and (exchange.option("$count") or "").lower() != "true":
        yield Mismatch("advanced", f"{reason} needs $count=true")


def _needs_advanced(exchange: Exchange, operation: Operation) -> Iterator[str]:
    segment = operation.template.strip("/").split("/")[0].split("(")[0]
    if segment not in DIRECTORY or operation.method != "get" or operation.is_delta:
        return
    given = {name for name, _ in exchange.options}
    if _is_count(operation):
        yield "a bare count"
    if "$search" in given:
        yield "$search"
    if {"$orderby", "$filter"} <= given:
        yield "$orderby with $filter"
    if read_filter(exchange.option("$filter") or "").is_advanced:
        yield "this $filter"
    is_cast = "/microsoft.graph." in operation.path.lower() and operation.is_collection
    if is_cast and given - {"$count", "$skiptoken"}:
        yield "a cast with other options"


def _is_count(operation: Operation) -> bool:
    return operation.path.lower().endswith("/$count")
