"""Subscriptions: the orders behind licences, with their seats and the day they renew or end.

Source: https://learn.microsoft.com/graph/api/directory-list-subscriptions
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import Subscription
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, identifier, moment


class _Subscription(msgspec.Struct, rename="camel"):
    id: str
    sku_id: str | None = None
    status: str | None = None
    total_licenses: int | None = None
    is_trial: bool | None = None
    next_lifecycle_date_time: GraphDateTime | None = None


def _read(asked: ReadContext) -> Reading:
    found = asked.by_id(_Subscription)
    return Reading(records=[Record(key=it.id, body=_told(it)) for it in found.values()], is_complete=True)


def _told(it: _Subscription) -> Subscription:
    return Subscription(
        id=it.id,
        sku_id=identifier(it.sku_id) or "",
        status=clean(it.status or "") or "unknown",
        seats=it.total_licenses or 0,
        is_trial=bool(it.is_trial),
        renews_at=moment(it.next_lifecycle_date_time),
    )


SUBSCRIPTIONS = Dataset(
    name="subscriptions",
    permission="Organization.Read.All",
    record=Subscription,
    source=FirstRequest(
        first="/directory/subscriptions",
        query={"select": "id,skuId,status,totalLicenses,isTrial,nextLifecycleDateTime"},
        page=_Subscription,
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
