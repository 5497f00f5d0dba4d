"""Delta queries: every change since a delta link, and the link for the next query.

Source: https://learn.microsoft.com/graph/delta-query-overview
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

from integrations.domain.sync.datasets import Reading, Record
from integrations.microsoft.dataset import Identified
from shared.microsoft.graph import Page, UnexpectedAnswer


class Removed(msgspec.Struct):
    """Why an object is gone: "changed" can still be restored, "deleted" cannot."""

    reason: str | None = None


class DeltaItem(Identified, Protocol):
    """An object in a delta response: its new state, or that it is gone."""

    removed: Removed | None


T = TypeVar("T", bound=Identified)
Change = TypeVar("Change", bound=DeltaItem)


def latest_of(pages: Iterable[Page[T]]) -> tuple[list[T], str]:
    """The latest state of each object in a delta response, and the link for the next query.

    An object may come several times; the last one counts.

    Raises:
        UnexpectedAnswer: the last page has no delta link.
    """
    latest: dict[str, T] = {}
    link = None
    for page in pages:
        for item in page.items:
            latest.pop(item.id, None)
            latest[item.id] = item
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("the last page of changes has no delta link")
    return list(latest.values()), link


def changes_of(pages: Iterable[Page[Change]], to_records: Callable[[Sequence[Change]], Iterable[Record]]) -> Reading:
    """The changes of a delta response, converted page by page, so that Microsoft's objects never fill the memory.

    Raises:
        UnexpectedAnswer: the last page has no delta link.
    """
    records: dict[str, Record] = {}
    removed: dict[str, None] = {}
    link = None
    for page in pages:
        latest = {item.id: item for item in page.items}
        for key, item in latest.items():
            records.pop(key, None)
            removed.pop(key, None)
            if item.removed is not None:
                removed[key] = None
        records |= {it.key: it for it in to_records([item for item in latest.values() if item.removed is None])}
        link = page.delta_link or link
    if link is None:
        raise UnexpectedAnswer("the last page of changes has no delta link")
    return Reading(records=list(records.values()), removed=list(removed), is_complete=False, link=link)
