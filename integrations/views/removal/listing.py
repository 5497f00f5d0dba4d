"""The list of an account's removals: those under way, and those that have ended, with their receipts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import IntegrationId, RemovalId
from integrations.domain.integrations import Kind
from integrations.domain.removal import Removal
from integrations.views.removal.receipt import read_receipt
from integrations.views.removal.status import removal_state
from integrations.views.status import to_second
from shared.http.schemas import one_of


class RemovalItem(msgspec.Struct, frozen=True, kw_only=True):
    """One removal of the list.

    Attributes:
        id: The removal.
        integration_id: The integration that is removed.
        kind: Whether it is a single tenant or a CSP.
        name: The name of the tenant. Empty once the removal is verified.
        state: "removing", then "removed" once everything is gone, then "verified".
        requested_at: When somebody asked for it.
        requested_by: The portal user id of whoever did.
        removed_at: When the integration was gone. Null until then.
        verified_at: When that was verified. Null until then.
        steps_left: How many steps are left to do by hand and not marked as done.
        receipt: "preliminary" from removed on, "final" from verified on. Null before.
    """

    id: RemovalId
    integration_id: IntegrationId
    kind: Annotated[str, one_of(Kind)]
    name: str
    state: Annotated[str, one_of("removing", "removed", "verified")]
    requested_at: datetime
    requested_by: str
    removed_at: datetime | None
    verified_at: datetime | None
    steps_left: int
    receipt: str | None


class RemovalPage(msgspec.Struct, kw_only=True):
    """Removals, the latest request first.

    Attributes:
        items: One page of them.
        next_cursor: Send it as cursor for the next page. Null on the last page.
        steps_left: How many steps are left to do by hand after all removals, on all pages together.
    """

    items: list[RemovalItem]
    next_cursor: str | None
    steps_left: int


class EndedRemovals(msgspec.Struct, frozen=True, kw_only=True):
    """The removals that have ended.

    Attributes:
        count: How many are still listed.
        steps_left: How many steps are left to do by hand after them.
    """

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
