"""What becomes of each asset that the portal pushes. Pure.

Whom an asset belongs to is decided by Microsoft or by a person. A push repeats what the portal last knew, so that it
counts as a person's word only if it says so, or if nobody has decided anything yet.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment, AssignedBy, assigned
from integrations.domain.assets.fields import checked_asset
from integrations.domain.ids import AssetId, OrganizationId
from shared.errors import Problem

ASSIGNMENT = ("assigned_end_user_id", "assigned_by")


class AssetPushResult(Enum):
    """What was done with an asset."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REJECTED = "rejected"


class PushedAsset(NamedTuple):
    """An item's result; ``ignored_fields`` are those that Microsoft decides, ``problems`` say why it was rejected."""

    external_id: str
    result: AssetPushResult
    asset_id: AssetId | None = None
    ignored_fields: tuple[str, ...] = ()
    problems: tuple[Problem, ...] = ()


class AssetItem(NamedTuple):
    """An item at its place in the request, with its values as they are stored."""

    place: int
    external_id: str
    values: Mapping[str, Any]

    def rejected(self, *problems: Problem) -> PushedAsset:
        """The item's result; the problems' pointers are those below the item."""
        placed = tuple(Problem(f"/items/{self.place}{it.pointer}", it.detail) for it in problems)
        return PushedAsset(self.external_id, AssetPushResult.REJECTED, problems=placed)


class AssetPush(NamedTuple):
    """What an item makes of an asset.

    ``asset`` is the same object as before if nothing about it changes, and ``assignment`` None if that stays.
    """

    asset: Asset
    result: AssetPushResult
    assignment: AssetAssignment | None = None
    ignored_fields: tuple[str, ...] = ()


def read_asset_items(items: Iterable[Mapping[str, Any]]) -> tuple[list[AssetItem], dict[int, PushedAsset]]:
    """The items that are valid, and by their places the others: not valid, or with an id that comes more than once."""
    listed = list(items)
    times = Counter(it["external_id"] for it in listed)
    valid: list[AssetItem] = []
    rejected: dict[int, PushedAsset] = {}
    for place, values in enumerate(listed):
        stored, problems = checked_asset(values)
        item = AssetItem(place, values["external_id"], stored)
        if times[item.external_id] > 1:
            problems.append(Problem("/external_id", "an id that comes once in a request"))
        if problems:
            rejected[place] = item.rejected(*problems)
        else:
            valid.append(item)
    return valid, rejected


def new_asset(
    asset_id: AssetId, organization_id: OrganizationId, values: Mapping[str, Any], now: datetime
) -> AssetPush:
    """An asset that was not known; the values are checked and include external_id and name."""
    fields = {name: value for name, value in values.items() if name not in ASSIGNMENT}
    asset = Asset(id=asset_id, organization_id=organization_id, created_at=now, changed_at=now, **fields)
    assignment, ignored = _assignment(None, values, now)
    return AssetPush(asset, AssetPushResult.CREATED, assignment, ignored)


def pushed_again(asset: Asset, before: AssetAssignment | None, values: Mapping[str, Any], now: datetime) -> AssetPush:
    """An asset that was pushed before, with the values that an item names; one that was gone is back."""
    changes = {
        name: value for name, value in values.items() if name not in ASSIGNMENT and getattr(asset, name) != value
    }
    if asset.gone_at is not None:
        changes["gone_at"] = None
    after = msgspec.structs.replace(asset, **changes, changed_at=now) if changes else asset
    assignment, ignored = _assignment(before, values, now)
    result = AssetPushResult.UPDATED if changes or assignment else AssetPushResult.UNCHANGED
    return AssetPush(after, result, assignment, ignored)


def _assignment(
    before: AssetAssignment | None, values: Mapping[str, Any], now: datetime
) -> tuple[AssetAssignment | None, tuple[str, ...]]:
    """The assignment, if it changes; and the names of fields that have another value and are not used."""
    if "assigned_end_user_id" not in values:
        return None, ()
    end_user_id, by = values["assigned_end_user_id"], values.get("assigned_by")
    if by is AssignedBy.MANUAL:
        is_known = before is not None and (before.end_user_id, before.by) == (end_user_id, by)
        return None if is_known else assigned(before, end_user_id, by, now), ()
    if (before.end_user_id if before else None) == end_user_id:
        return None, ()
    if before is None and by is None:
        return assigned(None, end_user_id, AssignedBy.MANUAL, now), ()
    return None, ("assigned_end_user_id",)
