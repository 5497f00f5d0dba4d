"""Export everything that is stored of an account or of one of its tenants; each export is an audit entry."""

from collections.abc import Iterator
from itertools import chain

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_tenant
from integrations.domain.audit.export import MOST_ROWS, concerns, of_tenant, without_secrets
from integrations.domain.evaluations import registry as evaluations
from integrations.domain.ids import FIRST_REGISTRATION, TenantId
from integrations.domain.integrations import Kind, Tenant
from integrations.microsoft import registry as datasets
from integrations.services import Services
from integrations.storage.asset_links import ASSET_LINK_KINDS, AssetLinkStore
from integrations.storage.control import KINDS, Control
from integrations.storage.due import ALL, FINAL_CHECK
from integrations.storage.people import organizations_with_people
from integrations.storage.people_rows import PEOPLE_KINDS
from integrations.storage.user_sync import USER_SYNC_KINDS
from integrations.views.audit.export import Export, Exported
from shared.clock import format_utc
from shared.errors import Conflict

_PER_MINUTE = 6
_KINDS_WITH_DUE_LINES = frozenset({"integration", "flow"})  # besides tenants and the account itself

_NOT_RECORDS = ("dataset", "evaluation", "changed", "due", "holder")


def kinds() -> list[str]:
    """Every kind of row that an export may hold."""
    records = [*(it.name for it in datasets.DATASETS), *(it.name for it in evaluations.EVALUATIONS)]
    return sorted({*KINDS, *PEOPLE_KINDS, *USER_SYNC_KINDS, *ASSET_LINK_KINDS, *records, *_NOT_RECORDS})


def export(services: Services, actor: Actor, tenant_id: TenantId | None, kind: str) -> Export:
    """Every row of the account or of a tenant; only rows of one ``kind``, if it is not empty.

    Data of earlier mappings, which no reader can reach, is not exported.

    Raises:
        TooManyRequests: more than six exports within a minute.
        NotFound: there is no such tenant.
        Conflict: ``export_too_large``: more than MOST_ROWS rows.
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
    now = services.clock().replace(microsecond=0)
    return Export(account_id=actor.account_id, tenant_id=tenant_id, made_at=now, rows=rows)


def _rows(services: Services, control: Control, tenant: Tenant | None, kind: str) -> Iterator[Exported]:
    with_due_lines = [ALL, FINAL_CHECK]
    for row in _of_control(control, tenant):
        with_due_lines += [row.id] if row.kind in _KINDS_WITH_DUE_LINES else []
        if kind in {"", row.kind}:
            yield row
    for row in _of_people(services, control) if tenant is None and kind in {"", *PEOPLE_KINDS} else ():
        if kind in {"", row.kind}:
            yield row
    for owner in [tenant] if tenant else [it.value for it in control.tenants.list()]:
        for row in _of_tenant(services, control, owner):
            if kind in {"", row.kind}:
                yield row
    for item_id in with_due_lines if tenant is None and kind in {"", "due"} else ():
        yield from _due(services, control, item_id)


def _of_control(control: Control, tenant: Tenant | None) -> Iterator[Exported]:
    """The account's own rows, or those that concern one tenant."""
    for kind, row_id, text in control.everything():
        if tenant is None or concerns(tenant, kind.model, row_id, text):
            own = of_tenant(tenant, kind.model, text) if tenant else text
            yield Exported(kind=kind.name, id=row_id, tenant_id="", value=without_secrets(own, kind.not_exported))


def _of_people(services: Services, control: Control) -> Iterator[Exported]:
    """The End Users and assets of every Organization, and the rows that belong to them."""
    for organization_id in organizations_with_people(services.tables, control.account_id):
        for kind, row_id, text in services.people(control.account_id, organization_id).everything():
            value = without_secrets(text, kind.not_exported)
            yield Exported(kind=kind.name, id=f"{organization_id}:{row_id}", tenant_id="", value=value)


def _of_tenant(services: Services, control: Control, tenant: Tenant) -> Iterator[Exported]:
    """The synced and derived data of the present mapping, the tenant's due lines, and its holder rows."""
    if tenant.mapping is not None:
        epoch = control.account_id, tenant.tenant_id, tenant.epoch
        for dataset, key, text in chain(services.data(*epoch).everything(), services.derived(*epoch).everything()):
            yield Exported(kind=dataset, id=key, tenant_id=tenant.tenant_id, value=msgspec.Raw(text.encode()))
    where = control.account_id, tenant.tenant_id
    links = AssetLinkStore(services.tables, *where)
    for kind, row_id, text in chain(services.user_sync(*where).everything(), links.everything()):
        value = without_secrets(text, kind.not_exported)
        yield Exported(kind=kind.name, id=row_id, tenant_id=tenant.tenant_id, value=value)
    registrations = {FIRST_REGISTRATION, tenant.client_id, services.registration_for(Kind.CSP)}
    holders = (services.holders_of(it).of(tenant.tenant_id, control.account_id) for it in registrations)
    for integration_id in sorted({it for held in holders for it in held}):
        value = msgspec.Raw(msgspec.json.encode({"integration_id": integration_id}))
        yield Exported(kind="holder", id=integration_id, tenant_id=tenant.tenant_id, value=value)
    yield from _due(services, control, tenant.tenant_id, tenant.tenant_id)


def _due(services: Services, control: Control, item_id: str, tenant_id: str = "") -> Iterator[Exported]:
    for due in services.due.of(control.account_id, item_id):
        value = msgspec.Raw(msgspec.json.encode({"work": due.work.value, "of": item_id, "due_at": format_utc(due.at)}))
        yield Exported(kind="due", id=due.work.value, tenant_id=tenant_id, value=value)
