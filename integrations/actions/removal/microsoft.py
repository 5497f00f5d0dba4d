"""A removal's part at Microsoft: uninstall our application from every tenant, and check later that it is gone."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from integrations.actions.removal.uninstall import RetryLater, UninstallResult, check_presence, uninstall
from integrations.actions.removal.work import RemovalWork
from integrations.domain import removal as rules
from integrations.domain.removal import AccessPath, TenantRemoval, UninstallOutcome
from integrations.domain.retry_delays import UNINSTALL
from integrations.storage.documents import Stored
from integrations.storage.holders import BeingRemoved

# After so many failures in one round Microsoft counts as down: further tenants would fail alike.
_MOST_FAILURES = 5


def uninstall_everywhere(work: RemovalWork) -> bool:
    """Uninstall our application from every tenant, the partner's own last; False when it continues after a pause."""
    while waiting := _waiting(work):
        wait_s = _round(work, waiting)
        if wait_s is not None:
            tries = work.removal.tries
            pause = max(UNINSTALL.after(tries), timedelta(seconds=wait_s))
            work.lease.rest(work.now + pause, tries=tries + 1)
            work.lease.continue_after(int(pause.total_seconds()) + 1)
            return False
    if work.removal.left_at is None:
        totals = rules.totals(work.removal, [it.value for it in work.tenants.list()])
        work.lease.save(left_at=work.now, tries=0, tenants=totals.tenants, outcomes=totals.outcomes)
    return True


def uninstall_late_ones(work: RemovalWork) -> None:
    """Try customers that were found while their CSP was being removed; its credential is deleted by now."""
    for stored in work.tenants.list():
        if stored.value.outcome is UninstallOutcome.WAITING:
            _try(work, stored)


def with_presence(work: RemovalWork, tenant_removal: TenantRemoval) -> TenantRemoval:
    """The tenant's part after another check; where another integration holds our application, it belongs there."""
    if tenant_removal.outcome in {UninstallOutcome.WAITING, UninstallOutcome.KEPT}:
        return tenant_removal
    if work.services.holders_of(tenant_removal.client_id).is_held(tenant_removal.tenant_id):
        return tenant_removal.closed(UninstallOutcome.KEPT) if tenant_removal.is_left_over else tenant_removal
    return tenant_removal.checked(check_presence(work.services, tenant_removal), work.now)


def _waiting(work: RemovalWork) -> list[Stored[TenantRemoval]]:
    """Tenants our application is still in, as far as we know; a CSP's run may have brought it into one again.

    Tenants that failed before come after the others, so that they delay nobody.
    """
    tenants = work.tenants.list()
    if not any(it.value.outcome is UninstallOutcome.WAITING for it in tenants) and work.removal.left_at is None:
        tenants = [
            work.tenants.save(it, outcome=UninstallOutcome.WAITING) if _is_back(work, it.value) else it
            for it in tenants
        ]
    waiting = _first_former_ones(work, [it for it in tenants if it.value.outcome is UninstallOutcome.WAITING])
    return sorted(waiting, key=lambda it: (it.value.access_path is AccessPath.PARTNER_ITSELF, it.value.tries))


def _first_former_ones(work: RemovalWork, waiting: list[Stored[TenantRemoval]]) -> list[Stored[TenantRemoval]]:
    """Those that may be tried now: what the credential acts through in a tenant goes after earlier registrations."""
    present = work.removal.client_ids[0]
    held_up = {it.value.tenant_id for it in waiting if it.value.client_id != present}
    return [it for it in waiting if it.value.client_id != present or it.value.tenant_id not in held_up]


def _is_back(work: RemovalWork, tenant_removal: TenantRemoval) -> bool:
    holders = work.services.holders_of(tenant_removal.client_id)
    return holders.is_held_by(tenant_removal.tenant_id, work.account.id, work.removal.integration_id)


def _round(work: RemovalWork, waiting: Sequence[Stored[TenantRemoval]]) -> float | None:
    """Try each tenant once; the least number of seconds to wait before the next round, None when none is left.

    A wait that Microsoft asks for ends the round: further requests would come too early.
    """
    waits: list[float] = []
    for stored in waiting:
        if waits and stored.value.access_path is AccessPath.PARTNER_ITSELF:
            break
        work.lease.renew()
        retry = _try(work, stored)
        if retry is None:
            continue
        waits.append(retry.wait_s or 0.0)
        if retry.wait_s or len(waits) >= _MOST_FAILURES:
            break
    return max(waits, default=None)


def _try(work: RemovalWork, stored: Stored[TenantRemoval]) -> RetryLater | None:
    """Try one tenant once and write the outcome; the obstacle, when it has to be tried again."""
    tenant_removal, removal = stored.value, work.removal
    try:
        result = uninstall(work.services, work.account.id, removal, tenant_removal, lambda: work.partner)
    except (RetryLater, BeingRemoved) as error:
        retry = error if isinstance(error, RetryLater) else RetryLater({"error": error.stable_code})
        if not removal.gives_up(work.now):
            work.tenants.save(stored, evidence=retry.evidence, tries=tenant_removal.tries + 1)
            return retry
        evidence = {**retry.evidence, "reason": "Microsoft did not answer for 24 hours"}
        result = UninstallResult(UninstallOutcome.IMPOSSIBLE, evidence)
        work.services.holders_of(tenant_removal.client_id).finish_removal(tenant_removal.tenant_id)
    changed = msgspec.structs.replace(
        tenant_removal, outcome=result.outcome, evidence=result.evidence, is_stripped=result.is_stripped
    )
    work.tenants.save_outcome(stored, changed, "left tenant")
    return None
