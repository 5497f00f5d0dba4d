"""Route constraints: what a parameter's text must look like for its route to match.

Source: ASP.NET Core Microsoft.AspNetCore.Routing.Constraints, which parse with the invariant culture.
"""

import re
from collections.abc import Callable
from datetime import datetime

Check = Callable[[str], bool]

_INTEGER = re.compile(r"\s*[+-]?\d+\s*")
_NUMBER = re.compile(r"\s*[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*")
_DECIMAL = re.compile(r"\s*[+-]?(?:\d[\d,]*(?:\.\d*)?|\.\d+)\s*")
_HEX = "[0-9a-fA-F]"
_DASHED = f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}"
_GUID = re.compile(rf"{_HEX}{{32}}|{_DASHED}|\{{{_DASHED}\}}|\({_DASHED}\)")
_DATES = ("%m/%d/%Y", "%Y/%m/%d", "%m/%d/%Y %H:%M:%S", "%Y-%m-%d %I:%M%p")


class ConstraintError(ValueError):
    """There is no such constraint, or its argument is not what it needs."""


def constraint(name: str, argument: str | None) -> Check:
    """The check behind ``:name`` or ``:name(argument)``.

    Raises:
        ConstraintError: naming the constraint.
    """
    if argument is None and name in _PLAIN:
        return _PLAIN[name]
    if name == "regex" and argument is not None:
        return _regex(argument)
    if name in _BOUNDED and argument is not None:
        return _bounded(name, argument)
    raise ConstraintError(f"the route constraint '{name}' is not known or lacks its argument")


def _integer(bits: int) -> Check:
    most = 2 ** (bits - 1)
    return lambda text: _INTEGER.fullmatch(text) is not None and -most <= int(text) < most


def _matches(pattern: re.Pattern[str]) -> Check:
    return lambda text: pattern.fullmatch(text) is not None


def _is_moment(text: str) -> bool:
    for form in _DATES:
        try:
            datetime.strptime(text, form)  # noqa: DTZ007 - only its form matters
        except ValueError:
            continue
        return True
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return False
    return True


_PLAIN: dict[str, Check] = {
    "int": _integer(32),
    "long": _integer(64),
    "bool": lambda text: text.strip().lower() in {"true", "false"},
    "guid": _matches(_GUID),
    "datetime": _is_moment,
    "decimal": _matches(_DECIMAL),
    "double": _matches(_NUMBER),
    "float": _matches(_NUMBER),
    "alpha": lambda text: re.fullmatch("[A-Za-z]*", text) is not None,
    "required": lambda text: text != "",
}


def _regex(argument: str) -> Check:
    """Braces are doubled in a template; case does not matter, and a part of the text is enough."""
    try:
        pattern = re.compile(argument.replace("{{", "{").replace("}}", "}"), re.IGNORECASE)
    except re.error as error:
        raise ConstraintError(f"the route constraint 'regex' cannot be read: {error}") from error
    return lambda text: pattern.search(text) is not None


# How many numbers each takes, whether they bound a length, and which end one number bounds.
_BOUNDED: dict[str, tuple[frozenset[int], bool, str]] = {
    "min": (frozenset({1}), False, "low"),
    "max": (frozenset({1}), False, "high"),
    "range": (frozenset({2}), False, "both"),
    "minlength": (frozenset({1}), True, "low"),
    "maxlength": (frozenset({1}), True, "high"),
    "length": (frozenset({1, 2}), True, "both"),
}


def _bounded(name: str, argument: str) -> Check:
    counts, is_length, end = _BOUNDED[name]
    try:
        numbers = [int(part) for part in argument.split(",")]
    except ValueError as error:
        raise ConstraintError(f"the route constraint '{name}' needs numbers, not '{argument}'") from error
    if len(numbers) not in counts:
        raise ConstraintError(f"the route constraint '{name}' does not take {len(numbers)} numbers")
    low = numbers[0] if end != "high" else None
    high = numbers[-1] if end != "low" else None
    if is_length:
        return lambda text: _between(len(text), low, high)
    is_long = _integer(64)
    return lambda text: is_long(text) and _between(int(text), low, high)


def _between(number: int, low: int | None, high: int | None) -> bool:
    return (low is None or number >= low) and (high is None or number <= high)
