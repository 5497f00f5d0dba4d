"""One account's rows, and the only way to change them: a unit of work that keeps a crash-safe order.

1. Lines are added to the due list for what the change makes due. If the process dies now, a line without work is
   left, which is dropped when its time comes; there is never work without a line.
2. Rows, audit entries and messages (as rows of the outbox) are written in one transaction.
3. Messages are sent. Those that a dead process or an outage leaves in the outbox are sent by the reconciler.
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
    """One account: ``control`` reads its rows and builds writes, ``change`` executes them."""

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

        It is written when its block ends, and not at all when the block raises. With an actor it contains an audit
        entry of ``action``; ``Change.audit`` adds more.

        Raises:
            VersionConflict: when the block ends; a row was changed, added or removed since it was read. No row was
                written and no message was sent.
            StorageUnavailable: when the block ends; it is not known whether the rows were written.
        """
        change = Change(self)
        if actor is not None:
            change.audit(actor, action, subject or {}, outcome=outcome, reason=reason, before=before, after=after)
        return change

    def system_actor(self, function: str, trace_id: str = "") -> Actor:
        """One of our own functions as the actor of an audit entry."""
        return Actor(self.id, f"system:{function}", trace_id)

    def dispatch(self) -> None:
        """Send the messages of the outbox. Those that cannot be sent now are sent by the reconciler."""
        try:
            for stored in self.control.outbox.list():
                message = stored.value
                body = message.body.encode()
                self.services.queues.send(message.queue, body, delay_s=message.delay_s, ttl_s=message.ttl_s)
                with ignore_conflict("another process sent the message too", account_id=self.id):
                    ControlWriter(self.services.tables).commit(self.control.outbox.removed(stored))
        except Unavailable as error:
            log("left messages in the outbox", account_id=self.id, error=type(error).__name__)


class Change:
    """A unit of work: up to 100 rows, audit entries and messages, written together when its block ends.

    A change without row, audit entry and message does nothing: it adds no line either. ``etag`` is the new version of
    the first row, once the block has ended.
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
        """Add a line to the due list before any row is written; of several for one item the last one counts."""
        self._lines[work, item_id] = Due(work, self.account.id, item_id, at)

    def postpone(self, work: Work, item_id: str, at: datetime) -> None:
        """Move a line to a later time after the rows are written: until then the work is due as before.

        If storage fails at that point, the line keeps its earlier time, and its handler finds nothing to do.
        """
        self._later_lines.append(Due(work, self.account.id, item_id, at))

    def write(self, *writes: Write) -> None:
        """Add writes of rows, as ``control`` builds them: ``control.tenants.saved(stored.now(tenant))``."""
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
        """Add an audit entry: insert-only, and sealed within minutes; ``subject`` maps kinds of ids to ids."""
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
        """Add a message, which is sent after ``delay_s`` once the rows are written."""
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
            self._add_lines()
            self._commit()
            self._follow_up()

    def _add_lines(self) -> None:
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
            self._postpone_lines(self._later_lines)
        if self._messages:
            self.account.dispatch()

    def _postpone_lines(self, lines: Iterable[Due]) -> None:
        try:
            self.account.services.due.put_all(lines)
        except Unavailable as error:
            log("left a line at its earlier time", account_id=self.account.id, error=type(error).__name__)
