"""HTTP routes of what an account chooses for itself, and of the permissions that this asks for."""

import msgspec

from integrations.actions.account_settings import change_settings, settings_of
from integrations.actions.read.permissions import permissions
from integrations.domain.account_settings import AccountSettings, Feature
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.connect.permissions import PermissionList
from shared.http.responses import ApiResponse, ok


class SettingsBody(msgspec.Struct, forbid_unknown_fields=True):
    """The settings, all of them.

    Attributes:
        features: Features for which customers of the account's CSPs are granted more permissions.
    """

    features: list[Feature]


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "settings",
        needs=Need.READ,
        summary="What the account has chosen for itself.",
        answers={200: AccountSettings},
    )
    def get_settings(call: RequestContext) -> ApiResponse:
        return ok(settings_of(call.services.control(call.actor.account_id)))

    @routes.add(
        "PUT",
        "settings",
        needs=Need.MANAGE,
        summary="Replace the settings. A feature that is turned on grants its permissions to customers of CSPs.",
        body=SettingsBody,
        example={"features": ["baselines"]},
        answers={200: AccountSettings},
    )
    def put_settings(call: RequestContext) -> ApiResponse:
        features = sorted(set(call.body(SettingsBody).features), key=lambda it: it.value)
        return ok(change_settings(call.services, call.actor, AccountSettings(features=features)))

    @routes.add(
        "GET",
        "permissions",
        needs=Need.READ,
        summary="Every permission that our application asks for, and why.",
        answers={200: PermissionList},
    )
    def get_permissions(_call: RequestContext) -> ApiResponse:
        return ok(permissions())
