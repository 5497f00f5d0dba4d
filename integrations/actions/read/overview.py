"""What the page and a tenant's details show: reads only, put together from rows."""

from datetime import datetime

import msgspec

from integrations.actions.lookup import find_integration, find_tenant
from integrations.actions.moment import moment_of
from integrations.actions.read.evaluations import EvaluationView, evaluation_views
from integrations.actions.read.security import Held
from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.csp.roles import required_roles
from integrations.domain.ids import AccountId, IntegrationId, TenantId
from integrations.domain.integrations import Integration, Tenant
from integrations.domain.removal import Removal
from integrations.domain.security.posture import LicenseFigures, MfaFigures, SecureScoreView
from integrations.domain.sync.datasets import Cursor, warning_of
from integrations.services import Services
from integrations.storage.control import CURRENT, Control
from integrations.views.csp import (
    CheckView,
    CustomerDetails,
    StatusChangeView,
    check_view,
    csp_auth_view,
    csp_row,
    customer_details,
    history_view,
)
from integrations.views.page import (
    CspColumns,
    Moment,
    Naming,
    Overview,
    RemovalRow,
    StatusView,
    TableFilter,
    TenantRow,
    given_up_view,
    overview,
    status_view,
    tenant_row,
    to_second,
)


class DatasetView(msgspec.Struct, frozen=True, kw_only=True):
    """How fresh one data set is. ``as_of`` is when it was last read completely."""

    dataset: str
    state: str
    as_of: datetime | None
    attempted_at: datetime
    count: int
    error: str


class OrganizationName(msgspec.Struct, frozen=True, kw_only=True):
    id: str
    name: str


class TenantDetails(msgspec.Struct, frozen=True, kw_only=True):
    """The details page of a tenant; ``csp`` is there for a CSP's customer only.

    ``given_up`` are deletions of earlier mappings' data in which our own service fails.
    """

    tenant: TenantRow
    csp: CustomerDetails | None
    user_count: int | None
    organizations: list[OrganizationName]
    secure_score: SecureScoreView
    mfa: MfaFigures
    licenses: LicenseFigures
    datasets: list[DatasetView]
    evaluations: list[EvaluationView]
    given_up: list[StatusView]


class SharedTenant(msgspec.Struct, frozen=True, kw_only=True):
    """A customer that is in the table another way, as a single tenant or through another CSP."""

    tenant_id: str
    name: str


class FailedReauthorization(msgspec.Struct, frozen=True, kw_only=True):
    at: datetime
    reason: str
    detail: str


class CspDetails(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a CSP besides: how it stands, why, and what was accepted."""

    sync_status: StatusView
    account: str
    prerequisites_version: str
    prerequisites_accepted_at: datetime
    prerequisites_accepted_by: str
    credential_renewed_at: datetime | None
    failed_reauthorization: FailedReauthorization | None
    already_integrated: list[SharedTenant]
    former_names: list[str]


class IntegrationDetails(msgspec.Struct, frozen=True, kw_only=True):
    """One integration. ``csp``, ``checks`` and ``history`` are a CSP's."""

    id: str
    kind: str
    name: str
    tenant_id: str
    connected_at: datetime
    last_authorized_at: datetime
    authorized_by: str
    version: int
    csp: CspDetails | None
    checks: list[CheckView]
    history: list[StatusChangeView]


def read_overview(services: Services, account_id: AccountId, wanted: TableFilter) -> Overview:
    control = services.control(account_id)
    names = {it.value.id: it.value for it in control.syncro_tenants.list()}
    present = {it.value.id: it.value for it in control.integrations.list() if it.value.removal is None}
    csps = {key: it for key, it in present.items() if it.csp}
    tenants = [it.value for it in control.tenants.list() if it.value.integration_id in present]
    moment, naming, plan = moment_of(services), _naming(services), control.plans.find(CURRENT)
    shown = [it for it in tenants if (it.csp is not None and it.csp.is_ignored) == wanted.ignored]
    rows = [tenant_row(it, names, naming, moment, _columns(it, csps.get(it.integration_id), moment)) for it in shown]
    above = [row for it in csps.values() if (row := csp_row(it, tenants, moment))]
    leaving = [_removal_row(it.value, moment) for it in control.removals.list() if it.value.is_under_way]
    failing = given_up_view(plan.value.given_up if plan else None, moment)
    return overview(leaving, sorted(above, key=lambda row: row.name.casefold()), rows, wanted, failing)


def _removal_row(removal: Removal, moment: Moment) -> RemovalRow:
    return RemovalRow(
        id=removal.id,
        name=removal.name,
        kind=removal.kind.value,
        requested_at=removal.requested_at.replace(microsecond=0),
        given_up=given_up_view(removal.given_up, moment),
        overdue_since=moment.overdue_since(removal.next_at, removal.running),
    )


def _columns(tenant: Tenant, csp: Integration | None, moment: Moment) -> CspColumns | None:
    """CSP Name and CSP Auth of a customer."""
    if tenant.csp is None:
        return None
    return CspColumns(csp.name if csp else "", csp_auth_view(tenant, csp, moment))


def read_tenant(services: Services, account_id: AccountId, tenant_id: TenantId) -> TenantDetails:
    control = services.control(account_id)
    tenant = find_tenant(control, tenant_id).value
    mapping = tenant.mapping
    known = mapping and control.syncro_tenants.find(mapping.syncro_tenant_id)
    names = {known.value.id: known.value} if known else {}
    under = [
        OrganizationName(id=it.value.id, name=it.value.name)
        for it in (control.organizations.list() if mapping else [])
        if mapping and it.value.syncro_tenant_id == mapping.syncro_tenant_id
    ]
    held, moment = Held(services, account_id, tenant), moment_of(services)
    users, figures = held.cursors.get("users"), held.figures()
    csp = control.integrations.find(tenant.integration_id) if tenant.csp else None
    columns = _columns(tenant, csp.value if csp else None, moment)
    return TenantDetails(
        tenant=tenant_row(tenant, names, _naming(services), moment, columns),
        csp=_customer(services, control, tenant),
        user_count=users.counts_by_kind.get("member", 0) if users and users.complete_at else None,
        organizations=under,
        secure_score=figures.secure_score,
        mfa=figures.mfa,
        licenses=figures.licenses,
        datasets=[_dataset(cursor) for cursor in held.cursors.values()],
        evaluations=evaluation_views(services, held),
        given_up=[it for it in (given_up_view(one, moment) for one in tenant.purges_given_up.values()) if it],
    )


def _customer(services: Services, control: Control, tenant: Tenant) -> CustomerDetails | None:
    if tenant.csp is None:
        return None
    facts = control.access_states.find(tenant.tenant_id)
    required = required_roles(services.settings.csp_required_roles)
    return customer_details(tenant.csp, facts.value if facts else None, required, services.clock())


def read_integration(services: Services, account_id: AccountId, integration_id: IntegrationId) -> IntegrationDetails:
    control: Control = services.control(account_id)
    it: Integration = find_integration(control, integration_id).value
    report = control.reports.find(integration_id)
    return IntegrationDetails(
        id=it.id,
        kind=it.kind.value,
        name=it.name,
        tenant_id=it.tenant_id,
        connected_at=it.created_at.replace(microsecond=0),
        last_authorized_at=it.proof.proven_at.replace(microsecond=0),
        authorized_by=it.proof.object_id,
        version=it.version,
        csp=_csp(services, control, it),
        checks=[check_view(one) for one in (report.value.checks if report else [])],
        history=history_view(report.value.history if report else []),
    )


def _csp(services: Services, control: Control, it: Integration) -> CspDetails | None:
    if it.csp is None:
        return None
    credential, failed = control.credentials.find(it.id), it.csp.failed_attempt
    shared = [(key, control.tenants.find(key)) for key in it.csp.shared]
    return CspDetails(
        sync_status=status_view(it.csp.status, moment_of(services), it.csp.running),
        account=it.csp.account,
        prerequisites_version=it.csp.acceptance.version,
        prerequisites_accepted_at=it.csp.acceptance.accepted_at.replace(microsecond=0),
        prerequisites_accepted_by=it.csp.acceptance.accepted_by,
        credential_renewed_at=to_second(credential.value.kept_at) if credential else None,
        failed_reauthorization=FailedReauthorization(
            at=failed.at.replace(microsecond=0), reason=failed.reason, detail=ADVICE[FlowFailure(failed.reason)].detail
        )
        if failed
        else None,
        already_integrated=[SharedTenant(tenant_id=key, name=row.value.name if row else "") for key, row in shared],
        former_names=[change.name for change in it.former_names],
    )


def _dataset(cursor: Cursor) -> DatasetView:
    return DatasetView(
        dataset=cursor.dataset,
        state=cursor.outcome.value,
        as_of=cursor.complete_at.replace(microsecond=0) if cursor.complete_at else None,
        attempted_at=cursor.attempted_at.replace(microsecond=0),
        count=sum(cursor.counts_by_kind.values()),
        error=cursor.error or warning_of(cursor),
    )


def _naming(services: Services) -> Naming:
    return Naming(services.settings.product_name, services.settings.portal_url)
