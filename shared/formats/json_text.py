"""JSON from other services, parsed as far as possible although it is malformed."""

import codecs
import json
import math
import re
from typing import Any

import msgspec

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"
_MAX_DIGITS = 18  # any number of so many digits fits 64 bits


class UnreadableJson(ValueError):
    """A text is not JSON, or not what it should be, even to a tolerant parser."""


def without_bom(body: bytes) -> bytes:
    """The body without a byte order mark, which some of Microsoft's services send before their JSON."""
    return body.removeprefix(codecs.BOM_UTF8)


def parse_json(body: bytes) -> Any:
    """Parse any JSON value, despite a byte order mark, invalid UTF-8 or lone surrogates, which are replaced.

    Numbers that do not fit 64 bits, NaN and infinity become None.

    Raises:
        UnreadableJson: it is not JSON.
    """
    try:
        return msgspec.json.decode(body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        pass  # the strict parser is fast; the tolerant one below decides
    try:
        text = without_bom(body).decode("utf-8", errors="replace")
        return _without_surrogates(
            json.loads(text, parse_int=_integer, parse_float=_number, parse_constant=lambda _: None)
        )
    except (ValueError, RecursionError) as error:
        raise UnreadableJson(f"{error!s:.200}") from error


def _without_surrogates(value: Any) -> Any:
    """The value with lone surrogates replaced in all texts."""
    if isinstance(value, str):
        return _LONE_SURROGATE.sub(REPLACEMENT, value)
    if isinstance(value, list):
        return [_without_surrogates(it) for it in value]
    if isinstance(value, dict):
        return {_without_surrogates(name): _without_surrogates(it) for name, it in value.items()}
    return value


def _integer(text: str) -> int | None:
    return int(text) if len(text) <= _MAX_DIGITS else None


def _number(text: str) -> float | None:
    number = float(text)
    return number if math.isfinite(number) else None
