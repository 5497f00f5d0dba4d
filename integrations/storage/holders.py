"""Which integrations use our application in each Microsoft tenant, across accounts: the last holder may uninstall it.

Each registration is an application of its own, and has holders of its own. Table ``holders``: PartitionKey is the
Microsoft tenant id, followed by ``|<client id>`` for a registration that is not the first. Rows:
``<account>|<integration>`` for each holder, and ``!turn``, which every transaction of the partition replaces, so that
of two concurrent changes one fails and is retried. Its column ``leaving`` names the holder that is uninstalling the
application, and ``until`` the end of its lease. A holder's row is written before its integration, so that a crash
leaves one holder too many, never too few.
"""

from datetime import datetime
from enum import Enum

from integrations.domain.ids import FIRST_REGISTRATION, AccountId, ClientId, IntegrationId, TenantId
from integrations.domain.retry_delays import UNINSTALL_LEASE
from shared.clock import format_utc, parse_utc
from shared.errors import TemporaryFailure
from shared.storage.tables import Row, RowChanged, RowExists, Tables, Write, delete, insert, replace, upsert

_TURN = "!turn"
_TRIES = 10


class BeingRemoved(TemporaryFailure):
    """Our application is being uninstalled from the tenant at this moment."""

    code = "removing"
    title = "The tenant is being disconnected right now"
    remedy = "Wait for the time in Retry-After, then start again from the Integrate button."


class ReleaseResult(Enum):
    """Whether a holder that was released may uninstall the application: only LAST may."""

    LAST = "last"
    NOT_LAST = "not last"
    NEVER_HELD = "never held"


class Holders:
    """The holders of one registration's application."""

    def __init__(self, tables: Tables, client_id: ClientId = FIRST_REGISTRATION) -> None:
        self._table = tables.table("holders")
        self._client_id = client_id

    def add(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId, now: datetime) -> None:
        """Record a holder. Idempotent.

        Raises:
            BeingRemoved: the last holder before this one is uninstalling the application.
        """
        own_key = _name(account_id, integration_id)
        for _ in range(_TRIES):
            rows = self._rows(tenant_id)
            if own_key in rows:
                return
            turn = rows.get(_TURN)
            if turn is not None and turn.values.get("leaving") and parse_utc(turn.text("until")) > now:
                raise BeingRemoved(wait_s=(parse_utc(turn.text("until")) - now).total_seconds())
            if self._committed(upsert(Row(self._partition(tenant_id), own_key)), self._turned(tenant_id, turn)):
                return
        raise BeingRemoved

    def release(
        self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId, now: datetime
    ) -> ReleaseResult:
        """Delete a holder. Repeated before ``finish_removal``, the last holder is still LAST.

        For ``UNINSTALL_LEASE`` no holder can be added: time to uninstall the application and call ``finish_removal``.
        """
        own_key = _name(account_id, integration_id)
        for _ in range(_TRIES):
            rows = self._rows(tenant_id)
            turn = rows.pop(_TURN, None)
            is_leaving = turn is not None and turn.values.get("leaving") == own_key
            if own_key not in rows and not is_leaving:
                return ReleaseResult.NEVER_HELD
            is_last = not rows.keys() - {own_key}
            deletions = [delete(rows[own_key])] if own_key in rows else []
            lease = {"leaving": own_key, "until": format_utc(now + UNINSTALL_LEASE)} if is_last else {}
            if self._committed(self._turned(tenant_id, turn, **lease), *deletions):
                return ReleaseResult.LAST if is_last else ReleaseResult.NOT_LAST
        raise BeingRemoved

    def finish_removal(self, tenant_id: TenantId) -> None:
        """The application is uninstalled, or cannot be: end the lease of the holder that did it."""
        rows = self._rows(tenant_id)
        turn = rows.pop(_TURN, None)
        if turn is not None:
            self._committed(self._turned(tenant_id, turn) if rows else delete(turn))

    def is_held(self, tenant_id: TenantId) -> bool:
        """Whether the tenant has a holder in any account."""
        return bool(self._rows(tenant_id).keys() - {_TURN})

    def is_held_by(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId) -> bool:
        return self._table.get(self._partition(tenant_id), _name(account_id, integration_id)) is not None

    def of(self, tenant_id: TenantId, account_id: AccountId) -> list[IntegrationId]:
        """The integrations of one account that are holders in a tenant."""
        keys = [key.split("|", 1) for key in self._rows(tenant_id).keys() - {_TURN}]
        return [IntegrationId(integration) for account, integration in keys if account == account_id]

    def _rows(self, tenant_id: TenantId) -> dict[str, Row]:
        return {row.key: row for row in self._table.range(self._partition(tenant_id))}

    def _partition(self, tenant_id: TenantId) -> str:
        return f"{tenant_id}|{self._client_id}" if self._client_id else tenant_id

    def _turned(self, tenant_id: TenantId, turn: Row | None, **columns: str) -> Write:
        """The write that replaces the turn row at the version that was read, or inserts it."""
        row = Row(self._partition(tenant_id), _TURN, columns, turn.etag if turn else "")
        return replace(row) if turn else insert(row)

    def _committed(self, *writes: Write) -> bool:
        try:
            self._table.write(*writes)
        except (RowChanged, RowExists):
            return False
        return True


def _name(account_id: AccountId, integration_id: IntegrationId) -> str:
    return f"{account_id}|{integration_id}"
