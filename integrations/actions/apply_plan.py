"""Carry the account's plan to its rows: pause all syncs while it is lost, go on when it is back, purge after 30 days.

Rows are walked in any order and as often as needed: whatever is as it should be is left alone.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from integrations.actions.purge import plan_purge
from integrations.actions.recording import Actor, announce, audit, dispatch, message
from integrations.actions.removals import quiet_of
from integrations.domain import plan as rules
from integrations.domain.connections import Integration, Tenant
from integrations.domain.orders import PlanOrder, PurgeOrder
from integrations.services import Services
from integrations.storage.control import CURRENT, Clash, Control
from integrations.storage.documents import Documents
from integrations.storage.due import ALL, Due, Work
from shared.tables import chunks
from shared.telemetry import log

_TRIES = 5
_ACTOR = "system:apply_plan"

Held = TypeVar("Held", Tenant, Integration)


def apply_plan(services: Services, order: PlanOrder) -> None:
    """Bring every row of the account in line with its plan, and come again when something more will be due."""
    account_id = order.account_id
    control, now = services.control(account_id), services.clock()
    stored = control.plans.find(CURRENT)
    if stored is None:
        services.due.drop(Work.PLAN, account_id, ALL)
        return
    belief = stored.value
    changed = _resume(services, control) if belief.has_plan else _pause(control, now)
    if rules.must_purge(belief, now):
        _purge(services, control)
        belief = msgspec.structs.replace(belief, purged_at=now)
    belief = msgspec.structs.replace(belief, given_up=None)
    if belief != stored.value:
        control.commit(control.plans.saved(stored.now(belief)))
    log("applied plan", account_id=account_id, counts={"rows": changed})
    again = rules.next_walk(belief, now)
    if again is None:
        services.due.drop(Work.PLAN, account_id, ALL)
    else:
        services.due.put(Due(Work.PLAN, account_id, ALL, again))


def _pause(control: Control, now: datetime) -> int:
    tenants = _change(control.tenants, control, lambda it: rules.paused(it, now))
    return tenants + _change(control.integrations, control, lambda it: rules.paused_csp(it, now))


def _resume(services: Services, control: Control) -> int:
    """Everything paused goes on within one period, not all at once. What is due is written down before."""
    now = services.clock()

    def soon() -> datetime:
        return now + timedelta(seconds=services.chance() * services.settings.sync_period_s)

    tenants = {it.value.tenant_id: soon() for it in control.tenants.list() if it.value.paused}
    csps = {it.value.id: soon() for it in control.integrations.list() if it.value.csp and it.value.csp.paused}
    account = control.account_id
    services.due.put_all(Due(Work.SYNC, account, key, at) for key, at in tenants.items())
    services.due.put_all(
        Due(Work.CUSTOMER, account, it.value.tenant_id, tenants[it.value.tenant_id])
        for it in control.tenants.list()
        if it.value.tenant_id in tenants and it.value.csp and it.value.csp.progress.next_at
    )
    services.due.put_all(Due(Work.CSP, account, key, at) for key, at in csps.items())
    changed = _change(control.tenants, control, lambda it: rules.resumed(it, now, tenants.get(it.tenant_id, now)))
    return changed + _change(control.integrations, control, lambda it: rules.resumed_csp(it, csps.get(it.id, now)))


def _change(documents: Documents[Held], control: Control, change: Callable[[Held], Held]) -> int:
    """Change every row that is not as it should be, many in a transaction; returns how many."""
    done = 0
    for _ in range(_TRIES):
        wrong = [it for it in documents.list() if change(it.value) is not it.value]
        clashes = 0
        for part in chunks([documents.saved(it.now(change(it.value))) for it in wrong]):
            try:
                control.commit(*part)
                done += len(part)
            except Clash:  # one of them was changed in this moment: they are looked at again
                clashes += 1
        if not clashes:
            return done
    raise Clash


def _purge(services: Services, control: Control) -> None:
    """Give up what was synced of every mapped tenant; the mapping stays, under a new epoch."""
    actor = Actor(control.account_id, _ACTOR, "")
    announce(services, control.account_id)
    for stored in control.tenants.list():
        before, after = stored.value, rules.purged(stored.value)
        if after is before:
            continue
        plan_purge(services, control.account_id, before.tenant_id, before.epoch, quiet_of(services))
        order = PurgeOrder(account_id=control.account_id, tenant_id=before.tenant_id, epoch=before.epoch, is_last=False)
        note = audit(
            services, control, actor, "purged tenant data", {"tenant_id": before.tenant_id}, reason="plan_lost"
        )
        control.commit(control.tenants.saved(stored.now(after)), note, message(control, order))
    dispatch(services, control)
