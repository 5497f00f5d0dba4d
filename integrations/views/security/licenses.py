"""A tenant's licenses: the totals, and each license with the subscriptions behind it."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.insights.summarizing import license_counts
from integrations.domain.sync.datasets import Cursor
from integrations.domain.sync.records import License, Subscription
from integrations.views.datasets import STATES, as_of, state_of


class LicenseFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Totals of seats over all paid products.

    Attributes:
        state: How the last reading ended.
        as_of: When the licenses were last read completely. Null before the first time.
        products: How many products with a limited number of seats the tenant has.
        bought: How many seats were bought.
        assigned: How many seats are assigned.
        unused: How many seats could be assigned today.
    """

    state: Annotated[str, STATES]
    as_of: datetime | None
    products: int
    bought: int
    assigned: int
    unused: int


class LicenseView(License, frozen=True, kw_only=True, omit_defaults=True):
    """A license with the subscriptions behind it; ``renews_at`` is the next day on which one of them renews or ends.

    Attributes:
        subscriptions: The subscriptions behind it. Absent if there are none.
        renews_at: The next day on which one of them renews or ends. Null or absent if there is none.
    """

    subscriptions: list[Subscription] = msgspec.field(default_factory=list)
    renews_at: datetime | None = None


def license_figures(licenses: Iterable[License], cursor: Cursor | None) -> LicenseFigures:
    """The totals; unlimited products, which nobody pays for, are left out."""
    counts = license_counts(licenses)
    return LicenseFigures(state=state_of(cursor), as_of=as_of(cursor), **msgspec.structs.asdict(counts))


def license_view(bought: License, subscriptions: Iterable[Subscription]) -> LicenseView:
    """A license joined with the subscriptions of its SKU."""
    behind = sorted((s for s in subscriptions if s.sku_id == bought.sku_id), key=lambda s: s.id)
    renewals = [s.renews_at for s in behind if s.renews_at]
    return LicenseView(**msgspec.structs.asdict(bought), subscriptions=behind, renews_at=min(renewals, default=None))
