"""HTTP routes of decisions about an asset: which device it is, and whom it belongs to."""

from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from integrations.actions.asset_links.by_hand import assign_asset, link_asset, unlink_asset
from integrations.actions.asset_links.reading import shown_assets
from integrations.actions.assets.assets import find_asset
from integrations.domain import ids
from integrations.domain.assets.devices.serials import normal_device_id
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.people.assets import AssetView
from shared.errors import Invalid, Problem
from shared.http.responses import ApiResponse, no_content, ok


class AssetLinkBody(msgspec.Struct, forbid_unknown_fields=True):
    """The device that an asset is.

    Attributes:
        device_id: An id by which Microsoft knows the device: its object id, its device id, or its id in Intune.
    """

    device_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class AssetEndUserBody(msgspec.Struct, forbid_unknown_fields=True):
    """Whom an asset belongs to.

    Attributes:
        end_user_id: The End User, of the asset's Organization. Null if it belongs to nobody.
        is_automatic: Whether it follows the person of its device, as before anybody decided. Then end_user_id is left
            out.
    """

    end_user_id: ids.EndUserId | UnsetType | None = UNSET
    is_automatic: bool = False


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "PUT",
        "assets/{asset_id}/link",
        needs=Need.MANAGE,
        summary="Link an asset with a device by hand.",
        body=AssetLinkBody,
        example={"device_id": "1f0a3c5e-0000-4000-8000-00000000d001"},
        answers={200: AssetView},
    )
    def put_asset_link(call: RequestContext) -> ApiResponse:
        device_id = normal_device_id(call.body(AssetLinkBody).device_id) or ""
        link_asset(call.services, call.actor, asset_in_path(call), device_id)
        return _asset(call)

    @routes.add(
        "DELETE",
        "assets/{asset_id}/link",
        needs=Need.MANAGE,
        summary="Undo the link of an asset, or dismiss a proposed one. It is not made again by itself.",
        answers={204: None},
    )
    def delete_asset_link(call: RequestContext) -> ApiResponse:
        unlink_asset(call.services, call.actor, asset_in_path(call))
        return no_content()

    @routes.add(
        "PUT",
        "assets/{asset_id}/end-user",
        needs=Need.MANAGE,
        summary="Say whom an asset belongs to, or let it follow its device's person.",
        body=AssetEndUserBody,
        example={"end_user_id": "eu_abcdefghijkmnpqrstuvwxyz23456789"},
        answers={200: AssetView},
    )
    def put_asset_end_user(call: RequestContext) -> ApiResponse:
        body = call.body(AssetEndUserBody)
        if (body.end_user_id is UNSET) is not body.is_automatic:
            problem = Problem("/end_user_id", "an End User, or null; left out if is_automatic is true")
            raise Invalid("It is not clear whom the asset is to belong to.", problems=[problem])
        chosen = None if body.end_user_id is UNSET or body.end_user_id is None else ids.end_user_id(body.end_user_id)
        assign_asset(call.services, call.actor, asset_in_path(call), chosen, is_automatic=body.is_automatic)
        return _asset(call)


def asset_in_path(call: RequestContext) -> ids.AssetId:
    return ids.asset_id(call.param("asset_id"))


def _asset(call: RequestContext) -> ApiResponse:
    account_id = call.actor.account_id
    found = find_asset(call.services, account_id, asset_in_path(call))
    return ok(shown_assets(call.services, account_id, found.asset.organization_id, [found])[0])
