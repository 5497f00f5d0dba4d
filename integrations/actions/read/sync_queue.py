"""Read how busy the syncs are: what waits for a worker, for how long, and a tenant's place in the queue."""

import contextlib

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.jobs.messages import NotAnOrder, read
from integrations.domain.jobs.orders import SyncOrder
from integrations.services import Services
from integrations.views.sync_runs import SyncQueue, sync_queue
from shared.storage.queues import MAX_PEEKED


def read_sync_queue(services: Services, account_id: AccountId, tenant_id: TenantId | None) -> SyncQueue:
    """The first sync orders that wait, of all accounts, and the place of one of this account's tenants.

    Raises:
        QueueUnavailable: storage does not answer.
    """
    now, orders = services.clock(), []
    for body in services.queues.peek(SyncOrder.queue):
        with contextlib.suppress(NotAnOrder):  # not one of our messages: the worker that receives it drops it
            orders.append(read(body, SyncOrder, now))
    return sync_queue(orders, account_id, tenant_id, now, is_more=len(orders) == MAX_PEEKED)
