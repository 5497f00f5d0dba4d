"""Which properties a type of the description has, along paths such as customer/tenantId."""

from collections.abc import Iterator
from typing import Any

from tests.conformance.graph.description import Description
from tests.conformance.graph.schemas import DISCRIMINATOR, branch_of

_CAST = "microsoft.graph."


class Properties:
    """Questions to the description about the names inside its types."""

    def __init__(self, description: Description) -> None:
        self._description = description

    def named(self, schema: dict[str, Any]) -> dict[str, Any]:
        """The properties of a type; of a polymorphic one, those of every branch."""
        found: dict[str, Any] = {}
        for branch in self._branches(schema):
            found |= branch.get("properties", {})
        return found

    def navigations(self, schema: dict[str, Any]) -> frozenset[str]:
        """Relations that the description left out of its types; they exist all the same."""
        return frozenset(name for branch in self._branches(schema) for name in branch.get("x-dropped-navigation", []))

    def of_instance(self, schema: dict[str, Any], instance: dict[str, Any]) -> dict[str, Any]:
        """The properties of the very type that an item says it is of."""
        schema = self._plain(schema)
        if DISCRIMINATOR not in instance:
            return self.named(schema)
        if "x-discriminator" in schema:
            branch = branch_of(schema, instance)
            return self.named(branch) if branch else {}
        return self.named(schema)

    def has(self, schema: dict[str, Any], path: str) -> bool:
        """Whether a path leads somewhere; a relation that was left out ends the search, its type is unknown."""
        for step in path.split("/"):
            if step.startswith(_CAST):
                cast = self._description.schema(step)
                if cast is None:
                    return False
                schema = cast
                continue
            if step in self.navigations(schema):
                return True
            found = self.named(schema).get(step)
            if found is None:
                return False
            schema = found
        return True

    def _branches(self, schema: dict[str, Any]) -> Iterator[dict[str, Any]]:
        schema = self._plain(schema)
        if "x-discriminator" in schema:
            for branch in schema["anyOf"]:
                yield self._description.resolve(branch)
        else:
            yield schema

    def _plain(self, schema: dict[str, Any]) -> dict[str, Any]:
        """Without reference, null branch or list around it."""
        while True:
            schema = self._description.resolve(schema)
            if schema.get("type") == "array":
                schema = schema["items"]
            elif "anyOf" in schema and "x-discriminator" not in schema:
                schema = next(branch for branch in schema["anyOf"] if branch != {"type": "null"})
            else:
                return schema
