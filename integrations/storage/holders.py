"""Who holds our application in each Microsoft tenant, across accounts: the last holder may remove it.

Table ``holders``: PartitionKey is the Microsoft tenant id. Rows: ``<account>|<integration>`` for each holder, and
``!turn``, replaced by every transaction of the partition, so that of two changes in one moment the slower looks
again; its column ``leaving`` names the holder that is removing the application right now, and ``until`` says how
long it may take. A holder's row is written before the integration it stands for, so that a crash leaves a holder
too many, never one too few.
"""

from datetime import datetime, timedelta
from enum import Enum

from integrations.domain.ids import AccountId, IntegrationId, TenantId
from shared.clock import format_utc, parse_utc
from shared.errors import TemporaryFailure
from shared.storage.tables import Row, RowChanged, RowExists, Tables, Write, delete, insert, replace, upsert

_TURN = "!turn"
_TRIES = 10
_LEAVING_LASTS = timedelta(minutes=2)


class BeingRemoved(TemporaryFailure):
    """Our application is being taken out of the tenant at this very moment."""

    code = "removing"
    title = "The tenant is being disconnected right now"
    remedy = "Wait for the time in Retry-After, then start again from the Integrate button."


class Claim(Enum):
    """What a holder that goes may do to the application in the tenant."""

    LAST = "last"
    NOT_LAST = "not last"
    NEVER_HELD = "never held"


class Holders:
    def __init__(self, tables: Tables) -> None:
        self._table = tables.table("holders")

    def add(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId, now: datetime) -> None:
        """Write a holder down; saying it twice changes nothing.

        Raises:
            BeingRemoved: the last holder before this one is removing the application.
        """
        mine = _name(account_id, integration_id)
        for _ in range(_TRIES):
            rows = self._rows(tenant_id)
            if mine in rows:
                return
            turn = rows.get(_TURN)
            if turn is not None and turn.values.get("leaving") and parse_utc(turn.text("until")) > now:
                raise BeingRemoved(wait_s=(parse_utc(turn.text("until")) - now).total_seconds())
            if self._did(upsert(Row(tenant_id, mine)), _turned(tenant_id, turn)):
                return
        raise BeingRemoved

    def let_go(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId, now: datetime) -> Claim:
        """Strike a holder out; asked again before ``gone``, the last one is still the last.

        For two minutes nobody else can come in: time to take our application out, and to say that it is ``gone``.
        """
        mine = _name(account_id, integration_id)
        for _ in range(_TRIES):
            rows = self._rows(tenant_id)
            turn = rows.pop(_TURN, None)
            is_leaving = turn is not None and turn.values.get("leaving") == mine
            if mine not in rows and not is_leaving:
                return Claim.NEVER_HELD
            is_last = not rows.keys() - {mine}
            struck = [delete(rows[mine])] if mine in rows else []
            until = {"leaving": mine, "until": format_utc(now + _LEAVING_LASTS)} if is_last else {}
            if self._did(_turned(tenant_id, turn, **until), *struck):
                return Claim.LAST if is_last else Claim.NOT_LAST
        raise BeingRemoved

    def gone(self, tenant_id: TenantId) -> None:
        """The application is out of the tenant, or cannot be taken out: forget who removed it."""
        rows = self._rows(tenant_id)
        turn = rows.pop(_TURN, None)
        if turn is not None:
            self._did(_turned(tenant_id, turn) if rows else delete(turn))

    def is_held(self, tenant_id: TenantId) -> bool:
        """Whether anybody, in any account, is written down as a holder."""
        return bool(self._rows(tenant_id).keys() - {_TURN})

    def is_held_by(self, tenant_id: TenantId, account_id: AccountId, integration_id: IntegrationId) -> bool:
        return self._table.get(tenant_id, _name(account_id, integration_id)) is not None

    def of(self, tenant_id: TenantId, account_id: AccountId) -> list[IntegrationId]:
        """The integrations of one account that hold our application in a tenant."""
        keys = [key.split("|", 1) for key in self._rows(tenant_id).keys() - {_TURN}]
        return [IntegrationId(integration) for account, integration in keys if account == account_id]

    def _rows(self, tenant_id: TenantId) -> dict[str, Row]:
        return {row.key: row for row in self._table.range(tenant_id)}

    def _did(self, *writes: Write) -> bool:
        try:
            self._table.write(*writes)
        except (RowChanged, RowExists):
            return False
        return True


def _name(account_id: AccountId, integration_id: IntegrationId) -> str:
    return f"{account_id}|{integration_id}"


def _turned(tenant_id: TenantId, turn: Row | None, **columns: str) -> Write:
    """The turn taken: as it was read, or for the first time."""
    row = Row(tenant_id, _TURN, columns, turn.etag if turn else "")
    return replace(row) if turn else insert(row)
