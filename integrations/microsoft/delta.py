"""Rounds of changes: everything since a kept link, and the link for the next round.

Source: https://learn.microsoft.com/graph/delta-query-overview
"""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from integrations.microsoft.dataset import Identified
from shared.graph import Page, UnexpectedAnswer


class Removed(msgspec.Struct):
    """Why a thing is gone: "changed" can still be restored, "deleted" cannot."""

    reason: str | None = None


T = TypeVar("T", bound=Identified)


def latest_of(pages: Iterable[Page[T]]) -> tuple[list[T], str]:
    """The last word on each thing that a round names, and the link to the next round.

    One thing may come several times; what was told later counts.

    Raises:
        UnexpectedAnswer: the round ended without a link.
    """
    latest: dict[str, T] = {}
    link = None
    for page in pages:
        for thing in page.items:
            latest.pop(thing.id, None)
            latest[thing.id] = thing
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("a round of changes ended without a delta link")
    return list(latest.values()), link
