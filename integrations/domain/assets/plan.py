"""The plan of an account's asset links in one tenant: everything that would change, without changing anything. Pure.

A plan that was applied leaves nothing to do for the next.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

import msgspec

from integrations.domain.assets.asset import AssetAssignment, AssignedBy
from integrations.domain.assets.devices.fleet import Fleet, fleet_of
from integrations.domain.assets.inputs import AssetInputs
from integrations.domain.assets.links import AssetStatus, ReviewItem, ReviewKind
from integrations.domain.assets.matching.claims import Claims
from integrations.domain.assets.matching.linking import Linking, Outcome
from integrations.domain.assets.people import (
    PersonOfAsset,
    findings,
    is_by_hand,
    new_assignment,
    person_of_asset,
)
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.ids import AssetId
from integrations.domain.retention import STALE_ASSET_LINKS


class AssetChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What changes about one asset.

    Attributes:
        asset_id: The asset.
        status: What is known of its device and its End User from now on. Null or absent if nothing is kept of it.
        assignment: Whom it belongs to from now on. Null or absent if that stays.
    """

    asset_id: AssetId
    status: AssetStatus | None = None
    assignment: AssetAssignment | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssetPlan:
    """What linking would change.

    Attributes:
        changes: What changes, by asset.
        shared_serials: How many devices have each serial number that does not count since several have it.
        reasons: How many of the assets that were looked at have no End User, by the reason.
        next_at: When something will change by time alone. None if nothing will.
        fleet: The devices that assets were compared with. None if nothing was planned.
    """

    changes: list[AssetChange] = field(default_factory=list)
    shared_serials: Mapping[str, int] = field(default_factory=dict)
    reasons: Counter[NoEndUserReason] = field(default_factory=Counter)
    next_at: datetime | None = None
    fleet: Fleet | None = field(default=None, repr=False, compare=False)

    @property
    def is_empty(self) -> bool:
        return not self.changes


def plan_links(inputs: AssetInputs) -> AssetPlan:
    """The plan for all assets."""
    return _LinkPlanner(inputs).plan() if inputs.is_current else AssetPlan()


class _LinkPlanner:
    def __init__(self, inputs: AssetInputs) -> None:
        self._inputs = inputs
        settings = inputs.settings
        self._fleet: Fleet = fleet_of(inputs.directory, inputs.intune, settings.junk_serials, settings.good_serials)
        self._claims = Claims(inputs, self._fleet)
        self._linking = Linking(inputs, self._fleet, self._claims)
        self._organization_ids = frozenset(inputs.organization_ids)

    def plan(self) -> AssetPlan:
        inputs = self._inputs
        changes: list[AssetChange] = []
        reasons: Counter[NoEndUserReason] = Counter()
        ends: list[datetime] = []
        for asset_id in sorted({*inputs.assets, *inputs.statuses}):
            outcome = self._outcome(asset_id)
            status, assignment = (None, None) if outcome is None else self._result(asset_id, outcome)
            if status != inputs.statuses.get(asset_id) or assignment:
                changes.append(AssetChange(asset_id=asset_id, status=status, assignment=assignment))
            if outcome and status:
                reasons.update([status.reason] if status.reason else [])
                ends.extend(self._ends(outcome, status))
        return AssetPlan(
            changes=changes,
            shared_serials=self._fleet.shared_serials,
            reasons=reasons,
            next_at=min(ends, default=None),
            fleet=self._fleet,
        )

    def _outcome(self, asset_id: AssetId) -> Outcome | None:
        """What an asset is linked with; None if it is not there, out of use or elsewhere."""
        asset = self._inputs.assets.get(asset_id)
        is_there = asset is not None and asset.is_living and asset.organization_id in self._organization_ids
        return self._linking.outcome(asset_id) if is_there else None

    def _result(self, asset_id: AssetId, outcome: Outcome) -> tuple[AssetStatus, AssetAssignment | None]:
        inputs, asset = self._inputs, self._inputs.assets[asset_id]
        before = inputs.assignments.get(asset_id)
        person = PersonOfAsset(reason=outcome.reason)
        if outcome.record:
            person = person_of_asset(inputs, asset, outcome.record)
        assignment = new_assignment(inputs, before, person)
        after = assignment or before
        has_end_user = after is not None and after.end_user_id is not None
        is_nobodys = after is not None and not has_end_user and after.by is AssignedBy.MANUAL
        reason = NoEndUserReason.NOBODY if is_nobodys else person.reason
        return AssetStatus(
            asset_id=asset_id,
            link=outcome.link,
            review=outcome.review or _question(person, is_by_hand=is_by_hand(inputs, before)),
            person_id=person.object_id,
            reason=None if has_end_user else reason,
            findings=findings(inputs, asset, after, person),
        ), assignment

    def _ends(self, outcome: Outcome, status: AssetStatus) -> Iterator[datetime]:
        """When what is said of an asset ends by time alone."""
        if status.link and status.link.stale_since and not status.link.by:
            yield status.link.stale_since + STALE_ASSET_LINKS
        if outcome.valid_until:
            yield outcome.valid_until


def _question(person: PersonOfAsset, *, is_by_hand: bool) -> ReviewItem | None:
    if person.reason is not NoEndUserReason.OTHER_ORGANIZATION or is_by_hand:
        return None
    return ReviewItem(kind=ReviewKind.OTHER_ORGANIZATION, end_user_id=person.end_user_id)
