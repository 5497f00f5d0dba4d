"""Commercial subscriptions behind licences, with their seats and the day they renew or end.

Source: https://learn.microsoft.com/graph/api/directory-list-subscriptions
"""

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import Subscription
from integrations.domain.text import clean
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, identifier, moment


class _CompanySubscription(msgspec.Struct, rename="camel"):
    id: str
    sku_id: str | None = None
    status: str | None = None
    total_licenses: int | None = None
    is_trial: bool | None = None
    next_lifecycle_date_time: GraphDateTime | None = None


def _read(context: ReadContext) -> Reading:
    subscriptions = context.by_id(_CompanySubscription)
    return Reading(
        records=[Record(key=it.id, body=_to_subscription(it)) for it in subscriptions.values()], is_complete=True
    )


def _to_subscription(subscription: _CompanySubscription) -> Subscription:
    return Subscription(
        id=subscription.id,
        sku_id=identifier(subscription.sku_id) or "",
        status=clean(subscription.status or "") or "unknown",
        seats=subscription.total_licenses or 0,
        is_trial=bool(subscription.is_trial),
        renews_at=moment(subscription.next_lifecycle_date_time),
    )


SUBSCRIPTIONS = Dataset(
    name="subscriptions",
    permission="Organization.Read.All",
    record=Subscription,
    first_request=FirstRequest(
        path="/directory/subscriptions",
        query={"select": "id,skuId,status,totalLicenses,isTrial,nextLifecycleDateTime"},
        page=_CompanySubscription,
    ),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
