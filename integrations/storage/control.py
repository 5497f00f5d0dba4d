"""The control rows of ONE account: what is connected, mapped, under way, and what was done about it.

Table ``control``: PartitionKey is the account id, so that a forgotten filter cannot leak, and so that
each change is one transaction together with its audit entry and its outbox message.
"""

import re
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from integrations.domain.audit.seals import AuditKey, Seal
from integrations.domain.connect.consent import Flow
from integrations.domain.csp.customers import AccessState
from integrations.domain.csp.report import Report
from integrations.domain.ids import AccountId
from integrations.domain.integrations import (
    AuditEntry,
    Credential,
    Integration,
    Organization,
    Reservation,
    SyncroTenant,
    Tenant,
)
from integrations.domain.plan import PlanRecord
from integrations.domain.removal import Removal, RemoveAll, TenantRemoval
from integrations.domain.sync.change_notifications import Watch
from integrations.domain.sync.datasets import Run
from integrations.storage.documents import Documents
from shared.errors import Conflict
from shared.storage.table import Table
from shared.storage.tables import RowChanged, RowExists, Tables, Write

CURRENT = "current"  # of what an account has one of: its signing key, its plan
_ROWS_A_PAGE = 1000
_LATEST_SEAL = 10**10 - 1
_LATEST_MS = 10**15 - 1  # keys count down from here, so that the newest row comes first


class VersionConflict(Conflict):
    """Somebody changed the same thing in the same moment; nothing of ours was written."""

    code = "changed_meanwhile"
    title = "This was changed by somebody else at the same time"
    remedy = "Reload the page and try again."


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A queue message to be sent because of a change; it is deleted once it was sent."""

    id: str
    queue: str
    body: str
    delay_s: int
    ttl_s: int


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The answer to a request with an Idempotency-Key; ``status`` is 0 while the first try is under way.

    ``body`` is sealed where ``is_sealed`` says so: what a journey to Microsoft begins with is a secret.
    """

    key: str
    request_hash: str
    at: datetime
    status: int = 0
    body: str = ""
    content_type: str = ""
    headers: dict[str, str] = {}
    is_sealed: bool = False


class Starting(msgspec.Struct, frozen=True, kw_only=True):
    """What whoever starts a journey writes anew, so that of many who count the open ones at once one gets through."""

    id: str = CURRENT


class Control:
    """Everything one account owns but its synced data: read here, changed by ``actions.account`` only."""

    def __init__(self, tables: Tables, account_id: AccountId) -> None:
        table = _table(tables)
        self.account_id = account_id
        self.integrations = Documents(table, account_id, "integration", Integration, lambda it: it.id)
        self.credentials = Documents(table, account_id, "credential", Credential, lambda it: it.integration_id)
        self.reports = Documents(table, account_id, "report", Report, lambda it: it.integration_id)
        self.facts = Documents(table, account_id, "facts", AccessState, lambda it: it.tenant_id)
        self.tenants = Documents(table, account_id, "tenant", Tenant, lambda it: it.tenant_id)
        self.reservations = Documents(table, account_id, "map", Reservation, lambda it: it.key)
        self.organizations = Documents(table, account_id, "organization", Organization, lambda it: it.id)
        self.syncro_tenants = Documents(table, account_id, "syncro_tenant", SyncroTenant, lambda it: it.id)
        self.removals = Documents(table, account_id, "removal", Removal, lambda it: it.id)
        self.tenant_removals = Documents(table, account_id, "parting", TenantRemoval, lambda it: it.key)
        self.remove_all = Documents(table, account_id, "remove_all", RemoveAll, lambda it: it.id)
        self.flows = Documents(table, account_id, "flow", Flow, lambda it: it.id)
        self.runs = Documents(table, account_id, "run", Run, lambda it: f"{it.tenant_id}:{it.id}")
        self.outbox = Documents(table, account_id, "outbox", OutboxMessage, lambda it: it.id)
        self.audit = Documents(table, account_id, "audit", AuditEntry, lambda it: it.id)
        self.seals = Documents(table, account_id, "seal", Seal, lambda it: newest_seal_first(it.number))
        self.audit_keys = Documents(table, account_id, "audit_key", AuditKey, lambda _: CURRENT)
        self.plans = Documents(table, account_id, "plan", PlanRecord, lambda _: CURRENT)
        self.watches = Documents(table, account_id, "watch", Watch, lambda it: it.tenant_id)
        self.starting = Documents(table, account_id, "starting", Starting, lambda it: it.id)
        self.answers = Documents(table, account_id, "answer", StoredAnswer, lambda it: it.key)
        self._table = table

    def everything(self) -> Iterator[tuple[str, str, str]]:
        """Every row of the account as it is written down: kind, id and text, in the order of keys."""
        after = ""
        while True:
            rows = self._table.range(self.account_id, after, columns=["body"], limit=_ROWS_A_PAGE)
            for row in rows:
                kind, _, row_id = row.key.partition(":")
                yield kind, row_id, str(row.values.get("body", ""))
            if len(rows) < _ROWS_A_PAGE:
                return
            after = f"{rows[-1].key}\u0020"


class ControlWriter:
    """Writes control rows. Only ``actions.account`` has one, so that every change keeps the crash-safe order."""

    def __init__(self, tables: Tables) -> None:
        self._table = _table(tables)

    def commit(self, *writes: Write) -> str:
        """Do all of it or nothing: up to 100 writes to the rows of one account. Returns the new version of the first.

        Raises:
            VersionConflict: a row was changed, taken or removed since it was read; nothing was written.
        """
        try:
            return self._table.write(*writes)
        except (RowChanged, RowExists) as error:
            raise VersionConflict from error


def _table(tables: Tables) -> Table:
    return tables.table("control")


def newest_first(moment: datetime, suffix: str | None = None) -> str:
    """A key that sorts the newest first: 15 digits counting down, a dash, 8 characters."""
    return f"{_LATEST_MS - round(moment.timestamp() * 1000):015d}-{suffix or secrets.token_hex(4)}"


def moment_of(key: str) -> datetime:
    """The time in a key of ``newest_first``, to the millisecond; the end of time for any other text."""
    try:
        return datetime.fromtimestamp((_LATEST_MS - int(key[:15])) / 1000, UTC)
    except (ValueError, OverflowError, OSError):
        return datetime.max.replace(tzinfo=UTC)


def newest_seal_first(number: int) -> str:
    """A seal's key: 10 digits counting down."""
    return f"{_LATEST_SEAL - number:010d}"


def number_of_seal(key: str) -> int:
    """The inverse of ``newest_seal_first``; 0 for any other text."""
    return _LATEST_SEAL - int(key) if re.fullmatch(r"[0-9]{10}", key) else 0
