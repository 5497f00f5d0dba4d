"""Assets as the API shows them, and what became of those that were pushed."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.assets.asset import Asset, AssetAssignment, AssetFields, AssignedBy, FormerAssignment
from integrations.domain.assets.pushing import AssetPushResult, PushedAsset
from integrations.domain.ids import AssetId, EndUserId, OrganizationId
from integrations.views.people.asset_links import AssetLinking
from shared.http.responses import ProblemPlace
from shared.http.schemas import one_of

_OF_THE_ASSET = (*AssetFields.__struct_fields__, "id", "organization_id", "created_at", "changed_at", "gone_at")


class FormerAssignmentView(msgspec.Struct, kw_only=True):
    """Whom an asset belonged to earlier.

    Attributes:
        end_user_id: Whom it belonged to.
        by: Who said so.
        since: From when.
        until: Until when.
    """

    end_user_id: EndUserId
    by: Annotated[str, one_of(AssignedBy)]
    since: datetime
    until: datetime


class AssetView(AssetFields, frozen=True, kw_only=True, omit_defaults=False):
    """An asset.

    Attributes:
        id: The asset. It never changes.
        organization_id: The Organization that it belongs to.
        created_at: When it was first pushed.
        changed_at: When the portal last said something else about it.
        gone_at: When a complete snapshot no longer named it. Null while it is there.
        assigned_end_user_id: The End User that it belongs to. Null if that is nobody.
        assigned_by: Who said whom it belongs to. Null if nobody has.
        assigned_since: Since when. Null if nobody has said whom it belongs to.
        former_assignments: Whom it belonged to earlier, the latest first; at most 20.
        linking: What comparing it with the devices of the tenant led to. Null if it is archived or gone, no tenant is
            mapped, or its devices were not read yet.
    """

    id: AssetId
    organization_id: OrganizationId
    created_at: datetime
    changed_at: datetime
    gone_at: datetime | None
    assigned_end_user_id: EndUserId | None
    assigned_by: Annotated[str, one_of(AssignedBy)] | None
    assigned_since: datetime | None
    former_assignments: list[FormerAssignmentView]
    linking: AssetLinking | None


class AssetPage(msgspec.Struct, kw_only=True):
    """A page of an Organization's assets.

    Attributes:
        items: The assets in the order of their ids.
        total: How many assets the Organization has, those that are gone included.
        next_cursor: The cursor of the next page. Null on the last one.
    """

    items: list[AssetView]
    total: int
    next_cursor: str | None


class PushedAssetView(msgspec.Struct, kw_only=True):
    """The result of one item.

    Attributes:
        external_id: The item's external_id.
        result: What was done.
        asset_id: The asset. Null if the item was rejected.
        ignored_fields: Fields with another value that was not used: Microsoft, or somebody before, has decided.
        errors: Why the item was rejected. Empty for the others.
    """

    external_id: str
    result: Annotated[str, one_of(AssetPushResult)]
    asset_id: AssetId | None
    ignored_fields: list[str]
    errors: list[ProblemPlace]


class PushedAssets(msgspec.Struct, kw_only=True):
    """The results of all items.

    Attributes:
        items: One result for each item, in their order.
        created: How many assets were created.
        updated: How many were changed.
        unchanged: How many had all values already.
        rejected: How many items are not valid.
        gone: The assets that were marked as gone, because a complete snapshot left them out.
    """

    items: list[PushedAssetView]
    created: int
    updated: int
    unchanged: int
    rejected: int
    gone: list[AssetId]


def asset_view(asset: Asset, assignment: AssetAssignment | None, linking: AssetLinking | None = None) -> AssetView:
    return AssetView(
        **{name: getattr(asset, name) for name in _OF_THE_ASSET},
        assigned_end_user_id=assignment.end_user_id if assignment else None,
        assigned_by=assignment.by.value if assignment else None,
        assigned_since=assignment.since if assignment else None,
        former_assignments=[_former(it) for it in assignment.former] if assignment else [],
        linking=linking,
    )


def _former(former: FormerAssignment) -> FormerAssignmentView:
    return FormerAssignmentView(
        end_user_id=former.end_user_id, by=former.by.value, since=former.since, until=former.until
    )


def pushed_assets(results: Sequence[PushedAsset], gone: Sequence[AssetId]) -> PushedAssets:
    """The results with their counts."""
    counts = Counter(it.result for it in results)
    counted = {it.value: counts[it] for it in AssetPushResult}
    return PushedAssets(items=[_pushed(it) for it in results], gone=list(gone), **counted)


def _pushed(pushed: PushedAsset) -> PushedAssetView:
    return PushedAssetView(
        external_id=pushed.external_id,
        result=pushed.result.value,
        asset_id=pushed.asset_id,
        ignored_fields=list(pushed.ignored_fields),
        errors=[ProblemPlace(pointer=it.pointer, detail=it.detail) for it in pushed.problems],
    )
