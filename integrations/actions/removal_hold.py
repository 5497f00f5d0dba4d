"""One worker's hold of a removal: what it writes while it has it, and who follows when it dies.

One worker at a time holds a removal; one that dies is followed within two minutes by a message that was sent before
it began.
"""

import contextlib
from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any

import msgspec

from integrations.actions.partner import NoCredential, Partner, open_partner
from integrations.actions.recording import Actor
from integrations.domain import removal as rules
from integrations.domain.connections import Running
from integrations.domain.ids import RunId
from integrations.domain.orders import REMOVAL_QUEUE, RemovalOrder
from integrations.domain.removal import Parting, Removal
from integrations.services import Services
from integrations.storage.control import Control, newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import Due, Work
from shared.queues import QueueUnavailable, Sent
from shared.tables import Write, chunks

_ACTOR = "system:remove"
_HOLD = timedelta(seconds=60)
_AFTER_HOLD_S = 75
_WORK_LIMIT = timedelta(minutes=4)


class Stop(Exception):
    """Somebody else holds the removal now, or it goes on later by a message of its own."""


class Hold:
    """One worker's stretch of one removal."""

    def __init__(self, services: Services, control: Control, stored: Stored[Removal]) -> None:
        self.services = services
        self.control = control
        self.actor = Actor(control.account_id, _ACTOR, "")
        self._stored = stored
        self._began_at = services.clock()
        self._behind: Sent | None = None

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
        return open_partner(self.services, self.control, stored.value)

    def run(self, carry_on: Callable[["Hold"], None]) -> None:
        """Carry on as far as it goes now. An error leaves the message behind the hold: it comes when that is over."""
        self._take()
        with contextlib.suppress(Stop):
            carry_on(self)
        if self._behind is not None:
            with contextlib.suppress(QueueUnavailable):  # then it comes, and finds nothing due
                self.services.queues.take_back(self._behind)

    def save(self, *more: Write, **changes: Any) -> None:
        """Write where the removal stands; the first row's version tells that it is still ours."""
        changed = msgspec.structs.replace(self.removal, **changes)
        etag = self.control.commit(self.control.removals.saved(self._stored.now(changed)), *more)
        self._stored = Stored(changed, etag)

    def beat(self) -> None:
        """Between two pieces of work: keep the hold, and stop in time for the function's limit."""
        held = self.removal.running
        if held is not None and held.until - self.now < _HOLD / 2:
            self._take()
        if self.now - self._began_at > _WORK_LIMIT:
            self.rest(self.now)
            self.come_back(0)
            raise Stop

    def rest(self, until: datetime, *more: Write, **changes: Any) -> None:
        """Let go of the removal until a time. The due list keeps its earlier one until this is written."""
        self.save(*more, running=None, next_at=until, given_up=None, **changes)
        self.services.due.put(Due(Work.REMOVAL, self.control.account_id, self.removal.id, until))

    def come_back(self, after_s: int) -> None:
        """Have the message behind the hold come by then, to go on with what is left."""
        if self._behind is None or not self.services.queues.put_off(self._behind, after_s):
            self.services.queues.send(REMOVAL_QUEUE, self._order, delay_s=after_s)
        self._behind = None

    def let_go(self) -> None:
        """A failed stretch does not keep the next try out."""
        self.save(running=None)

    def partings(self) -> list[Stored[Parting]]:
        return self.control.partings.list(f"{self.removal.id}:")

    def saved(self, stored: Stored[Parting], *more: Write, **changes: Any) -> Stored[Parting]:
        changed = msgspec.structs.replace(stored.value, **changes)
        return Stored(changed, self.control.commit(self.control.partings.saved(stored.now(changed)), *more))

    def settle(self, stored: Stored[Parting], changed: Parting, *more: Write) -> None:
        """Write how a tenant ended; once all tenants were counted, in one transaction with the counts."""
        if self.removal.left_at is None or changed.outcome is stored.value.outcome:
            self.control.commit(self.control.partings.saved(stored.now(changed)), *more)
            return
        counted = rules.recounted(self.removal, stored.value.outcome, changed.outcome)
        self.save(self.control.partings.saved(stored.now(changed)), *more, outcomes=counted.outcomes)

    def remove(self, writes: Iterable[Write]) -> None:
        for part in chunks(list(writes)):
            self.beat()
            self.control.commit(*part)

    def forget(self) -> None:
        """Delete the removal's own row."""
        self.control.commit(self.control.removals.removed(self._stored))

    def _take(self) -> None:
        """Take the removal, or keep it; a message behind the hold takes over from a worker that died."""
        queues = self.services.queues
        if self._behind is None or not queues.put_off(self._behind, _AFTER_HOLD_S):
            self._behind = queues.send(REMOVAL_QUEUE, self._order, delay_s=_AFTER_HOLD_S)
        run_id = RunId(newest_first(self.now))
        self.save(running=Running(run_id=run_id, until=self.now + _HOLD))

    @property
    def _order(self) -> bytes:
        return msgspec.json.encode(RemovalOrder(account_id=self.control.account_id, removal_id=self.removal.id))
