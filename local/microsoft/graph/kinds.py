"""Kinds of objects: which properties they have, which come by default, and how a $select picks among them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import JSON_TYPE, bad
from local.microsoft.graph.filters import predicate
from local.microsoft.http import Reply, told
from local.microsoft.objects import Object

_EXPAND = re.compile(r"(\w+)(?:\(\$select=([\w,]+)\))?")
Computed = Callable[[Ask, Object], Any]


@dataclass(frozen=True)
class Kind:
    """One entity type.

    ``empty`` holds what each property is when nothing was set; ``default`` names those that come without a
    $select (all, when it is empty); ``computed`` makes properties that are not kept with the object, and
    ``follows`` tells which kept property such a one changes with; ``expands`` are what $expand may name.
    """

    type: str
    empty: Mapping[str, Any]
    default: tuple[str, ...] = ()
    computed: Mapping[str, Computed] = field(default_factory=dict)
    follows: Mapping[str, str] = field(default_factory=dict)
    expands: Mapping[str, Computed] = field(default_factory=dict)

    @cached_property
    def _spelling(self) -> dict[str, str]:
        return {name.lower(): name for name in (*self.empty, *self.computed)}

    def names(self, ask: Ask) -> list[str]:
        """The properties an answer shows: what $select names, in Graph's spelling, or the default ones."""
        asked = [it.strip() for it in ask.options.get("$select", "").split(",") if it.strip()]
        return ([self.named(it) for it in asked] or list(self.default or self.empty)) + self._expanded(ask)

    def _expanded(self, ask: Ask) -> list[str]:
        """Directory objects expand one relation at a time, perhaps with a $select of its own."""
        asked = ask.options.get("$expand")
        found = _EXPAND.fullmatch(asked) if asked is not None else None
        if asked is not None and (found is None or found[1] not in self.expands):
            raise bad(f"Expand '{asked}' is not supported here.", "ExpandNotSupported")
        return [found[1]] if found else []

    def named(self, name: str) -> str:
        found = self._spelling.get(name.lower())
        if found is None:
            raise bad(f"Could not find a property named '{name}' on type 'microsoft.graph.{self.type}'.")
        return found

    def shown(self, ask: Ask, thing: Object, names: list[str]) -> Object:
        told = {}
        for name in names:
            if name in thing:
                told[name] = thing[name]
            else:
                compute = self.computed.get(name) or self.expands.get(name)
                told[name] = compute(ask, thing) if compute else self.empty[name]
                if name in self.expands:
                    told[name] = _narrowed(ask, told[name])
        return told


def _narrowed(ask: Ask, related: Any) -> Any:
    """What an expansion's own $select leaves of the related objects."""
    found = _EXPAND.fullmatch(ask.options.get("$expand", ""))
    wanted = {it.strip() for it in found[2].split(",")} | {"@odata.type", "id"} if found and found[2] else None
    if wanted is None or not isinstance(related, list):
        return related
    return [{name: value for name, value in it.items() if name in wanted} for it in related]


def one(ask: Ask, kind: Kind, thing: Object, where: str) -> Reply:
    """The answer that holds a single object."""
    ask.allow("$select", *(["$expand"] if kind.expands else []))
    names = kind.names(ask)
    return answered(
        {
            "@odata.context": context_of(ask, where, ask.options.get("$select", ""), "/$entity"),
            **kind.shown(ask, thing, names),
        }
    )


def every(ask: Ask, kind: Kind, things: list[Object], where: str, *options: str) -> Reply:
    """The answer that holds a whole small collection; Graph does not page these."""
    ask.allow("$select", *options)
    names = kind.names(ask)
    if "$filter" in ask.options:
        fits = predicate(ask, kind.named)
        things = [thing for thing in things if fits(thing)]
    value = [kind.shown(ask, thing, names) for thing in things]
    return answered({"@odata.context": context_of(ask, where, ask.options.get("$select", "")), "value": value})


def context_of(ask: Ask, where: str, names: str, end: str = "") -> str:
    """Where an answer stands in Graph's model; a $select is repeated there."""
    return f"{ask.context}{where}{f'({names})' if names else ''}{end}"


def answered(value: Any, status: int = 200) -> Reply:
    return told(value, status, JSON_TYPE)
