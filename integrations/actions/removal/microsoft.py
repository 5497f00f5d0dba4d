"""A removal's part at Microsoft: our application taken out of every tenant, and looked for again afterwards."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from integrations.actions.removal.lease import Lease
from integrations.actions.removal.uninstall import RetryLater, UninstallResult, check_presence, uninstall
from integrations.domain import removal as rules
from integrations.domain.removal import AccessPath, TenantRemoval, UninstallOutcome
from integrations.domain.retry_delays import UNINSTALL
from integrations.storage.documents import Stored
from integrations.storage.holders import BeingRemoved

_ENOUGH = 5  # so many tenants in one round that Microsoft could not do: it is down, and more would meet the same


def uninstall_everywhere(lease: Lease) -> bool:
    """Take our application out of every tenant, the partner's own last; False when Microsoft must be waited for."""
    while waiting := _waiting(lease):
        wait_s = _round(lease, waiting)
        if wait_s is not None:
            tries = lease.removal.tries
            pause = max(UNINSTALL.after(tries), timedelta(seconds=wait_s))
            lease.rest(lease.now + pause, tries=tries + 1)
            lease.come_back(int(pause.total_seconds()) + 1)
            return False
    if lease.removal.left_at is None:
        told = rules.totals(lease.removal, [it.value for it in lease.tenant_removals()])
        lease.save(left_at=lease.now, tries=0, tenants=told.tenants, outcomes=told.outcomes)
    return True


def uninstall_late_ones(lease: Lease) -> None:
    """A customer that was found while its CSP was being removed; the credential is gone by now."""
    for stored in lease.tenant_removals():
        if stored.value.outcome is UninstallOutcome.WAITING:
            _left(lease, stored)


def with_presence(lease: Lease, tenant_removal: TenantRemoval) -> TenantRemoval:
    """The tenant's part after another look for our application; where somebody holds it again, it is right there."""
    if tenant_removal.outcome in {UninstallOutcome.WAITING, UninstallOutcome.KEPT}:
        return tenant_removal
    if lease.services.holders.is_held(tenant_removal.tenant_id):
        return tenant_removal.closed(UninstallOutcome.KEPT) if tenant_removal.is_left_over else tenant_removal
    return tenant_removal.checked(check_presence(lease.services, tenant_removal.tenant_id))


def _waiting(lease: Lease) -> list[Stored[TenantRemoval]]:
    """Tenants our application is still in, as far as we know; one may have been brought into again meanwhile.

    Those that Microsoft could not do before come after the others, so that they hold nobody up.
    """
    found = lease.tenant_removals()
    if not any(it.value.outcome is UninstallOutcome.WAITING for it in found) and lease.removal.left_at is None:
        found = [lease.saved(it, outcome=UninstallOutcome.WAITING) if _is_back(lease, it.value) else it for it in found]
    waiting = [it for it in found if it.value.outcome is UninstallOutcome.WAITING]
    return sorted(waiting, key=lambda it: (it.value.access_path is AccessPath.PARTNER_ITSELF, it.value.tries))


def _is_back(lease: Lease, tenant_removal: TenantRemoval) -> bool:
    holders, account_id = lease.services.holders, lease.control.account_id
    return holders.is_held_by(tenant_removal.tenant_id, account_id, lease.removal.integration_id)


def _round(lease: Lease, waiting: Sequence[Stored[TenantRemoval]]) -> float | None:
    """Try each once; how long to wait at least when some are left, None when none is.

    A wait that Microsoft asks for ends the round: what is asked meanwhile would be asked too early.
    """
    waits: list[float] = []
    for stored in waiting:
        if waits and stored.value.access_path is AccessPath.PARTNER_ITSELF:
            break
        lease.beat()
        put_off = _left(lease, stored)
        if put_off is None:
            continue
        waits.append(put_off.wait_s or 0.0)
        if put_off.wait_s or len(waits) >= _ENOUGH:
            break
    return max(waits, default=None)


def _left(lease: Lease, stored: Stored[TenantRemoval]) -> RetryLater | None:
    """One tenant, tried once; what stands in the way when it has to be tried again."""
    it, removal = stored.value, lease.removal
    try:
        left = uninstall(lease.services, lease.control.account_id, removal, it, lambda: lease.partner)
    except (RetryLater, BeingRemoved) as error:
        put_off = error if isinstance(error, RetryLater) else RetryLater({"error": error.stable_code})
        if not removal.gives_up(lease.now):
            lease.saved(stored, evidence=put_off.evidence, tries=it.tries + 1)
            return put_off
        evidence = {**put_off.evidence, "reason": "Microsoft did not answer for 24 hours"}
        left = UninstallResult(UninstallOutcome.IMPOSSIBLE, evidence)
        lease.services.holders.finish_removal(it.tenant_id)
    told = {"outcome": left.outcome, "evidence": left.evidence, "is_stripped": left.is_stripped}
    lease.settle(stored, msgspec.structs.replace(it, **told), "left tenant")
    return None
