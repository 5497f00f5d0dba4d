"""The row of a removal under way, above the table."""

from datetime import datetime

import msgspec

from integrations.domain.removal import Removal
from integrations.views.status import ReadTime, StatusView, given_up_view


class RemovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A removal under way, shown above the table until the integration is gone.

    ``given_up`` is set while our own service fails to continue it.
    """

    id: str
    name: str
    kind: str
    requested_at: datetime
    given_up: StatusView | None
    overdue_since: datetime | None


def removal_row(removal: Removal, read_time: ReadTime) -> RemovalRow:
    """The row of a removal under way."""
    return RemovalRow(
        id=removal.id,
        name=removal.name,
        kind=removal.kind.value,
        requested_at=removal.requested_at.replace(microsecond=0),
        given_up=given_up_view(removal.given_up, read_time),
        overdue_since=read_time.overdue_since(removal.next_at, removal.running),
    )
