"""Kinds of objects: which properties they have, which come by default, and how a $select picks among them."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from local.microsoft.graph.protocol.errors import JSON_TYPE, bad_request
from local.microsoft.graph.protocol.filters import predicate
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply, json_reply
from local.microsoft.world.collection import Object

_EXPAND = re.compile(r"(\w+)(?:\(\$(?:select=([\w,]+)|expand=(\w+))\))?")
Computed = Callable[[GraphRequest, Object], Any]


@dataclass(frozen=True)
class EntityType:
    """One entity type.

    ``empty`` holds what each property is when nothing was set; ``default`` names those that come without a
    $select (all, when it is empty); ``computed`` makes properties that are not kept with the object, and
    ``follows`` names the stored property that a computed one changes with; ``expands`` are what $expand may name, and
    ``nested`` what may be expanded within it.
    """

    type: str
    empty: Mapping[str, Any]
    default: tuple[str, ...] = ()
    computed: Mapping[str, Computed] = field(default_factory=dict)
    follows: Mapping[str, str] = field(default_factory=dict)
    expands: Mapping[str, Computed] = field(default_factory=dict)
    nested: frozenset[str] = frozenset()

    @cached_property
    def _spelling(self) -> dict[str, str]:
        return {name.lower(): name for name in (*self.empty, *self.computed)}

    def names(self, request: GraphRequest) -> list[str]:
        """The properties an answer shows: what $select names, in Graph's spelling, or the default ones."""
        selected = [it.strip() for it in request.options.get("$select", "").split(",") if it.strip()]
        return ([self.named(it) for it in selected] or list(self.default or self.empty)) + self._expanded(request)

    def _expanded(self, request: GraphRequest) -> list[str]:
        """Directory objects expand one relation at a time, perhaps with a $select or an $expand of its own."""
        expand = request.options.get("$expand")
        match = _EXPAND.fullmatch(expand) if expand is not None else None
        if expand is not None and (
            match is None or match[1] not in self.expands or (match[3] is not None and match[3] not in self.nested)
        ):
            raise bad_request(f"Expand '{expand}' is not supported here.", "ExpandNotSupported")
        return [match[1]] if match else []

    def named(self, name: str) -> str:
        spelled = self._spelling.get(name.lower())
        if spelled is None:
            raise bad_request(f"Could not find a property named '{name}' on type 'microsoft.graph.{self.type}'.")
        return spelled

    def render(self, request: GraphRequest, entity: Object, names: list[str]) -> Object:
        properties = {}
        for name in names:
            if name in entity:
                properties[name] = entity[name]
            else:
                compute = self.computed.get(name) or self.expands.get(name)
                properties[name] = compute(request, entity) if compute else self.empty[name]
                if name in self.expands:
                    properties[name] = _narrowed(request, properties[name])
        return properties


def _narrowed(request: GraphRequest, related: Any) -> Any:
    """What an expansion's own $select leaves of the related objects."""
    match = _EXPAND.fullmatch(request.options.get("$expand", ""))
    selected = {it.strip() for it in match[2].split(",")} | {"@odata.type", "id"} if match and match[2] else None
    if selected is None or not isinstance(related, list):
        return related
    return [{name: value for name, value in it.items() if name in selected} for it in related]


def entity_reply(request: GraphRequest, entity_type: EntityType, entity: Object, path: str) -> Reply:
    """The reply that holds a single entity."""
    request.allow("$select", *(["$expand"] if entity_type.expands else []))
    names = entity_type.names(request)
    return graph_reply(
        {
            "@odata.context": context_url(request, path, request.options.get("$select", ""), "/$entity"),
            **entity_type.render(request, entity, names),
        }
    )


def collection_reply(
    request: GraphRequest, entity_type: EntityType, entities: list[Object], path: str, *options: str
) -> Reply:
    """The reply that holds a small collection in full; Graph does not page these."""
    request.allow("$select", *options)
    names = entity_type.names(request)
    if "$filter" in request.options:
        matches = predicate(request, entity_type.named)
        entities = [entity for entity in entities if matches(entity)]
    value = [entity_type.render(request, entity, names) for entity in entities]
    return graph_reply(
        {"@odata.context": context_url(request, path, request.options.get("$select", "")), "value": value}
    )


def context_url(request: GraphRequest, path: str, names: str, end: str = "") -> str:
    """The value of @odata.context; a $select is repeated there."""
    return f"{request.context}{path}{f'({names})' if names else ''}{end}"


def graph_reply(value: Any, status: int = 200) -> Reply:
    return json_reply(value, status, JSON_TYPE)
