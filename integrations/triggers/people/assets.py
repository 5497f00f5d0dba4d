"""HTTP routes of an Organization's assets."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from integrations.actions.account import Account
from integrations.actions.asset_links.by_hand import order_linking
from integrations.actions.asset_links.reading import CONFLICT, LINKED, NONE, REVIEW, list_by_link, shown_assets
from integrations.actions.assets import assets as actions
from integrations.actions.assets.push import MOST_PUSHED_ASSETS, push_assets
from integrations.domain import ids
from integrations.domain.assets.asset import MOST_MAC_ADDRESSES, AssetKind, AssignedBy
from integrations.domain.assets.pushing import AssetPushResult
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, end_user, one_of, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.triggers.people.requests import organization_in_path, personal
from integrations.views.people.assets import AssetPage, AssetView, PushedAssets, pushed_assets
from shared.http.responses import MAX_BULK_BODY_BYTES, ApiResponse, no_content, ok

_EXTERNAL_ID = text("external_id", "Only the asset that has this id in the portal.", example="pc-17")
_END_USER = end_user("end_user", "Only assets that belong to this End User.")
_LINK = one_of(
    "link",
    "Only assets in use that are linked with a device, that are in review or in conflict, or none of these.",
    (LINKED, NONE, REVIEW, CONFLICT),
)


class AssetPushItem(msgspec.Struct, forbid_unknown_fields=True):
    """An asset to create or update. A field that is left out stays as it is; null removes its value.

    Attributes:
        external_id: The portal's own id of this asset, by which it is found. Only once in a request.
        name: The name that it has in its network. Required for a new asset.
        kind: What it is.
        serial: The serial number, or null.
        bios_serial: The serial number that the firmware tells, or null.
        entra_device_id: The device id by which Entra knows it, or null.
        intune_device_id: The id by which Intune knows it, or null.
        manufacturer: The manufacturer, or null.
        model: The model, or null.
        os: The operating system, or null.
        os_version: The version of the operating system, or null.
        mac_addresses: The addresses of its network adapters. They replace all of those that are stored.
        last_seen_at: When the portal last heard of it, with a time zone, or null.
        is_shared: Whether several people use it.
        is_archived: Whether it is out of use.
        assigned_end_user_id: The End User that it belongs to, or null for nobody. Used if assigned_by says that a
            person decided it, or if nobody has decided anything yet.
        assigned_by: "manual" if a person decided whom it belongs to. "microsoft" is only what this API told.
    """

    external_id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Annotated[str, msgspec.Meta(min_length=1)] | UnsetType = UNSET
    kind: AssetKind | UnsetType = UNSET
    serial: str | UnsetType | None = UNSET
    bios_serial: str | UnsetType | None = UNSET
    entra_device_id: str | UnsetType | None = UNSET
    intune_device_id: str | UnsetType | None = UNSET
    manufacturer: str | UnsetType | None = UNSET
    model: str | UnsetType | None = UNSET
    os: str | UnsetType | None = UNSET
    os_version: str | UnsetType | None = UNSET
    mac_addresses: Annotated[list[str], msgspec.Meta(max_length=MOST_MAC_ADDRESSES)] | UnsetType = UNSET
    last_seen_at: datetime | UnsetType | None = UNSET
    is_shared: bool | UnsetType = UNSET
    is_archived: bool | UnsetType = UNSET
    assigned_end_user_id: str | UnsetType | None = UNSET
    assigned_by: AssignedBy | UnsetType = UNSET


class AssetPushBody(msgspec.Struct, forbid_unknown_fields=True):
    """Assets of one Organization.

    Attributes:
        items: The assets, at most 1,000.
        complete: Whether these are all assets of the Organization. Then those that are not named are marked as gone.
        approval: The absence_hash of a refusal because too many would be gone, once somebody has looked at it.
    """

    items: Annotated[list[AssetPushItem], msgspec.Meta(max_length=MOST_PUSHED_ASSETS)]
    complete: bool = False
    approval: Annotated[str, msgspec.Meta(max_length=64)] = ""


_EXAMPLE = {
    "items": [
        {"external_id": "pc-17", "name": "LAPTOP-17", "kind": "laptop", "serial": "5CG1234ABC"},
        {"external_id": "srv-1", "name": "SRV01", "kind": "server", "os": "Windows Server 2022"},
    ]
}


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "organizations/{organization_id}/assets/bulk",
        needs=Need.MANAGE,
        summary="Create or update up to 1,000 assets by the portal's ids, with a result for each.",
        body=AssetPushBody,
        example=_EXAMPLE,
        answers={200: PushedAssets},
        max_body_bytes=MAX_BULK_BODY_BYTES,
    )
    def post_assets(call: RequestContext) -> ApiResponse:
        body, organization_id = call.body(AssetPushBody), organization_in_path(call)
        items = [_values(it) for it in body.items]
        results, gone = push_assets(
            call.services, call.actor, organization_id, items, is_complete=body.complete, approval=body.approval
        )
        if gone or any(it.result in {AssetPushResult.CREATED, AssetPushResult.UPDATED} for it in results):
            order_linking(Account(call.services, call.actor.account_id), organization_id)
        return personal(ok(pushed_assets(results, gone)))

    @routes.add(
        "GET",
        "organizations/{organization_id}/assets",
        needs=Need.READ,
        summary="The assets of an Organization.",
        query=(*PAGING, _EXTERNAL_ID, _END_USER, _LINK),
        answers={200: AssetPage},
    )
    def get_assets(call: RequestContext) -> ApiResponse:
        where = call.services, call.actor.account_id, organization_in_path(call)
        end_user_id, cursor, limit = call.query(_END_USER), call.query(CURSOR), call.query(LIMIT)
        if link := call.query(_LINK):
            found = list_by_link(*where, link=link, end_user_id=end_user_id, cursor=cursor, limit=limit)
        else:
            found = actions.list_assets(
                *where,
                external_id=call.query(_EXTERNAL_ID),
                end_user_id=end_user_id,
                cursor=cursor,
                limit=limit,
            )
        items = shown_assets(*where, found.page)
        return ok(AssetPage(items=items, total=found.total, next_cursor=found.cursor))

    @routes.add(
        "GET",
        "assets/{asset_id}",
        needs=Need.READ,
        summary="One asset.",
        answers={200: AssetView},
    )
    def get_asset(call: RequestContext) -> ApiResponse:
        found = actions.find_asset(call.services, call.actor.account_id, _asset(call))
        return ok(shown_assets(call.services, call.actor.account_id, found.asset.organization_id, [found])[0])

    @routes.add(
        "DELETE",
        "assets/{asset_id}",
        needs=Need.REMOVE,
        summary="Delete an asset. If the portal pushes it again, it is a new one.",
        answers={204: None},
    )
    def delete_asset(call: RequestContext) -> ApiResponse:
        asset_id = _asset(call)
        actions.delete_asset(call.services, call.actor, asset_id)
        order_linking(Account(call.services, call.actor.account_id), ids.organization_of(asset_id))
        return no_content()


def _asset(call: RequestContext) -> ids.AssetId:
    return ids.asset_id(call.param("asset_id"))


def _values(item: AssetPushItem) -> dict[str, Any]:
    """The fields that the item names."""
    return {name: value for name, value in msgspec.structs.asdict(item).items() if value is not UNSET}
