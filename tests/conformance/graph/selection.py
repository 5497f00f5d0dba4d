"""Judges that an answer holds exactly the properties that were asked for."""

from collections.abc import Iterator
from typing import Any

from tests.conformance.graph.description import Operation
from tests.conformance.graph.exchange import Exchange
from tests.conformance.graph.expressions import Unreadable, read_expand, read_names
from tests.conformance.graph.mismatch import Mismatch
from tests.conformance.graph.properties import Properties
from tests.conformance.graph.rules import DEFAULT_USER, MOST_EXPANDED, REMOVED_REASONS, USER_TEMPLATES

_MOST_FAULTS = 5
_SKIPPING = frozenset({"$skiptoken", "$deltatoken"})


def selection_faults(exchange: Exchange, operation: Operation, properties: Properties) -> Iterator[Mismatch]:
    """Everything that is wrong with which properties appear; a few per answer are enough."""
    if operation.element is None or not isinstance(exchange.answer, dict):
        return
    items = exchange.answer.get("value") if operation.is_collection else [exchange.answer]
    if not isinstance(items, list):
        return
    wanted, expanded = _wanted(exchange, operation), _expanded(exchange)
    found = 0
    for place, item in enumerate(items):
        if not isinstance(item, dict):
            continue
        for fault in _item(item, wanted, expanded, operation, properties):
            yield Mismatch("select", f"item {place}: {fault}")
            found += 1
            if found == _MOST_FAULTS:
                return


def _item(
    item: dict[str, Any],
    wanted: frozenset[str] | None,
    expanded: frozenset[str],
    operation: Operation,
    properties: Properties,
) -> Iterator[str]:
    if "@removed" in item:
        yield from _removed(item, operation)
        return
    present = {name for name in item if "@" not in name}
    if "id" in properties.named(operation.element or {}) and operation.is_collection and wanted is None:
        yield from (["id is missing"] if "id" not in present else [])
    for relation in expanded:
        if isinstance(item.get(relation), list) and len(item[relation]) > MOST_EXPANDED:
            yield f"{relation} holds {len(item[relation])} items; an expansion holds {MOST_EXPANDED}"
    if wanted is None:
        return
    surplus = present - wanted - expanded - {"id"}
    if surplus:
        yield f"{sorted(surplus)} were not asked for"
    absent = (wanted & properties.of_instance(operation.element or {}, item).keys()) - present
    if absent and not operation.is_delta:
        yield f"{sorted(absent)} are missing"


def _removed(item: dict[str, Any], operation: Operation) -> Iterator[str]:
    if not operation.is_delta:
        yield "@removed appears in deltas only"
    reason = item["@removed"].get("reason") if isinstance(item["@removed"], dict) else None
    if reason not in REMOVED_REASONS:
        yield f"@removed with the reason {reason!r}"
    if {name for name in item if "@" not in name} != {"id"}:
        yield "a removed item holds its id and nothing else"


def _wanted(exchange: Exchange, operation: Operation) -> frozenset[str] | None:
    """Names that must appear; None where the request (or the opaque token in it) leaves that open."""
    selected = exchange.option("$select")
    if selected is not None:
        return frozenset(name.split("/")[0] for name in read_names(selected))
    if _SKIPPING & {name for name, _ in exchange.options}:
        return None
    return DEFAULT_USER if operation.template in USER_TEMPLATES else None


def _expanded(exchange: Exchange) -> frozenset[str]:
    try:
        return frozenset(item.name for item in read_expand(exchange.option("$expand") or "") if item.name)
    except Unreadable:
        return frozenset()
