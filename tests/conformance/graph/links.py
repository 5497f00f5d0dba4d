"""Judges the links and annotations of a collection: absolute, on the Graph root, and the right ones."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.conformance.graph.description import Description, Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.mismatch import Mismatch

NEXT, DELTA, CONTEXT, COUNT = "@odata.nextLink", "@odata.deltaLink", "@odata.context", "@odata.count"
_ALWAYS_COUNTED = "/deviceManagement/managedDevices"
_MARKS = {NEXT: {"$skiptoken", "$skip"}, DELTA: {"$deltatoken"}}


def link_faults(exchange: Exchange, operation: Operation, description: Description, root: str) -> Iterator[Mismatch]:
    """Everything that is wrong with the annotations of an answer; ``root`` is Graph's address with the version."""
    answer = exchange.answer
    if not isinstance(answer, dict):
        return
    for name in (NEXT, DELTA):
        if name in answer:
            yield from _link(name, answer[name], operation, description, root)
    if CONTEXT in answer and not _is_context(answer[CONTEXT], root):
        yield Mismatch("link", f"{CONTEXT} {answer[CONTEXT]!r} is not on {root}")
    if operation.is_collection:
        yield from _kinds(answer, operation)
        yield from _counts(exchange, operation, answer)


def _link(name: str, value: Any, operation: Operation, description: Description, root: str) -> Iterator[Mismatch]:
    if not isinstance(value, str) or not value.startswith(f"{root}/"):
        yield Mismatch("link", f"{name} {value!r} is not absolute on {root}")
        return
    split = urlsplit(value)
    path = split.path.removeprefix(urlsplit(root).path)
    target = description.find("GET", path)
    if target is None or target.template != operation.template:
        yield Mismatch("link", f"{name} leads to {path}, not on from {operation.path}")
    if not _MARKS[name] & {option.lower() for option, _ in parse_qsl(split.query, keep_blank_values=True)}:
        yield Mismatch("link", f"{name} carries none of {sorted(_MARKS[name])}")


def _is_context(value: Any, root: str) -> bool:
    return isinstance(value, str) and value.startswith(f"{root}/") and "/$metadata#" in value[len(root) :]


def _kinds(answer: dict[str, Any], operation: Operation) -> Iterator[Mismatch]:
    if operation.is_delta and (NEXT in answer) == (DELTA in answer):
        yield Mismatch("link", f"a page of a delta ends with either {NEXT} or {DELTA}")
    if not operation.is_delta and DELTA in answer:
        yield Mismatch("link", f"{DELTA} appears in deltas only")


def _counts(exchange: Exchange, operation: Operation, answer: dict[str, Any]) -> Iterator[Mismatch]:
    top, value = exchange.option("$top"), answer.get("value")
    if top and top.isdigit() and isinstance(value, list) and len(value) > int(top):
        yield Mismatch("top", f"{len(value)} items came where $top={top}")
    is_asked = (exchange.option("$count") or "").lower() == "true"
    is_counted = operation.template == _ALWAYS_COUNTED
    if COUNT in answer and not (is_asked or is_counted):
        yield Mismatch("count", f"{COUNT} was not asked for")
    if COUNT in answer and not (isinstance(answer[COUNT], int) and answer[COUNT] >= 0):
        yield Mismatch("count", f"{COUNT} {answer[COUNT]!r} is not a count")
    is_first = exchange.option("$skiptoken") is None
    if COUNT not in answer and is_first and (is_counted or (is_asked and _is_eventual(exchange))):
        yield Mismatch("count", f"{COUNT} is missing from the first page")


def _is_eventual(exchange: Exchange) -> bool:
    return exchange.asked.get("consistencylevel", "").lower() == "eventual"
