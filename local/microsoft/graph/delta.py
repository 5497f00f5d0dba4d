"""Delta queries: everything once, then what changed since a token.

Source: https://learn.microsoft.com/graph/delta-query-overview
"""

import re
from dataclasses import dataclass, field
from typing import Any

from local.microsoft.graph.ask import VERSION, Ask
from local.microsoft.graph.errors import GraphError, bad, unsupported
from local.microsoft.graph.kinds import Kind, answered, context_of
from local.microsoft.graph.paging import rows_from, state_of, token_of
from local.microsoft.http import Reply
from local.microsoft.objects import Collection, Object

_LATEST = "latest"
_TOKENS = frozenset({"$skiptoken", "$deltatoken"})
_FIRST = frozenset({"$select", "$filter"}) | _TOKENS
_ID = re.compile(r"id eq '([^']+)'")
_MOST_IDS = 50
_RESYNC = "The sync state generation is not found; continuous tracking requires full synchronization."


@dataclass
class _Round:
    """One round of reading, as its tokens carry it.

    ``since`` is None in the first round; ``until`` is the last change the round tells of, so that what happens
    meanwhile waits for the next one; ``ids`` narrows it to some objects.
    """

    where: str
    select: str
    era: int
    made_at: float
    until: int
    since: int | None = None
    at: int = 0
    begun: bool = False
    ids: list[str] = field(default_factory=list)

    def token(self) -> str:
        return token_of(vars(self))


def delta_of(ask: Ask, kind: Kind, things: Collection, where: str) -> Reply:
    """One page of changes; the last one brings the delta link for the next round."""
    ask.allow(*_FIRST)
    if "$skiptoken" in ask.options and "$select" in ask.options:
        raise unsupported("$select cannot be combined with $skiptoken.")
    turn = _round(ask, where)
    names = [kind.named(it) for it in turn.select.split(",")] if turn.select else list(kind.default)
    body: dict[str, Any] = {"@odata.context": context_of(ask, where, turn.select, "/$delta")}
    if ask.options.get("$deltatoken") == _LATEST:
        return answered(body | {"@odata.deltaLink": _next_round(ask, turn), "value": []})
    rows, onward = _rows(ask, kind, things, turn, names)
    if onward is None:
        return answered(body | {"@odata.deltaLink": _next_round(ask, turn), "value": rows})
    turn.at, turn.begun = onward, True
    link = ask.link({"$skiptoken": turn.token()}, without=_FIRST)
    return answered(body | {"@odata.nextLink": link, "value": rows})


def window_of(ask: Ask) -> tuple[int | None, int]:
    """Between which changes the request's round lies; it begins at None when it is the first one."""
    token = ask.options.get("$skiptoken") or ask.options.get("$deltatoken", "")
    state = state_of(token) if token and token != _LATEST else {}
    until = ask.tenant.sequence if "$deltatoken" in ask.options or not state else int(state["until"])
    return state.get("since"), until


def _round(ask: Ask, where: str) -> _Round:
    """The round that the request goes on with, or a new one."""
    token = ask.options.get("$skiptoken") or ask.options.get("$deltatoken", "")
    now = ask.world.now()
    if not token or token == _LATEST:
        select = ",".join(it.strip() for it in ask.options.get("$select", "").split(",") if it.strip())
        ids = _ids_in(ask.options.get("$filter", ""))
        return _Round(where, select, ask.tenant.delta_era, now, ask.tenant.sequence, ids=ids)
    try:
        turn = _Round(**state_of(token))
    except TypeError as error:
        raise bad("The token is not valid.") from error
    if turn.where != where:
        raise bad("The token belongs to another request.")
    if turn.era != ask.tenant.delta_era or now > turn.made_at + ask.world.switches.delta_token_life_s:
        raise _expired(ask, where)
    if "$deltatoken" in ask.options:
        turn.until, turn.made_at = ask.tenant.sequence, now
    return turn


def _expired(ask: Ask, where: str) -> GraphError:
    how = ask.tenant.delta_failure
    if "$skiptoken" in ask.options:
        text = "The specified page token value has expired and can no longer be included in your request."
        return bad(text, "Directory_ExpiredPageToken")
    if how == "410":
        location = f"{ask.root}{VERSION}/{where}/delta?$deltatoken="
        return GraphError(410, "syncStateNotFound", _RESYNC, headers={"Location": location})
    return bad(_RESYNC, how)


def _next_round(ask: Ask, turn: _Round) -> str:
    fresh = _Round(turn.where, turn.select, turn.era, ask.world.now(), turn.until, turn.until, ids=turn.ids)
    return ask.link({"$deltatoken": fresh.token()}, without=_FIRST)


def _rows(ask: Ask, kind: Kind, things: Collection, turn: _Round, names: list[str]) -> tuple[list[Object], int | None]:
    """The rows of one page, and the place to go on from when there are more."""
    switches = ask.world.switches
    if switches.empty_first_page and not turn.begun:
        return [], 0
    start = turn.at - 1 if switches.delta_replays and turn.at > 0 else turn.at
    end = turn.at + switches.delta_page_size
    if turn.since is None:
        fits = (lambda row: row["id"] in turn.ids) if turn.ids else None
        found, place = rows_from(things, start, end - start, fits)
        return [_present(ask, kind, things, row, names) for row in found], place if place < things.places() else None
    touched = _touched(things, turn, {kind.follows.get(name, name) for name in names})
    keys = list(touched)[start:end]
    rows = [_changed(ask, kind, things, key, _shown_of(ask, names, touched[key])) for key in keys]
    return rows, end if end < len(touched) else None


def _touched(things: Collection, turn: _Round, names: set[str]) -> dict[str, frozenset[str] | None]:
    """What was touched since; with a $select only touches of what it names count."""
    touched = things.between(turn.since or 0, turn.until)
    narrow = names if turn.select else set()
    return {
        key: what
        for key, what in touched.items()
        if (what is None or not narrow or what & narrow) and (not turn.ids or key in turn.ids)
    }


def _shown_of(ask: Ask, names: list[str], touched: frozenset[str] | None) -> list[str]:
    """All that was selected, or what changed of it when the request prefers so."""
    if touched is None or "return=minimal" not in ask.headers.get("prefer", "").lower():
        return names
    return [name for name in names if name in touched]


def _changed(ask: Ask, kind: Kind, things: Collection, key: str, names: list[str]) -> Object:
    found = things.get(key)
    if found is None:
        return {"id": key, "@removed": {"reason": things.removal(key)}}
    return _present(ask, kind, things, found, names)


def _present(ask: Ask, kind: Kind, things: Collection, row: Object, names: list[str]) -> Object:
    """An object as deltas tell it: with its id, null for what was cleared, nothing for what was never set."""
    cleared = things.cleared(row["id"])
    shown = kind.shown(ask, row, names)
    return {"id": row["id"]} | {name: it for name, it in shown.items() if it is not None or name in cleared}


def _ids_in(text: str) -> list[str]:
    """Deltas can be filtered by id alone, at most 50 of them."""
    ids: list[str] = []
    for part in text.split(" or ") if text else []:
        found = _ID.fullmatch(part.strip())
        if not found:
            raise unsupported("Filtering a delta query is only supported on 'id'.")
        ids.append(found[1])
    if len(ids) > _MOST_IDS:
        raise unsupported(f"A delta query takes at most {_MOST_IDS} ids.")
    return ids
