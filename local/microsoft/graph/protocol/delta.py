"""Delta queries: everything once, then what changed since a token.

Source: https://learn.microsoft.com/graph/delta-query-overview
"""

import re
from dataclasses import dataclass, field
from typing import Any

from local.microsoft.graph.protocol.entity_types import EntityType, context_url, graph_reply
from local.microsoft.graph.protocol.errors import GraphError, bad_request, unsupported
from local.microsoft.graph.protocol.paging import decode_token, encode_token, entities_from
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Collection, Object

_LATEST = "latest"
_TOKENS = frozenset({"$skiptoken", "$deltatoken"})
_FIRST = frozenset({"$select", "$filter"}) | _TOKENS
_ID = re.compile(r"id eq '([^']+)'")
_MAX_IDS = 50
_RESYNC = "The sync state generation is not found; continuous tracking requires full synchronization."


@dataclass
class _DeltaState:
    """One round of reading, as its tokens carry it.

    ``since`` is None in the first round; ``until`` is the last change the round reports, so that what happens
    meanwhile waits for the next one; ``ids`` narrows it to some objects.
    """

    path: str
    select: str
    era: int
    made_at: float
    until: int
    since: int | None = None
    at: int = 0
    begun: bool = False
    ids: list[str] = field(default_factory=list)

    def token(self) -> str:
        return encode_token(vars(self))


def delta_reply(request: GraphRequest, entity_type: EntityType, entities: Collection, path: str) -> Reply:
    """One page of changes; the last one brings the delta link for the next round."""
    request.allow(*_FIRST)
    if "$skiptoken" in request.options and "$select" in request.options:
        raise unsupported("$select cannot be combined with $skiptoken.")
    state = _round(request, path)
    names = [entity_type.named(it) for it in state.select.split(",")] if state.select else list(entity_type.default)
    body: dict[str, Any] = {"@odata.context": context_url(request, path, state.select, "/$delta")}
    if request.options.get("$deltatoken") == _LATEST:
        return graph_reply(body | {"@odata.deltaLink": _next_round(request, state), "value": []})
    rows, onward = _rows(request, entity_type, entities, state, names)
    if onward is None:
        return graph_reply(body | {"@odata.deltaLink": _next_round(request, state), "value": rows})
    state.at, state.begun = onward, True
    link = request.link({"$skiptoken": state.token()}, without=_FIRST)
    return graph_reply(body | {"@odata.nextLink": link, "value": rows})


def change_window(request: GraphRequest) -> tuple[int | None, int]:
    """Between which changes the request's round lies; it begins at None when it is the first one."""
    token = request.options.get("$skiptoken") or request.options.get("$deltatoken", "")
    state = decode_token(token) if token and token != _LATEST else {}
    until = request.tenant.sequence if "$deltatoken" in request.options or not state else int(state["until"])
    return state.get("since"), until


def _round(request: GraphRequest, path: str) -> _DeltaState:
    """The round that the request goes on with, or a new one."""
    token = request.options.get("$skiptoken") or request.options.get("$deltatoken", "")
    now = request.world.now()
    if not token or token == _LATEST:
        select = ",".join(it.strip() for it in request.options.get("$select", "").split(",") if it.strip())
        ids = _ids_in(request.options.get("$filter", ""))
        return _DeltaState(path, select, request.tenant.delta_era, now, request.tenant.sequence, ids=ids)
    try:
        state = _DeltaState(**decode_token(token))
    except TypeError as error:
        raise bad_request("The token is not valid.") from error
    if state.path != path:
        raise bad_request("The token belongs to another request.")
    if state.era != request.tenant.delta_era or now > state.made_at + request.world.switches.delta_token_life_s:
        raise _expired(request, path)
    if "$deltatoken" in request.options:
        state.until, state.made_at = request.tenant.sequence, now
    return state


def _expired(request: GraphRequest, path: str) -> GraphError:
    how = request.tenant.delta_failure
    if "$skiptoken" in request.options:
        text = "The specified page token value has expired and can no longer be included in your request."
        return bad_request(text, "Directory_ExpiredPageToken")
    if how == "410":
        location = f"{request.root}{request.version}/{path}/delta?$deltatoken="
        return GraphError(410, "syncStateNotFound", _RESYNC, headers={"Location": location})
    return bad_request(_RESYNC, how)


def _next_round(request: GraphRequest, state: _DeltaState) -> str:
    fresh = _DeltaState(
        state.path, state.select, state.era, request.world.now(), state.until, state.until, ids=state.ids
    )
    return request.link({"$deltatoken": fresh.token()}, without=_FIRST)


def _rows(
    request: GraphRequest, entity_type: EntityType, entities: Collection, state: _DeltaState, names: list[str]
) -> tuple[list[Object], int | None]:
    """The rows of one page, and the place to go on from when there are more."""
    switches = request.world.switches
    if switches.empty_first_page and not state.begun:
        return [], 0
    start = state.at - 1 if switches.delta_replays and state.at > 0 else state.at
    end = state.at + switches.delta_page_size
    if state.since is None:
        matches = (lambda row: row["id"] in state.ids) if state.ids else None
        rows, place = entities_from(entities, start, end - start, matches)
        return [
            _present(request, entity_type, entities, row, names) for row in rows
        ], place if place < entities.positions() else None
    touched = _touched(entities, state, {entity_type.follows.get(name, name) for name in names})
    keys = list(touched)[start:end]
    rows = [_changed(request, entity_type, entities, key, _shown_of(request, names, touched[key])) for key in keys]
    return rows, end if end < len(touched) else None


def _touched(entities: Collection, state: _DeltaState, names: set[str]) -> dict[str, frozenset[str] | None]:
    """What was touched since; with a $select only touches of what it names count."""
    touched = entities.changes_between(state.since or 0, state.until)
    narrow = names if state.select else set()
    return {
        key: what
        for key, what in touched.items()
        if (what is None or not narrow or what & narrow) and (not state.ids or key in state.ids)
    }


def _shown_of(request: GraphRequest, names: list[str], touched: frozenset[str] | None) -> list[str]:
    """All that was selected, or what changed of it when the request prefers so."""
    if touched is None or "return=minimal" not in request.headers.get("prefer", "").lower():
        return names
    return [name for name in names if name in touched]


def _changed(
    request: GraphRequest, entity_type: EntityType, entities: Collection, key: str, names: list[str]
) -> Object:
    row = entities.get(key)
    if row is None:
        return {"id": key, "@removed": {"reason": entities.removal_reason(key)}}
    return _present(request, entity_type, entities, row, names)


def _present(
    request: GraphRequest, entity_type: EntityType, entities: Collection, row: Object, names: list[str]
) -> Object:
    """An entity as deltas show it: with its id, null for cleared properties, without those that were never set."""
    cleared = entities.cleared(row["id"])
    rendered = entity_type.render(request, row, names)
    return {"id": row["id"]} | {name: it for name, it in rendered.items() if it is not None or name in cleared}


def _ids_in(text: str) -> list[str]:
    """Deltas can be filtered by id alone, at most 50 of them."""
    ids: list[str] = []
    for part in text.split(" or ") if text else []:
        match = _ID.fullmatch(part.strip())
        if not match:
            raise unsupported("Filtering a delta query is only supported on 'id'.")
        ids.append(match[1])
    if len(ids) > _MAX_IDS:
        raise unsupported(f"A delta query takes at most {_MAX_IDS} ids.")
    return ids
