"""HTTP routes of the account's Organizations."""

from typing import Annotated, Any

import msgspec

from integrations.actions.lookup import find_organization
from integrations.actions.mapping import organizations as actions
from integrations.actions.mapping.organizations import MOST_DOMAINS
from integrations.domain import ids
from integrations.domain.integrations import Organization
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING
from integrations.triggers.http.routes import PREFIX, HttpRoutes, Need, RequestContext
from integrations.views.organizations import OrganizationPage, SavedOrganization, saved_organization
from shared.http.responses import ApiResponse, created, no_content, ok


class OrganizationBody(msgspec.Struct, forbid_unknown_fields=True):
    """An Organization. Without ``syncro_tenant_id`` a new one gets a Syncro Tenant of its own name.

    Attributes:
        name: The client's name. Invisible characters are removed, and it is cut to 256 characters.
        domains: The client's domains. They are stored in lower case and sorted; PUT replaces all of them.
        syncro_tenant_id: An existing Syncro Tenant. Null: a new one (POST), or the one it has (PUT).
    """

    name: Annotated[str, msgspec.Meta(min_length=1)]
    domains: Annotated[list[str], msgspec.Meta(max_length=MOST_DOMAINS)] = []
    syncro_tenant_id: ids.SyncroTenantId | None = None


_EXAMPLE = {"name": "Contoso Dental", "domains": ["contoso.example"]}


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "organizations",
        needs=Need.READ,
        summary="The account's Organizations.",
        query=PAGING,
        answers={200: OrganizationPage},
    )
    def get_organizations(call: RequestContext) -> ApiResponse:
        items, cursor = _page(call, call.services.control(call.actor.account_id).organizations)
        return ok(OrganizationPage(items=items, next_cursor=cursor))

    @routes.add(
        "POST",
        "organizations",
        needs=Need.MANAGE,
        summary="Create an Organization, and its Syncro Tenant unless one is given.",
        body=OrganizationBody,
        example=_EXAMPLE,
        answers={201: SavedOrganization},
    )
    def post_organization(call: RequestContext) -> ApiResponse:
        body = call.body(OrganizationBody)
        # Read before anything is written: what was created is never answered with an error.
        same_name = actions.others_of_name(call.services.control(call.actor.account_id), body.name)
        organization = actions.create_organization(
            call.services, call.actor, body.name, body.domains, _syncro_tenant(body)
        )
        return created(saved_organization(organization, same_name), f"{PREFIX}/organizations/{organization.id}")

    @routes.add(
        "GET",
        "organizations/{organization_id}",
        needs=Need.READ,
        summary="One Organization.",
        answers={200: Organization},
    )
    def get_organization(call: RequestContext) -> ApiResponse:
        control = call.services.control(call.actor.account_id)
        return ok(find_organization(control, _organization(call)).value)

    @routes.add(
        "PUT",
        "organizations/{organization_id}",
        needs=Need.MANAGE,
        summary="Rename an Organization, set its domains, or move it to another Syncro Tenant.",
        body=OrganizationBody,
        example=_EXAMPLE,
        answers={200: SavedOrganization},
    )
    def put_organization(call: RequestContext) -> ApiResponse:
        body = call.body(OrganizationBody)
        organization_id = _organization(call)
        same_name = actions.others_of_name(call.services.control(call.actor.account_id), body.name, organization_id)
        changed = actions.change_organization(
            call.services,
            call.actor,
            organization_id,
            name=body.name,
            domains=body.domains,
            syncro_tenant=_syncro_tenant(body),
        )
        return ok(saved_organization(changed, same_name))

    @routes.add(
        "DELETE",
        "organizations/{organization_id}",
        needs=Need.MANAGE,
        summary="Delete an Organization that has no End Users, no assets and no mapped Microsoft tenant.",
        answers={204: None},
    )
    def delete_organization(call: RequestContext) -> ApiResponse:
        actions.delete_organization(call.services, call.actor, _organization(call))
        return no_content()


def _organization(call: RequestContext) -> ids.OrganizationId:
    return ids.organization_id(call.param("organization_id"))


def _syncro_tenant(body: OrganizationBody) -> ids.SyncroTenantId | None:
    return ids.syncro_tenant_id(body.syncro_tenant_id) if body.syncro_tenant_id else None


def _page(call: RequestContext, documents: Any) -> tuple[list[Any], str | None]:
    """One page of a kind of control rows, in key order, and the cursor of the next."""
    limit = call.query(LIMIT)
    page = [stored.value for stored in documents.list(after=call.query(CURSOR), limit=limit + 1)]
    return page[:limit], page[limit - 1].id if len(page) > limit else None
