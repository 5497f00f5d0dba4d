"""What every change carries in its transaction: an audit entry, and the messages it causes."""

import secrets
from datetime import timedelta
from typing import NamedTuple

import msgspec

from integrations.domain.connections import AuditEntry
from integrations.domain.ids import AccountId
from integrations.domain.orders import AccountOrder
from integrations.domain.schedule import ORDER_LIFE
from integrations.services import Services
from integrations.storage.control import Clash, Control, OutboxMessage, newest_first
from integrations.storage.documents import Stored
from integrations.storage.due import ALL, Due, Work
from shared.errors import Unavailable
from shared.tables import Write
from shared.telemetry import log

_OUTBOX_GRACE = timedelta(minutes=1)
_SEALED_AFTER = timedelta(minutes=5)
_LINE_STANDS = timedelta(minutes=10)  # a line older than that may be settled before our entry is there
_MOST_LINES = 10_000


class Actor(NamedTuple):
    """Who does something: a portal user, or a function of ours as ``system:<name>``."""

    account_id: AccountId
    name: str
    trace_id: str


def audit(
    services: Services,
    control: Control,
    actor: Actor,
    action: str,
    subject: dict[str, str],
    *,
    outcome: str = "done",
    reason: str = "",
    before: str = "",
    after: str = "",
) -> Write:
    """The insert-only audit entry of a change; that it is to be sealed is written down before it is."""
    now = services.clock()
    have_sealed(services, control.account_id)
    entry = AuditEntry(
        id=newest_first(now),
        at=now,
        account_id=control.account_id,
        actor=actor.name,
        action=action,
        subject=subject,
        outcome=outcome,
        reason=reason,
        before=before,
        after=after,
        trace_id=actor.trace_id,
    )
    log(action, account_id=control.account_id, outcome=outcome, reason=reason, trace_id=actor.trace_id)
    return control.audit.added(entry)


def have_sealed(services: Services, account_id: AccountId) -> None:
    """Have the account's audit entries sealed soon; said once for many entries of this process."""
    now = services.clock()
    known = services.seal_lines.get(account_id)
    if known is not None and now - _LINE_STANDS < known <= now + _SEALED_AFTER:
        return
    if len(services.seal_lines) >= _MOST_LINES:
        services.seal_lines.clear()
    due = Due(Work.SEAL, account_id, ALL, now + _SEALED_AFTER)
    services.seal_lines[account_id] = services.due.ensure(due, after=now - _LINE_STANDS)


def message(control: Control, order: AccountOrder, *, delay_s: int = 0) -> Write:
    """The outbox row of a message; ``announce`` before the commit and ``dispatch`` after it."""
    outgoing = OutboxMessage(
        id=secrets.token_hex(12),
        queue=order.queue,
        body=msgspec.json.encode(order).decode(),
        delay_s=delay_s,
        ttl_s=int(ORDER_LIFE.total_seconds()),
    )
    return control.outbox.added(outgoing)


def announce(services: Services, account_id: AccountId) -> None:
    """Say beforehand that the account's outbox will hold something: a crash after the commit loses nothing."""
    services.due.put(Due(Work.OUTBOX, account_id, ALL, services.clock() + _OUTBOX_GRACE))


def dispatch(services: Services, control: Control) -> None:
    """Send what the outbox holds. What cannot be sent now is sent by the reconciler."""
    try:
        for stored in control.outbox.list():
            outgoing = stored.value
            services.queues.send(outgoing.queue, outgoing.body.encode(), delay_s=outgoing.delay_s, ttl_s=outgoing.ttl_s)
            _forget(control, stored)
    except Unavailable as error:
        log("left messages in the outbox", account_id=control.account_id, error=type(error).__name__)


def _forget(control: Control, stored: Stored[OutboxMessage]) -> None:
    try:
        control.commit(control.outbox.removed(stored))
    except Clash:
        log("another process sent the message too", account_id=control.account_id)
