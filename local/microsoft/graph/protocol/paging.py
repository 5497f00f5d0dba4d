"""Long collections: pages, their next links, counts.

Source: https://learn.microsoft.com/graph/paging
"""

import base64
import json
from typing import Any

from local.microsoft.graph.protocol.entity_types import EntityType, context_url, graph_reply
from local.microsoft.graph.protocol.errors import bad_request
from local.microsoft.graph.protocol.filters import Predicate, predicate
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Collection, Object

MAX_PAGE_SIZE = 999


def page_reply(
    request: GraphRequest,
    entity_type: EntityType,
    entities: Collection,
    path: str,
    size: int,
    max_size: int = MAX_PAGE_SIZE,
) -> Reply:
    """One page; the skip token in the next link holds the place, the rest of the link is the request again."""
    names = entity_type.names(request)
    matches = predicate(request, entity_type.named) if "$filter" in request.options else None
    size = min(request.top(size, MAX_PAGE_SIZE), max_size, request.world.switches.most_on_a_page)
    is_first = "$skiptoken" not in request.options
    place = 0 if is_first else position_in(request.options["$skiptoken"], path)
    body: dict[str, Any] = {"@odata.context": context_url(request, path, request.options.get("$select", ""))}
    if is_first and request.is_advanced:
        body["@odata.count"] = count(entities, matches)
    is_empty = is_first and request.world.switches.empty_first_page
    rows, place = ([], 0) if is_empty else page_entities(request, entities, place, size, matches)
    if place < entities.positions() or is_empty:
        body["@odata.nextLink"] = request.link({"$skiptoken": encode_token({"of": path, "at": place})})
    return graph_reply(body | {"value": [entity_type.render(request, row, names) for row in rows]})


def list_reply(
    request: GraphRequest,
    entity_type: EntityType,
    entities: list[Object],
    path: str,
    *options: str,
    size: int,
) -> Reply:
    """One page of a list that is short enough to be built in full; its skip token holds the place, too."""
    request.allow("$select", *options)
    names = entity_type.names(request)
    matches = predicate(request, entity_type.named) if "$filter" in request.options else lambda _entity: True
    found = [it for it in entities if matches(it)]
    size = min(request.top(size, MAX_PAGE_SIZE), size, request.world.switches.most_on_a_page)
    place = position_in(request.options["$skiptoken"], path) if "$skiptoken" in request.options else 0
    body: dict[str, Any] = {"@odata.context": context_url(request, path, request.options.get("$select", ""))}
    if request.options.get("$count") == "true":
        body["@odata.count"] = len(found)
    if place + size < len(found):
        body["@odata.nextLink"] = request.link({"$skiptoken": encode_token({"of": path, "at": place + size})})
    repeated = int(request.world.switches.list_replays and place > 0)
    page = found[place - repeated : place + size]
    return graph_reply(body | {"value": [entity_type.render(request, it, names) for it in page]})


def page_entities(
    request: GraphRequest, entities: Collection, place: int, size: int, matches: Predicate | None = None
) -> tuple[list[Object], int]:
    """A page's objects and the place after them; lists can be switched to repeat themselves, or to go backwards."""
    switches = request.world.switches
    repeated = int(switches.list_replays and place > 0)
    return entities_from(entities, place - repeated, size + repeated, matches, is_backwards=switches.lists_backwards)


def entities_from(
    entities: Collection, place: int, size: int, matches: Predicate | None = None, *, is_backwards: bool = False
) -> tuple[list[Object], int]:
    """Up to ``size`` objects from a place on, and the place after them."""
    rows: list[Object] = []
    while place < entities.positions() and len(rows) < size:
        row = entities.at(entities.positions() - 1 - place if is_backwards else place)
        place += 1
        if row is not None and (matches is None or matches(row)):
            rows.append(row)
    return rows, place


def count(entities: Collection, matches: Predicate | None = None) -> int:
    return len(entities) if matches is None else sum(1 for entity in entities.all() if matches(entity))


def count_reply(request: GraphRequest, entity_type: EntityType, entities: Collection) -> Reply:
    """``/$count``: a bare number, for advanced queries only."""
    request.allow("$filter", "$count")
    if request.headers.get("consistencylevel", "").lower() != "eventual":
        raise bad_request("$count is not currently supported.")
    matches = predicate(request, entity_type.named) if "$filter" in request.options else None
    return Reply(200, str(count(entities, matches)).encode(), {"Content-Type": "text/plain"})


def encode_token(state: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_token(token: str) -> dict[str, Any]:
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as error:
        raise bad_request("The token is not valid.") from error
    if not isinstance(state, dict):
        raise bad_request("The token is not valid.")
    return state


def position_in(token: str, path: str) -> int:
    state = decode_token(token)
    if state.get("of") != path or not isinstance(state.get("at"), int):
        raise bad_request("The specified page token value does not belong to this request.")
    return int(state["at"])
