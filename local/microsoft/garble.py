"""Answers that are odd on purpose: bytes before the JSON, and values in it that are not as promised."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from local.microsoft.faults import Fault
from local.microsoft.http import Reply, Request

_HALF_A_CHARACTER = "\ud800"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
Place = tuple[Any, Any]  # an object or a list, and a name or a number in it


@dataclass
class Garble:
    """What is odd in answers that fit ``which``: ``how``, at the values ``at`` leads to.

    ``at`` goes in from the outside: a name, the number of an item, "*" for every item, or a part of what an item
    holds, such as {"customer": {"tenantId": "..."}}. An answer without such a value stays as it is.
    """

    which: Fault
    how: str
    at: list[Any] = field(default_factory=list)
    value: Any = None
    shown: int = 0

    def odd(self, reply: Reply, *, is_part: bool) -> bool:
        """Garble the answer; False when there is nothing in it to garble."""
        if self.how == "bom":
            if is_part or "json" not in reply.headers.get("Content-Type", "") or not reply.body:
                return False  # a part's body is a value of the batch's JSON: nothing stands before it
            reply.body = codecs.BOM_UTF8 + reply.body
            return True
        try:
            told = json.loads(reply.body.removeprefix(codecs.BOM_UTF8))
        except ValueError:
            return False
        places = list(_places(told, self.at))
        for place in places:
            _HOW[self.how](*place, self.value)
        if places:
            reply.body = json.dumps(told).encode()  # in ASCII, so that half a character is an escape
        return bool(places)


def _places(value: Any, at: list[Any]) -> Iterator[Place]:
    """Where ``at`` leads to. The last name may be missing from its object."""
    step, rest = at[0], at[1:]
    for key in list(_keys(value, step)):
        if not rest:
            yield value, key
        elif isinstance(value, list) or key in value:
            yield from _places(value[key], rest)


def _keys(value: Any, step: Any) -> Iterator[Any]:
    if isinstance(value, dict) and isinstance(step, str):
        yield step
    if isinstance(value, list):
        yield from (n for n, it in enumerate(value) if step in ("*", n) or _holds(it, step))


def _holds(item: Any, part: Any) -> bool:
    """Whether an item holds a part of an object; of anything but an object there are no parts."""
    if not isinstance(part, dict) or not isinstance(item, dict):
        return False
    return all(name in item and (item[name] == it or _holds(item[name], it)) for name, it in part.items())


def _put(value: Any, key: Any, odd: Any) -> None:
    value[key] = odd


def _drop(value: Any, key: Any, _odd: Any) -> None:
    if isinstance(value, list) or key in value:
        del value[key]


def _repeat(value: Any, key: Any, _odd: Any) -> None:
    if isinstance(value, list):
        value.append(deepcopy(value[key]))


def _add(value: Any, key: Any, odd: Any) -> None:
    found = value[key] if isinstance(value, list) else value.get(key)
    if isinstance(found, list):
        found.append(odd)


def _date(value: Any, key: Any, odd: Any) -> None:
    """Every date there and below becomes the odd one."""
    value[key] = _each(value[key], lambda it: odd if isinstance(it, str) and _DATE.match(it) else it)


def _unlist(value: Any, key: Any, _odd: Any) -> None:
    """Every list there and below becomes null."""
    value[key] = _each(value[key], lambda it: None if isinstance(it, list) else it)


def _each(value: Any, other: Callable[[Any], Any]) -> Any:
    found = other(value)
    if isinstance(found, dict):
        return {name: _each(it, other) for name, it in found.items()}
    return [_each(it, other) for it in found] if isinstance(found, list) else found


def _split(value: Any, key: Any, _odd: Any) -> None:
    found = value[key] if isinstance(value, list) else value.get(key)
    if isinstance(found, str):
        value[key] = f"{found}{_HALF_A_CHARACTER}"


_HOW: dict[str, Callable[[Any, Any, Any], None]] = {
    "put": _put,
    "drop": _drop,
    "repeat": _repeat,
    "add": _add,
    "date": _date,
    "unlist": _unlist,
    "surrogate": _split,
}


class Garbles:
    """All oddities that are set; every one that fits an answer shows in it."""

    def __init__(self) -> None:
        self._garbles: list[Garble] = []
        self._next = 1

    def garble(self, how: str, at: list[Any] | None = None, value: Any = None, **which: Any) -> int:
        """``how``: "bom", or what to do at a place; ``which`` are the fields of a ``Fault`` that say where.

        "put" the value there, "drop" what is there, "repeat" an item at the list's end, "add" the value to the list,
        "date": each date there and below is the value, "unlist": each list is null, "surrogate": half a character more.
        """
        if how != "bom" and (how not in _HOW or not at):
            raise KeyError(f"nothing is garbled by {how} at {at}")
        re.compile(which.get("path") or "")
        self._garbles.append(Garble(Fault(self._next, **{"times": None, **which}), how, at or [], value))
        self._next += 1
        return self._next - 1

    def ungarble(self) -> None:
        self._garbles.clear()

    def garbled(self) -> dict[str, int]:
        """How many answers each oddity has shown in so far, by its number."""
        return {str(it.which.id): it.shown for it in self._garbles}

    def show(self, request: Request, tenant_id: str, reply: Reply, *, is_part: bool = False) -> Reply:
        """The reply as it is sent."""
        for it in self._garbles:
            if not it.which.fits(request, tenant_id):
                continue
            if it.which.skip:
                it.which.skip -= 1
            elif it.odd(reply, is_part=is_part):
                it.shown += 1
                it.which.times = None if it.which.times is None else it.which.times - 1
        return reply
