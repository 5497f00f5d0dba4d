"""One account's rows, and the only way to change them: a unit of work that keeps a crash-safe order.

1. What the change makes due gets its lines in the due list: a process that dies now leaves a line without work,
   which is dropped when it is looked at, never work without a line.
2. Rows, audit entries and messages (as rows of the outbox) are written in one transaction.
3. Messages are sent. What a dead process or an outage leaves in the outbox is sent by the reconciler.
"""

import secrets
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import TracebackType
from typing import Self

import msgspec

from integrations.actions.actors import Actor, ensure_sealed
from integrations.actions.conflicts import ignore_conflict
from integrations.domain.ids import AccountId
from integrations.domain.integrations import AuditEntry
from integrations.domain.jobs.orders import AccountOrder
from integrations.domain.sync.schedule import ORDER_LIFE
from integrations.services import Services
from integrations.storage.control import ControlWriter, OutboxMessage, newest_first
from integrations.storage.due import ALL, Due, Work
from shared.errors import Unavailable
from shared.storage.tables import Write
from shared.telemetry.log import log

_OUTBOX_GRACE = timedelta(minutes=1)


class Account:
    """One account: ``control`` reads its rows and makes writes of them, ``change`` writes."""

    def __init__(self, services: Services, account_id: AccountId) -> None:
        self.id = account_id
        self.services = services
        self.control = services.control(account_id)

    def change(
        self,
        actor: Actor | None = None,
        action: str = "",
        subject: Mapping[str, str] | None = None,
        *,
        outcome: str = "done",
        reason: str = "",
        before: str = "",
        after: str = "",
    ) -> "Change":
        """Open a unit of work: ``with account.change(actor, "mapped tenant", subject) as change: ...``.

        It is written when its block ends, and not at all when the block raises. With an actor it begins with an audit
        entry; ``Change.audit`` adds others.

        Raises:
            VersionConflict: when the block ends; a row was changed, taken or removed since it was read. No row was
                written and nothing was sent.
            StorageUnavailable: when the block ends; whether the rows were written is not known.
        """
        change = Change(self)
        if actor is not None:
            change.audit(actor, action, subject or {}, outcome=outcome, reason=reason, before=before, after=after)
        return change

    def system_actor(self, function: str, trace_id: str = "") -> Actor:
        """One of our own functions as the actor of an audit entry."""
        return Actor(self.id, f"system:{function}", trace_id)

    def dispatch(self) -> None:
        """Send what the outbox holds. What cannot be sent now is sent by the reconciler."""
        try:
            for stored in self.control.outbox.list():
                it = stored.value
                self.services.queues.send(it.queue, it.body.encode(), delay_s=it.delay_s, ttl_s=it.ttl_s)
                with ignore_conflict("another process sent the message too", account_id=self.id):
                    ControlWriter(self.services.tables).commit(self.control.outbox.removed(stored))
        except Unavailable as error:
            log("left messages in the outbox", account_id=self.id, error=type(error).__name__)


class Change:
    """What is written together once the block ends: up to 100 rows, audit entries and messages.

    A change of no row, without audit entry and message, does nothing: it puts no line either. ``etag`` is the new
    version of the first row, once the block has ended.
    """

    def __init__(self, account: Account) -> None:
        self.account = account
        self.etag = ""
        self._lines: dict[tuple[Work, str], Due] = {}
        self._later_lines: list[Due] = []
        self._rows: list[Write] = []
        self._entries: list[AuditEntry] = []
        self._messages: list[Write] = []

    def due(self, work: Work, item_id: str, at: datetime) -> None:
        """Put a line into the due list, before any row is written; of several for one item the last one stands."""
        self._lines[work, item_id] = Due(work, self.account.id, item_id, at)

    def postpone(self, work: Work, item_id: str, at: datetime) -> None:
        """Move a line to a later time, after the rows are written: until then the work is due as it was.

        If storage fails just then, the line comes too early and finds nothing to do.
        """
        self._later_lines.append(Due(work, self.account.id, item_id, at))

    def write(self, *writes: Write) -> None:
        """Rows to be written, as ``control`` makes them: ``control.tenants.saved(stored.now(tenant))``."""
        self._rows += writes

    def audit(
        self,
        actor: Actor,
        action: str,
        subject: Mapping[str, str],
        *,
        outcome: str = "done",
        reason: str = "",
        before: str = "",
        after: str = "",
    ) -> None:
        """An audit entry: insert-only, and sealed soon; ``subject`` maps kinds of ids to ids."""
        now = self.account.services.clock()
        entry = AuditEntry(
            id=newest_first(now),
            at=now,
            account_id=self.account.id,
            actor=actor.name,
            action=action,
            subject=dict(subject),
            outcome=outcome,
            reason=reason,
            before=before,
            after=after,
            trace_id=actor.trace_id,
        )
        self._entries.append(entry)

    def send(self, order: AccountOrder, *, delay_s: int = 0) -> None:
        """A message to be sent once the rows are written."""
        outgoing = OutboxMessage(
            id=secrets.token_hex(12),
            queue=order.queue,
            body=msgspec.json.encode(order).decode(),
            delay_s=delay_s,
            ttl_s=int(ORDER_LIFE.total_seconds()),
        )
        self._messages.append(self.account.control.outbox.added(outgoing))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if kind is None and (self._rows or self._entries or self._messages):
            self._announce()
            self._commit()
            self._follow_up()

    def _announce(self) -> None:
        services = self.account.services
        if self._messages:
            self.due(Work.OUTBOX, ALL, services.clock() + _OUTBOX_GRACE)
        services.due.put_all(self._lines.values())
        if self._entries:
            ensure_sealed(services, self.account.id)

    def _commit(self) -> None:
        entries = [self.account.control.audit.added(it) for it in self._entries]
        writer = ControlWriter(self.account.services.tables)
        self.etag = writer.commit(*self._rows, *entries, *self._messages)
        for it in self._entries:
            log(it.action, account_id=it.account_id, outcome=it.outcome, reason=it.reason, trace_id=it.trace_id)

    def _follow_up(self) -> None:
        if self._later_lines:
            self._put_later(self._later_lines)
        if self._messages:
            self.account.dispatch()

    def _put_later(self, lines: Iterable[Due]) -> None:
        try:
            self.account.services.due.put_all(lines)
        except Unavailable as error:
            log("left a line at its earlier time", account_id=self.account.id, error=type(error).__name__)
