"""Every form that is decoded from Microsoft, found in the code that decodes it, and every odd value of its fields.

A form is a struct that is handed to a call, in a module that talks to Microsoft: so a new one joins by itself.
"""

import ast
import importlib
import json
import pkgutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import msgspec
from msgspec import inspect

import integrations.microsoft
import shared.crypto.tokens
import shared.microsoft.graph
import shared.microsoft.partner_center
import shared.microsoft.sign_in

BOM = b"\xef\xbb\xbf"
HALF = "\ud800"
FILLERS = (
    "0001-01-01T00:00:00Z",
    "1601-01-01T00:00:00Z",
    "9999-12-31T23:59:59.9999999Z",
    "2026-03-04T05:06:07",
    "0001-01-01T00:00:00",
)
_ODD = (7, "odd", ["odd"], {"odd": 1}, True, 1.5)
_SINGLE = frozenset({"get", "value", "decode", "decode_counting", "decode_tolerant", "read", "send"})
_NO_DECODING = frozenset({"isinstance", "issubclass", "Dataset"})
_DEEPEST = 6
_ANYTHING = (inspect.AnyType, inspect.RawType, inspect.CustomType)


@dataclass(frozen=True)
class Root:
    """A form that is decoded, alone or as an item of a page, and where that is done."""

    form: type[msgspec.Struct]
    where: str
    is_single: bool

    @property
    def name(self) -> str:
        return f"{self.form.__module__}.{self.form.__name__}"


@dataclass(frozen=True)
class Oddity:
    """One odd value: ``at`` leads from the item to a field of ``owner``; how it is odd, and with what."""

    kind: str
    at: tuple[str | int, ...]
    owner: str
    value: Any = None
    is_fit: bool = False  # the value means something all the same: it costs nothing, and is not counted
    is_required: bool = False  # without this field its item means nothing


def modules() -> list[ModuleType]:
    """All modules that decode what Microsoft answers."""
    packages = (integrations.microsoft, shared.microsoft.graph, shared.microsoft.sign_in)
    names = [found.name for it in packages for found in pkgutil.walk_packages(it.__path__, f"{it.__name__}.")]
    return [
        importlib.import_module(name)
        for name in [*names, shared.microsoft.partner_center.__name__, shared.crypto.tokens.__name__]
    ]


def roots() -> list[Root]:
    return sorted({it for module in modules() for it in _roots_of(module)}, key=lambda it: (it.name, it.where))


def structs() -> set[type[msgspec.Struct]]:
    """Every struct that those modules define."""
    return {
        it
        for module in modules()
        for it in vars(module).values()
        if isinstance(it, type) and issubclass(it, msgspec.Struct) and it.__module__ == module.__name__
    }


def reached() -> set[type[msgspec.Struct]]:
    """Every struct that is decoded, by itself or inside another."""
    return {it for root in roots() for it in inside(root.form)}


def inside(form: type[msgspec.Struct]) -> set[type[msgspec.Struct]]:
    found: set[type[msgspec.Struct]] = set()
    waiting: list[inspect.Type] = [inspect.type_info(form)]
    while waiting:
        it = waiting.pop()
        if isinstance(it, inspect.StructType) and it.cls not in found:
            found.add(it.cls)
            waiting += [field.type for field in it.fields]
        waiting += _parts(it)
    return found


def _parts(it: inspect.Type) -> list[inspect.Type]:
    if isinstance(it, inspect.ListType):
        return [it.item_type]
    if isinstance(it, inspect.DictType):
        return [it.value_type]
    return list(it.types) if isinstance(it, inspect.UnionType) else []


def _roots_of(module: ModuleType) -> Iterator[Root]:
    path = Path(str(module.__file__))
    for call in ast.walk(ast.parse(path.read_text())):
        if not isinstance(call, ast.Call):
            continue
        name = call.func.attr if isinstance(call.func, ast.Attribute) else getattr(call.func, "id", "")
        if name in _NO_DECODING:
            continue
        is_single = name in _SINGLE or any(it.arg == "is_single" for it in call.keywords)
        for given in [*call.args, *(it.value for it in call.keywords)]:
            for form in _named(given, module):
                yield Root(form, path.name, is_single)


def _named(given: ast.expr, module: ModuleType) -> Iterator[type[msgspec.Struct]]:
    words = [given] if isinstance(given, ast.Name) else []
    if isinstance(given, ast.Subscript):
        words = [it for it in (given.value, given.slice) if isinstance(it, ast.Name)]
    for word in words:
        found = getattr(module, word.id, None)
        if isinstance(found, type) and issubclass(found, msgspec.Struct):
            yield found


def sample(form: inspect.Type, number: int, depth: int = 0) -> Any:
    """A value as Microsoft promises it; those of another number have other texts."""
    if isinstance(form, inspect.StructType):
        fields = form.fields if depth < _DEEPEST else tuple(it for it in form.fields if it.required)
        return {
            it.encode_name: sample(it.type, number, depth + 1) for it in fields if not it.encode_name.startswith("@")
        }
    if isinstance(form, inspect.UnionType):
        return sample(next(it for it in form.types if not isinstance(it, inspect.NoneType)), number, depth)
    if isinstance(form, inspect.ListType):
        return [sample(form.item_type, number * 10 + it, depth + 1) for it in range(2)]
    if isinstance(form, inspect.DictType):
        return {f"name-{number}": sample(form.value_type, number, depth + 1)}
    return _SAMPLES[type(form)](number)


_SAMPLES: dict[type[inspect.Type], Any] = {
    inspect.StrType: lambda number: f"text {number}",
    inspect.IntType: lambda number: number,
    inspect.FloatType: lambda number: number + 0.5,
    inspect.BoolType: lambda _number: True,
    inspect.DateTimeType: lambda number: f"2026-01-02T03:04:{number % 60:02d}Z",
    inspect.RawType: lambda number: {"raw": number},
    inspect.AnyType: lambda number: f"anything {number}",
    inspect.CustomType: lambda number: f"anything {number}",
}


def oddities(form: inspect.Type, value: Any, at: tuple[str | int, ...] = ()) -> Iterator[Oddity]:
    """Every odd value of every field of a form, in a body that looks like ``value``."""
    if isinstance(form, inspect.UnionType):
        for it in form.types:
            yield from oddities(it, value, at)
    elif isinstance(form, inspect.StructType) and isinstance(value, dict):
        for field in form.fields:
            place, owner = (*at, field.encode_name), f"{form.cls.__module__}.{form.cls.__name__}.{field.name}"
            yield from _of_field(field, place, owner)
            yield from oddities(field.type, value.get(field.encode_name), place)
    elif isinstance(form, inspect.ListType) and isinstance(value, list) and value:
        number = min(1, len(value) - 1)
        yield Oddity("repeat", (*at, number), "item", is_fit=True)
        yield from oddities(form.item_type, value[number], (*at, number))
    elif isinstance(form, inspect.DictType) and isinstance(value, dict):
        for name in list(value)[:1]:
            yield from oddities(form.value_type, value[name], (*at, name))


def _of_field(field: inspect.Field, at: tuple[str | int, ...], owner: str) -> Iterator[Oddity]:
    kinds = {type(it) for it in (field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,))}
    yield Oddity("null", at, owner, None, is_fit=not field.required or inspect.NoneType in kinds,
                 is_required=field.required)  # fmt: skip
    for odd in _ODD:
        if not _fits(field, odd):
            yield Oddity("wrong type", at, owner, odd, is_required=field.required)
    if inspect.DateTimeType in kinds:
        yield from (Oddity("filler date", at, owner, it, is_fit=True, is_required=field.required) for it in FILLERS)
    if inspect.StrType in kinds:
        yield Oddity("lone surrogate", at, owner, f"half {HALF}", is_fit=True, is_required=field.required)


def _fits(field: inspect.Field, odd: Any) -> bool:
    forms = field.type.types if isinstance(field.type, inspect.UnionType) else (field.type,)
    return any(isinstance(it, _ANYTHING) or _is_of(it, odd) for it in forms)


def _is_of(form: inspect.Type, odd: Any) -> bool:
    """Whether a value is of the outer kind that is promised; what it holds is a matter of its own."""
    kinds: dict[type[inspect.Type], tuple[type, ...]] = {
        inspect.StrType: (str,), inspect.IntType: (int,), inspect.FloatType: (int, float), inspect.BoolType: (bool,),
        inspect.ListType: (list,), inspect.DictType: (dict,), inspect.StructType: (dict,),
    }  # fmt: skip
    return type(odd) in kinds.get(type(form), ())


def put(body: Any, oddity: Oddity) -> Any:
    """The body with the odd value in it."""
    copy = json.loads(json.dumps(body))
    inner = copy
    for step in oddity.at[:-1]:
        inner = inner[step]
    if oddity.kind == "repeat":
        inner.append(inner[oddity.at[-1]])
    else:
        inner[oddity.at[-1]] = oddity.value
    return copy
