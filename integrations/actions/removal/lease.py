"""The lease of a removal: one worker at a time works on it, and another one takes over when that worker dies.

A message is sent before the work begins and appears after the lease has expired; a worker that finishes or releases
its lease in good order deletes or reuses that message.
"""

import contextlib
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import msgspec

from integrations.actions.account import Account, Change
from integrations.domain.ids import RunId
from integrations.domain.integrations import Running
from integrations.domain.jobs.orders import RemovalOrder
from integrations.domain.removal import Removal
from integrations.storage.control import VersionConflict, newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import Work
from shared.storage.queues import QueueUnavailable, SentMessage
from shared.storage.tables import Write
from shared.telemetry.log import log

_DURATION = timedelta(seconds=60)
_TAKEOVER_AFTER_S = 75
_AFTER_CONFLICT_S = 1
_WORK_LIMIT = timedelta(minutes=4)  # well below functionTimeout in host.json


class Stop(Exception):
    """This worker's time is over; a message continues the removal."""


class Lease:
    """One worker's lease of one removal. Every write of the removal's row is guarded by the lease's version."""

    def __init__(self, account: Account, stored: Stored[Removal]) -> None:
        self._account = account
        self._stored = stored
        self._began_at = account.services.clock()
        self._takeover: SentMessage | None = None

    @property
    def removal(self) -> Removal:
        return self._stored.value

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """Hold the lease during the block. After an error the takeover message stays, and retries when it appears.

        After a conflict over a row that others change too (another removal's, a new flow's), the removal is continued
        soon, and reads that row again.

        Raises:
            VersionConflict: another worker has the lease.
            QueueUnavailable: the takeover message could not be sent.
        """
        self._take()
        try:
            with contextlib.suppress(Stop):
                yield
        except VersionConflict:
            self.release()
            self.continue_after(_AFTER_CONFLICT_S)
            log("continue removal after a conflict", account_id=self._account.id)
        if self._takeover is not None:
            with contextlib.suppress(QueueUnavailable):  # then it appears, and finds nothing due
                self._account.services.queues.delete(self._takeover)

    def save(self, *more: Write, **changes: Any) -> None:
        """Write fields of the removal's row, together with ``more`` rows.

        Raises:
            VersionConflict: another worker has the lease.
        """
        with self.change(**changes) as change:
            change.write(*more)

    @contextlib.contextmanager
    def change(self, **changes: Any) -> Iterator[Change]:
        """Write fields of the removal's row in one transaction with what the block adds.

        Raises:
            VersionConflict: another worker has the lease.
        """
        removal, removals = msgspec.structs.replace(self.removal, **changes), self._account.control.removals
        with self._account.change() as change:
            change.write(removals.saved(self._stored.now(removal)))  # the first row, so that its version is returned
            yield change
        self._stored = Stored(removal, change.etag)

    def renew(self) -> None:
        """Call this between two pieces of work: it extends the lease, and stops in time for the function's limit.

        Raises:
            Stop: this worker's time is over.
            VersionConflict: another worker has the lease.
        """
        now, running = self._account.services.clock(), self.removal.running
        if running is not None and running.until - now < _DURATION / 2:
            self._take()
        if now - self._began_at > _WORK_LIMIT:
            self.rest(now)
            self.continue_after(0)
            raise Stop

    def rest(self, until: datetime, **changes: Any) -> None:
        """Release the lease; the removal is due again at ``until``."""
        with self.resting(until, **changes):
            pass  # nothing but the removal

    @contextlib.contextmanager
    def resting(self, until: datetime, **changes: Any) -> Iterator[Change]:
        """Release the lease in one transaction with what the block adds; the removal is due again at ``until``."""
        with self.change(running=None, next_at=until, given_up=None, **changes) as change:
            # Not before the row: if this process dies between the two, the removal is due as it was.
            change.postpone(Work.REMOVAL, self.removal.id, until)
            yield change

    def continue_after(self, delay_s: int) -> None:
        """Have a message continue the removal after ``delay_s`` seconds."""
        queues = self._account.services.queues
        if self._takeover is None or not queues.hide(self._takeover, delay_s):
            queues.send(RemovalOrder.queue, self._order, delay_s=delay_s)
        self._takeover = None

    def release(self) -> None:
        """Give the lease up after a failure, so that the retry does not have to wait for it to expire.

        Raises:
            VersionConflict: another worker has the lease.
        """
        self.save(running=None)

    def delete(self) -> None:
        """Delete the removal's own row."""
        with self._account.change() as change:
            change.write(self._account.control.removals.removed(self._stored))

    def _take(self) -> None:
        """Take or extend the lease; the takeover message is moved first, so that a worker that dies is followed."""
        queues = self._account.services.queues
        if self._takeover is None or not queues.hide(self._takeover, _TAKEOVER_AFTER_S):
            self._takeover = queues.send(RemovalOrder.queue, self._order, delay_s=_TAKEOVER_AFTER_S)
        now = self._account.services.clock()
        self.save(running=Running(run_id=RunId(newest_first(now)), until=now + _DURATION))

    @property
    def _order(self) -> bytes:
        return msgspec.json.encode(RemovalOrder(account_id=self._account.id, removal_id=self.removal.id))
