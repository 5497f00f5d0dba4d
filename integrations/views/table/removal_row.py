"""The row of a removal under way, above the table."""

from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.ids import RemovalId
from integrations.domain.integrations import Kind
from integrations.domain.removal import Removal
from integrations.views.status import ReadTime, StatusView, given_up_view
from shared.http.schemas import one_of


class RemovalRow(msgspec.Struct, frozen=True, kw_only=True):
    """A removal under way, shown above the table until the integration is gone.

    ``given_up`` is set while our own service fails to continue it.

    Attributes:
        id: The removal.
        name: The name of the tenant that is removed.
        kind: Whether a single tenant or a CSP is removed.
        requested_at: When somebody asked for it.
        given_up: Set while our own service fails to continue it.
        overdue_since: Since when its next step is overdue. Null while it is on time.
    """

    id: RemovalId
    name: str
    kind: Annotated[str, one_of(Kind)]
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
