"""Validates JSON against the description's schemas, and picks the branch of a polymorphic type by @odata.type.

jsonschema (2020-12) judges. A branch is picked as Graph announces it: an item whose type differs from the
declared one says so in @odata.type, and an item without it is of the declared type itself.
"""

from collections.abc import Iterator
from typing import Any

from jsonschema import Draft202012Validator, FormatChecker, ValidationError
from jsonschema.protocols import Validator
from jsonschema.validators import extend
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

DISCRIMINATOR = "@odata.type"
_MOST_ERRORS = 5
_BASE = "urn:graph"


def reference_of(branch: dict[str, Any]) -> str:
    """The type's name that a branch stands for, for example "microsoft.graph.user"."""
    if "$ref" in branch:
        return str(branch["$ref"]).rpartition("/")[2]
    return f"microsoft.graph.{branch.get('title', '')}"


def branch_of(schema: dict[str, Any], instance: Any) -> dict[str, Any] | None:
    """The branch of a polymorphic schema that an instance claims to be; None when it claims a type not among them."""
    branches: list[dict[str, Any]] = schema["anyOf"]
    told = instance.get(DISCRIMINATOR) if isinstance(instance, dict) else None
    if told is None:
        return branches[0]
    wanted = str(told).removeprefix("#")
    return next((branch for branch in branches if reference_of(branch) == wanted), None)


def _any_of(
    validator: Validator, branches: list[dict[str, Any]], instance: Any, schema: dict[str, Any]
) -> Iterator[ValidationError]:
    if "x-discriminator" in schema:
        branch = branch_of(schema, instance)
        if branch is None:
            yield ValidationError(f"{instance[DISCRIMINATOR]!r} is not a type that may stand here")
        else:
            yield from validator.descend(instance, branch)
        return
    if instance is None and {"type": "null"} in branches:
        return
    told = [branch for branch in branches if branch != {"type": "null"}]
    if len(told) == 1:
        yield from validator.descend(instance, told[0])  # the plain reason, not "under none of the schemas"
        return
    yield from Draft202012Validator.VALIDATORS["anyOf"](validator, branches, instance, schema)


_Judge = extend(Draft202012Validator, {"anyOf": _any_of})


class Schemas:
    """Validators of one description, each made once."""

    def __init__(self, document: dict[str, Any]) -> None:
        self._registry: Registry[Any] = Registry().with_resource(_BASE, Resource(document, DRAFT202012))
        self._made: dict[int, tuple[dict[str, Any], Validator]] = {}

    def faults(self, schema: dict[str, Any], instance: Any) -> list[str]:
        """What is wrong, each with the place where; at most a few."""
        found: list[str] = []
        for error in self._validator(schema).iter_errors(instance):
            place = "/".join(str(step) for step in error.absolute_path)
            found.append(f"{place or 'body'}: {error.message[:300]}")
            if len(found) == _MOST_ERRORS:
                break
        return found

    def _validator(self, schema: dict[str, Any]) -> Validator:
        made = self._made.get(id(schema))
        if made is None:
            absolute = _absolute(schema)
            judge = _Judge(absolute, registry=self._registry, format_checker=FormatChecker(["date"]))
            made = self._made[id(schema)] = (schema, judge)
        return made[1]


def _absolute(schema: Any) -> Any:
    """The schema with its references leading into the registered document."""
    if isinstance(schema, dict):
        changed = {name: _absolute(value) for name, value in schema.items()}
        if isinstance(schema.get("$ref"), str) and schema["$ref"].startswith("#"):
            changed["$ref"] = _BASE + schema["$ref"]
        return changed
    return [_absolute(item) for item in schema] if isinstance(schema, list) else schema
