"""Rounds of changes: everything since a kept link, and the link for the next round.

Source: https://learn.microsoft.com/graph/delta-query-overview
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.microsoft.dataset import Identified
from shared.microsoft.graph import Page, UnexpectedAnswer


class Removed(msgspec.Struct):
    """Why a thing is gone: "changed" can still be restored, "deleted" cannot."""

    reason: str | None = None


class Changed(Identified, Protocol):
    """What a round of changes names: a thing as it is now, or that it is gone."""

    removed: Removed | None


T = TypeVar("T", bound=Identified)
Change = TypeVar("Change", bound=Changed)


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


def changes_of(pages: Iterable[Page[Change]], told: Callable[[Sequence[Change]], Iterable[Record]]) -> Reading:
    """A round of changes, ``told`` in our own words page by page, so that Microsoft's never pile up.

    Raises:
        UnexpectedAnswer: the round ended without a link.
    """
    records: dict[str, Record] = {}
    removed: dict[str, None] = {}
    link = None
    for page in pages:
        latest = {thing.id: thing for thing in page.items}
        for key, thing in latest.items():
            records.pop(key, None)
            removed.pop(key, None)
            if thing.removed is not None:
                removed[key] = None
        records |= {it.key: it for it in told([thing for thing in latest.values() if thing.removed is None])}
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("a round of changes ended without a delta link")
    return Reading(records=list(records.values()), removed=list(removed), is_complete=False, link=link)
