"""HTTP routes of integrations and tenants: the page's data, details, mapping, syncs and synced rows."""

import msgspec

from integrations.actions.mapping.map_tenant import map_tenant, unmap_tenant
from integrations.actions.read.findings import read_findings
from integrations.actions.read.overview import read_integration, read_overview, read_tenant
from integrations.actions.read.security import read_security
from integrations.actions.read.sync_queue import read_sync_queue
from integrations.actions.read.synced_data import read_licenses, read_rows, read_run, read_runs
from integrations.actions.sync.sync_now import sync_now
from integrations.domain import ids
from integrations.domain.sync.datasets import Run
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import Dataset, ReadRoute
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, cursor, flag, one_of, tenant, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.views.cursors import CURSOR_PATTERN
from integrations.views.datasets import Rows
from integrations.views.integration_details import IntegrationDetails
from integrations.views.organizations import MappingView, mapping_view
from integrations.views.security.findings import FindingList
from integrations.views.security.licenses import LicenseView
from integrations.views.security.security import Security
from integrations.views.sync_runs import Ordered, RunPage, SyncQueue
from integrations.views.table.attention import NEEDS
from integrations.views.table.overview import Overview
from integrations.views.table.tenant_page import (
    CSP_AUTHS,
    SORTS,
    STATUSES,
    SYNC_STATUSES,
    TableFilter,
)
from integrations.views.tenant_details import TenantDetails
from shared.http.responses import ApiResponse, no_content, ok

_SEARCH = text("q", "Part of a tenant's name, domain or id, or of its Syncro Tenant's name.", example="contoso")
_STATUS = one_of("status", "Only rows with this Sync Status or CSP Auth, or whose next check is overdue.", STATUSES)
_SYNC_STATUS = one_of("sync_status", "Only tenants with this Sync Status.", SYNC_STATUSES)
_CSP_AUTH = one_of("csp_auth", "Only customers of CSPs with this CSP Auth.", CSP_AUTHS)
_ATTENTION = one_of(
    "attention", "Only tenants that need attention for this reason, as attention counts them.", tuple(NEEDS)
)
_CSP = text("csp", "Only customers of this CSP: its CSP Name, or its integration id.", example="Northwind Partner")
_MAPPED = flag("mapped", "true: only mapped tenants. false: only those that are not mapped.", default=None)
_IGNORED = flag("ignored", "true: only ignored customers of CSPs. false: only the others.", default=False)
_SORT = one_of("sort", "The column to sort by. A minus sign sorts in descending order.", SORTS, default="name")
_CURSOR = cursor(CURSOR_PATTERN)
_QUEUED_TENANT = tenant("The tenant whose position in the queue you want to know.")


class MapTenant(msgspec.Struct, forbid_unknown_fields=True):
    """What a tenant is to be mapped to.

    Attributes:
        organization_id: The Organization to map the tenant to. Its Syncro Tenant must not be mapped to another one.
    """

    organization_id: ids.OrganizationId


def add_routes(routes: HttpRoutes) -> None:
    _add_reading(routes)
    _add_changing(routes)
    _add_synced(routes)
    for dataset in datasets.DATASETS:
        if dataset.route:
            _add_rows(routes, dataset, dataset.route)


def _add_reading(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "integrations",
        needs=Need.READ,
        summary="Everything the page shows: the menu, the CSPs, and a page of tenants.",
        query=(
            _SEARCH,
            _STATUS,
            _SYNC_STATUS,
            _CSP_AUTH,
            _ATTENTION,
            _CSP,
            _MAPPED,
            _IGNORED,
            _SORT,
            LIMIT,
            _CURSOR,
        ),
        answers={200: Overview},
    )
    def get_integrations(call: RequestContext) -> ApiResponse:
        return ok(read_overview(call.services, call.actor.account_id, _table_filter(call)))

    @routes.add(
        "GET",
        "integrations/{integration_id}",
        needs=Need.READ,
        summary="One integration: when it was authorized, and by whom.",
        answers={200: IntegrationDetails},
    )
    def get_integration(call: RequestContext) -> ApiResponse:
        integration_id = ids.integration_id(call.param("integration_id"))
        return ok(read_integration(call.services, call.actor.account_id, integration_id))

    @routes.add(
        "GET",
        "tenants/{tenant_id}",
        needs=Need.READ,
        summary="The details of a tenant, with the freshness of each data set.",
        answers={200: TenantDetails},
    )
    def get_tenant(call: RequestContext) -> ApiResponse:
        return ok(read_tenant(call.services, call.actor.account_id, _tenant(call)))


def _add_changing(routes: HttpRoutes) -> None:
    @routes.add(
        "PUT",
        "tenants/{tenant_id}/mapping",
        needs=Need.MANAGE,
        summary="Map a tenant to an Organization. This also starts its first sync.",
        body=MapTenant,
        example={"organization_id": "org_abcdefghijkmnpqrstuv"},
        answers={200: MappingView},
    )
    def put_mapping(call: RequestContext) -> ApiResponse:
        organization = ids.organization_id(call.body(MapTenant).organization_id)
        mapping = map_tenant(call.services, call.actor, _tenant(call), organization)
        return ok(mapping_view(_tenant(call), mapping))

    @routes.add(
        "DELETE",
        "tenants/{tenant_id}/mapping",
        needs=Need.MANAGE,
        summary="Unmap a tenant. Syncing stops, and its synced data is hidden immediately.",
        answers={204: None},
    )
    def delete_mapping(call: RequestContext) -> ApiResponse:
        unmap_tenant(call.services, call.actor, _tenant(call))
        return no_content()

    @routes.add(
        "POST",
        "tenants/{tenant_id}/sync",
        needs=Need.MANAGE,
        summary="Sync Now: start a sync, and follow it by its run id.",
        answers={202: Ordered},
    )
    def post_sync(call: RequestContext) -> ApiResponse:
        return ok(Ordered(run_id=sync_now(call.services, call.actor, _tenant(call))), status=202)


def _add_synced(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "sync-queue",
        needs=Need.READ,
        summary="What is queued, how long it has been waiting, and the position of one tenant.",
        query=(_QUEUED_TENANT,),
        answers={200: SyncQueue},
    )
    def get_sync_queue(call: RequestContext) -> ApiResponse:
        return ok(read_sync_queue(call.services, call.actor.account_id, call.query(_QUEUED_TENANT)))

    @routes.add(
        "GET",
        "tenants/{tenant_id}/runs",
        needs=Need.READ,
        summary="The sync history, newest run first.",
        query=PAGING,
        answers={200: RunPage},
    )
    def get_runs(call: RequestContext) -> ApiResponse:
        account_id, after, limit = call.actor.account_id, call.query(CURSOR), call.query(LIMIT)
        return ok(read_runs(call.services, account_id, _tenant(call), after=after, limit=limit))

    @routes.add(
        "GET",
        "tenants/{tenant_id}/runs/{run_id}",
        needs=Need.READ,
        summary="One sync run, with the result of each data set.",
        answers={200: Run},
    )
    def get_run(call: RequestContext) -> ApiResponse:
        run = ids.run_id(call.param("run_id"))
        return ok(read_run(call.services, call.actor.account_id, _tenant(call), run))

    @routes.add(
        "GET",
        "tenants/{tenant_id}/licenses",
        needs=Need.READ,
        summary="The tenant's licenses, as last synced.",
        query=PAGING,
        answers={200: Rows[LicenseView]},
    )
    def get_licenses(call: RequestContext) -> ApiResponse:
        account_id, cursor, limit = call.actor.account_id, call.query(CURSOR), call.query(LIMIT)
        return ok(read_licenses(call.services, account_id, _tenant(call), after=cursor, limit=limit))

    @routes.add(
        "GET",
        "tenants/{tenant_id}/security",
        needs=Need.READ,
        summary="Secure Score, MFA, directory roles and policies, each with its state and the time it was read.",
        answers={200: Security},
    )
    def get_security(call: RequestContext) -> ApiResponse:
        return ok(read_security(call.services, call.actor.account_id, _tenant(call)))

    @routes.add(
        "GET",
        "tenants/{tenant_id}/findings",
        needs=Need.READ,
        summary="What baselines say of a tenant: a verdict on each control, why, and how to meet it.",
        answers={200: FindingList},
    )
    def get_findings(call: RequestContext) -> ApiResponse:
        return ok(read_findings(call.services, call.actor.account_id, _tenant(call)))


def _add_rows(routes: HttpRoutes, dataset: Dataset, route: ReadRoute) -> None:
    """The route that returns the rows of one data set."""

    def read(call: RequestContext) -> ApiResponse:
        account_id, cursor, limit = call.actor.account_id, call.query(CURSOR), call.query(LIMIT)
        return ok(read_rows(call.services, account_id, _tenant(call), dataset, after=cursor, limit=limit))

    read.__name__ = f"get_{dataset.name}"
    routes.add(
        "GET",
        f"tenants/{{tenant_id}}/{route.path}",
        needs=Need.READ,
        summary=route.summary,
        query=PAGING,
        answers={200: Rows[dataset.record]},  # type: ignore[name-defined] # a type at run time
    )(read)


def _tenant(call: RequestContext) -> ids.TenantId:
    return ids.tenant_id(call.param("tenant_id"))


def _table_filter(call: RequestContext) -> TableFilter:
    return TableFilter(
        text=call.query(_SEARCH),
        status=call.query(_STATUS),
        sync_status=call.query(_SYNC_STATUS),
        csp_auth=call.query(_CSP_AUTH),
        attention=call.query(_ATTENTION),
        csp=call.query(_CSP),
        mapped=call.query(_MAPPED),
        ignored=call.query(_IGNORED),
        sort=call.query(_SORT),
        limit=call.query(LIMIT),
        cursor=call.query(_CURSOR),
    )
