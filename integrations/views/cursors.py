"""Cursors of lists that are sorted when they are read: the sort key of a page's last item, as text."""

import base64
from typing import TypeVar

import msgspec

from shared.errors import Invalid, Problem

T = TypeVar("T")

CURSOR_PATTERN = "[A-Za-z0-9_-]{1,4096}"


def write_cursor(key: tuple[object, ...]) -> str:
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def read_cursor(cursor: str, key: type[T]) -> T:
    """The sort key of which ``key`` is the type.

    Raises:
        Invalid: the cursor is not one of ours.
    """
    try:
        return msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=key)
    except (ValueError, msgspec.MsgspecError) as error:
        raise Invalid(
            "The cursor is invalid.",
            problems=[Problem("/cursor", "next_cursor of the previous page, unchanged", parameter="cursor")],
        ) from error
