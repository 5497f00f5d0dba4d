"""HTTP routes of what an account chooses for itself, and of the permissions that this asks for."""

from datetime import datetime
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from integrations.actions.account_settings import change_settings, exceptions_of, settings_of
from integrations.actions.read.permissions import permissions
from integrations.domain.account_settings import (
    MOST_OF_A_REASON,
    MOST_PEOPLE,
    Feature,
    MfaException,
    SettingsChange,
)
from integrations.domain.ids import EXAMPLE_TENANT, TenantId
from integrations.domain.text import clean
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.connect.permissions import PermissionList
from integrations.views.settings import AccountSettingsView, settings_view
from shared.http.responses import ApiResponse, ok

_PERCENT = Meta(extra_json_schema={"minimum": 0, "maximum": 100})
_PEOPLE = Meta(extra_json_schema={"minimum": 0, "maximum": MOST_PEOPLE})
_REASON = Meta(extra_json_schema={"minLength": 1, "maxLength": MOST_OF_A_REASON})


class ThresholdsBody(msgspec.Struct, forbid_unknown_fields=True):
    """Thresholds; those that are left out stay as they are.

    Attributes:
        secure_score: A Secure Score below this percentage is low.
        secure_score_drop: A Secure Score has dropped if it fell by this many percentage points within seven days.
        unprotected_people: A tenant is listed if more people than this are not protected by MFA.
    """

    secure_score: Annotated[float, _PERCENT] | UnsetType = UNSET
    secure_score_drop: Annotated[float, _PERCENT] | UnsetType = UNSET
    unprotected_people: Annotated[int, _PEOPLE] | UnsetType = UNSET


class ExceptionBody(msgspec.Struct, forbid_unknown_fields=True):
    """Somebody who is not to be counted as unprotected by MFA.

    Attributes:
        tenant_id: The Microsoft tenant, which must be in the account's table.
        user_id: The user's object id there.
        reason: Why there is an exception, in at most 128 characters.
        until: When it ends, with a time zone. Null or left out if it has no end.
    """

    tenant_id: TenantId
    user_id: str
    reason: Annotated[str, _REASON]
    until: datetime | None = None


class SettingsBody(msgspec.Struct, forbid_unknown_fields=True):
    """The settings to change; those that are left out stay as they are.

    Attributes:
        features: Features for which customers of the account's CSPs are granted more permissions.
        time_zone: The time zone in which the days of a history begin, by its name in the IANA database.
        thresholds: From where on a tenant is listed as needing attention.
        exceptions: All people who are not to be counted as unprotected by MFA, at most 200.
    """

    features: list[Feature] | UnsetType = UNSET
    time_zone: str | UnsetType = UNSET
    thresholds: ThresholdsBody | UnsetType = UNSET
    exceptions: list[ExceptionBody] | UnsetType = UNSET


_EXAMPLE = {
    "features": ["baselines"],
    "time_zone": "Europe/Berlin",
    "thresholds": {"secure_score": 40, "unprotected_people": 2},
    "exceptions": [
        {
            "tenant_id": EXAMPLE_TENANT,
            "user_id": "5c1d3f2a-0000-4000-8000-00000000bb01",
            "reason": "Break-glass account",
            "until": "2030-01-31T00:00:00Z",
        }
    ],
}


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "settings",
        needs=Need.READ,
        summary="What the account has chosen for itself.",
        answers={200: AccountSettingsView},
    )
    def get_settings(call: RequestContext) -> ApiResponse:
        return ok(_view(call))

    @routes.add(
        "PUT",
        "settings",
        needs=Need.MANAGE,
        summary="Change the settings. A feature that is turned on grants its permissions to customers of CSPs.",
        body=SettingsBody,
        example=_EXAMPLE,
        answers={200: AccountSettingsView},
    )
    def put_settings(call: RequestContext) -> ApiResponse:
        change_settings(call.services, call.actor, _wanted(call.body(SettingsBody)))
        return ok(_view(call))

    @routes.add(
        "GET",
        "permissions",
        needs=Need.READ,
        summary="Every permission that our application asks for, and why.",
        answers={200: PermissionList},
    )
    def get_permissions(_call: RequestContext) -> ApiResponse:
        return ok(permissions())


def _view(call: RequestContext) -> AccountSettingsView:
    control = call.services.control(call.actor.account_id)
    return settings_view(settings_of(control), exceptions_of(control))


def _wanted(body: SettingsBody) -> SettingsChange:
    return SettingsChange(
        features=None if body.features is UNSET else body.features,
        time_zone=None if body.time_zone is UNSET else body.time_zone,
        thresholds={} if body.thresholds is UNSET else msgspec.to_builtins(body.thresholds),
        exceptions=None if body.exceptions is UNSET else list(map(_exception, body.exceptions)),
    )


def _exception(body: ExceptionBody) -> MfaException:
    return MfaException(
        tenant_id=TenantId(body.tenant_id.lower()),
        user_id=body.user_id.lower(),
        reason=clean(body.reason, MOST_OF_A_REASON + 1),
        until=body.until,
    )
