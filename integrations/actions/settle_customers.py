"""Settle what a CSP run found: a row for each customer, its facts beside it, and the next step of each.

Rows are written together, two dozen customers a transaction, and only where something changed. A row that
somebody else changed in the same moment is read again and settled by itself.
"""

import contextlib
from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import msgspec

from integrations.actions.find_customers import Found, Listing
from integrations.actions.noting import status_notes
from integrations.actions.recording import Actor, audit
from integrations.domain.connections import Integration, Kind, Tenant
from integrations.domain.customers import (
    Facts,
    believed,
    children,
    discovered,
    is_forgotten,
    judge,
    of,
    reappear,
    vanish,
)
from integrations.domain.gdap import RoleId
from integrations.domain.ids import IntegrationId, TenantId, new_epoch
from integrations.domain.onboarding import Stage
from integrations.domain.orders import CUSTOMER_QUEUE, CustomerOrder
from integrations.domain.roles import required_roles
from integrations.domain.schedule import ORDER_LIFE, UNMAPPED_EVERY
from integrations.domain.statuses import SyncCause
from integrations.microsoft.permissions import version_of_permissions
from integrations.services import Services
from integrations.storage.control import Clash, Control
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.tables import Write

_TOGETHER = 24  # customers a transaction, four rows each at the most
_PER_SECOND = 10  # steps begun a second: far below Partner Center's 50 requests
_TRIES = 5


class _Known(NamedTuple):
    """What stands about one customer, and what has just been found."""

    tenant: Stored[Tenant] | None
    facts: Stored[Facts] | None
    found: Found


class Settling(NamedTuple):
    """What all customers of one CSP are judged by. ``is_whole``: no list has lost an item."""

    integration_id: IntegrationId
    required: frozenset[RoleId]
    permissions: str
    now: datetime
    is_whole: bool = True


def settle_customers(
    services: Services, control: Control, integration: Integration, listing: Listing
) -> list[TenantId]:
    """Write every row that changed; returns customers that are in the table another way.

    Nobody is taken for gone when lists have lost items that could not be read.

    Raises:
        Clash: a row kept changing under our hands.
    """
    by, found = settling(services, integration.id, is_whole=listing.is_whole), listing.found
    tenants = {it.value.tenant_id: it for it in control.tenants.list()}
    facts = {it.value.tenant_id: it for it in control.facts.list()}
    shared = [it.customer.tenant_id for it in found if _is_elsewhere(tenants.get(it.customer.tenant_id), by)]
    known = [
        _Known(tenants.get(it.customer.tenant_id), facts.get(it.customer.tenant_id), it)
        for it in found
        if it.customer.tenant_id not in shared
    ]
    settled = [it for it in (_settled(by, one) for one in known) if it is not None]
    for start in range(0, len(settled), _TOGETHER):
        _write(services, control, by, settled[start : start + _TOGETHER])
    for place, it in enumerate(it for it in settled if _is_step_new(it, by.now)):
        _send_step(services, control, it.tenant, place=place)
    if listing.is_whole:
        present = {it.customer.tenant_id for it in found}
        _settle_vanished(services, control, by, [it for key, it in tenants.items() if key not in present])
    return shared


def settling(services: Services, integration_id: IntegrationId, *, is_whole: bool = True) -> Settling:
    return Settling(
        integration_id,
        required_roles(services.settings.csp_required_roles),
        version_of_permissions(),
        services.clock(),
        is_whole,
    )


def order_step(services: Services, control: Control, tenant: Tenant) -> None:
    """Have the customer's next step taken when it is due."""
    _put_step(services, control, tenant)
    _send_step(services, control, tenant)


def _put_step(services: Services, control: Control, tenant: Tenant) -> None:
    next_at = of(tenant).progress.next_at
    if next_at is not None:
        services.due.put(Due(Work.CUSTOMER, control.account_id, tenant.tenant_id, next_at))


def _send_step(services: Services, control: Control, tenant: Tenant, *, place: int = 0) -> None:
    """Send the step's order, if its time comes soon; ``place`` in a row spreads many over time."""
    next_at = of(tenant).progress.next_at
    if next_at is None:
        return
    wait_s = max(0.0, (next_at - services.clock()).total_seconds())
    if wait_s > ORDER_LIFE.total_seconds() / 2:
        return  # the reconciler orders it when its time comes
    order = CustomerOrder(account_id=control.account_id, tenant_id=tenant.tenant_id)
    services.queues.send(
        CUSTOMER_QUEUE,
        msgspec.json.encode(order),
        delay_s=round(wait_s) + place // _PER_SECOND,
        ttl_s=int(ORDER_LIFE.total_seconds()),
    )


class _Settled(NamedTuple):
    """A customer's row as it should be, and its facts if they have changed."""

    known: _Known
    tenant: Tenant
    facts: Facts | None


def _settled(by: Settling, known: _Known) -> _Settled | None:
    """The customer's row as it should be; None when nothing changed."""
    found = known.found
    before = known.tenant.value if known.tenant else None
    if before and before.removal:
        return None
    tenant = before or discovered(found.customer, by.integration_id, by.now, epoch=new_epoch())
    tenant = reappear(tenant)
    if of(tenant).progress.stage is not Stage.DONE:  # from then on the tenant tells its name itself
        tenant = tenant.renamed(found.customer.name, by.now)
    if found.customer.domain and tenant.default_domain is None:
        tenant = msgspec.structs.replace(tenant, default_domain=found.customer.domain)
    facts = believed(
        found.facts, known.facts.value if known.facts else None, is_whole=found.is_whole, are_all_listed=by.is_whole
    )
    tenant = judge(tenant, facts, by.required, by.permissions, by.now)
    is_same = facts is None or (known.facts is not None and known.facts.value.says_the_same(facts))
    return None if is_same and tenant == before else _Settled(known, tenant, None if is_same else facts)


def _write(services: Services, control: Control, by: Settling, settled: Sequence[_Settled]) -> None:
    for it in settled:
        _announce(services, control, it, by.now)
    try:
        control.commit(*(write for it in settled for write in _writes(services, control, it)))
    except Clash:
        for it in settled:
            _write_alone(services, control, by, it.known.found)


def _write_alone(services: Services, control: Control, by: Settling, found: Found) -> None:
    for _ in range(_TRIES):
        key = found.customer.tenant_id
        known = _Known(control.tenants.find(key), control.facts.find(key), found)
        if _is_elsewhere(known.tenant, by):
            return
        settled = _settled(by, known)
        if settled is None:
            return
        with contextlib.suppress(Clash):
            control.commit(*_writes(services, control, settled))
            return
    raise Clash


def _writes(services: Services, control: Control, it: _Settled) -> list[Write]:
    known = it.known
    writes = []
    if known.tenant is None:
        writes.append(control.tenants.added(it.tenant))
    elif known.tenant.value != it.tenant:
        writes.append(control.tenants.saved(known.tenant.now(it.tenant)))
    if it.facts is not None:
        writes.append(control.facts.saved(known.facts.now(it.facts)) if known.facts else control.facts.added(it.facts))
    before = known.tenant.value if known.tenant else None
    return [*writes, *status_notes(services, control, "check_csp", before, it.tenant)]


def _announce(services: Services, control: Control, it: _Settled, at: datetime) -> None:
    """Before the change: its next step is due, and so is a sync when CSP Auth has just let it go again."""
    if _is_step_new(it, at):
        _put_step(services, control, it.tenant)
    now, before = services.clock(), it.known.tenant.value.status.cause if it.known.tenant else None
    freed = {SyncCause.QUEUED: now, SyncCause.NAME_READ: now + UNMAPPED_EVERY}.get(it.tenant.status.cause)
    if freed is not None and before is not it.tenant.status.cause:
        services.due.put(Due(Work.SYNC, control.account_id, it.tenant.tenant_id, freed))


def _is_step_new(it: _Settled, now: datetime) -> bool:
    """Whether a step is to be ordered: a newly planned one, or one whose order may have been lost."""
    next_at = of(it.tenant).progress.next_at
    before = of(it.known.tenant.value).progress.next_at if it.known.tenant else None
    return next_at is not None and (next_at != before or next_at <= now)


def _settle_vanished(services: Services, control: Control, by: Settling, others: list[Stored[Tenant]]) -> None:
    """Customers that Microsoft lists no more: kept as Missing Admin Relationship, and after long forgotten."""
    ours = {it.tenant_id for it in children((it.value for it in others), by.integration_id)}
    for stored in others:
        tenant_id = stored.value.tenant_id
        if tenant_id not in ours or stored.value.removal:
            continue
        facts = control.facts.find(tenant_id)
        if is_forgotten(stored.value, by.now):
            services.holders.let_go(tenant_id, control.account_id, by.integration_id, by.now)
            services.holders.gone(tenant_id)  # Microsoft does not let the partner in any more: nothing to withdraw
            writes = [control.tenants.removed(stored)]
            writes += [control.facts.removed(facts)] if facts else []
            writes.append(_note_forgotten(services, control, stored.value))
        else:
            none = Facts(tenant_id=tenant_id, read_at=by.now, account="")
            gone = judge(vanish(stored.value, by.now), none, by.required, by.permissions, by.now)
            writes = [control.tenants.saved(stored.now(gone))] if gone != stored.value else []
            writes += status_notes(services, control, "check_csp", stored.value, gone)
            if facts and not facts.value.says_the_same(none):
                writes.append(control.facts.saved(facts.now(none)))
        with contextlib.suppress(Clash):  # somebody changed it in this moment; the next run settles it
            if writes:
                control.commit(*writes)


def _note_forgotten(services: Services, control: Control, tenant: Tenant) -> Write:
    subject = {"tenant_id": tenant.tenant_id, "integration_id": tenant.integration_id}
    return audit(services, control, Actor(control.account_id, "system:check_csp", ""), "forgot customer", subject)


def _is_elsewhere(tenant: Stored[Tenant] | None, by: Settling) -> bool:
    """Whether the tenant is in the account as a single one, or through another CSP."""
    return tenant is not None and (tenant.value.kind is Kind.SINGLE or tenant.value.integration_id != by.integration_id)
