"""The jobs of ``client`` about the user sync and the asset links of a synced tenant."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from statistics import median
from typing import TYPE_CHECKING, Any

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.asset_links.run import link_assets
from integrations.actions.assets.push import MOST_PUSHED_ASSETS, push_assets
from integrations.actions.directory import USERS
from integrations.actions.lookup import find_tenant
from integrations.actions.user_sync.run import sync_users
from integrations.domain.ids import AccountId, OrganizationId, SyncroTenantId, TenantId
from integrations.domain.integrations import Organization, SyncroTenant, Tenant
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.mailboxes import MailboxPage
from integrations.domain.sync.records import Device, ManagedDevice, User
from integrations.domain.sync.security_records import RoleMember
from integrations.domain.user_sync.settings import OrganizationSync, UserSyncSettings
from integrations.storage.asset_links import AssetLinkStore
from integrations.storage.data.store import StoredData
from shared.storage.tables import Row, Table, chunks, delete, upsert

if TYPE_CHECKING:
    from benchmarks.client import Bench

_ORGANIZATION = OrganizationId("org_bench")
_TABLES = ("people", "usersync", "assetlinks")
_READ_WITH_DEVICES = {
    "users": User,
    "mailbox_purposes": MailboxPage,
    "devices": Device,
    "managed_devices": ManagedDevice,
}
_TEN, _TIMES = 10, 100
_OF_CONTROL = 3  # of ten rows that a run for one user touches: the tenant, its Syncro Tenant, the audit entry


def link(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Turn the user sync of a synced tenant on and make an End User for each user, in one run."""
    account_id, tenant_id = AccountId(told["account"]), TenantId(told["tenant_id"])
    account, store = Account(bench.services, account_id), bench.services.user_sync(account_id, tenant_id)
    above = SyncroTenant(
        id=SyncroTenantId(f"syncro_{tenant_id}"),
        name="Bench",
        organization_ids=[_ORGANIZATION],
        created_at=bench.clock(),
    )
    organization = Organization(
        id=_ORGANIZATION, name="Bench", domains=[], syncro_tenant_id=above.id, created_at=bench.clock()
    )
    with account.change() as change:
        change.write(account.control.organizations.added(organization), account.control.syncro_tenants.added(above))
    settings = UserSyncSettings(organizations=[OrganizationSync(organization_id=_ORGANIZATION)])
    batch = store.batch()
    batch.set_head(version=1, is_on=True, epoch=1, organization_id=_ORGANIZATION)
    batch.write(*store.text_writes("settings", msgspec.json.encode(settings).decode()))
    batch.commit()
    return _run(bench, told)


def link_again(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Another run, in a process of its own."""
    return _run(bench, told)


def link_changed(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Runs after linked users changed: for some of them one by one, then for all others at once.

    Returns CPU seconds and requests of a run for one user, where connections are open, and what each further user adds
    to a run; and CPU seconds of reading and writing ten rows, in turns with the runs: each by itself in the tables of
    such rows (``ten``), each by itself in one table (``ten_apart``), and all together (``ten_together``).
    """
    order, stored = _order(bench, told)
    changed = stored.pending[USERS]
    keys = [] if changed.keys is ALL else sorted(changed.keys)
    linked = [*bench.services.user_sync(order.account_id, order.tenant_id).links.find_all(keys)]
    alone, together = linked[: len(linked) // 2], linked[len(linked) // 2 :]
    tenant, rows = _tenant(bench, order), _rows(bench, "people", told)[-_TEN:]
    rest, sdk = bench.services.tables.rest_table("floor"), bench.services.tables.table("floor")

    def run(some: list[str]) -> dict[str, Any]:
        state = bench.services.data(order.account_id, order.tenant_id, order.epoch).state()
        state.rows.find("users", some, User)  # as MFA does, which is evaluated before: rows of roles are kept then
        list(state.rows.all("roles", RoleMember))
        anew = state._replace(pending={USERS: changed._replace(keys=frozenset(some))})
        return bench.measured(partial(sync_users, bench.services, order, anew, tenant))

    def floors() -> list[float]:
        ways = [partial(_apart, [sdk] * _OF_CONTROL + [rest] * (_TEN - _OF_CONTROL)), partial(_apart, [rest] * _TEN)]
        works = [partial(it, rows) for it in [*ways, partial(_together, rest)]]
        return [bench.measured(it)["cpu_s"] for it in works]

    runs, ten = zip(*((run([it]), floors()) for it in alone), strict=True)
    one = median(it["cpu_s"] for it in runs[1:])
    names = ("ten_cpu_s", "ten_apart_cpu_s", "ten_together_cpu_s")
    return {
        "one_cpu_s": one,
        "one_requests": median(it["table"] for it in runs[1:]),
        "more_cpu_s": (run(together)["cpu_s"] - one) / (len(together) - 1),
        **{name: median(some) for name, some in zip(names, zip(*ten[1:], strict=True), strict=True)},
    }


def _apart(tables: Sequence[Table], rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    for number, (table, (key, columns)) in enumerate(zip(tables, rows, strict=True)):
        table.get(f"apart{number}", key)
        table.write(upsert(Row(f"apart{number}", key, columns)))


def _together(table: Table, rows: Sequence[tuple[str, dict[str, Any]]]) -> None:
    table.find("ten", [key for key, _ in rows])
    table.write(*(upsert(Row("ten", key, columns)) for key, columns in rows))


def read_and_write(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Only read users and mailboxes, and write so many rows, of the same sizes, a hundred in each transaction."""
    read = {"users": User, "mailbox_purposes": MailboxPage}
    return _bare(bench, told, read, [row for name in _TABLES for row in _rows(bench, name, told)])


def push_fleet(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """The portal sends these assets."""
    actor = Actor(AccountId(told["account"]), "portal", "")
    for start in range(0, len(told["assets"]), MOST_PUSHED_ASSETS):
        push_assets(bench.services, actor, _ORGANIZATION, told["assets"][start : start + MOST_PUSHED_ASSETS])
    return {}


def link_devices(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Link the tenant's devices with the assets, in one run."""
    order, stored = _order(bench, told)
    written = _count_writes(bench)
    measured = bench.measured(partial(link_assets, bench.services, order, stored, _tenant(bench, order)))
    head = AssetLinkStore(bench.services.tables, order.account_id, order.tenant_id).find_head()
    counts = head.value.counts if head else None
    found = {"linked": counts.linked, "assigned": counts.assigned} if counts else {}
    return measured | found | {"written": sum(written)}


def read_and_write_fleet(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Only read every row that linking reads, and write as many rows as it writes, in the same ways.

    It reads devices, users and their links, End Users and assets. A link is a row. An asset that is assigned is written
    again with its new number, its assignment and its place in the feed are written, and its former place is deleted.
    """
    people, account_id, tenant_id = (
        _rows(bench, "people", told),
        AccountId(told["account"]),
        TenantId(told["tenant_id"]),
    )
    assigned = {key.partition(":")[2] for key, _ in people if key.startswith("asset_assignment:")}
    of_assets = [row for row in people if row[0].startswith(("asset:", "asset_assignment:", "asset_change:"))]
    written = [row for row in of_assets if _asset_of(row) in assigned]
    written += [row for row in _rows(bench, "assetlinks", told) if row[0].startswith("asset_status:")]
    dropped = [f"former:{key}" for key, _ in written if key.startswith("asset_change:")]
    table = bench.services.tables.rest_table("floor")
    for part in chunks([upsert(Row("former", key, {"body": ""})) for key in dropped]):
        table.write(*part)
    here = bench.services.people(account_id, _ORGANIZATION)
    links = bench.services.user_sync(account_id, tenant_id).links

    def also() -> int:
        count = sum(1 for rows in (here.assets.all_stored(), here.end_users.all(), links.all()) for _ in rows)
        for part in chunks([delete(Row("former", key)) for key in dropped]):
            table.write(*part)
        return count

    measured = _bare(bench, told, _READ_WITH_DEVICES, written, also=also)
    return measured | {"written": len(written) + len(dropped)}


def read_and_write_ten(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Only read ten rows by their keys, and write ten in one transaction."""
    rows = _rows(bench, "people", told)[-_TEN:]
    table = bench.services.tables.rest_table("floor")
    return {"cpu_s": median(bench.measured(partial(_together, table, rows))["cpu_s"] for _ in range(_TIMES))}


def _asset_of(row: tuple[str, dict[str, Any]]) -> str:
    kind, _, key = row[0].partition(":")
    return str(msgspec.json.decode(row[1]["body"])["asset_id"]) if kind == "asset_change" else key


def _bare(
    bench: "Bench",
    told: dict[str, Any],
    read: Mapping[str, type[Any]],
    rows: list[tuple[str, dict[str, Any]]],
    also: Callable[[], int] = lambda: 0,
) -> dict[str, Any]:
    account_id, tenant_id = AccountId(told["account"]), TenantId(told["tenant_id"])

    def bare() -> None:
        data = bench.services.data(account_id, tenant_id, 1).state().rows
        count = also() + sum(1 for name, model in read.items() for _ in data.all(name, model))
        table = bench.services.tables.rest_table("floor")
        for part in chunks([upsert(Row(f"{count}", key, columns)) for key, columns in rows]):
            table.write(*part)

    return bench.measured(bare) | {"written": len(rows)}


def _rows(bench: "Bench", table: str, told: dict[str, Any]) -> list[tuple[str, dict[str, Any]]]:
    found, account_id = bench.services.tables.rest_table(table), told["account"]
    partitions, last = [], found.first_after(f"{account_id}|", f"{account_id}~")
    while last is not None:
        partitions.append(last)
        last = found.first_after(last, f"{account_id}~")
    rows = [row for it in partitions for row in found.range(it)]
    return [(row.key, {"body": row.text("body")}) for row in rows]


def _run(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    order, stored = _order(bench, told)
    written = _count_writes(bench)
    measured = bench.measured(partial(sync_users, bench.services, order, stored, _tenant(bench, order)))
    bench.services.data(order.account_id, order.tenant_id, 1).consume(stored.pending)
    head = bench.services.user_sync(order.account_id, order.tenant_id).find_head()
    counts = head.value.counts if head else None
    return measured | {"linked": counts.linked if counts else 0, "written": sum(written)}


def _order(bench: "Bench", told: dict[str, Any]) -> tuple[EvaluateOrder, StoredData]:
    order = EvaluateOrder(account_id=AccountId(told["account"]), tenant_id=TenantId(told["tenant_id"]), epoch=1)
    return order, bench.services.data(order.account_id, order.tenant_id, 1).state()


def _tenant(bench: "Bench", order: EvaluateOrder) -> Tenant:
    return find_tenant(bench.services.control(order.account_id), order.tenant_id).value


def _count_writes(bench: "Bench") -> list[int]:
    """The rows of each transaction from now on."""
    written: list[int] = []
    for name in _TABLES:
        table = bench.services.tables.rest_table(name)
        write = table.write

        def counted(*writes: Any, write: Any = write) -> str:
            written.append(len(writes))
            return str(write(*writes))

        table.write = counted  # type: ignore[method-assign]
    return written
