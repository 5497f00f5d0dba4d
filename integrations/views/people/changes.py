"""The feed of an Organization's people and assets, as the API shows it."""

from collections.abc import Iterable
from datetime import datetime
from enum import Enum
from typing import Annotated

import msgspec

from integrations.domain.ids import AssetId, EndUserId, OrganizationId
from integrations.domain.people.changes import ChangedAsset, ChangedBy, Departure, EndUserChange, Position, Tombstone
from integrations.views.people.assets import AssetView
from integrations.views.people.end_users import EndUserView
from shared.http.schemas import one_of

_SAVED = "saved"


class ChangedKind(Enum):
    """What a change is of."""

    END_USER = "end_user"
    ASSET = "asset"


class ChangeView(msgspec.Struct, kw_only=True):
    """The last change of one End User or asset.

    Attributes:
        kind: What changed, or is gone.
        end_user_id: The End User. Null if it is an asset.
        asset_id: The asset. Null if it is an End User.
        change: What happened. "saved": created or changed, or moved here. All others: it is gone from here.
        at: When it happened.
        by: Where the change came from. "portal": it was sent to this API.
        end_user: The End User as it is now. Null if it is gone, or an asset.
        asset: The asset as it is now, with whom it belongs to. Null if it is gone, or an End User.
        moved_to: The Organization to which it was moved. Null if it was not moved.
        merged_into: The End User into which it was merged. Null if it was not merged.
    """

    kind: Annotated[str, one_of(ChangedKind)]
    end_user_id: EndUserId | None
    asset_id: AssetId | None
    change: Annotated[str, one_of(_SAVED, Departure)]
    at: datetime
    by: Annotated[str, one_of(ChangedBy)]
    end_user: EndUserView | None
    asset: AssetView | None
    moved_to: OrganizationId | None
    merged_into: EndUserId | None


class ChangePage(msgspec.Struct, kw_only=True):
    """Changes in their order.

    Attributes:
        items: The changes. What changed several times is only there once, at its last change.
        next_after: Send it as "after" to read on, now or later.
        has_more: Whether more changes can be read now.
    """

    items: list[ChangeView]
    next_after: str
    has_more: bool


def change_page(
    changes: Iterable[tuple[EndUserChange | ChangedAsset, EndUserView | AssetView | None]],
    position: Position,
    *,
    has_more: bool,
) -> ChangePage:
    return ChangePage(items=[_view(*it) for it in changes], next_after=str(position), has_more=has_more)


def _view(change: EndUserChange | ChangedAsset, shown: EndUserView | AssetView | None) -> ChangeView:
    departed = change if isinstance(change, Tombstone) else None
    how = departed.how if departed else Departure.DELETED
    of_asset = change if isinstance(change, ChangedAsset) else None
    return ChangeView(
        kind=(ChangedKind.ASSET if of_asset else ChangedKind.END_USER).value,
        end_user_id=None if isinstance(change, ChangedAsset) else change.end_user_id,
        asset_id=of_asset.asset_id if of_asset else None,
        change=_SAVED if shown else how.value,
        at=change.at,
        by=change.by.value,
        end_user=shown if isinstance(shown, EndUserView) else None,
        asset=shown if isinstance(shown, AssetView) else None,
        moved_to=departed.moved_to if departed else None,
        merged_into=departed.merged_into if departed else None,
    )
