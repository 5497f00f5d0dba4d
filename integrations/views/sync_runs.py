"""Sync runs and the queue in front of them, as the API shows them."""

from collections.abc import Sequence
from datetime import datetime

import msgspec

from integrations.domain.ids import AccountId, RunId, TenantId
from integrations.domain.jobs.orders import SyncOrder
from integrations.domain.sync.datasets import Run


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    """A page of runs, the newest first; ``next_cursor`` is None on the last page.

    Attributes:
        items: The runs, the newest first.
        next_cursor: The cursor of the next page. Null on the last one.
    """

    items: list[Run]
    next_cursor: str | None


class SyncQueue(msgspec.Struct, frozen=True, kw_only=True):
    """The sync orders of all accounts that wait for a worker now.

    ``waiting`` counts up to 32 orders, ``is_more`` says that there are others behind them. ``lag_seconds`` is how long
    the order that waits longest has been due. ``position`` is the requested tenant's place, from 1; None when it is
    not among those counted.

    Attributes:
        as_of: When the queue was looked at: at this request.
        waiting: How many orders wait, up to 32.
        is_more: Whether there are others behind those that were counted.
        lag_seconds: How long the order that waits longest has been due.
        position: The place of the requested tenant, from 1. Null when it is not among those counted.
    """

    as_of: datetime
    waiting: int
    is_more: bool
    lag_seconds: float
    position: int | None


class Ordered(msgspec.Struct, kw_only=True):
    """A sync that was ordered; it can be watched under ``run_id``.

    Attributes:
        run_id: The run, to be followed with GET /tenants/{tenant_id}/runs/{run_id}.
    """

    run_id: RunId


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
