"""Apply the account's plan to its rows: pause all syncs while it is lost, resume them later, purge after 30 days.

Every pass changes only rows that are not as they should be, so passes can be repeated and interrupted.
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

_TENANTS_A_TRANSACTION = 24  # of four rows each

Row = TypeVar("Row", Tenant, Integration)


def apply_plan(services: Services, order: PlanOrder) -> None:
    """Bring every row of the account in line with its plan, and plan the next pass if one will be needed.

    Raises:
        VersionConflict: rows kept changing.
        Unavailable: storage or the queue does not answer; the message retries.
    """
    account_id, now = order.account_id, services.clock()
    account = Account(services, account_id)
    stored = account.control.plans.find(CURRENT)
    if stored is None:
        services.due.drop(Work.PLAN, account_id, ALL)
        return
    record = stored.value
    changed = _resume(account) if record.has_plan else _pause(account, now)
    if rules.must_purge(record, now):
        _purge(account)
        record = msgspec.structs.replace(record, purged_at=now)
    record = msgspec.structs.replace(record, given_up=None)
    if record != stored.value:
        with account.change() as change:
            change.write(account.control.plans.saved(stored.now(record)))
    log("applied plan", account_id=account_id, counts={"rows": changed})
    next_at = rules.next_pass(record, now)
    if next_at is None:
        services.due.drop(Work.PLAN, account_id, ALL)
    else:
        services.due.put(Due(Work.PLAN, account_id, ALL, next_at))


def _pause(account: Account, now: datetime) -> int:
    control = account.control
    tenants = _change_all(account, control.tenants, lambda it: rules.paused(it, now))
    return tenants + _change_all(account, control.integrations, lambda it: rules.paused_csp(it, now))


def _resume(account: Account) -> int:
    """Resume everything that is paused, spread over one sync period; lines of the due list come before the rows."""
    services, control, now = account.services, account.control, account.services.clock()

    def within_period() -> datetime:
        return now + timedelta(seconds=services.chance() * services.settings.sync_period_s)

    tenants = {it.value.tenant_id: within_period() for it in control.tenants.list() if it.value.paused}
    csps = {it.value.id: within_period() for it in control.integrations.list() if it.value.csp and it.value.csp.paused}
    services.due.put_all(Due(Work.SYNC, account.id, key, at) for key, at in tenants.items())
    services.due.put_all(
        Due(Work.CUSTOMER, account.id, it.value.tenant_id, tenants[it.value.tenant_id])
        for it in control.tenants.list()
        if it.value.tenant_id in tenants and it.value.csp and it.value.csp.progress.next_at
    )
    services.due.put_all(Due(Work.CSP, account.id, key, at) for key, at in csps.items())
    changed = _change_all(account, control.tenants, lambda it: rules.resumed(it, now, tenants.get(it.tenant_id, now)))
    return changed + _change_all(account, control.integrations, lambda it: rules.resumed_csp(it, csps.get(it.id, now)))


def _change_all(account: Account, documents: Documents[Row], rule: Callable[[Row], Row]) -> int:
    """Change every row that ``rule`` changes, many in a transaction; returns how many.

    Raises:
        VersionConflict: rows kept changing.
    """
    count = 0

    def attempt() -> None:
        nonlocal count
        conflict: VersionConflict | None = None
        outdated = [it for it in documents.list() if rule(it.value) is not it.value]
        for part in chunks([documents.saved(it.now(rule(it.value))) for it in outdated]):
            try:
                with account.change() as change:
                    change.write(*part)
                count += len(part)
            except VersionConflict as error:  # in one row of this part: the other parts are written nevertheless
                conflict = error
        if conflict:
            raise conflict

    retry_on_conflict(attempt)
    return count


def _purge(account: Account) -> None:
    """Purge the synced data of every mapped tenant; the mapping stays, under a new epoch and with nothing known."""
    control, actor, quiet = account.control, account.system_actor("apply_plan"), account.services.settings.removal_quiet
    summaries = {it.value.tenant_id: it.value for it in control.summaries.list()}
    mapped = [it for it in control.tenants.list() if rules.purged(it.value) is not it.value]
    for start in range(0, len(mapped), _TENANTS_A_TRANSACTION):
        with account.change() as change:
            for stored in mapped[start : start + _TENANTS_A_TRANSACTION]:
                tenant_id, epoch = stored.value.tenant_id, stored.value.epoch
                plan_purge(change, tenant_id, epoch, quiet)
                change.write(control.tenants.saved(stored.now(rules.purged(stored.value))))
                if tenant_id in summaries:
                    change.write(control.summaries.put(summaries[tenant_id].emptied(epoch + 1)))
                change.audit(actor, "purged tenant data", {"tenant_id": tenant_id}, reason="plan_lost")
                change.send(PurgeOrder(account_id=account.id, tenant_id=tenant_id, epoch=epoch, is_last=False))
