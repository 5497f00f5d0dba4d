"""HTTP routes of removals: their effects, start, list and state, and the purge of an unmapped tenant's data."""

from integrations.actions.mapping.purge import purge_now
from integrations.actions.removal.completion import mark_done
from integrations.actions.removal.start import remove, remove_all
from integrations.actions.removal.status import read_effects, read_effects_of_all, read_removal, read_removals
from integrations.domain import ids
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.removal.begun import AllBegun, Begun
from integrations.views.removal.effects import Effects
from integrations.views.removal.listing import RemovalPage
from integrations.views.removal.status import RemovalView
from shared.http.responses import ApiResponse, no_content, ok

_CONFIRM = text(
    "confirm", "The value of `confirm` in the effects of this removal.", most=1000, example="Contoso Dental"
)


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "integrations/{integration_id}/removal-effects",
        needs=Need.REMOVE,
        summary="The effects of removing this integration, and the word that confirms it.",
        answers={200: Effects},
    )
    def get_removal_effects(call: RequestContext) -> ApiResponse:
        integration_id = ids.integration_id(call.param("integration_id"))
        return ok(read_effects(call.services, call.actor, integration_id))

    @routes.add(
        "GET",
        "removal-effects",
        needs=Need.REMOVE,
        summary="The effects of removing all integrations, and the word that confirms it.",
        answers={200: Effects},
    )
    def get_effects_of_all(call: RequestContext) -> ApiResponse:
        return ok(read_effects_of_all(call.services, call.actor))

    @routes.add(
        "DELETE",
        "integrations/{integration_id}",
        needs=Need.REMOVE,
        summary="Remove an integration. It is hidden immediately; follow GET /removals/{removal_id}.",
        query=(_CONFIRM,),
        answers={202: Begun},
    )
    def delete_integration(call: RequestContext) -> ApiResponse:
        integration_id = ids.integration_id(call.param("integration_id"))
        return ok(remove(call.services, call.actor, integration_id, call.query(_CONFIRM)), status=202)

    @routes.add(
        "DELETE",
        "integrations",
        needs=Need.REMOVE,
        summary="Remove all integrations of the account.",
        query=(_CONFIRM,),
        answers={202: AllBegun},
    )
    def delete_integrations(call: RequestContext) -> ApiResponse:
        begun = remove_all(call.services, call.actor, call.query(_CONFIRM))
        return ok(AllBegun(removal_ids=list(begun)), status=202)

    @routes.add(
        "GET",
        "removals",
        needs=Need.READ,
        summary="The removals of the last 30 days, and those that leave something to do by hand, newest first.",
        query=PAGING,
        answers={200: RemovalPage},
    )
    def get_removals(call: RequestContext) -> ApiResponse:
        return ok(read_removals(call.services, call.actor, after=call.query(CURSOR), limit=call.query(LIMIT)))

    @routes.add(
        "GET",
        "removals/{removal_id}",
        needs=Need.REMOVE,
        summary="The state of a removal: its steps, what is left to do by hand, and its signed receipt.",
        answers={200: RemovalView},
    )
    def get_removal(call: RequestContext) -> ApiResponse:
        return ok(read_removal(call.services, call.actor, ids.removal_id(call.param("removal_id"))))

    @routes.add(
        "POST",
        "removals/{removal_id}/leftovers/{tenant_id}/done",
        needs=Need.REMOVE,
        summary="Mark as done what was left to do by hand in a tenant. Our own checks go on.",
        answers={200: RemovalView},
    )
    def post_leftover_done(call: RequestContext) -> ApiResponse:
        removal_id, tenant_id = ids.removal_id(call.param("removal_id")), ids.tenant_id(call.param("tenant_id"))
        mark_done(call.services, call.actor, removal_id, tenant_id)
        return ok(read_removal(call.services, call.actor, removal_id))

    @routes.add(
        "DELETE",
        "tenants/{tenant_id}/data",
        needs=Need.REMOVE,
        summary="Delete the data of an unmapped tenant now instead of after 30 days.",
        answers={204: None},
    )
    def delete_tenant_data(call: RequestContext) -> ApiResponse:
        purge_now(call.services, call.actor, ids.tenant_id(call.param("tenant_id")))
        return no_content()
