"""The list of an account's removals: those under way, and those that have ended, with their receipts."""

from collections.abc import Mapping, Sequence
from datetime import datetime

import msgspec

from integrations.domain.ids import RemovalId
from integrations.domain.removal import Removal
from integrations.views.removal.receipt import read_receipt
from integrations.views.removal.status import removal_state
from integrations.views.status import to_second


class RemovalItem(msgspec.Struct, frozen=True, kw_only=True):
    """One removal: ``state`` is removing, removed or verified; ``name`` is blank once it is verified.

    ``steps_left`` counts what is left to do by hand and not marked as done. ``receipt`` is preliminary from removed on,
    final from verified on, and null before.
    """

    id: str
    integration_id: str
    kind: str
    name: str
    state: str
    requested_at: datetime
    requested_by: str
    removed_at: datetime | None
    verified_at: datetime | None
    steps_left: int
    receipt: str | None


class RemovalPage(msgspec.Struct, kw_only=True):
    """Removals, the latest request first; ``steps_left`` counts what is left to do by hand after all of them."""

    items: list[RemovalItem]
    next_cursor: str | None
    steps_left: int


class EndedRemovals(msgspec.Struct, frozen=True, kw_only=True):
    """How many removals have ended and are still listed, and what is left to do by hand after them."""

    count: int
    steps_left: int


def removal_item(removal: Removal, steps_left: int) -> RemovalItem:
    """One removal of the list."""
    return RemovalItem(
        id=removal.id,
        integration_id=removal.integration_id,
        kind=removal.kind.value,
        name=removal.name,
        state=removal_state(removal),
        requested_at=removal.requested_at.replace(microsecond=0),
        requested_by=removal.requested_by,
        removed_at=to_second(removal.forgotten_at),
        verified_at=to_second(removal.verified_at),
        steps_left=steps_left,
        receipt=read_receipt(removal.receipt).state if removal.receipt else None,
    )


def ended_removals(removals: Sequence[Removal], steps_left: Mapping[RemovalId, int]) -> EndedRemovals:
    """The summary above the table; ``steps_left`` by the id of the removal."""
    return EndedRemovals(count=sum(not it.is_under_way for it in removals), steps_left=sum(steps_left.values()))
