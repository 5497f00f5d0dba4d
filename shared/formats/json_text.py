"""Foreign JSON as text: what stands before it, and what no text may hold."""

import codecs
import json
import math
import re
from typing import Any

import msgspec

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MOST_DIGITS = 18  # what fits 64 bits whatever its digits


class UnreadableJson(ValueError):
    """It is not JSON, whatever is forgiven."""


def without_bom(body: bytes) -> bytes:
    """The body without the byte order mark that some of Microsoft's services put before their JSON."""
    return body.removeprefix(codecs.BOM_UTF8)


def parsed(body: bytes) -> Any:
    """Any JSON value. A byte order mark, bytes that are no UTF-8 and lone surrogates cost no more than themselves.

    Numbers that no row can hold are null.

    Raises:
        UnreadableJson: it is not JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # the strict reader is the quick one; the forgiving one says what is wrong
    try:
        text = without_bom(body).decode("utf-8", errors="replace")
        return _whole(json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=lambda _: None))
    except (ValueError, RecursionError) as error:
        raise UnreadableJson(f"{error!s:.200}") from error


def _whole(value: Any) -> Any:
    """The value with each half of a character replaced."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_whole(it) for it in value]
    if isinstance(value, dict):
        return {_whole(name): _whole(it) for name, it in value.items()}
    return value


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MOST_DIGITS else None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
