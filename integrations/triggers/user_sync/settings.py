"""HTTP routes of a tenant's user sync: its settings, what they would change, and a plan that is held."""

from dataclasses import replace

import msgspec

from integrations.actions.user_sync.change import change_user_sync, release_plan, turn_user_sync_off
from integrations.actions.user_sync.plans import order_user_sync_plan, read_user_sync_plan
from integrations.actions.user_sync.reading import read_choices, read_user_sync
from integrations.domain import ids
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.triggers.http.routes import PREFIX, HttpRoutes, Need, RequestContext
from integrations.triggers.user_sync.requests import tenant_in_path
from integrations.views.user_sync.links import FilterChoices
from integrations.views.user_sync.plan import OrderedPlan, PlanView
from integrations.views.user_sync.user_sync import UserSyncView
from shared.http.responses import MAX_BULK_BODY_BYTES, ApiResponse, ok, with_etag

_SETTINGS = {"organizations": [{"organization_id": "org_abcdefghijkmnpqrstuv"}]}
_HASH = "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"


class PlanBody(msgspec.Struct, forbid_unknown_fields=True):
    """Settings to plan with.

    Attributes:
        settings: The settings. Nothing is changed.
    """

    settings: UserSyncSettings


class UserSyncBody(msgspec.Struct, forbid_unknown_fields=True):
    """How users are to be synced.

    Attributes:
        settings: Whom to take into which Organization, and which fields to keep.
        plan_hash: The hash of a plan with these settings that somebody has seen. It may be left out if only whose
            values count is different.
    """

    settings: UserSyncSettings
    plan_hash: str = ""


class ReleaseBody(msgspec.Struct, forbid_unknown_fields=True):
    """Which plan somebody has seen.

    Attributes:
        plan_hash: The hash of the plan that is held.
    """

    plan_hash: str


def add_routes(routes: HttpRoutes) -> None:
    _add_reading(routes)
    _add_plans(routes)
    _add_changing(routes)


def _add_reading(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/user-sync",
        needs=Need.READ,
        summary="The user sync of a tenant: its state, its settings, and a plan that is held.",
        answers={200: UserSyncView},
        refusals=("409",),
    )
    def get_user_sync(call: RequestContext) -> ApiResponse:
        return _user_sync(call)

    @routes.add(
        "GET",
        "tenants/{tenant_id}/user-sync/choices",
        needs=Need.READ,
        summary="Departments, offices, domains and groups that filters can name, with how many users have each.",
        answers={200: FilterChoices},
        refusals=("409",),
    )
    def get_user_sync_choices(call: RequestContext) -> ApiResponse:
        return ok(read_choices(call.services, call.actor.account_id, tenant_in_path(call)))


def _add_plans(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "tenants/{tenant_id}/user-sync/plan",
        needs=Need.MANAGE,
        summary="What a sync with these settings would change. Nothing is changed.",
        body=PlanBody,
        example={"settings": _SETTINGS},
        answers={200: PlanView, 202: OrderedPlan},
        max_body_bytes=MAX_BULK_BODY_BYTES,
    )
    def post_user_sync_plan(call: RequestContext) -> ApiResponse:
        tenant_id, settings = tenant_in_path(call), call.body(PlanBody).settings
        made = order_user_sync_plan(call.services, call.actor, tenant_id, settings)
        if isinstance(made, PlanView):
            return ok(made)
        location = f"{PREFIX}/tenants/{tenant_id}/user-sync/plans/{made.plan_id}"
        return ok(made, status=202, headers={"Location": location})

    @routes.add(
        "GET",
        "tenants/{tenant_id}/user-sync/plans/{plan_id}",
        needs=Need.READ,
        summary="A plan for many users, and how far it has come.",
        answers={200: OrderedPlan},
        refusals=("409",),
    )
    def get_user_sync_plan(call: RequestContext) -> ApiResponse:
        plan_id = ids.plan_id(call.param("plan_id"))
        return ok(read_user_sync_plan(call.services, call.actor.account_id, tenant_in_path(call), plan_id))


def _add_changing(routes: HttpRoutes) -> None:
    @routes.add(
        "PUT",
        "tenants/{tenant_id}/user-sync",
        needs=Need.MANAGE,
        summary="Turn the user sync on, or change its settings. The sync follows at once.",
        body=UserSyncBody,
        example={"settings": _SETTINGS, "plan_hash": _HASH},
        answers={200: UserSyncView},
        needs_version=True,
    )
    def put_user_sync(call: RequestContext) -> ApiResponse:
        body = call.body(UserSyncBody)
        change_user_sync(
            call.services,
            call.actor,
            tenant_in_path(call),
            body.settings,
            plan_hash=body.plan_hash,
            if_match=_if_match(call),
        )
        return with_etag(_user_sync(call), "")

    @routes.add(
        "DELETE",
        "tenants/{tenant_id}/user-sync",
        needs=Need.MANAGE,
        summary="Turn the user sync off. End Users stay as they are.",
        answers={200: UserSyncView},
        needs_version=True,
    )
    def delete_user_sync(call: RequestContext) -> ApiResponse:
        turn_user_sync_off(call.services, call.actor, tenant_in_path(call), _if_match(call))
        return with_etag(_user_sync(call), "")

    @routes.add(
        "POST",
        "tenants/{tenant_id}/user-sync/release",
        needs=Need.MANAGE,
        summary="Let the plan that is held be carried out. The sync follows at once.",
        body=ReleaseBody,
        example={"plan_hash": _HASH},
        answers={200: UserSyncView},
    )
    def post_user_sync_release(call: RequestContext) -> ApiResponse:
        release_plan(call.services, call.actor, tenant_in_path(call), call.body(ReleaseBody).plan_hash)
        return with_etag(_user_sync(call), "")


def _user_sync(call: RequestContext) -> ApiResponse:
    read = read_user_sync(call.services, call.actor.account_id, tenant_in_path(call))
    return replace(ok(read.view), version=read.version)


def _if_match(call: RequestContext) -> str:
    return str(call.request.headers.get("If-Match", ""))
