"""What is wrong with a JSON value, place by place, in words for whoever sent it."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

from msgspec import inspect

from shared.errors import Problem

_UNKNOWN, _REQUIRED = "this field is unknown", "required field"


def find_problems(value: object, model: Any, *, most: int) -> list[Problem]:
    """The first places at which ``value`` (decoded JSON) is not of ``model``, a msgspec Struct; empty if it is."""
    return list(islice(_problems(value, inspect.type_info(model), ""), most))


def _problems(value: object, kind: inspect.Type, pointer: str) -> Iterator[Problem]:
    kind = _chosen(value, kind)
    if isinstance(kind, inspect.StructType) and isinstance(value, dict):
        yield from _problems_of_fields(value, kind, pointer)
    elif isinstance(kind, inspect.ListType) and isinstance(value, list):
        if kind.max_length is not None and len(value) > kind.max_length:
            yield Problem(pointer, f"at most {kind.max_length} items")
        for place, item in enumerate(value[: kind.max_length]):
            yield from _problems(item, kind.item_type, f"{pointer}/{place}")
    elif not _fits(value, kind):
        yield Problem(pointer, _expected(kind))


def _problems_of_fields(value: dict[str, object], kind: inspect.StructType, pointer: str) -> Iterator[Problem]:
    fields = {field.encode_name: field for field in kind.fields}
    if kind.forbid_unknown_fields:
        yield from (Problem(_below(pointer, name), _UNKNOWN) for name in value if name not in fields)
    for name, field in fields.items():
        if name in value:
            yield from _problems(value[name], field.type, _below(pointer, name))
        elif field.required:
            yield Problem(_below(pointer, name), _REQUIRED)


def _chosen(value: object, kind: inspect.Type) -> inspect.Type:
    """The member of a union with null that a value is meant for."""
    if not isinstance(kind, inspect.UnionType) or value is None:
        return kind
    others = [it for it in kind.types if not isinstance(it, inspect.NoneType)]
    return others[0] if len(others) == 1 else kind


def _fits(value: object, kind: inspect.Type) -> bool:
    if isinstance(kind, inspect.UnionType):
        return any(_fits(value, it) for it in kind.types)
    if isinstance(kind, inspect.StructType | inspect.ListType):
        return False  # it would have been looked into
    if isinstance(kind, inspect.EnumType):
        return value in [it.value for it in kind.cls]
    if isinstance(kind, inspect.StrType):
        return isinstance(value, str) and len(value) >= (kind.min_length or 0)
    simple: dict[type[inspect.Type], type] = {inspect.BoolType: bool, inspect.NoneType: type(None)}
    wanted = simple.get(type(kind))
    return wanted is None or isinstance(value, wanted)


def _expected(kind: inspect.Type) -> str:
    if isinstance(kind, inspect.UnionType):
        return " or ".join(_expected(it) for it in kind.types)
    if isinstance(kind, inspect.EnumType):
        return f"one of {', '.join(str(it.value) for it in kind.cls)}"
    if isinstance(kind, inspect.StrType) and kind.min_length:
        return "a text that is not empty"
    return next((words for types, words in _WORDS if isinstance(kind, types)), "another value")


_WORDS: tuple[tuple[type[inspect.Type], str], ...] = (
    (inspect.StrType, "a text"),
    (inspect.BoolType, "true or false"),
    (inspect.NoneType, "null"),
    (inspect.ListType, "a list"),
    (inspect.StructType, "an object"),
)


def _below(pointer: str, name: str) -> str:
    """A JSON pointer to a field (RFC 6901)."""
    return f"{pointer}/{name.replace('~', '~0').replace('/', '~1')}"
