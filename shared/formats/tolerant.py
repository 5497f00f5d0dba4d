"""Decodes JSON from other services into typed structs, leaving out only the values that do not fit.

JSON that fits is decoded strictly, at no extra cost. Otherwise it is decoded again piece by piece: a field that does
not fit takes its default, and an item of a list that does not fit is left out; both are counted. A field without a
default makes its whole object unreadable, and so does a field that the struct lists in ``INDISPENSABLE``, unless it is
null: a page whose link cannot be read must not look like the last page.
"""

import math
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from shared.formats.json_text import UnreadableJson, parse_json

T = TypeVar("T")


class Unreadable(msgspec.Struct):
    """How much was left out: ``values`` in all, and ``items`` of those that were items of a top-level list."""

    values: int = 0
    items: int = 0


class _Unfit(Exception):
    """A value does not fit its type, and has no default."""


def decode_tolerant(body: bytes, form: type[T]) -> tuple[T, Unreadable]:
    """Decode a body into a type; returns the value and how much was left out.

    Raises:
        UnreadableJson: it is not JSON, or a required or indispensable value does not fit.
    """
    try:
        return msgspec.json.decode(body, type=form), Unreadable()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return fit_tolerant(parse_json(body), form)


def fit_tolerant(value: Any, form: type[T]) -> tuple[T, Unreadable]:
    """The same for a value that is decoded from JSON already, such as an object kept whole.

    Raises:
        UnreadableJson: a required or indispensable value does not fit.
    """
    unreadable, hashable_form = Unreadable(), cast("Hashable", form)
    try:
        return _fit(value, _information(hashable_form), unreadable, 0), unreadable
    except (_Unfit, RecursionError) as error:
        raise UnreadableJson(f"not of the expected type: {error!s:.200}") from error


@cache
def _information(form: Hashable) -> inspect.Type:
    return inspect.type_info(form)


def _fit(value: Any, form: inspect.Type, unreadable: Unreadable, depth: int) -> Any:
    fit_one = _FIT_BY_TYPE.get(type(form))
    if fit_one is None:
        raise _Unfit(f"{type(form).__name__} is not supported")
    return fit_one(value, form, unreadable, depth)


def _object(value: Any, form: inspect.StructType, unreadable: Unreadable, depth: int) -> Any:
    if not isinstance(value, dict):
        raise _Unfit(f"{form.cls.__name__} is no object")
    fields = {}
    for field in form.fields:
        if field.encode_name not in value:
            if field.required:
                raise _Unfit(f"{field.encode_name} is missing")
            continue
        inner, before = value[field.encode_name], unreadable.values
        try:
            fields[field.name] = _fit(inner, field.type, unreadable, depth + 1)
        except _Unfit:
            if field.required or (inner is not None and field.name in getattr(form.cls, "INDISPENSABLE", ())):
                raise
            # Microsoft sends null for "no value"; then nothing is lost by the default.
            unreadable.values = before + (inner is not None)
    return form.cls(**fields)


def _list(value: Any, form: inspect.ListType, unreadable: Unreadable, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit("not a list")
    items = []
    for it in value:
        before = unreadable.values
        try:
            items.append(_fit(it, form.item_type, unreadable, depth + 1))
        except _Unfit:
            unreadable.values = before + 1
            unreadable.items += depth == 1
    return items


def _mapping(value: Any, form: inspect.DictType, unreadable: Unreadable, depth: int) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _Unfit("not an object")
    fitting = {}
    for name, it in value.items():
        before = unreadable.values
        try:
            fitting[name] = _fit(it, form.value_type, unreadable, depth + 1)
        except _Unfit:
            unreadable.values = before + 1
    return fitting


def _union(value: Any, form: inspect.UnionType, unreadable: Unreadable, depth: int) -> Any:
    for it in form.types:
        try:
            return _fit(value, it, unreadable, depth)
        except _Unfit:
            continue
    raise _Unfit("of none of the possible types")


def _datetime(value: Any, _form: inspect.Type, _odd: Unreadable, _depth: int) -> datetime:
    """A date and time; without an offset it is in UTC, as all of Microsoft's are."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _Unfit("not a date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _exact_type(*kinds: type) -> Callable[[Any, inspect.Type, Unreadable, int], Any]:
    """Accept values of exactly these types, so that ``true`` is not a number."""

    def fit_one(value: Any, _form: inspect.Type, _odd: Unreadable, _depth: int) -> Any:
        if type(value) not in kinds:
            raise _Unfit(f"not {kinds[0].__name__}")
        return value

    return fit_one


def _integer(value: Any, _form: inspect.Type, _odd: Unreadable, _depth: int) -> int:
    if type(value) is float and math.isfinite(value) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise _Unfit("not an integer")
    return value


def _raw(value: Any, _form: inspect.Type, _odd: Unreadable, _depth: int) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_FIT_BY_TYPE: dict[type[inspect.Type], Callable[..., Any]] = {
    inspect.StructType: _object,
    inspect.ListType: _list,
    inspect.DictType: _mapping,
    inspect.UnionType: _union,
    inspect.DateTimeType: _datetime,
    inspect.StrType: _exact_type(str),
    inspect.BoolType: _exact_type(bool),
    inspect.NoneType: _exact_type(type(None)),
    inspect.FloatType: _exact_type(float, int),
    inspect.IntType: _integer,
    inspect.RawType: _raw,
    inspect.AnyType: lambda value, _form, _odd, _depth: value,
    inspect.CustomType: lambda value, _form, _odd, _depth: value,  # a field of type object takes any value
}
