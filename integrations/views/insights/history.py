"""The history of one tenant, as the API shows it."""

from datetime import date, datetime

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.insights.history import HistoryDay


class History(msgspec.Struct, frozen=True, kw_only=True):
    """What was known about a tenant on each day of its mapping.

    Attributes:
        tenant_id: The Microsoft tenant.
        mapped_at: Since when it has been mapped: the history begins then. Null while it is not mapped.
        time_zone: The account's time zone, in which days begin.
        first_day: The first day that was asked for.
        items: The days, the oldest first. Days on which nothing was evaluated are left out.
    """

    tenant_id: TenantId
    mapped_at: datetime | None
    time_zone: str
    first_day: date
    items: list[HistoryDay]
