"""Faults of ours in what a tenant's evaluations are followed by: recorded in its head, logged, and tried again."""

import logging
import traceback
from pathlib import Path

from integrations.actions.account import Account
from integrations.domain.assets.stored.state import AssetLinksHead
from integrations.domain.jobs.given_up import Failed, give_up
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.retry_delays import EVALUATION_LONGEST
from integrations.domain.user_sync.stored.state import UserSyncHead
from integrations.storage.control import VersionConflict
from integrations.storage.data.store import Superseded
from integrations.storage.due import Due, Work
from integrations.storage.lasting import LastingBatch
from shared.telemetry.log import log

Batch = LastingBatch[UserSyncHead] | LastingBatch[AssetLinksHead]


def record_failure(account: Account, order: EvaluateOrder, batch: Batch, fact: str, error: Exception) -> None:
    """Record the failure in the head, and plan the retry; ``fact`` is what the log says, without any of the data.

    Raises:
        Superseded: somebody else changed the head meanwhile.
    """
    place, now = traceback.extract_tb(error.__traceback__)[-1], account.services.clock()
    log(
        fact,
        level=logging.ERROR,
        account_id=order.account_id,
        tenant_id=order.tenant_id,
        error=f"{type(error).__name__} at {Path(place.filename).name}:{place.lineno}",
    )
    failure = give_up(batch.head.failure, Failed(order.queue, 1, type(error).__name__), now, EVALUATION_LONGEST)
    batch.set_head(failure=failure, basis="")
    account.services.due.put(Due(Work.EVALUATE, order.account_id, order.tenant_id, failure.next_at))
    try:
        batch.commit()
    except VersionConflict as conflict:
        raise Superseded from conflict
