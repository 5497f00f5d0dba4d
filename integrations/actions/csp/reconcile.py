"""Reconcile what a CSP run found with the stored rows: a row per customer, its access state, and its next step.

Rows are written together, two dozen customers in a transaction, and only if something changed. A row that somebody
else changed in the meantime is read again and reconciled by itself.
"""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.audit.entries import audit_status
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.csp.discovery import Discovery, FoundCustomer
from integrations.actions.csp.reconcile_context import ReconcileContext, reconcile_context
from integrations.actions.csp.steps import is_step_new, plan_step, send_step
from integrations.actions.csp.vanished import reconcile_vanished
from integrations.domain.csp.customers import AccessState, access_to_judge, child_of, discovered, judge, reappear
from integrations.domain.csp.onboarding import Stage
from integrations.domain.ids import TenantId, new_epoch
from integrations.domain.integrations import Integration, Kind, Tenant
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import UNMAPPED_EVERY
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.due import Work

_CUSTOMERS_A_TRANSACTION = 24  # of at most four rows each


class _Known(NamedTuple):
    """The stored rows of one customer, and what has just been found."""

    tenant: Stored[Tenant] | None
    access: Stored[AccessState] | None
    found: FoundCustomer


class _Reconciled(NamedTuple):
    """A customer's row as it should be, and its access state if that has changed."""

    known: _Known
    tenant: Tenant
    access: AccessState | None


def reconcile_customers(account: Account, integration: Integration, discovery: Discovery) -> list[TenantId]:
    """Write every row that changed; returns the customers that are in the table another way.

    No customer counts as gone when lists have lost items that could not be read.

    Raises:
        VersionConflict: a row kept changing.
        Unavailable: storage or the queue does not answer.
    """
    control, found = account.control, discovery.found
    context = reconcile_context(account, integration, is_complete=discovery.is_complete)
    tenants = {it.value.tenant_id: it for it in control.tenants.list()}
    access = {it.value.tenant_id: it for it in control.access_states.list()}
    shared = [it.customer.tenant_id for it in found if _is_elsewhere(tenants.get(it.customer.tenant_id), context)]
    known = [
        _Known(tenants.get(it.customer.tenant_id), access.get(it.customer.tenant_id), it)
        for it in found
        if it.customer.tenant_id not in shared
    ]
    changed = [it for it in (_reconciled(context, one) for one in known) if it is not None]
    for start in range(0, len(changed), _CUSTOMERS_A_TRANSACTION):
        _write(account, context, changed[start : start + _CUSTOMERS_A_TRANSACTION])
    for place, it in enumerate(it for it in changed if _has_new_step(it, context.now)):
        send_step(account, it.tenant, place=place)
    if discovery.is_complete:
        present = {it.customer.tenant_id for it in found}
        reconcile_vanished(account, context, [it for key, it in tenants.items() if key not in present])
    return shared


def _reconciled(context: ReconcileContext, known: _Known) -> _Reconciled | None:
    """The customer's row as it should be; None if nothing changed, or the customer is being removed."""
    found = known.found
    before = known.tenant.value if known.tenant else None
    if before and before.removal:
        return None
    tenant = before or discovered(found.customer, context.integration.id, context.now, epoch=new_epoch())
    tenant = reappear(tenant)
    if child_of(tenant).progress.stage is not Stage.DONE:  # from then on the name is read in the tenant itself
        tenant = tenant.renamed(found.customer.name, context.now)
    if found.customer.domain and tenant.default_domain is None:
        tenant = msgspec.structs.replace(tenant, default_domain=found.customer.domain)
    access = access_to_judge(
        found.access,
        known.access.value if known.access else None,
        is_complete=found.is_complete,
        are_all_listed=context.is_complete,
    )
    tenant = judge(tenant, access, context.required, context.permissions, context.now)
    is_same = access is None or (known.access is not None and known.access.value.equals(access))
    return None if is_same and tenant == before else _Reconciled(known, tenant, None if is_same else access)


def _write(account: Account, context: ReconcileContext, changed: Sequence[_Reconciled]) -> None:
    try:
        with account.change() as change:
            for it in changed:
                _add(change, it, context.now)
    except VersionConflict:
        for it in changed:
            _write_alone(account, context, it.known.found)


def _write_alone(account: Account, context: ReconcileContext, customer: FoundCustomer) -> None:
    """Write one customer that somebody else changed, or may have changed, in the meantime."""
    key, control = customer.customer.tenant_id, account.control

    def write() -> None:
        known = _Known(control.tenants.find(key), control.access_states.find(key), customer)
        reconciled = None if _is_elsewhere(known.tenant, context) else _reconciled(context, known)
        if reconciled is not None:
            with account.change() as change:
                _add(change, reconciled, context.now)

    retry_on_conflict(write)


def _add(change: Change, reconciled: _Reconciled, at: datetime) -> None:
    """Add its rows, its audit entries and its next step; and a sync, if CSP Auth no longer holds reconciled back."""
    known, control = reconciled.known, change.account.control
    before = known.tenant.value if known.tenant else None
    if known.tenant is None:
        change.write(control.tenants.added(reconciled.tenant))
    elif known.tenant.value != reconciled.tenant:
        change.write(control.tenants.saved(known.tenant.now(reconciled.tenant)))
    if reconciled.access is not None:
        stored = known.access
        change.write(
            control.access_states.saved(stored.now(reconciled.access))
            if stored
            else control.access_states.added(reconciled.access)
        )
    audit_status(change, "check_csp", before, reconciled.tenant)
    if _has_new_step(reconciled, at):
        plan_step(change, reconciled.tenant)
    now = change.account.services.clock()
    sync_at = {SyncCause.QUEUED: now, SyncCause.NAME_READ: now + UNMAPPED_EVERY}.get(reconciled.tenant.status.cause)
    if sync_at is not None and (before is None or before.status.cause is not reconciled.tenant.status.cause):
        change.due(Work.SYNC, reconciled.tenant.tenant_id, sync_at)


def _has_new_step(reconciled: _Reconciled, now: datetime) -> bool:
    stored = reconciled.known.tenant
    return is_step_new(reconciled.tenant, stored.value if stored else None, now)


def _is_elsewhere(tenant: Stored[Tenant] | None, context: ReconcileContext) -> bool:
    """Whether the tenant is in the account as a single one, or through another CSP."""
    if tenant is None:
        return False
    return tenant.value.kind is Kind.SINGLE or tenant.value.integration_id != context.integration.id
