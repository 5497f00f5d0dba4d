"""Pages of rows that are sorted in memory: a cursor is the last row's sort key, so changes between pages do no harm."""

import base64
from typing import Any

import msgspec

from shared.errors import Invalid, Problem

CURSOR_PATTERN = "[A-Za-z0-9_-]{1,4096}"


def write_cursor(key: tuple[Any, ...]) -> str:
    """The cursor of a sort key."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, kind: Any) -> Any:
    """The sort key of a cursor, a tuple of the type ``kind``.

    Raises:
        Invalid: it is not one of ours.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=kind)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid(
            "The cursor is invalid.",
            problems=[Problem("/cursor", "next_cursor of the previous page, unchanged", parameter="cursor")],
        ) from error
