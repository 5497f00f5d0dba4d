"""The state of the asset links of a tenant. Pure."""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime

import msgspec

from integrations.domain.assets.asset import AssetAssignment
from integrations.domain.assets.devices.fleet import IN_USE, DeviceRecord, Fleet
from integrations.domain.assets.inputs import AssetInputs
from integrations.domain.assets.links import CONFLICTS, AssetStatus
from integrations.domain.assets.plan import AssetPlan
from integrations.domain.assets.stored.counts import AssetLinkCounts
from integrations.domain.ids import AssetId, OrganizationId
from integrations.domain.jobs.given_up import GivenUp


class AssetLinksHead(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The row that every change of a tenant's asset links replaces.

    ``epoch`` is that of the mapping under which links are in use: under any other they are frozen. ``organization_id``
    is the Organization of that mapping. ``version`` numbers the settings. ``run`` grows with each run that writes.
    ``basis`` is what the last plan was made from besides rows; "" has the next run plan anew. ``seen`` are the last
    changes of Organizations' people and assets that a plan has seen, ``users_seen`` is the version of the user sync.
    ``next_at`` is when something changes by time alone. Nothing is written any more once ``is_closed``: the rows are
    being deleted.
    """

    epoch: int = 0
    organization_id: OrganizationId | None = None
    version: int = 0
    run: int = 0
    basis: str = ""
    seen: dict[OrganizationId, int] = {}
    users_seen: str = ""
    next_at: datetime | None = None
    linked_at: datetime | None = None
    counts: AssetLinkCounts | None = None
    failure: GivenUp | None = None
    is_closed: bool = False

    def is_in_use(self, epoch: int) -> bool:
        """Whether links are in use under this epoch of the tenant's mapping, and not frozen."""
        return self.epoch == epoch and not self.is_closed


def counts_after(inputs: AssetInputs, plan: AssetPlan) -> AssetLinkCounts:
    """What there is once a plan of everything is applied."""
    statuses: dict[AssetId, AssetStatus] = dict(inputs.statuses)
    assignments: dict[AssetId, AssetAssignment] = dict(inputs.assignments)
    for it in plan.changes:
        if it.status is None:
            statuses.pop(it.asset_id, None)
        else:
            statuses[it.asset_id] = it.status
        if it.assignment is not None:
            assignments[it.asset_id] = it.assignment
    reviews = Counter(it.review.kind in CONFLICTS for it in statuses.values() if it.review)
    reasons = Counter(it.reason for it in statuses.values() if it.reason)
    return AssetLinkCounts(
        assets=len(statuses),
        linked=sum(it.link is not None for it in statuses.values()),
        assigned=sum(it in assignments and assignments[it].end_user_id is not None for it in statuses),
        review=reviews[False],
        conflicts=reviews[True],
        reasons=dict(sorted(reasons.items(), key=lambda it: it[0].value)),
        unmanaged=_unmanaged(plan.fleet, statuses, inputs.as_of) if plan.fleet else 0,
    )


def _unmanaged(fleet: Fleet, statuses: Mapping[AssetId, AssetStatus], now: datetime) -> int:
    linked = {it.link.device_id for it in statuses.values() if it.link}
    records: Iterable[DeviceRecord] = (it.current for it in fleet.devices if it.current)
    return sum(it.id not in linked and not it.is_mobile and now - it.last_seen_at < IN_USE for it in records)
