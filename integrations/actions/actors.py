"""Who acts, as audit entries name them; and the line of the due list by which new entries are sealed soon."""

from datetime import timedelta
from typing import NamedTuple

from integrations.domain.ids import AccountId
from integrations.services import Services
from integrations.storage.due import ALL, Due, Work

_SEALED_AFTER = timedelta(minutes=5)
_LINE_LASTS = timedelta(minutes=10)  # a line that is due longer may be completed before our entry is written
_MOST_REMEMBERED = 10_000  # accounts, per process


class Actor(NamedTuple):
    """Who acts: a portal user by id, or one of our functions as ``system:<name>``."""

    account_id: AccountId
    name: str
    trace_id: str


def ensure_sealed(services: Services, account_id: AccountId) -> None:
    """Have the account's new audit entries sealed within minutes.

    The line is remembered per process, so that storage is asked once for many entries.

    Raises:
        StorageUnavailable: the line could not be written.
    """
    now = services.clock()
    remembered = services.seal_lines.get(account_id)
    if remembered is not None and now - _LINE_LASTS < remembered <= now + _SEALED_AFTER:
        return
    if len(services.seal_lines) >= _MOST_REMEMBERED:
        services.seal_lines.clear()
    due = Due(Work.SEAL, account_id, ALL, now + _SEALED_AFTER)
    services.seal_lines[account_id] = services.due.ensure(due, after=now - _LINE_LASTS)
