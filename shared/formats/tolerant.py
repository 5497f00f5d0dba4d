"""Foreign JSON read into typed forms so that what is odd in it costs itself, and nothing else.

What is as promised is decoded strictly, and costs no more than that. What is not is read once more, piece by piece:
a field that does not fit takes its default, an item of a list that cannot be read is left out, and both are counted.
A field without a default takes its object with it, and so does one of a form's ``INDISPENSABLE`` when it is not null:
a page whose link cannot be read must not look like the last. So a form says what it can do without.
"""

import math
from collections.abc import Callable, Hashable
from datetime import UTC, datetime
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from shared.formats.json_text import UnreadableJson, parsed

T = TypeVar("T")


class Odd(msgspec.Struct):
    """What was given up: ``values`` in all, among them ``items`` of a list of the outermost object."""

    values: int = 0
    items: int = 0


class _Unfit(Exception):
    """A value is not of the form it should have, and has no default to take its place."""


def read(body: bytes, form: type[T]) -> tuple[T, Odd]:
    """The body in the promised form, and what of it was given up.

    Raises:
        UnreadableJson: it is not JSON, or something is missing without which it means nothing.
    """
    try:
        return msgspec.json.decode(body, type=form), Odd()
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        told = parsed(body)
    odd, wanted = Odd(), cast("Hashable", form)
    try:
        return _fitted(told, _information(wanted), odd, 0), odd
    except (_Unfit, RecursionError) as error:
        raise UnreadableJson(f"not of the promised form: {error!s:.200}") from error


@cache
def _information(form: Hashable) -> inspect.Type:
    return inspect.type_info(form)


def _fitted(value: Any, form: inspect.Type, odd: Odd, depth: int) -> Any:
    fit = _FITS.get(type(form))
    if fit is None:
        raise _Unfit(f"nothing is read as {type(form).__name__}")
    return fit(value, form, odd, depth)


def _object(value: Any, form: inspect.StructType, odd: Odd, depth: int) -> Any:
    if not isinstance(value, dict):
        raise _Unfit(f"{form.cls.__name__} is no object")
    fields = {}
    for field in form.fields:
        if field.encode_name not in value:
            if field.required:
                raise _Unfit(f"{field.encode_name} is missing")
            continue
        told, before = value[field.encode_name], odd.values
        try:
            fields[field.name] = _fitted(told, field.type, odd, depth + 1)
        except _Unfit:
            if field.required or (told is not None and field.name in getattr(form.cls, "INDISPENSABLE", ())):
                raise
            # Null is how Microsoft says that there is nothing: then the default is no loss.
            odd.values = before + (told is not None)
    return form.cls(**fields)


def _list(value: Any, form: inspect.ListType, odd: Odd, depth: int) -> list[Any]:
    if not isinstance(value, list):
        raise _Unfit("not a list")
    items = []
    for it in value:
        before = odd.values
        try:
            items.append(_fitted(it, form.item_type, odd, depth + 1))
        except _Unfit:
            odd.values = before + 1
            odd.items += depth == 1
    return items


def _mapping(value: Any, form: inspect.DictType, odd: Odd, depth: int) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise _Unfit("not an object")
    found = {}
    for name, it in value.items():
        before = odd.values
        try:
            found[name] = _fitted(it, form.value_type, odd, depth + 1)
        except _Unfit:
            odd.values = before + 1
    return found


def _one_of(value: Any, form: inspect.UnionType, odd: Odd, depth: int) -> Any:
    for it in form.types:
        try:
            return _fitted(value, it, odd, depth)
        except _Unfit:
            continue
    raise _Unfit("of none of the promised kinds")


def _moment(value: Any, _form: inspect.Type, _odd: Odd, _depth: int) -> datetime:
    """A date without a zone is in UTC: Microsoft's are, whether it says so or not."""
    try:
        moment = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _Unfit("not a date") from error
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _exactly(*kinds: type) -> Callable[[Any, inspect.Type, Odd, int], Any]:
    """A value of one of these very types: true is no number."""

    def fit(value: Any, _form: inspect.Type, _odd: Odd, _depth: int) -> Any:
        if type(value) not in kinds:
            raise _Unfit(f"not {kinds[0].__name__}")
        return value

    return fit


def _integer(value: Any, _form: inspect.Type, _odd: Odd, _depth: int) -> int:
    if type(value) is float and math.isfinite(value) and value.is_integer():
        return int(value)
    if type(value) is not int:
        raise _Unfit("not a whole number")
    return value


def _raw(value: Any, _form: inspect.Type, _odd: Odd, _depth: int) -> msgspec.Raw:
    return msgspec.Raw(msgspec.json.encode(value))


_FITS: dict[type[inspect.Type], Callable[..., Any]] = {
    inspect.StructType: _object,
    inspect.ListType: _list,
    inspect.DictType: _mapping,
    inspect.UnionType: _one_of,
    inspect.DateTimeType: _moment,
    inspect.StrType: _exactly(str),
    inspect.BoolType: _exactly(bool),
    inspect.NoneType: _exactly(type(None)),
    inspect.FloatType: _exactly(float, int),
    inspect.IntType: _integer,
    inspect.RawType: _raw,
    inspect.AnyType: lambda value, _form, _odd, _depth: value,
    inspect.CustomType: lambda value, _form, _odd, _depth: value,  # object, as forms name what they do not look into
}
