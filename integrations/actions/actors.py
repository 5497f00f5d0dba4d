"""Who does something, and that what is told of it in the audit log is sealed soon."""

from datetime import timedelta
from typing import NamedTuple

from integrations.domain.ids import AccountId
from integrations.services import Services
from integrations.storage.due import ALL, Due, Work

_SEALED_AFTER = timedelta(minutes=5)
_LINE_STANDS = timedelta(minutes=10)  # a line older than that may be settled before our entry is there
_MOST_LINES = 10_000


class Actor(NamedTuple):
    """Who does something: a portal user, or a function of ours as ``system:<name>``."""

    account_id: AccountId
    name: str
    trace_id: str


def ensure_sealed(services: Services, account_id: AccountId) -> None:
    """Have the account's audit entries sealed soon; said once for many entries of this process."""
    now = services.clock()
    known = services.seal_lines.get(account_id)
    if known is not None and now - _LINE_STANDS < known <= now + _SEALED_AFTER:
        return
    if len(services.seal_lines) >= _MOST_LINES:
        services.seal_lines.clear()
    due = Due(Work.SEAL, account_id, ALL, now + _SEALED_AFTER)
    services.seal_lines[account_id] = services.due.ensure(due, after=now - _LINE_STANDS)
