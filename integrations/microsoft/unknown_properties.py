"""Objects of Microsoft's of which nothing may be lost: what their struct does not know is kept by Microsoft's name."""

from typing import Any, NamedTuple, TypeVar

import msgspec

from shared.formats.json_text import UnreadableJson
from shared.formats.tolerant import fit_tolerant

T = TypeVar("T", bound=msgspec.Struct)
Object = dict[str, Any]


def fit_each(source: Object, form: type[T]) -> tuple[T, Object]:
    """The properties that a struct knows, and, as they came, those that it does not know, or that cannot be read.

    Properties that a struct lists in ``WITHOUT_EFFECT`` are left out.
    """
    fields = _fields(form)
    read, other = dict[str, Any](), dict[str, Any]()
    for name, value in filled(source).items():
        fitted = _fit_one(name, value, form) if name in fields else None
        if fitted is not None:
            read[fields[name]] = getattr(fitted.value, fields[name])
        if fitted is None or not fitted.is_readable or fitted.has_more:
            other[name] = value
    return form(**read), other


def unreadable_in(other: Object, form: type[msgspec.Struct]) -> int:
    """How many of the properties that ``fit_each`` kept could not be read; what is merely new to us does not count."""
    known = _fields(form)
    fitted = (_fit_one(name, value, form) for name, value in other.items() if name in known)
    return sum(it is None or not it.is_readable for it in fitted)


class _Fitted(NamedTuple):
    """A struct with one property; whether all of it could be read, and whether Microsoft sent more than it knows."""

    value: msgspec.Struct
    is_readable: bool
    has_more: bool


def _fields(form: type[msgspec.Struct]) -> dict[str, str]:
    """Microsoft's name of each field, and ours; ``msgspec.structs.fields`` would read its annotations every time."""
    return dict(zip(form.__struct_encode_fields__, form.__struct_fields__, strict=True))


def _fit_one(name: str, value: Any, form: type[msgspec.Struct]) -> _Fitted | None:
    """The struct with this property alone; None if it cannot be read at all."""
    try:
        fitted, unreadable = fit_tolerant({name: value}, form)
    except UnreadableJson:
        return None
    return _Fitted(fitted, not unreadable.values, _has_more({name: value}, fitted))


def _has_more(source: Any, fitted: Any) -> bool:
    """Whether an object has properties that are set and that its struct does not know."""
    if not isinstance(source, dict) or not isinstance(fitted, msgspec.Struct):
        return False
    fields = _fields(type(fitted))
    ignored: frozenset[str] = getattr(fitted, "WITHOUT_EFFECT", frozenset())
    return any(
        _has_more(value, getattr(fitted, fields[name])) if name in fields else name not in ignored
        for name, value in filled(source).items()
    )


def filled(source: Object) -> Object:
    """The properties that are set, without Microsoft's annotations."""
    return {name: value for name, value in source.items() if "@odata." not in name and not _is_empty(value)}


def _is_empty(value: Any) -> bool:
    if isinstance(value, dict):
        return not filled(value)
    return value is None or value in ("", [])
