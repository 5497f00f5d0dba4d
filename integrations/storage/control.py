"""The control rows of ONE account: integrations, mappings, summaries, flows, runs, removals, audit log.

Table ``control``: PartitionKey is the account id, so that a forgotten filter cannot leak another account's rows, and
each change is one transaction together with its audit entry and its outbox message. RowKey is ``<kind>:<id>``; the
stored names of kinds stand here and nowhere else.
"""

import re
import secrets
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec

from integrations.domain.account_settings import AccountSettings, ExceptionPage
from integrations.domain.audit.seals import AuditKey, Seal
from integrations.domain.connect.flow import Flow
from integrations.domain.csp.customers import AccessState
from integrations.domain.csp.report import Report
from integrations.domain.ids import AccountId
from integrations.domain.insights.history import HistoryMonth
from integrations.domain.insights.summary import TenantSummary
from integrations.domain.integrations import (
    AuditEntry,
    Credential,
    Integration,
    Organization,
    Reservation,
    SyncroTenant,
    Tenant,
)
from integrations.domain.people.erasure import ErasureMark, ErasureSalt
from integrations.domain.plan import PlanRecord
from integrations.domain.removal import Removal, RemoveAll, TenantRemoval
from integrations.domain.sync.change_notifications import Watch
from integrations.domain.sync.datasets import Run
from integrations.domain.user_sync.stored.state import UserSyncChip
from integrations.storage.documents import Documents, RowKind, Stored, all_rows, find_several
from shared.errors import Conflict
from shared.storage.table import Table
from shared.storage.tables import RowChanged, RowExists, Tables, Write

CURRENT = "current"  # the key where an account has one row of a kind: its signing key, its plan, its settings
_LATEST_SEAL = 10**10 - 1
_LATEST_MS = 10**15 - 1  # keys count down from here, so that the newest row comes first


class VersionConflict(Conflict):
    """A row was changed since it was read; nothing was written."""

    code = "changed_meanwhile"
    title = "This was changed by somebody else at the same time"
    remedy = "Reload the page and try again."


class OutboxMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A queue message that belongs to a change; the row is deleted after the message is sent."""

    id: str
    queue: str
    body: str
    delay_s: int
    ttl_s: int


class StoredAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The response to a request with an Idempotency-Key; ``status`` is 0 while the first request is being handled.

    ``is_sealed``: ``body`` is encrypted, because the address that starts a sign-in is a secret.
    """

    key: str
    request_hash: str
    at: datetime
    status: int = 0
    body: str = ""
    content_type: str = ""
    headers: dict[str, str] = {}
    is_sealed: bool = False


class FlowStart(msgspec.Struct, frozen=True, kw_only=True):
    """A row that every new flow replaces, so that of several that count open flows at the same time one succeeds."""

    id: str = CURRENT


_NO_SECRETS: frozenset[str] = frozenset()

# Stored name, model, key, and the fields that an export leaves out.
_INTEGRATION = RowKind("integration", Integration, lambda it: it.id, _NO_SECRETS)
_CREDENTIAL = RowKind("credential", Credential, lambda it: it.integration_id, frozenset({"sealed"}))
_REPORT = RowKind("report", Report, lambda it: it.integration_id, _NO_SECRETS)
_ACCESS_STATE = RowKind("facts", AccessState, lambda it: it.tenant_id, _NO_SECRETS)
_TENANT = RowKind("tenant", Tenant, lambda it: it.tenant_id, _NO_SECRETS)
_RESERVATION = RowKind("map", Reservation, lambda it: it.key, _NO_SECRETS)
_ORGANIZATION = RowKind("organization", Organization, lambda it: it.id, _NO_SECRETS)
_SYNCRO_TENANT = RowKind("syncro_tenant", SyncroTenant, lambda it: it.id, _NO_SECRETS)
_REMOVAL = RowKind("removal", Removal, lambda it: it.id, _NO_SECRETS)
_TENANT_REMOVAL = RowKind("parting", TenantRemoval, lambda it: it.key, _NO_SECRETS)
_REMOVE_ALL = RowKind("remove_all", RemoveAll, lambda it: it.id, _NO_SECRETS)
_FLOW = RowKind("flow", Flow, lambda it: it.id, frozenset({"sealed", "state_hash", "states"}))
_RUN = RowKind("run", Run, lambda it: f"{it.tenant_id}:{it.id}", _NO_SECRETS)
_OUTBOX = RowKind("outbox", OutboxMessage, lambda it: it.id, _NO_SECRETS)
_AUDIT_ENTRY = RowKind("audit", AuditEntry, lambda it: it.id, _NO_SECRETS)
_SEAL = RowKind("seal", Seal, lambda it: newest_seal_first(it.number), _NO_SECRETS)
_AUDIT_KEY = RowKind("audit_key", AuditKey, lambda _: CURRENT, frozenset({"sealed"}))
_PLAN = RowKind("plan", PlanRecord, lambda _: CURRENT, _NO_SECRETS)
_SETTINGS = RowKind("settings", AccountSettings, lambda _: CURRENT, _NO_SECRETS)
_EXCEPTIONS = RowKind("exceptions", ExceptionPage, lambda it: exception_page_key(it.number), _NO_SECRETS)
_WATCH = RowKind("watch", Watch, lambda it: it.tenant_id, frozenset({"secret_hash"}))
_FLOW_START = RowKind("starting", FlowStart, lambda it: it.id, _NO_SECRETS)
_SUMMARY = RowKind("summary", TenantSummary, lambda it: it.tenant_id, _NO_SECRETS)
_HISTORY = RowKind("history", HistoryMonth, lambda it: it.key, _NO_SECRETS)
_ANSWER = RowKind("answer", StoredAnswer, lambda it: it.key, frozenset({"key", "request_hash", "body", "headers"}))
_ERASURE_SALT = RowKind("erasure_salt", ErasureSalt, lambda _: CURRENT, frozenset({"salt"}))
_ERASURE_MARK = RowKind("erased", ErasureMark, lambda it: it.key, _NO_SECRETS)
_USER_SYNC_CHIP = RowKind("user_sync_chip", UserSyncChip, lambda it: it.tenant_id, _NO_SECRETS)

KINDS: Mapping[str, RowKind[Any]] = {
    it.name: it
    for it in (
        _INTEGRATION,
        _CREDENTIAL,
        _REPORT,
        _ACCESS_STATE,
        _TENANT,
        _RESERVATION,
        _ORGANIZATION,
        _SYNCRO_TENANT,
        _REMOVAL,
        _TENANT_REMOVAL,
        _REMOVE_ALL,
        _FLOW,
        _RUN,
        _OUTBOX,
        _AUDIT_ENTRY,
        _SEAL,
        _AUDIT_KEY,
        _PLAN,
        _SETTINGS,
        _EXCEPTIONS,
        _WATCH,
        _FLOW_START,
        _SUMMARY,
        _HISTORY,
        _ANSWER,
        _ERASURE_SALT,
        _ERASURE_MARK,
        _USER_SYNC_CHIP,
    )
}


class Control:
    """Everything one account owns except synced data: read here, changed by ``actions.account`` only."""

    def __init__(self, tables: Tables, account_id: AccountId) -> None:
        table = _table(tables)
        self.account_id = account_id
        self.integrations = Documents(table, account_id, _INTEGRATION)
        self.credentials = Documents(table, account_id, _CREDENTIAL)
        self.reports = Documents(table, account_id, _REPORT)
        self.access_states = Documents(table, account_id, _ACCESS_STATE)
        self.tenants = Documents(table, account_id, _TENANT)
        self.reservations = Documents(table, account_id, _RESERVATION)
        self.organizations = Documents(table, account_id, _ORGANIZATION)
        self.syncro_tenants = Documents(table, account_id, _SYNCRO_TENANT)
        self.removals = Documents(table, account_id, _REMOVAL)
        self.tenant_removals = Documents(table, account_id, _TENANT_REMOVAL)
        self.remove_all = Documents(table, account_id, _REMOVE_ALL)
        self.flows = Documents(table, account_id, _FLOW)
        self.runs = Documents(table, account_id, _RUN)
        self.outbox = Documents(table, account_id, _OUTBOX)
        self.audit = Documents(table, account_id, _AUDIT_ENTRY)
        self.seals = Documents(table, account_id, _SEAL)
        self.audit_keys = Documents(table, account_id, _AUDIT_KEY)
        self.plans = Documents(table, account_id, _PLAN)
        self.settings = Documents(table, account_id, _SETTINGS)
        self.exceptions = Documents(table, account_id, _EXCEPTIONS)
        self.watches = Documents(table, account_id, _WATCH)
        self.flow_starts = Documents(table, account_id, _FLOW_START)
        self.summaries = Documents(table, account_id, _SUMMARY)
        self.history = Documents(table, account_id, _HISTORY)
        self.answers = Documents(table, account_id, _ANSWER)
        self.erasure_salts = Documents(table, account_id, _ERASURE_SALT)
        self.erasure_marks = Documents(table, account_id, _ERASURE_MARK)
        self.user_sync_chips = Documents(table, account_id, _USER_SYNC_CHIP)
        self._table = table

    def find_several(self, *wanted: tuple[Documents[Any], str]) -> list[Stored[Any] | None]:
        """As ``documents.find_several``."""
        return find_several(self._table, self.account_id, wanted)

    def everything(self) -> Iterator[tuple[RowKind[Any], str, str]]:
        """Every row of the account in key order: its kind, id and stored JSON; not those of kinds we do not know."""
        return all_rows(self._table, self.account_id, KINDS)


class ControlWriter:
    """Writes control rows. Only ``actions.account`` has one, so that every change keeps the crash-safe order."""

    def __init__(self, tables: Tables) -> None:
        self._table = _table(tables)

    def commit(self, *writes: Write) -> str:
        """Write all or nothing: up to 100 writes to the rows of one account. Returns the new ETag of the first row.

        Raises:
            VersionConflict: a row was changed, added or deleted since it was read; nothing was written.
        """
        try:
            return self._table.write(*writes)
        except (RowChanged, RowExists) as error:
            raise VersionConflict from error


def _table(tables: Tables) -> Table:
    return tables.table("control")


def exception_page_key(number: int) -> str:
    """Six digits, so that keys sort as the numbers do."""
    return f"{number:06d}"


def newest_first(moment: datetime, suffix: str | None = None) -> str:
    """A key that sorts the newest first: 15 digits counting down, a dash, 8 characters."""
    return f"{_LATEST_MS - round(moment.timestamp() * 1000):015d}-{suffix or secrets.token_hex(4)}"


def moment_of(key: str) -> datetime:
    """The time in a key of ``newest_first``, to the millisecond; the latest possible time for any other text."""
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
