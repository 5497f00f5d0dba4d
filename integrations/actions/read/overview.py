"""Read what the page shows: the overview, a tenant's details, and an integration's details."""

import msgspec

from integrations.actions.account_settings import settings_of
from integrations.actions.csp.child_tenants import held_back_by
from integrations.actions.lookup import find_integration, find_tenant, steps_left
from integrations.actions.read.evaluations import evaluation_views
from integrations.actions.read.permissions import missing_permissions
from integrations.actions.read.tenant_data import TenantData
from integrations.actions.read_time import read_time
from integrations.domain.csp.customer_checks import up_to_date
from integrations.domain.csp.customers import counted_children
from integrations.domain.csp.report import Report
from integrations.domain.csp.roles import required_roles
from integrations.domain.ids import AccountId, IntegrationId, TenantId
from integrations.domain.integrations import Integration, Mapping, Tenant
from integrations.domain.sync.security_records import SecureScore
from integrations.domain.user_sync.stored.state import UserSyncHead
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.views.csp.auth import csp_auth_view
from integrations.views.csp.customer import CustomerDetails, customer_details
from integrations.views.datasets import dataset_view
from integrations.views.integration_details import (
    CspDetails,
    IntegrationDetails,
    SharedTenant,
    csp_details,
    integration_details,
)
from integrations.views.removal.listing import ended_removals
from integrations.views.status import ReadTime, given_up_view, held_back_view
from integrations.views.table.csp_row import csp_row
from integrations.views.table.overview import Overview, overview
from integrations.views.table.removal_row import removal_row
from integrations.views.table.tenant_page import TableFilter
from integrations.views.table.tenant_row import CspColumns, PortalNames, tenant_row
from integrations.views.tenant_details import OrganizationName, TenantDetails
from integrations.views.user_sync.chip import UserSyncChipView, chip_view, state_view


def read_overview(services: Services, account_id: AccountId, table_filter: TableFilter) -> Overview:
    """Everything the page shows at once.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    control = services.control(account_id)
    syncro_tenants = {it.value.id: it.value for it in control.syncro_tenants.list()}
    present = {it.value.id: it.value for it in control.integrations.list() if it.value.removal is None}
    csps = {key: it for key, it in present.items() if it.csp}
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id in present]
    at, portal, plan = read_time(services), _portal(services), control.plans.find(CURRENT)
    chips = {it.value.tenant_id: it.value for it in control.user_sync_chips.list()}
    shown = [it for it in tenants if (it.csp is not None and it.csp.is_ignored) == table_filter.ignored]
    rows = [
        tenant_row(
            it,
            syncro_tenants,
            portal,
            at,
            _columns(it, csps.get(it.integration_id), at),
            user_sync=chip_view(chips.get(it.tenant_id), it.epoch),
        )
        for it in shown
    ]
    csp_rows = [row for it in csps.values() if (row := csp_row(it, tenants, at))]
    removals = [it.value for it in control.removals.list()]
    return overview(
        [removal_row(it, at) for it in removals if it.is_under_way],
        ended_removals(removals, steps_left(control, removals)),
        sorted(csp_rows, key=lambda it: it.name.casefold()),
        rows,
        table_filter,
        has_integrations=bool(present),
        plan=given_up_view(plan.value.given_up if plan else None, at),
    )


def read_tenant(services: Services, account_id: AccountId, tenant_id: TenantId) -> TenantDetails:
    """The details page of a tenant.

    Raises:
        NotFound: there is no such tenant.
    """
    control = services.control(account_id)
    tenant = find_tenant(control, tenant_id).value
    mapped_to = tenant.mapping and control.syncro_tenants.find(tenant.mapping.syncro_tenant_id)
    syncro_tenants = {mapped_to.value.id: mapped_to.value} if mapped_to else {}
    data, at = TenantData(services, account_id, tenant), read_time(services)
    users = data.cursors.get("users")
    csp = control.integrations.find(tenant.integration_id) if tenant.csp else None
    columns = _columns(tenant, csp.value if csp else None, at)
    chip = control.user_sync_chips.find(tenant_id)
    shown = chip_view(chip.value if chip else None, tenant.epoch)
    return TenantDetails(
        tenant=tenant_row(tenant, syncro_tenants, _portal(services), at, columns, user_sync=shown),
        user_sync=shown or _user_sync(services, account_id, tenant),
        held_back=held_back_view(held_back_by(control, tenant)),
        csp=_customer(services, control, tenant),
        user_count=users.counts_by_kind.get("member", 0) if users and users.complete_at else None,
        organizations=_organizations(control, tenant.mapping),
        secure_score=data.secure_score(data.rows("secure_score", SecureScore)),
        mfa=data.mfa(),
        licenses=data.licenses(),
        datasets=[dataset_view(cursor) for cursor in data.cursors.values()],
        evaluations=evaluation_views(services, data),
        missing_permissions=missing_permissions(tenant, settings_of(control).features),
        given_up=[view for it in tenant.purges_given_up.values() if (view := given_up_view(it, at))],
    )


def read_integration(services: Services, account_id: AccountId, integration_id: IntegrationId) -> IntegrationDetails:
    """The details of one integration.

    Raises:
        NotFound: there is no such integration, or it is being removed.
    """
    control = services.control(account_id)
    integration = find_integration(control, integration_id).value
    stored = control.reports.find(integration_id)
    report = _current(control, stored.value) if stored else None
    return integration_details(integration, report, _csp(services, control, integration))


def _user_sync(services: Services, account_id: AccountId, tenant: Tenant) -> UserSyncChipView | None:
    """The state of a mapped tenant's user sync."""
    if tenant.mapping is None:
        return None
    stored = services.user_sync(account_id, tenant.tenant_id).find_head()
    head = stored.value if stored else UserSyncHead()
    return state_view(head.state_at(tenant.epoch, is_paused=tenant.paused is not None))


def _current(control: Control, report: Report) -> Report:
    """The report of a CSP's last run, with the checks of its customers as they are now."""
    customers = counted_children([it.value for it in control.tenants.list()], report.integration_id)
    return msgspec.structs.replace(report, checks=up_to_date(report.checks, customers))


def _columns(tenant: Tenant, csp: Integration | None, at: ReadTime) -> CspColumns | None:
    """CSP Name and CSP Auth of a customer; None for a single tenant."""
    if tenant.csp is None:
        return None
    return CspColumns(csp.name if csp else "", csp_auth_view(tenant, csp, at))


def _organizations(control: Control, mapping: Mapping | None) -> list[OrganizationName]:
    """All Organizations under the Syncro Tenant that a tenant is mapped to."""
    if mapping is None:
        return []
    return [
        OrganizationName(id=it.value.id, name=it.value.name)
        for it in control.organizations.list()
        if it.value.syncro_tenant_id == mapping.syncro_tenant_id
    ]


def _customer(services: Services, control: Control, tenant: Tenant) -> CustomerDetails | None:
    if tenant.csp is None:
        return None
    access = control.access_states.find(tenant.tenant_id)
    required = required_roles(services.settings.csp_required_roles)
    return customer_details(tenant.csp, access.value if access else None, required, services.clock())


def _csp(services: Services, control: Control, integration: Integration) -> CspDetails | None:
    if integration.csp is None:
        return None
    credential = control.credentials.find(integration.id)
    shared = [(key, control.tenants.find(key)) for key in integration.csp.shared]
    return csp_details(
        integration,
        integration.csp,
        credential.value if credential else None,
        [SharedTenant(tenant_id=key, name=row.value.name if row else "") for key, row in shared],
        read_time(services),
    )


def _portal(services: Services) -> PortalNames:
    return PortalNames(services.settings.product_name, services.settings.portal_url)
