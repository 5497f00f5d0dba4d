"""Once a day, per account: delete old idempotent responses, old runs, old audit entries and what is left of people.

Audit entries are sealed here as well, in case the line that orders it sooner was lost, and the signing key is encrypted
again with the newest key-encryption key.
"""

from datetime import UTC, datetime

from integrations.actions.account import Account
from integrations.actions.audit.sealing import delete_old_entries, seal_entries
from integrations.actions.audit.signing import encrypt_key_again
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.evaluate.evaluate_tenant import daily_evaluation
from integrations.actions.jobs.overdue import find_overdue
from integrations.actions.people.cleaning import clean_people
from integrations.actions.user_sync.plans import clean_plans
from integrations.domain.retention import HOUSEKEEPING_EVERY, IDEMPOTENT_ANSWERS, RUNS_PER_TENANT
from integrations.domain.retry_delays import LATE_ENTRIES
from integrations.services import Services
from integrations.storage.due import ALL, FINAL_CHECK, Due, Work
from shared.storage.tables import Write, chunks


def clean_account(services: Services, due: Due) -> None:
    """Clean one account, and plan the next cleaning as long as it has tenants or audit entries.

    Raises:
        SealBroken, Unavailable: as for ``seal_entries``; the line stays due.
    """
    now = services.clock()
    if due.at > now:
        return
    account = Account(services, due.account_id)
    control = account.control
    tenants = control.tenants.list()
    find_overdue(services, control, [it.value for it in tenants])
    old = [control.answers.removed(it) for it in control.answers.list() if now - it.value.at > IDEMPOTENT_ANSWERS]
    for tenant in tenants:
        runs = control.runs.list(f"{tenant.value.tenant_id}:")
        old += [control.runs.removed(it) for it in runs[RUNS_PER_TENANT:]]
        if tenant.value.mapping is not None:  # one that an earlier version mapped has no such line yet
            tenant_id = tenant.value.tenant_id
            daily = Due(Work.EVALUATE, due.account_id, tenant_id, daily_evaluation(services, tenant_id))
            services.due.ensure(daily, after=datetime.min.replace(tzinfo=UTC))
    _remove(account, old)
    for tenant in tenants:
        with ignore_conflict("left old plans to tomorrow", account_id=account.id):
            clean_plans(services.user_sync(account.id, tenant.value.tenant_id), services)
    seal_entries(account)
    delete_old_entries(account)
    encrypt_key_again(account)
    clean_people(account)
    if tenants or control.audit.list(limit=1):
        services.due.put(Due(Work.HOUSEKEEPING, due.account_id, ALL, services.clock() + HOUSEKEEPING_EVERY))
    else:
        services.due.complete(due)


def seal_new_entries(services: Services, due: Due) -> None:
    """Seal new entries, and again half an hour later, as entries may be written late.

    Whoever writes an entry makes sure that a line exists at least until then.

    Raises:
        SealBroken, Unavailable: as for ``seal_entries``; the line stays due.
    """
    now = services.clock()
    if due.at > now:
        return
    seal_entries(Account(services, due.account_id))
    if due.item_id == FINAL_CHECK:
        tomorrow = Due(Work.HOUSEKEEPING, due.account_id, ALL, now + HOUSEKEEPING_EVERY)
        services.due.ensure(tomorrow, after=datetime.min.replace(tzinfo=UTC))
    else:
        services.due.put(Due(Work.SEAL, due.account_id, FINAL_CHECK, now + LATE_ENTRIES))
    services.due.complete(due)


def _remove(account: Account, removals: list[Write]) -> None:
    with ignore_conflict("left old rows to tomorrow", account_id=account.id):
        for part in chunks(removals):
            with account.change() as change:
                change.write(*part)
