"""Carry a removal on, from whatever point it has reached, as far as it goes now.

Each step looks at what stands and does what is left of it, so that a step that was broken off, or done twice,
comes to the same. One worker at a time holds a removal; one that dies is followed within two minutes by a
message that was sent before it began.
"""

import contextlib
import secrets
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from integrations.actions.leave import NotNow, is_still_there, leave
from integrations.actions.partner import Partner, open_partner
from integrations.actions.receipts import receipt_of
from integrations.actions.recording import Actor, audit, dispatch
from integrations.actions.removals import quiet_of
from integrations.actions.remove import begin_all, close_epoch, parted
from integrations.actions.watching import end_watch
from integrations.domain import removal as rules
from integrations.domain.connections import Kind, Running, Tenant, csp_reservation
from integrations.domain.ids import AccountId, RunId, TenantId
from integrations.domain.orders import REMOVAL_QUEUE, RemovalOrder
from integrations.domain.removal import ALL, Outcome, Parting, Removal, Way
from integrations.services import Services
from integrations.storage.control import Clash, Control, newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from integrations.storage.holders import BeingRemoved
from integrations.storage.sweeping import Sweeper
from shared.tables import Write, chunks
from shared.telemetry import log

_ACTOR = "system:remove"
_HOLD = timedelta(seconds=60)
_AFTER_HOLD_S = 75
_WORK_LIMIT = timedelta(minutes=4)
_TOGETHER = 20


class _Stop(Exception):
    """Somebody else holds the removal now, or it goes on later by a message of its own."""


def carry_on(services: Services, order: RemovalOrder) -> None:
    """Do all that can be done now of one removal; an order that nothing is due for changes nothing."""
    control = services.control(order.account_id)
    stored, now = control.removals.find(order.removal_id), services.clock()
    if stored is None or stored.value.next_at > now:
        return
    held = stored.value.running
    if held is not None and held.until > now:
        return
    with contextlib.suppress(_Stop, Clash):  # whoever changed it goes on with it
        _Saga(services, control, stored).run()


def carry_on_all(services: Services, account_id: AccountId) -> None:
    """Begin what Remove All has not begun yet, and end it when nothing is being removed any more."""
    control = services.control(account_id)
    marker = control.remove_all.find(ALL)
    if marker is None:
        services.due.drop(Work.REMOVE_ALL, account_id, ALL)
        return
    begin_all(services, control, Actor(account_id, marker.value.requested_by, ""))
    dispatch(services, control)
    if any(it.value.is_under_way for it in control.removals.list()):
        return
    with contextlib.suppress(Clash):
        control.commit(control.remove_all.removed(marker))
    services.due.drop(Work.REMOVE_ALL, account_id, ALL)


class _Saga:
    """One worker's stretch of one removal."""

    def __init__(self, services: Services, control: Control, stored: Stored[Removal]) -> None:
        self._services = services
        self._control = control
        self._stored = stored
        self._began_at = services.clock()
        self._actor = Actor(control.account_id, _ACTOR, "")

    def run(self) -> None:
        self._hold()
        if self._removal.verified_at:
            self._forget_what_was_told()
            return
        if self._removal.is_under_way:
            self._part_tenants()
            self._sweep()
            if not self._leave():
                return
            self._destroy_credential()
            self._forget()
        else:
            self._verify()

    @property
    def _removal(self) -> Removal:
        return self._stored.value

    @property
    def _now(self) -> datetime:
        return self._services.clock()

    @cached_property
    def _partner(self) -> Partner:
        """The CSP's service account, for as long as its credential lives."""
        stored = self._control.integrations.find(self._removal.integration_id)
        if stored is None:
            raise AssertionError  # it goes after its credential
        return open_partner(self._services, self._control, stored.value)

    def _save(self, *more: Write, **changes: Any) -> None:
        """Write where the removal stands; the first row's version tells that it is still ours."""
        changed = msgspec.structs.replace(self._removal, **changes)
        etag = self._control.commit(self._control.removals.saved(self._stored.now(changed)), *more)
        self._stored = Stored(changed, etag)

    def _hold(self) -> None:
        """Take the removal, or keep it; a message behind the hold takes over from a worker that died."""
        order = RemovalOrder(account_id=self._control.account_id, removal_id=self._removal.id)
        self._services.queues.send(REMOVAL_QUEUE, msgspec.json.encode(order), delay_s=_AFTER_HOLD_S)
        run_id = RunId(newest_first(self._now))
        self._save(running=Running(run_id=run_id, until=self._now + _HOLD))

    def _beat(self) -> None:
        """Between two pieces of work: keep the hold, and stop in time for the function's limit."""
        held = self._removal.running
        if held is not None and held.until - self._now < _HOLD / 2:
            self._hold()
        if self._now - self._began_at > _WORK_LIMIT:
            self._rest(self._now)
            order = RemovalOrder(account_id=self._control.account_id, removal_id=self._removal.id)
            self._services.queues.send(REMOVAL_QUEUE, msgspec.json.encode(order))
            raise _Stop

    def _rest(self, until: datetime, *more: Write, **changes: Any) -> None:
        """Let go of the removal until a time. The due list keeps its earlier one until this is written."""
        self._save(*more, running=None, next_at=until, **changes)
        self._services.due.put(Due(Work.REMOVAL, self._control.account_id, self._removal.id, until))

    def _partings(self) -> list[Stored[Parting]]:
        return self._control.partings.list(f"{self._removal.id}:")

    def _part_tenants(self) -> None:
        """Take every tenant that is still in its place out of sight; a CSP's run may find new ones meanwhile."""
        while left := self._tenants_in_place():
            for start in range(0, len(left), _TOGETHER):
                self._beat()
                self._part(left[start : start + _TOGETHER])
        if self._removal.fenced_at is None:
            self._save(fenced_at=self._now)

    def _tenants_in_place(self) -> list[Stored[Tenant]]:
        tenants = self._control.tenants.list()
        removal = self._removal
        return [it for it in tenants if it.value.integration_id == removal.integration_id and it.value.removal is None]

    def _part(self, tenants: list[Stored[Tenant]]) -> None:
        done = [parted(self._control, it, self._removal.id) for it in tenants]
        with contextlib.suppress(Clash):  # one of them changed in this moment: the next look takes all again
            self._control.commit(*(write for _, writes in done for write in writes))
            for parting, _ in done:
                close_epoch(self._services, self._control, parting)

    def _sweep(self) -> None:
        """Delete what was synced of every tenant, and its other rows; counted before the first one goes."""
        for stored in self._partings():
            if stored.value.is_swept:
                continue
            self._beat()
            it = stored.value
            close_epoch(self._services, self._control, it)
            sweeper = self._sweeper(it)
            counted = stored if it.epochs else self._counted(stored, sweeper)
            for epoch in counted.value.epochs:
                sweeper.sweep(epoch, with_fences=False)
            self._forget_rows_of(counted.value)
            self._saved(counted, is_swept=True)
        if self._removal.swept_at is None:
            told = rules.totals(self._removal, [it.value for it in self._partings()])
            self._save(swept_at=self._now, tenants=told.tenants, rows=told.rows)

    def _counted(self, stored: Stored[Parting], sweeper: Sweeper) -> Stored[Parting]:
        rows: Counter[str] = Counter()
        epochs = sweeper.epochs()
        for epoch in epochs:
            rows.update(sweeper.count(epoch))
        return self._saved(stored, epochs=epochs, rows=dict(sorted(rows.items())))

    def _sweeper(self, parting: Parting) -> Sweeper:
        return Sweeper(self._services.tables, self._control.account_id, parting.tenant_id)

    def _saved(self, stored: Stored[Parting], *more: Write, **changes: Any) -> Stored[Parting]:
        changed = msgspec.structs.replace(stored.value, **changes)
        return Stored(changed, self._control.commit(self._control.partings.saved(stored.now(changed)), *more))

    def _forget_rows_of(self, parting: Parting) -> None:
        """What else is known of the tenant: its runs, what was read of its relationships, its lines of the due list.

        Once its place is free it may be connected again, and then these are the new connection's. Lines of a tenant
        that is gone are settled by whoever comes to them; dropping them here could meet one that was just put.
        """
        control, account_id = self._control, self._control.account_id
        runs = [control.runs.removed(it) for it in control.runs.list(f"{parting.tenant_id}:")]
        facts = control.facts.find(parting.tenant_id)
        tenant = control.tenants.find(parting.tenant_id)
        if tenant is None or tenant.value.removal == self._removal.id:
            end_watch(self._services, control, parting.tenant_id)
            for part in chunks([*runs, *([control.facts.removed(facts)] if facts else [])]):
                control.commit(*part)
        for work in (Work.SYNC, Work.CUSTOMER) if tenant and tenant.value.removal == self._removal.id else ():
            self._services.due.drop(work, account_id, parting.tenant_id)
        for epoch in parting.epochs:
            self._services.due.drop(Work.PURGE, account_id, f"{parting.tenant_id}:{epoch}")

    def _leave(self) -> bool:
        """Take our application out of every tenant, the partner's own last; False when Microsoft must be waited for."""
        while waiting := self._waiting():
            for stored in waiting:
                self._beat()
                if not self._left(stored):
                    return False
        if self._removal.left_at is None:
            told = rules.totals(self._removal, [it.value for it in self._partings()])
            self._save(left_at=self._now, tries=0, tenants=told.tenants, outcomes=told.outcomes)
        return True

    def _waiting(self) -> list[Stored[Parting]]:
        """Tenants our application is still in, as far as we know; one may have been brought into again meanwhile."""
        found = self._partings()
        if not any(it.value.outcome is Outcome.WAITING for it in found) and self._removal.left_at is None:
            found = [self._saved(it, outcome=Outcome.WAITING) if self._is_back(it.value) else it for it in found]
        waiting = [it for it in found if it.value.outcome is Outcome.WAITING]
        return sorted(waiting, key=lambda it: it.value.way is Way.PARTNER_ITSELF)

    def _is_back(self, parting: Parting) -> bool:
        holders, account_id = self._services.holders, self._control.account_id
        return holders.is_held_by(parting.tenant_id, account_id, self._removal.integration_id)

    def _left(self, stored: Stored[Parting]) -> bool:
        it, removal = stored.value, self._removal
        try:
            outcome, evidence = leave(self._services, self._control.account_id, removal, it, lambda: self._partner)
        except (NotNow, BeingRemoved) as error:
            evidence = error.evidence if isinstance(error, NotNow) else {"error": error.stable_code}
            if not removal.gives_up(self._now):
                self._saved(stored, evidence=evidence)
                self._rest(self._now + rules.pause(removal.tries), tries=removal.tries + 1)
                return False
            outcome, evidence = Outcome.IMPOSSIBLE, {**evidence, "reason": "Microsoft did not answer for 24 hours"}
            self._services.holders.gone(it.tenant_id)
        subject = {"tenant_id": it.tenant_id, "integration_id": removal.integration_id}
        note = audit(self._services, self._control, self._actor, "left tenant", subject, reason=outcome.value)
        self._saved(stored, note, outcome=outcome, evidence=evidence)
        return True

    def _destroy_credential(self) -> None:
        if self._removal.destroyed_at is not None:
            return
        credential = self._control.credentials.find(self._removal.integration_id)
        gone = [self._control.credentials.removed(credential)] if credential else []
        self._save(*gone, destroyed_at=self._now)

    def _forget(self) -> None:
        """Free the tenants' places and every row that named them; the receipt says what was done."""
        self._remove(self._rows_of_tenants())
        control, removal, now = self._control, self._removal, self._now
        integration = control.integrations.find(removal.integration_id)
        is_csp = removal.kind is Kind.CSP
        reserved = control.reservations.find(csp_reservation(TenantId(removal.tenant_id)).key) if is_csp else None
        report = control.reports.find(removal.integration_id)
        self._services.due.drop(Work.CSP, control.account_id, removal.integration_id)
        subject = {"integration_id": removal.integration_id, "removal_id": removal.id}
        writes = [
            *([control.integrations.removed(integration)] if integration else []),
            *([control.reservations.removed(reserved)] if reserved else []),
            *([control.reports.removed(report)] if report else []),
            audit(self._services, control, self._actor, "finished removal", subject),
        ]
        done = msgspec.structs.replace(removal, forgotten_at=now)
        told = receipt_of(self._services, control, done, [it.value for it in self._partings()])
        self._rest(now + quiet_of(self._services), *writes, forgotten_at=now, receipt=told)
        log("removed integration", account_id=control.account_id, integration_id=removal.integration_id)
        carry_on_all(self._services, control.account_id)

    def _rows_of_tenants(self) -> Iterator[Write]:
        control, removal = self._control, self._removal
        for stored in control.tenants.list():
            if stored.value.removal == removal.id:
                yield control.tenants.removed(stored)
        for flow in control.flows.list():
            signer = flow.value.signer
            is_of_tenant = signer is not None and signer.tenant_id == removal.tenant_id and not flow.value.is_open
            if flow.value.integration_id == removal.integration_id or is_of_tenant:
                for state_hash in flow.value.states:
                    self._services.callbacks.remove(state_hash)
                yield control.flows.removed(flow)
                self._services.due.drop(Work.CONSENT, control.account_id, flow.value.id)

    def _remove(self, writes: Iterator[Write]) -> None:
        for part in chunks(list(writes)):
            self._beat()
            self._control.commit(*part)

    def _verify(self) -> None:
        """Nobody can be writing any more: look everywhere once again, then keep nothing but the counts."""
        self._part_tenants()
        self._sweep()
        self._leave_late_ones()
        late = 0
        for stored in self._partings():
            self._beat()
            it = stored.value
            for epoch in sorted({*it.epochs, it.epoch} - {0}):
                late += self._sweeper(it).sweep(epoch, with_fences=True)
            self._forget_rows_of(it)
            is_there = self._is_there_after_all(it)
            self._saved(stored, is_still_there=is_there, name="")
        self._remove(self._rows_of_tenants())
        partings = self._partings()
        self._remove(iter([self._control.partings.removed(it) for it in partings if not it.value.is_left_over]))
        stone = rules.tombstone(self._removal, secrets.token_hex(16))
        now, told = self._now, [it.value for it in partings]
        done = msgspec.structs.replace(stone, verified_at=now, late_rows=late)
        self._rest(
            removal_told_until(done),
            name="",
            tenant_id=stone.tenant_id,
            salt=stone.salt,
            verified_at=now,
            late_rows=late,
            receipt=receipt_of(self._services, self._control, done, told),
        )

    def _leave_late_ones(self) -> None:
        """A customer that was found while its CSP was being removed; the credential is gone by now."""
        for stored in self._partings():
            if stored.value.outcome is Outcome.WAITING:
                self._left(stored)

    def _is_there_after_all(self, parting: Parting) -> bool:
        """Whether our application still works where it was removed, and nobody else holds it."""
        has_ended = parting.outcome in {Outcome.REMOVED, Outcome.ABSENT}
        if not has_ended or self._services.holders.is_held(parting.tenant_id):
            return False
        return is_still_there(self._services, parting.tenant_id) is True

    def _forget_what_was_told(self) -> None:
        """A month later: nothing of the removal is kept but its audit entries."""
        self._remove(iter([self._control.partings.removed(it) for it in self._partings()]))
        self._control.commit(self._control.removals.removed(self._stored))
        self._services.due.drop(Work.REMOVAL, self._control.account_id, self._removal.id)


def removal_told_until(removal: Removal) -> datetime:
    """Until when a removal that was verified can be read."""
    if removal.verified_at is None:
        raise AssertionError
    return removal.verified_at + rules.TOLD_FOR
