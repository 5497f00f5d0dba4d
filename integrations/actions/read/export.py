"""Export everything that is stored of an account, or of one of its tenants: one reading, told in the audit log."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_tenant
from integrations.domain.audit.export import (
    MOST_ROWS,
    Export,
    Exported,
    concerns,
    fields_of,
    without_secrets,
)
from integrations.domain.ids import TenantId
from integrations.domain.integrations import Tenant
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.due import ALL, FINAL_CHECK
from shared.clock import format_utc
from shared.errors import Conflict
from shared.formats.csv_text import csv_text

_PER_MINUTE = 6
_HAVE_DUE = frozenset({"integration", "flow"})  # besides tenants and the account itself
_COLUMNS = ("kind", "id", "tenant_id")


def export(services: Services, actor: Actor, tenant_id: TenantId | None, kind: str) -> Export:
    """Every row of the account, or of a tenant; of one kind only, if one is named.

    What lies under an epoch that is over is out of everybody's reach, and is not exported either.

    Raises:
        TooManyRequests: exported several times within a minute.
        NotFound: there is no such tenant.
        Conflict: ``export_too_large``.
    """
    services.quota.take(f"export:{actor.account_id}", _PER_MINUTE)
    account = Account(services, actor.account_id)
    control = account.control
    tenant = find_tenant(control, tenant_id).value if tenant_id else None
    rows: list[Exported] = []
    for row in _rows(services, control, tenant, kind):
        if len(rows) == MOST_ROWS:
            raise Conflict(
                f"The export would have more than {MOST_ROWS:,} rows.",
                code="export_too_large",
                remedy="Export one tenant with ?tenant_id=, or one kind of rows with ?kind=, such as users.",
            )
        rows.append(row)
    subject = {"tenant_id": str(tenant_id)} if tenant_id else {"account_id": str(actor.account_id)}
    with account.change() as change:
        change.audit(actor, "exported data", subject, after=f"{len(rows)} rows")
    return Export(account_id=actor.account_id, tenant_id=tenant_id, made_at=format_utc(services.clock()), rows=rows)


def as_csv(export: Export) -> bytes:
    """One line a row: its kind, its id, its tenant, and every field that any row has."""
    fields: dict[str, None] = {}
    for row in export.rows:
        fields |= dict.fromkeys(fields_of(row))

    def lines() -> Iterator[list[str]]:
        for row in export.rows:
            told = fields_of(row)
            yield [row.kind, row.id, row.tenant_id, *(told.get(name, "") for name in fields)]

    return csv_text([*_COLUMNS, *(f"value.{name}" if name in _COLUMNS else name for name in fields)], lines())


def _rows(services: Services, control: Control, tenant: Tenant | None, kind: str) -> Iterator[Exported]:
    due_of = [ALL, FINAL_CHECK]
    for row in _of_control(control, tenant):
        due_of += [row.id] if row.kind in _HAVE_DUE else []
        if kind in {"", row.kind}:
            yield row
    for one in [tenant] if tenant else [it.value for it in control.tenants.list()]:
        for row in _of_tenant(services, control, one):
            if kind in {"", row.kind}:
                yield row
    for item_id in due_of if tenant is None and kind in {"", "due"} else ():
        yield from _due(services, control, item_id)


def _of_control(control: Control, tenant: Tenant | None) -> Iterator[Exported]:
    """The account's own rows, or those that concern one tenant."""
    for kind, row_id, text in control.everything():
        if tenant is None or concerns(tenant, kind.model, row_id, text):
            yield Exported(kind=kind.name, id=row_id, tenant_id="", value=without_secrets(text, kind.not_exported))


def _of_tenant(services: Services, control: Control, tenant: Tenant) -> Iterator[Exported]:
    """The synced and the derived data under the present epoch, what is due, and that our application is held there."""
    if tenant.mapping is not None:
        where = control.account_id, tenant.tenant_id, tenant.epoch
        for dataset, key, text in chain(services.data(*where).everything(), services.derived(*where).everything()):
            yield Exported(kind=dataset, id=key, tenant_id=tenant.tenant_id, value=msgspec.Raw(text.encode()))
    for integration_id in services.holders.of(tenant.tenant_id, control.account_id):
        value = msgspec.Raw(msgspec.json.encode({"integration_id": integration_id}))
        yield Exported(kind="holder", id=integration_id, tenant_id=tenant.tenant_id, value=value)
    yield from _due(services, control, tenant.tenant_id, tenant.tenant_id)


def _due(services: Services, control: Control, item_id: str, tenant_id: str = "") -> Iterator[Exported]:
    for due in services.due.of(control.account_id, item_id):
        value = msgspec.Raw(msgspec.json.encode({"work": due.work.value, "of": item_id, "due_at": format_utc(due.at)}))
        yield Exported(kind="due", id=due.work.value, tenant_id=tenant_id, value=value)
