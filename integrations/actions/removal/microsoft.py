"""A removal's part at Microsoft: our application taken out of every tenant, and looked for again afterwards."""

from collections.abc import Sequence
from datetime import timedelta

import msgspec

from integrations.actions.removal.lease import Hold
from integrations.actions.removal.uninstall import Left, NotNow, glance, leave
from integrations.domain import removal as rules
from integrations.domain.removal import Outcome, Parting, Way
from integrations.storage.documents import Stored
from integrations.storage.holders import BeingRemoved

_ENOUGH = 5  # so many tenants in one round that Microsoft could not do: it is down, and more would meet the same


def leave_all(hold: Hold) -> bool:
    """Take our application out of every tenant, the partner's own last; False when Microsoft must be waited for."""
    while waiting := _waiting(hold):
        wait_s = _round(hold, waiting)
        if wait_s is not None:
            tries = hold.removal.tries
            pause = max(rules.pause(tries), timedelta(seconds=wait_s))
            hold.rest(hold.now + pause, tries=tries + 1)
            hold.come_back(int(pause.total_seconds()) + 1)
            return False
    if hold.removal.left_at is None:
        told = rules.totals(hold.removal, [it.value for it in hold.partings()])
        hold.save(left_at=hold.now, tries=0, tenants=told.tenants, outcomes=told.outcomes)
    return True


def leave_late_ones(hold: Hold) -> None:
    """A customer that was found while its CSP was being removed; the credential is gone by now."""
    for stored in hold.partings():
        if stored.value.outcome is Outcome.WAITING:
            _left(hold, stored)


def looked_at(hold: Hold, parting: Parting) -> Parting:
    """The tenant's part after another look for our application; where somebody holds it again, it is right there."""
    if parting.outcome in {Outcome.WAITING, Outcome.KEPT}:
        return parting
    if hold.services.holders.is_held(parting.tenant_id):
        return parting.closed(Outcome.KEPT) if parting.is_left_over else parting
    return parting.seen(glance(hold.services, parting.tenant_id))


def _waiting(hold: Hold) -> list[Stored[Parting]]:
    """Tenants our application is still in, as far as we know; one may have been brought into again meanwhile.

    Those that Microsoft could not do before come after the others, so that they hold nobody up.
    """
    found = hold.partings()
    if not any(it.value.outcome is Outcome.WAITING for it in found) and hold.removal.left_at is None:
        found = [hold.saved(it, outcome=Outcome.WAITING) if _is_back(hold, it.value) else it for it in found]
    waiting = [it for it in found if it.value.outcome is Outcome.WAITING]
    return sorted(waiting, key=lambda it: (it.value.way is Way.PARTNER_ITSELF, it.value.tries))


def _is_back(hold: Hold, parting: Parting) -> bool:
    holders, account_id = hold.services.holders, hold.control.account_id
    return holders.is_held_by(parting.tenant_id, account_id, hold.removal.integration_id)


def _round(hold: Hold, waiting: Sequence[Stored[Parting]]) -> float | None:
    """Try each once; how long to wait at least when some are left, None when none is.

    A wait that Microsoft asks for ends the round: what is asked meanwhile would be asked too early.
    """
    waits: list[float] = []
    for stored in waiting:
        if waits and stored.value.way is Way.PARTNER_ITSELF:
            break
        hold.beat()
        put_off = _left(hold, stored)
        if put_off is None:
            continue
        waits.append(put_off.wait_s or 0.0)
        if put_off.wait_s or len(waits) >= _ENOUGH:
            break
    return max(waits, default=None)


def _left(hold: Hold, stored: Stored[Parting]) -> NotNow | None:
    """One tenant, tried once; what stands in the way when it has to be tried again."""
    it, removal = stored.value, hold.removal
    try:
        left = leave(hold.services, hold.control.account_id, removal, it, lambda: hold.partner)
    except (NotNow, BeingRemoved) as error:
        put_off = error if isinstance(error, NotNow) else NotNow({"error": error.stable_code})
        if not removal.gives_up(hold.now):
            hold.saved(stored, evidence=put_off.evidence, tries=it.tries + 1)
            return put_off
        evidence = {**put_off.evidence, "reason": "Microsoft did not answer for 24 hours"}
        left = Left(Outcome.IMPOSSIBLE, evidence)
        hold.services.holders.gone(it.tenant_id)
    told = {"outcome": left.outcome, "evidence": left.evidence, "is_stripped": left.is_stripped}
    hold.settle(stored, msgspec.structs.replace(it, **told), "left tenant")
    return None
