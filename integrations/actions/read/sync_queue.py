"""How busy the syncs are: what waits for a worker, for how long, and where a tenant stands in the row."""

import contextlib
from datetime import datetime

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.jobs.messages import NotAnOrder, read
from integrations.domain.jobs.orders import SyncOrder
from integrations.services import Services
from shared.storage.queues import MAX_PEEKED


class SyncQueue(msgspec.Struct, frozen=True, kw_only=True):
    """What waits for a worker now, of all accounts.

    ``waiting`` counts up to 32 orders, ``is_more`` tells that there are others behind. ``lag_seconds`` is how long
    the one that waits longest has been due. ``position`` is the asked tenant's place, from 1; None when it is not
    among those counted.
    """

    as_of: datetime
    waiting: int
    is_more: bool
    lag_seconds: float
    position: int | None


def read_sync_queue(services: Services, account_id: AccountId, tenant_id: TenantId | None) -> SyncQueue:
    now = services.clock()
    orders = []
    for body in services.queues.peek(SyncOrder.queue):
        with contextlib.suppress(NotAnOrder):  # somebody else's words: whoever takes it drops it
            orders.append(read(body, SyncOrder, now))
    places = [n for n, it in enumerate(orders, 1) if (it.account_id, it.tenant_id) == (account_id, tenant_id)]
    lag_s = max(((now - it.due_at).total_seconds() for it in orders), default=0.0)
    return SyncQueue(
        as_of=now,
        waiting=len(orders),
        is_more=len(orders) == MAX_PEEKED,
        lag_seconds=round(max(0.0, lag_s), 1),
        position=places[0] if places else None,
    )
