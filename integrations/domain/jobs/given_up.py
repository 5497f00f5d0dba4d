"""Jobs that failed too often: what is recorded on the row concerned, and when they are retried.

A job is given up when the Functions host has delivered its message as often as it may. No work is lost by that: its
row of the due list remains, and starts it again.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

import msgspec

from integrations.domain import retry_delays
from integrations.domain.jobs.orders import (
    ConsentOrder,
    CustomerOrder,
    EvaluateOrder,
    PlanOrder,
    PurgeOrder,
    RemovalOrder,
    UserSyncPlanOrder,
)
from integrations.domain.statuses import EXPLANATIONS, SyncCause

MOST_TRIES = 5  # host.json's maxDequeueCount
OUR_FAILURE = "our_failure"
REMEDY = EXPLANATIONS[SyncCause.OUR_FAILURE].remedy
_UNKNOWN = "unknown"  # the process died or timed out before it could record the error

DETAILS: dict[str, str] = {
    order.queue: detail
    for order, detail in (
        (ConsentOrder, "Our service failed several times while checking this sign-in with Microsoft."),
        (CustomerOrder, "Our service failed several times while setting up our application in this tenant."),
        (
            EvaluateOrder,
            "Our service failed while evaluating the synced data. The results shown are out of date.",
        ),
        (
            PlanOrder,
            (
                "Our service failed several times while applying your plan to the tenants. "
                "Rows may still show the earlier plan."
            ),
        ),
        (
            PurgeOrder,
            "Our service failed several times while deleting data of an earlier mapping. Nobody can see that data.",
        ),
        (UserSyncPlanOrder, "Our service failed several times while making this plan."),
        (RemovalOrder, "Our service failed several times at this step of the removal."),
    )
}


class Failed(NamedTuple):
    """A job that failed: its queue, how often it was tried, and the code of its last error, "" when it is not known."""

    job: str
    tries: int = MOST_TRIES
    error: str = ""

    def evidence(self) -> dict[str, str]:
        return {"job": self.job, "times_tried": str(self.tries), "error": self.error or _UNKNOWN}


class GivenUp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A job that was given up, as recorded on a row: ``times`` in a row, for the first time at ``since``.

    ``tries`` counts all deliveries, ``error`` is the code of the last error, ``next_at`` is the next retry.
    """

    job: str
    since: datetime
    next_at: datetime
    tries: int
    error: str
    times: int = 1

    def evidence(self) -> dict[str, str]:
        return Failed(self.job, self.tries, self.error).evidence()


def give_up(before: GivenUp | None, failed: Failed, now: datetime, period: timedelta) -> GivenUp:
    """The record after giving up once more; the delay doubles (``retry_delays.given_up``) up to one period."""
    times = before.times + 1 if before else 1
    delay = retry_delays.given_up(times, period)
    return GivenUp(
        job=failed.job,
        since=before.since if before else now,
        next_at=now + delay,
        tries=failed.tries + (before.tries if before else 0),
        error=failed.error or _UNKNOWN,
        times=times,
    )
