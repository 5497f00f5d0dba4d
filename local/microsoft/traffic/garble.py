"""Malformed responses on purpose: bytes before the JSON, and values in it that break the documented schema."""

import codecs
import json
import re
from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Any

from local.microsoft.server import Reply, Request
from local.microsoft.traffic.faults import Fault

_HALF_A_CHARACTER = "\ud800"
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}")
Location = tuple[Any, Any]  # an object or a list, and a name or a number in it


@dataclass
class Garble:
    """What ``action`` does to responses that match ``target``, at the values that the path ``at`` leads to.

    A step of ``at`` is a property name, the index of an item, "*" for every item, or a subset of an item's
    properties, such as {"customer": {"tenantId": "..."}}. A response without such a value is left unchanged.
    """

    target: Fault
    action: str
    at: list[Any] = field(default_factory=list)
    value: Any = None
    applied: int = 0

    def apply(self, reply: Reply, *, is_part: bool) -> bool:
        """Change the response; False when it holds nothing to change."""
        if self.action == "bom":
            if is_part or "json" not in reply.headers.get("Content-Type", "") or not reply.body:
                return False  # the body of a batch's sub-request is a JSON value: no byte order mark can precede it
            reply.body = codecs.BOM_UTF8 + reply.body
            return True
        try:
            body = json.loads(reply.body.removeprefix(codecs.BOM_UTF8))
        except ValueError:
            return False
        locations = list(_locations(body, self.at))
        for location in locations:
            _ACTIONS[self.action](*location, self.value)
        if locations:
            reply.body = json.dumps(body).encode()  # in ASCII, so that half a character is an escape
        return bool(locations)


def _locations(value: Any, at: list[Any]) -> Iterator[Location]:
    """Where ``at`` leads to. The last name may be missing from its object."""
    step, rest = at[0], at[1:]
    for key in list(_keys(value, step)):
        if not rest:
            yield value, key
        elif isinstance(value, list) or key in value:
            yield from _locations(value[key], rest)


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


def _put(value: Any, key: Any, apply: Any) -> None:
    value[key] = apply


def _drop(value: Any, key: Any, _odd: Any) -> None:
    if isinstance(value, list) or key in value:
        del value[key]


def _repeat(value: Any, key: Any, _odd: Any) -> None:
    if isinstance(value, list):
        value.append(deepcopy(value[key]))


def _add(value: Any, key: Any, apply: Any) -> None:
    target = value[key] if isinstance(value, list) else value.get(key)
    if isinstance(target, list):
        target.append(apply)


def _date(value: Any, key: Any, apply: Any) -> None:
    """Replace every date there and below."""
    value[key] = _each(value[key], lambda it: apply if isinstance(it, str) and _DATE.match(it) else it)


def _unlist(value: Any, key: Any, _odd: Any) -> None:
    """Every list there and below becomes null."""
    value[key] = _each(value[key], lambda it: None if isinstance(it, list) else it)


def _each(value: Any, other: Callable[[Any], Any]) -> Any:
    replaced = other(value)
    if isinstance(replaced, dict):
        return {name: _each(it, other) for name, it in replaced.items()}
    return [_each(it, other) for it in replaced] if isinstance(replaced, list) else replaced


def _split(value: Any, key: Any, _odd: Any) -> None:
    text = value[key] if isinstance(value, list) else value.get(key)
    if isinstance(text, str):
        value[key] = f"{text}{_HALF_A_CHARACTER}"


_ACTIONS: dict[str, Callable[[Any, Any, Any], None]] = {
    "put": _put,
    "drop": _drop,
    "repeat": _repeat,
    "add": _add,
    "date": _date,
    "unlist": _unlist,
    "surrogate": _split,
}


class Garbles:
    """All garbles that are set; each one that matches a response is applied to it."""

    def __init__(self) -> None:
        self._garbles: list[Garble] = []
        self._next = 1

    def add(self, action: str, at: list[Any] | None = None, value: Any = None, **target: Any) -> int:
        """``action``: "bom", or one of those below; ``target``: the fields of a ``Fault`` that select responses.

        "put" the value there, "drop" what is there, "repeat" an item at the list's end, "add" the value to the list,
        "date": each date there and below is the value, "unlist": each list is null, "surrogate": half a character more.
        """
        if action != "bom" and (action not in _ACTIONS or not at):
            raise KeyError(f"nothing is garbled by {action} at {at}")
        re.compile(target.get("path") or "")
        self._garbles.append(Garble(Fault(self._next, **{"times": None, **target}), action, at or [], value))
        self._next += 1
        return self._next - 1

    def clear(self) -> None:
        self._garbles.clear()

    def counts(self) -> dict[int, int]:
        """How many responses each garble has been applied to so far, by its number."""
        return {it.target.id: it.applied for it in self._garbles}

    def apply(self, request: Request, tenant_id: str, reply: Reply, *, is_part: bool = False) -> Reply:
        """The reply as it is sent."""
        for garble in self._garbles:
            if not garble.target.matches(request, tenant_id):
                continue
            if garble.target.skip:
                garble.target.skip -= 1
            elif garble.apply(reply, is_part=is_part):
                garble.applied += 1
                garble.target.times = None if garble.target.times is None else garble.target.times - 1
        return reply
