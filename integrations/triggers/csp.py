"""HTTP routes of CSPs: prerequisites, access check, and ignored customers."""

import msgspec

from integrations.actions.csp.manage import check_access, ignore_tenant
from integrations.domain import ids
from integrations.domain.connect.prerequisites import Prerequisites, prerequisites
from integrations.domain.csp.roles import required_roles, role_names
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.csp.checks import CheckOrdered
from shared.http.responses import ApiResponse, no_content, ok


class IgnoreTenant(msgspec.Struct, forbid_unknown_fields=True):
    """Whether a CSP's customer is ignored.

    Attributes:
        ignored: Whether the customer is hidden from the table.
    """

    ignored: bool


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "prerequisites/csp",
        needs=Need.READ,
        summary="What a CSP must have in place. Send its version back when integrating.",
        answers={200: Prerequisites},
    )
    def get_csp_prerequisites(call: RequestContext) -> ApiResponse:
        required = required_roles(call.services.settings.csp_required_roles)
        return ok(prerequisites(role_names(required)))

    @routes.add(
        "POST",
        "integrations/{integration_id}/access-check",
        needs=Need.MANAGE,
        summary="Check a CSP's access now; see checks of GET /integrations/{integration_id}.",
        answers={202: CheckOrdered},
    )
    def post_access_check(call: RequestContext) -> ApiResponse:
        integration_id = ids.integration_id(call.param("integration_id"))
        check_access(call.services, call.actor, integration_id)
        return ok(CheckOrdered(integration_id=integration_id), status=202)

    @routes.add(
        "PUT",
        "tenants/{tenant_id}/ignored",
        needs=Need.MANAGE,
        summary="Hide a CSP's customer from the table, or show it again.",
        body=IgnoreTenant,
        example={"ignored": True},
        answers={204: None},
    )
    def put_ignored(call: RequestContext) -> ApiResponse:
        tenant = ids.tenant_id(call.param("tenant_id"))
        ignore_tenant(call.services, call.actor, tenant, is_ignored=call.body(IgnoreTenant).ignored)
        return no_content()
