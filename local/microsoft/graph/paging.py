"""Long collections: pages, their next links, counts.

Source: https://learn.microsoft.com/graph/paging
"""

import base64
import json
from typing import Any

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import bad
from local.microsoft.graph.filters import Test, predicate
from local.microsoft.graph.kinds import Kind, answered, context_of
from local.microsoft.http import Reply
from local.microsoft.objects import Collection, Object

MOST_ON_A_PAGE = 999


def page_of(ask: Ask, kind: Kind, things: Collection, where: str, size: int, most: int = MOST_ON_A_PAGE) -> Reply:
    """One page; the skip token in the next link holds the place, the rest of the link is the request again."""
    names = kind.names(ask)
    fits = predicate(ask, kind.named) if "$filter" in ask.options else None
    size = min(ask.top(size, MOST_ON_A_PAGE), most, ask.world.switches.most_on_a_page)
    is_first = "$skiptoken" not in ask.options
    place = 0 if is_first else place_in(ask.options["$skiptoken"], where)
    body: dict[str, Any] = {"@odata.context": context_of(ask, where, ask.options.get("$select", ""))}
    if is_first and ask.is_advanced:
        body["@odata.count"] = count(things, fits)
    is_empty = is_first and ask.world.switches.empty_first_page
    rows, place = ([], 0) if is_empty else listed(ask, things, place, size, fits)
    if place < things.places() or is_empty:
        body["@odata.nextLink"] = ask.link({"$skiptoken": token_of({"of": where, "at": place})})
    return answered(body | {"value": [kind.shown(ask, row, names) for row in rows]})


def listed(ask: Ask, things: Collection, place: int, size: int, fits: Test | None = None) -> tuple[list[Object], int]:
    """A page's objects and the place after them; lists can be switched to repeat themselves, or to go backwards."""
    switches = ask.world.switches
    repeated = int(switches.list_replays and place > 0)
    return rows_from(things, place - repeated, size + repeated, fits, is_backwards=switches.lists_backwards)


def rows_from(
    things: Collection, place: int, size: int, fits: Test | None = None, *, is_backwards: bool = False
) -> tuple[list[Object], int]:
    """Up to ``size`` objects from a place on, and the place after them."""
    rows: list[Object] = []
    while place < things.places() and len(rows) < size:
        found = things.at(things.places() - 1 - place if is_backwards else place)
        place += 1
        if found is not None and (fits is None or fits(found)):
            rows.append(found)
    return rows, place


def count(things: Collection, fits: Test | None = None) -> int:
    return len(things) if fits is None else sum(1 for thing in things.all() if fits(thing))


def counted(ask: Ask, kind: Kind, things: Collection) -> Reply:
    """``/$count``: a bare number, for advanced queries only."""
    ask.allow("$filter", "$count")
    if ask.headers.get("consistencylevel", "").lower() != "eventual":
        raise bad("$count is not currently supported.")
    fits = predicate(ask, kind.named) if "$filter" in ask.options else None
    return Reply(200, str(count(things, fits)).encode(), {"Content-Type": "text/plain"})


def token_of(state: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(state, separators=(",", ":")).encode()).decode().rstrip("=")


def state_of(token: str) -> dict[str, Any]:
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as error:
        raise bad("The token is not valid.") from error
    if not isinstance(state, dict):
        raise bad("The token is not valid.")
    return state


def place_in(token: str, where: str) -> int:
    state = state_of(token)
    if state.get("of") != where or not isinstance(state.get("at"), int):
        raise bad("The specified page token value does not belong to this request.")
    return int(state["at"])
