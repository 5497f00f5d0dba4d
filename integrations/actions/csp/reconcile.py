"""Settle what a CSP run found: a row for each customer, its facts beside it, and the next step of each.

Rows are written together, two dozen customers a transaction, and only where something changed. A row that
somebody else changed in the same moment is read again and settled by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.csp.discovery import Discovery, FoundCustomer
from integrations.domain.csp.customers import (
    AccessState,
    access_to_judge,
    child_of,
    children,
    discovered,
    is_forgotten,
    judge,
    reappear,
    vanish,
)
from integrations.domain.csp.gdap import RoleId
from integrations.domain.csp.onboarding import Stage
from integrations.domain.csp.roles import required_roles
from integrations.domain.ids import IntegrationId, TenantId, new_epoch
from integrations.domain.integrations import Integration, Kind, Tenant
from integrations.domain.jobs.orders import CustomerOrder
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import ORDER_LIFE, UNMAPPED_EVERY
from integrations.microsoft.limits import ONBOARDING_STEPS_PER_SECOND
from integrations.microsoft.permissions import version_of_permissions
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work

_TOGETHER = 24  # customers a transaction, four rows each at the most


class _Known(NamedTuple):
    """What stands about one customer, and what has just been found."""

    tenant: Stored[Tenant] | None
    facts: Stored[AccessState] | None
    found: FoundCustomer


class ReconcileContext(NamedTuple):
    """What all customers of one CSP are judged by. ``is_whole``: no list has lost an item."""

    integration_id: IntegrationId
    required: frozenset[RoleId]
    permissions: str
    now: datetime
    is_whole: bool = True


def reconcile_customers(account: Account, integration: Integration, listing: Discovery) -> list[TenantId]:
    """Write every row that changed; returns customers that are in the table another way.

    Nobody is taken for gone when lists have lost items that could not be read.

    Raises:
        VersionConflict: a row kept changing under our hands.
    """
    control = account.control
    by, found = reconcile_context(account.services, integration.id, is_whole=listing.is_whole), listing.found
    tenants = {it.value.tenant_id: it for it in control.tenants.list()}
    facts = {it.value.tenant_id: it for it in control.access_states.list()}
    shared = [it.customer.tenant_id for it in found if _is_elsewhere(tenants.get(it.customer.tenant_id), by)]
    known = [
        _Known(tenants.get(it.customer.tenant_id), facts.get(it.customer.tenant_id), it)
        for it in found
        if it.customer.tenant_id not in shared
    ]
    settled = [it for it in (_reconciled(by, one) for one in known) if it is not None]
    for start in range(0, len(settled), _TOGETHER):
        _write(account, by, settled[start : start + _TOGETHER])
    for place, it in enumerate(it for it in settled if _is_step_new(it, by.now)):
        send_step(account, it.tenant, place=place)
    if listing.is_whole:
        present = {it.customer.tenant_id for it in found}
        _reconcile_vanished(account, by, [it for key, it in tenants.items() if key not in present])
    return shared


def reconcile_context(services: Services, integration_id: IntegrationId, *, is_whole: bool = True) -> ReconcileContext:
    return ReconcileContext(
        integration_id,
        required_roles(services.settings.csp_required_roles),
        version_of_permissions(),
        services.clock(),
        is_whole,
    )


def order_step(account: Account, tenant: Tenant) -> None:
    """Have the step that the customer's row tells taken when it is due."""
    next_at = child_of(tenant).progress.next_at
    if next_at is not None:
        account.services.due.put(Due(Work.CUSTOMER, account.id, tenant.tenant_id, next_at))
    send_step(account, tenant)


def plan_step(change: Change, tenant: Tenant) -> None:
    """Have the next step of the changed customer taken when it is due; ``send_step`` afterwards has it taken sooner."""
    next_at = child_of(tenant).progress.next_at
    if next_at is not None:
        change.due(Work.CUSTOMER, tenant.tenant_id, next_at)


def send_step(account: Account, tenant: Tenant, *, place: int = 0) -> None:
    """Send the step's order, if its time comes soon; ``place`` in a row spreads many over time."""
    services, next_at = account.services, child_of(tenant).progress.next_at
    if next_at is None:
        return
    wait_s = max(0.0, (next_at - services.clock()).total_seconds())
    if wait_s > ORDER_LIFE.total_seconds() / 2:
        return  # the reconciler orders it when its time comes
    order = CustomerOrder(account_id=account.id, tenant_id=tenant.tenant_id)
    services.send(order, delay_s=round(wait_s) + place // ONBOARDING_STEPS_PER_SECOND)


class _Reconciled(NamedTuple):
    """A customer's row as it should be, and its facts if they have changed."""

    known: _Known
    tenant: Tenant
    facts: AccessState | None


def _reconciled(by: ReconcileContext, known: _Known) -> _Reconciled | None:
    """The customer's row as it should be; None when nothing changed."""
    found = known.found
    before = known.tenant.value if known.tenant else None
    if before and before.removal:
        return None
    tenant = before or discovered(found.customer, by.integration_id, by.now, epoch=new_epoch())
    tenant = reappear(tenant)
    if child_of(tenant).progress.stage is not Stage.DONE:  # from then on the tenant tells its name itself
        tenant = tenant.renamed(found.customer.name, by.now)
    if found.customer.domain and tenant.default_domain is None:
        tenant = msgspec.structs.replace(tenant, default_domain=found.customer.domain)
    facts = access_to_judge(
        found.facts, known.facts.value if known.facts else None, is_complete=found.is_whole, are_all_listed=by.is_whole
    )
    tenant = judge(tenant, facts, by.required, by.permissions, by.now)
    is_same = facts is None or (known.facts is not None and known.facts.value.equals(facts))
    return None if is_same and tenant == before else _Reconciled(known, tenant, None if is_same else facts)


def _write(account: Account, by: ReconcileContext, settled: Sequence[_Reconciled]) -> None:
    try:
        with account.change() as change:
            for it in settled:
                _add(change, it, by.now)
    except VersionConflict:
        for it in settled:
            _write_alone(account, by, it.known.found)


def _write_alone(account: Account, by: ReconcileContext, found: FoundCustomer) -> None:
    """One customer that was, or may have been, changed by somebody else in the same moment."""
    key, control = found.customer.tenant_id, account.control

    def write() -> None:
        known = _Known(control.tenants.find(key), control.access_states.find(key), found)
        settled = None if _is_elsewhere(known.tenant, by) else _reconciled(by, known)
        if settled is not None:
            with account.change() as change:
                _add(change, settled, by.now)

    retry_on_conflict(write)


def _add(change: Change, it: _Reconciled, at: datetime) -> None:
    """Its rows and its audit entries; its next step is due, and so is a sync when CSP Auth has let it go again."""
    known, control = it.known, change.account.control
    before = known.tenant.value if known.tenant else None
    if known.tenant is None:
        change.write(control.tenants.added(it.tenant))
    elif known.tenant.value != it.tenant:
        change.write(control.tenants.saved(known.tenant.now(it.tenant)))
    if it.facts is not None:
        change.write(
            control.access_states.saved(known.facts.now(it.facts))
            if known.facts
            else control.access_states.added(it.facts)
        )
    audit_status(change, "check_csp", before, it.tenant)
    if _is_step_new(it, at):
        plan_step(change, it.tenant)
    now = change.account.services.clock()
    freed = {SyncCause.QUEUED: now, SyncCause.NAME_READ: now + UNMAPPED_EVERY}.get(it.tenant.status.cause)
    if freed is not None and (before is None or before.status.cause is not it.tenant.status.cause):
        change.due(Work.SYNC, it.tenant.tenant_id, freed)


def _is_step_new(it: _Reconciled, now: datetime) -> bool:
    """Whether a step is to be ordered: a newly planned one, or one whose order may have been lost."""
    next_at = child_of(it.tenant).progress.next_at
    before = child_of(it.known.tenant.value).progress.next_at if it.known.tenant else None
    return next_at is not None and (next_at != before or next_at <= now)


def _reconcile_vanished(account: Account, by: ReconcileContext, others: list[Stored[Tenant]]) -> None:
    """Customers that Microsoft lists no more: kept as Missing Admin Relationship, and after long forgotten."""
    ours = {it.tenant_id for it in children((it.value for it in others), by.integration_id)}
    for stored in others:
        tenant_id = stored.value.tenant_id
        if tenant_id not in ours or stored.value.removal:
            continue
        with ignore_conflict("left a customer to the next run", tenant_id=tenant_id), account.change() as change:
            if is_forgotten(stored.value, by.now):
                _forget(change, by, stored)
            else:
                _mark_vanished(change, by, stored)


def _forget(change: Change, by: ReconcileContext, stored: Stored[Tenant]) -> None:
    account, tenant_id = change.account, stored.value.tenant_id
    facts, holders = account.control.access_states.find(tenant_id), account.services.holders
    holders.release(tenant_id, account.id, by.integration_id, by.now)
    holders.finish_removal(tenant_id)  # Microsoft does not let the partner in any more: nothing to withdraw
    change.write(account.control.tenants.removed(stored))
    if facts:
        change.write(account.control.access_states.removed(facts))
    subject = {"tenant_id": tenant_id, "integration_id": stored.value.integration_id}
    change.audit(account.system_actor("check_csp"), "forgot customer", subject)


def _mark_vanished(change: Change, by: ReconcileContext, stored: Stored[Tenant]) -> None:
    control, tenant_id = change.account.control, stored.value.tenant_id
    facts, none = control.access_states.find(tenant_id), AccessState(tenant_id=tenant_id, read_at=by.now, account="")
    gone = judge(vanish(stored.value, by.now), none, by.required, by.permissions, by.now)
    if gone != stored.value:
        change.write(control.tenants.saved(stored.now(gone)))
    audit_status(change, "check_csp", stored.value, gone)
    if facts and not facts.value.equals(none):
        change.write(control.access_states.saved(facts.now(none)))


def _is_elsewhere(tenant: Stored[Tenant] | None, by: ReconcileContext) -> bool:
    """Whether the tenant is in the account as a single one, or through another CSP."""
    return tenant is not None and (tenant.value.kind is Kind.SINGLE or tenant.value.integration_id != by.integration_id)
