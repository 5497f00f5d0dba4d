"""HTTP routes of how assets are linked, and of decisions: which device an asset is, and whom it belongs to."""

from dataclasses import replace
from typing import Annotated

import msgspec
from msgspec import UNSET, UnsetType

from integrations.actions.asset_links.by_hand import assign_asset, link_asset, unlink_asset
from integrations.actions.asset_links.reading import shown_assets
from integrations.actions.asset_links.settings import change_asset_links, read_asset_links
from integrations.actions.assets.assets import find_asset
from integrations.domain import ids
from integrations.domain.assets.devices.serials import normal_device_id
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.people.asset_links import AssetLinksView
from integrations.views.people.assets import AssetView
from shared.errors import Invalid, Problem
from shared.http.responses import ApiResponse, no_content, ok, with_etag


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


class AssetLinkSettingsBody(msgspec.Struct, forbid_unknown_fields=True):
    """How assets are to be linked.

    Attributes:
        settings: The settings. Fields that are left out have their defaults.
    """

    settings: AssetLinkSettings


def add_routes(routes: HttpRoutes) -> None:
    _add_settings(routes)
    _add_decisions(routes)


def _add_settings(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/asset-links",
        needs=Need.READ,
        summary="How the assets of a tenant are linked with its devices.",
        answers={200: AssetLinksView},
        refusals=("409",),
    )
    def get_asset_links(call: RequestContext) -> ApiResponse:
        return _links(call)

    @routes.add(
        "PUT",
        "tenants/{tenant_id}/asset-links",
        needs=Need.MANAGE,
        summary="Change how the assets of a tenant are linked. They are looked at anew at once.",
        body=AssetLinkSettingsBody,
        example={"settings": {"link_by_name": True, "junk_serials": ["REFURB-0001"]}},
        answers={200: AssetLinksView},
        needs_version=True,
    )
    def put_asset_links(call: RequestContext) -> ApiResponse:
        settings, if_match = call.body(AssetLinkSettingsBody).settings, str(call.request.headers.get("If-Match", ""))
        change_asset_links(call.services, call.actor, tenant_in_path(call), settings, if_match)
        return with_etag(_links(call), "")


def _add_decisions(routes: HttpRoutes) -> None:
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


def tenant_in_path(call: RequestContext) -> ids.TenantId:
    return ids.tenant_id(call.param("tenant_id"))


def _links(call: RequestContext) -> ApiResponse:
    read = read_asset_links(call.services, call.actor.account_id, tenant_in_path(call))
    return replace(ok(read.view), version=read.version)


def asset_in_path(call: RequestContext) -> ids.AssetId:
    return ids.asset_id(call.param("asset_id"))


def _asset(call: RequestContext) -> ApiResponse:
    account_id = call.actor.account_id
    found = find_asset(call.services, account_id, asset_in_path(call))
    return ok(shown_assets(call.services, account_id, found.asset.organization_id, [found])[0])
