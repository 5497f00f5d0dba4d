"""Sync runs and the queue in front of them, as the API shows them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.jobs.orders import SyncOrder
from integrations.domain.sync.datasets import Run


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of runs, the newest first; ``next_cursor`` is None on the last page."""

    items: list[Run]
    next_cursor: str | None


class SyncQueue(msgspec.Struct, frozen=True, kw_only=True):
    """The sync orders of all accounts that wait for a worker now.

    ``waiting`` counts up to 32 orders, ``is_more`` says that there are others behind them. ``lag_seconds`` is how long
    the order that waits longest has been due. ``position`` is the requested tenant's place, from 1; None when it is
    not among those counted.
    """

    as_of: datetime
    waiting: int
    is_more: bool
    lag_seconds: float
    position: int | None


class Ordered(msgspec.Struct, kw_only=True):
    """A sync that was ordered; it can be watched under ``run_id``."""

    run_id: str


def sync_queue(
    orders: Sequence[SyncOrder], account_id: AccountId, tenant_id: TenantId | None, now: datetime, *, is_more: bool
) -> SyncQueue:
    """The waiting orders counted, with the place of one tenant among them."""
    places = [n for n, it in enumerate(orders, 1) if (it.account_id, it.tenant_id) == (account_id, tenant_id)]
    lag_s = max(((now - it.due_at).total_seconds() for it in orders), default=0.0)
    return SyncQueue(
        as_of=now,
        waiting=len(orders),
        is_more=is_more,
        lag_seconds=round(max(0.0, lag_s), 1),
        position=places[0] if places else None,
    )
