"""One worker's hold of a removal: what it writes while it has it, and who follows when it dies.

One worker at a time holds a removal; one that dies is followed within two minutes by a message that was sent before
it began.
"""

import contextlib
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.csp.partner import NoCredential, Partner, open_partner
from integrations.domain import removal as rules
from integrations.domain.ids import RunId
from integrations.domain.integrations import Running
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import Removal, TenantRemoval
from integrations.storage.control import newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.storage.queues import QueueUnavailable, SentMessage
from shared.storage.tables import Write, chunks

_HOLD = timedelta(seconds=60)
_AFTER_HOLD_S = 75
_WORK_LIMIT = timedelta(minutes=4)


class Stop(Exception):
    """Somebody else holds the removal now, or it goes on later by a message of its own."""


class Lease:
    """One worker's stretch of one removal."""

    def __init__(self, account: Account, stored: Stored[Removal]) -> None:
        self.account = account
        self.services = account.services
        self.control = account.control
        self.actor = account.system_actor("remove")
        self._stored = stored
        self._began_at = self.services.clock()
        self._behind: SentMessage | None = None

    @property
    def removal(self) -> Removal:
        return self._stored.value

    @property
    def now(self) -> datetime:
        return self.services.clock()

    @cached_property
    def partner(self) -> Partner:
        """The CSP's service account.

        Raises:
            NoCredential: it is destroyed by now.
            SealBroken, VaultUnavailable: as for ``open_partner``.
        """
        stored = self.control.integrations.find(self.removal.integration_id)
        if stored is None:
            raise NoCredential
        return open_partner(self.account, stored.value)

    def run(self, carry_on: Callable[["Lease"], None]) -> None:
        """Carry on as far as it goes now. An error leaves the message behind the hold: it comes when that is over."""
        self._take()
        with contextlib.suppress(Stop):
            carry_on(self)
        if self._behind is not None:
            with contextlib.suppress(QueueUnavailable):  # then it comes, and finds nothing due
                self.services.queues.delete(self._behind)

    def save(self, *more: Write, **changes: Any) -> None:
        """Write where the removal stands, unless somebody else has it now."""
        with self.change(**changes) as change:
            change.write(*more)

    @contextlib.contextmanager
    def change(self, **changes: Any) -> Iterator[Change]:
        """Where the removal stands, to be written together with what the block adds.

        Raises:
            VersionConflict: somebody else has it now.
        """
        removal = msgspec.structs.replace(self.removal, **changes)
        with self.account.change() as change:
            change.write(self.control.removals.saved(self._stored.now(removal)))  # the first row: its version is ours
            yield change
        self._stored = Stored(removal, change.etag)

    def beat(self) -> None:
        """Between two pieces of work: keep the hold, and stop in time for the function's limit."""
        held = self.removal.running
        if held is not None and held.until - self.now < _HOLD / 2:
            self._take()
        if self.now - self._began_at > _WORK_LIMIT:
            self.rest(self.now)
            self.come_back(0)
            raise Stop

    def rest(self, until: datetime, **changes: Any) -> None:
        """Let go of the removal until a time."""
        with self.resting(until, **changes):
            pass  # nothing but the removal

    @contextlib.contextmanager
    def resting(self, until: datetime, **changes: Any) -> Iterator[Change]:
        """Let go of the removal until a time, in one transaction with what the block adds."""
        with self.change(running=None, next_at=until, given_up=None, **changes) as change:
            # Not before the row: if this process dies between the two, the removal is due as it was.
            change.postpone(Work.REMOVAL, self.removal.id, until)
            yield change

    def come_back(self, after_s: int) -> None:
        """Have the message behind the hold come by then, to go on with what is left."""
        if self._behind is None or not self.services.queues.hide(self._behind, after_s):
            self.services.queues.send(RemovalOrder.queue, self._order, delay_s=after_s)
        self._behind = None

    def let_go(self) -> None:
        """A failed stretch does not keep the next try out."""
        self.save(running=None)

    def tenant_removals(self) -> list[Stored[TenantRemoval]]:
        return self.control.tenant_removals.list(f"{self.removal.id}:")

    def saved(self, stored: Stored[TenantRemoval], **changes: Any) -> Stored[TenantRemoval]:
        changed = msgspec.structs.replace(stored.value, **changes)
        with self.account.change() as change:
            change.write(self.control.tenant_removals.saved(stored.now(changed)))
        return Stored(changed, change.etag)

    def settle(self, stored: Stored[TenantRemoval], changed: TenantRemoval, action: str = "") -> None:
        """Write how a tenant ended; once all tenants were counted, in one transaction with the counts.

        With an ``action``, an audit entry tells the outcome.
        """
        if self.removal.left_at is None or changed.outcome is stored.value.outcome:
            with self.account.change() as change:
                self._add(change, stored.now(changed), action)
            return
        counted = rules.recounted(self.removal, stored.value.outcome, changed.outcome)
        with self.change(outcomes=counted.outcomes) as change:
            self._add(change, stored.now(changed), action)

    def _add(self, change: Change, changed: Stored[TenantRemoval], action: str) -> None:
        change.write(self.control.tenant_removals.saved(changed))
        if action:
            subject = {"tenant_id": changed.value.tenant_id, "integration_id": self.removal.integration_id}
            change.audit(self.actor, action, subject, reason=changed.value.outcome.value)

    def remove(self, writes: Iterable[Write]) -> None:
        for part in chunks(list(writes)):
            self.beat()
            with self.account.change() as change:
                change.write(*part)

    def forget(self) -> None:
        """Delete the removal's own row."""
        with self.account.change() as change:
            change.write(self.control.removals.removed(self._stored))

    def _take(self) -> None:
        """Take the removal, or keep it; a message behind the hold takes over from a worker that died."""
        queues = self.services.queues
        if self._behind is None or not queues.hide(self._behind, _AFTER_HOLD_S):
            self._behind = queues.send(RemovalOrder.queue, self._order, delay_s=_AFTER_HOLD_S)
        run_id = RunId(newest_first(self.now))
        self.save(running=Running(run_id=run_id, until=self.now + _HOLD))

    @property
    def _order(self) -> bytes:
        return msgspec.json.encode(RemovalOrder(account_id=self.control.account_id, removal_id=self.removal.id))
