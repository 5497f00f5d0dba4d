"""JSON Schemas of models for OpenAPI 3.1. A property is described in ``Attributes:`` of its class's docstring."""

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, get_origin, get_type_hints

import msgspec
from msgspec.inspect import StructType, Type, multi_type_info

_TITLE = "Attributes:"
_ATTRIBUTE = re.compile(r"    (\w+): (.*)")

Formats = Mapping[Any, Mapping[str, str]]  # JSON Schema keywords of types that are texts, such as ids


def one_of(*values: type[Enum] | str) -> msgspec.Meta:
    """Marks a field that is one of some texts: words, and the values of enums."""
    texts = [text for it in values for text in ([it] if isinstance(it, str) else [str(word.value) for word in it])]
    return msgspec.Meta(extra_json_schema={"enum": list(dict.fromkeys(texts))})


def json_schema(models: list[Any], formats: Formats) -> tuple[tuple[dict[str, Any], ...], dict[str, Any]]:
    """The schema of each model, and all schemas by name; they refer to each other below ``#/components/schemas``."""
    references, schemas = msgspec.json.schema_components(models, ref_template="#/components/schemas/{name}")
    formats = {datetime: {"format": "date-time"}, **formats}
    classes = {cls.__name__: cls for cls in _structs(multi_type_info(models))}
    for schema in schemas.values():
        cls = classes.get(str(schema.get("title", "")).partition("[")[0])
        if cls is not None:
            _complete(schema, cls, formats)
        elif "description" in schema:
            schema["description"] = inspect.cleandoc(schema["description"])
    return references, schemas


def described(cls: type) -> tuple[str, dict[str, str]]:
    """What the docstring of a class says of it, and of each of its attributes; those of its parents as well."""
    texts: dict[str, str] = {}
    for parent in reversed(cls.__mro__):
        texts |= _attributes((inspect.cleandoc(parent.__doc__ or "")).partition(_TITLE)[2])
    return inspect.cleandoc(cls.__doc__ or "").partition(_TITLE)[0].strip(), texts


def _attributes(section: str) -> dict[str, str]:
    texts: dict[str, str] = {}
    name = ""
    for line in section.splitlines():
        found = _ATTRIBUTE.fullmatch(line)
        if found:
            name = found[1]
            texts[name] = found[2]
        elif name and line.strip():
            texts[name] += f" {line.strip()}"
    return texts


def _complete(schema: dict[str, Any], cls: type, formats: Formats) -> None:
    """Add descriptions, and the formats of ids."""
    schema["description"], texts = described(cls)
    hints = get_type_hints(cls)
    for field in msgspec.structs.fields(cls):
        schema_of_field = schema["properties"][field.encode_name]
        _add_format(schema_of_field, hints[field.name], formats)
        if field.name in texts:
            schema_of_field["description"] = texts[field.name]


def _add_format(schema: dict[str, Any], hint: Any, formats: Formats) -> None:
    """Add the keywords of a type, wherever the type is an optional one or a list's."""
    if hint in formats:
        places = [it for it in schema.get("anyOf", [schema]) if it.get("type") == "string"]
        for place in places:
            place.update(formats[hint])
    for argument in getattr(hint, "__args__", ()):
        _add_format(schema.get("items", schema), argument, formats)


def _structs(types: Iterable[Type]) -> Iterator[type]:
    """Every struct that types are made of; a generic one once, whatever it holds."""
    seen: set[Any] = set()
    waiting = list(types)
    while waiting:
        kind = waiting.pop()
        if isinstance(kind, StructType):
            if kind.cls in seen:
                continue
            seen.add(kind.cls)
            yield get_origin(kind.cls) or kind.cls
            waiting += [field.type for field in kind.fields]
        parts = [getattr(kind, name, None) for name in ("item_type", "value_type")]
        waiting += [*(it for it in parts if it is not None), *getattr(kind, "types", ())]
