"""The export of an account's stored rows, as JSON and as CSV."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

import msgspec

from integrations.domain.ids import AccountId, TenantId
from shared.formats.csv_text import csv_text

_COLUMNS = ("kind", "id", "tenant_id")


class Exported(msgspec.Struct, frozen=True, kw_only=True):
    """One stored row.

    ``kind`` is one of KINDS, the name of a data set or an evaluation, or one of ``dataset``, ``evaluation``,
    ``changed``, ``due`` and ``holder``. ``tenant_id`` is the tenant of a row of synced or derived data; it is empty for
    the account's own rows.

    Attributes:
        kind: The kind of row, such as tenant, audit or users.
        id: The row's key, unique among the rows of its kind and tenant.
        tenant_id: The Microsoft tenant whose synced data this is. Empty for the account's own rows.
        value: The row's JSON as it is stored, with the fractions of seconds of its times. Its fields depend on
            the kind.
    """

    kind: str
    id: str
    tenant_id: str
    value: msgspec.Raw


class Export(msgspec.Struct, frozen=True, kw_only=True):
    """Every stored row of an account, or of one of its tenants.

    Attributes:
        account_id: The account whose rows these are.
        tenant_id: The tenant that was chosen. Null for an export of everything.
        made_at: When the rows were read.
        rows: Every row, without secrets. At most 100,000.
    """

    account_id: AccountId
    tenant_id: TenantId | None
    made_at: datetime
    rows: list[Exported]


def as_csv(export: Export) -> bytes:
    """One line per row: its kind, its id, its tenant, and a column for every field that any row has."""
    columns: dict[str, None] = {}
    for row in export.rows:
        columns |= dict.fromkeys(fields_of(row))

    def lines() -> Iterator[list[str]]:
        for row in export.rows:
            fields = fields_of(row)
            yield [row.kind, row.id, row.tenant_id, *(fields.get(name, "") for name in columns)]

    return csv_text([*_COLUMNS, *(f"value.{name}" if name in _COLUMNS else name for name in columns)], lines())


def fields_of(row: Exported) -> dict[str, str]:
    """The row's fields as texts; nested values as JSON."""
    value = msgspec.json.decode(row.value)
    fields = value if isinstance(value, dict) else {"value": value}
    return {name: _text(it) for name, it in fields.items()}


def _text(value: Any) -> str:
    if value is None:
        return ""
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
