"""Kinds of objects: which properties they have, which come by default, and how a $select picks among them."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import JSON_TYPE, bad
from local.microsoft.graph.filters import predicate
from local.microsoft.http import Reply, told
from local.microsoft.objects import Object

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
        """Directory objects expand one relation at a time."""
        name = ask.options.get("$expand")
        if name is not None and name not in self.expands:
            raise bad(f"Expand '{name}' is not supported here.", "ExpandNotSupported")
        return [name] if name else []

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
        return told


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
