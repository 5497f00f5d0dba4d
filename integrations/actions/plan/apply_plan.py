"""Carry the account's plan to its rows: pause all syncs while it is lost, go on when it is back, purge after 30 days.

Rows are walked in any order and as often as needed: whatever is as it should be is left alone.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TypeVar

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.mapping.purge import plan_purge
from integrations.domain import plan as rules
from integrations.domain.integrations import Integration, Tenant
from integrations.domain.jobs.orders import PlanOrder, PurgeOrder
from integrations.services import Services
from integrations.storage.control import CURRENT, VersionConflict
from integrations.storage.documents import Documents
from integrations.storage.due import ALL, Due, Work
from shared.storage.tables import chunks
from shared.telemetry.log import log

_TOGETHER = 30  # tenants a transaction, three rows each

Held = TypeVar("Held", Tenant, Integration)


def apply_plan(services: Services, order: PlanOrder) -> None:
    """Bring every row of the account in line with its plan, and come again when something more will be due."""
    account_id, now = order.account_id, services.clock()
    account = Account(services, account_id)
    stored = account.control.plans.find(CURRENT)
    if stored is None:
        services.due.drop(Work.PLAN, account_id, ALL)
        return
    belief = stored.value
    changed = _resume(account) if belief.has_plan else _pause(account, now)
    if rules.must_purge(belief, now):
        _purge(account)
        belief = msgspec.structs.replace(belief, purged_at=now)
    belief = msgspec.structs.replace(belief, given_up=None)
    if belief != stored.value:
        with account.change() as change:
            change.write(account.control.plans.saved(stored.now(belief)))
    log("applied plan", account_id=account_id, counts={"rows": changed})
    again = rules.next_pass(belief, now)
    if again is None:
        services.due.drop(Work.PLAN, account_id, ALL)
    else:
        services.due.put(Due(Work.PLAN, account_id, ALL, again))


def _pause(account: Account, now: datetime) -> int:
    control = account.control
    tenants = _change_all(account, control.tenants, lambda it: rules.paused(it, now))
    return tenants + _change_all(account, control.integrations, lambda it: rules.paused_csp(it, now))


def _resume(account: Account) -> int:
    """Everything paused goes on within one period, not all at once. What is due is written down before."""
    services, control, now = account.services, account.control, account.services.clock()

    def soon() -> datetime:
        return now + timedelta(seconds=services.chance() * services.settings.sync_period_s)

    tenants = {it.value.tenant_id: soon() for it in control.tenants.list() if it.value.paused}
    csps = {it.value.id: soon() for it in control.integrations.list() if it.value.csp and it.value.csp.paused}
    services.due.put_all(Due(Work.SYNC, account.id, key, at) for key, at in tenants.items())
    services.due.put_all(
        Due(Work.CUSTOMER, account.id, it.value.tenant_id, tenants[it.value.tenant_id])
        for it in control.tenants.list()
        if it.value.tenant_id in tenants and it.value.csp and it.value.csp.progress.next_at
    )
    services.due.put_all(Due(Work.CSP, account.id, key, at) for key, at in csps.items())
    changed = _change_all(account, control.tenants, lambda it: rules.resumed(it, now, tenants.get(it.tenant_id, now)))
    return changed + _change_all(account, control.integrations, lambda it: rules.resumed_csp(it, csps.get(it.id, now)))


def _change_all(account: Account, documents: Documents[Held], rule: Callable[[Held], Held]) -> int:
    """Change every row that is not as it should be, many in a transaction; returns how many."""
    done = 0

    def attempt() -> None:
        nonlocal done
        conflict: VersionConflict | None = None
        wrong = [it for it in documents.list() if rule(it.value) is not it.value]
        for part in chunks([documents.saved(it.now(rule(it.value))) for it in wrong]):
            try:
                with account.change() as change:
                    change.write(*part)
                done += len(part)
            except VersionConflict as error:  # of one row of this part: the other parts are written all the same
                conflict = error
        if conflict:
            raise conflict

    retry_on_conflict(attempt)
    return done


def _purge(account: Account) -> None:
    """Give up what was synced of every mapped tenant; the mapping stays, under a new epoch."""
    control, actor, quiet = account.control, account.system_actor("apply_plan"), account.services.settings.removal_quiet
    mapped = [it for it in control.tenants.list() if rules.purged(it.value) is not it.value]
    for start in range(0, len(mapped), _TOGETHER):
        with account.change() as change:
            for stored in mapped[start : start + _TOGETHER]:
                tenant_id, epoch = stored.value.tenant_id, stored.value.epoch
                plan_purge(change, tenant_id, epoch, quiet)
                change.write(control.tenants.saved(stored.now(rules.purged(stored.value))))
                change.audit(actor, "purged tenant data", {"tenant_id": tenant_id}, reason="plan_lost")
                change.send(PurgeOrder(account_id=account.id, tenant_id=tenant_id, epoch=epoch, is_last=False))
