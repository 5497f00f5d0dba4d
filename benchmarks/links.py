"""The jobs of ``client`` about the user sync and the asset links of a synced tenant."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.asset_links.run import link_assets
from integrations.actions.assets.push import MOST_PUSHED_ASSETS, push_assets
from integrations.actions.lookup import find_tenant
from integrations.actions.user_sync.run import sync_users
from integrations.domain.ids import AccountId, OrganizationId, SyncroTenantId, TenantId
from integrations.domain.integrations import Organization
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.records import Device, ManagedDevice, User
from integrations.domain.user_sync.settings import OrganizationSync, UserSyncSettings
from integrations.storage.asset_links import AssetLinkStore
from integrations.storage.data.store import StoredData
from shared.storage.tables import Row, chunks, upsert

if TYPE_CHECKING:
    from benchmarks.client import Bench

_ORGANIZATION = OrganizationId("org_bench")
_TABLES = ("people", "usersync", "assetlinks")


def link(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Turn the user sync of a synced tenant on and make an End User for each user, in one run."""
    account_id, tenant_id = AccountId(told["account"]), TenantId(told["tenant_id"])
    account, store = Account(bench.services, account_id), bench.services.user_sync(account_id, tenant_id)
    organization = Organization(
        id=_ORGANIZATION,
        name="Bench",
        domains=[],
        syncro_tenant_id=SyncroTenantId(f"syncro_{tenant_id}"),
        created_at=bench.clock(),
    )
    with account.change() as change:
        change.write(account.control.organizations.added(organization))
    settings = UserSyncSettings(organizations=[OrganizationSync(organization_id=_ORGANIZATION)])
    batch = store.batch()
    batch.set_head(version=1, is_on=True, epoch=1, organization_id=_ORGANIZATION)
    batch.write(*store.text_writes("settings", msgspec.json.encode(settings).decode()))
    batch.commit()
    return _run(bench, told)


def link_again(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Another run, in a process of its own."""
    return _run(bench, told)


def read_and_write(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Only read the users and write so many rows, of the same sizes, a hundred in each transaction."""
    return _bare(bench, told, {"users": User}, [row for name in _TABLES for row in _rows(bench, name, told)])


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
    tenant = find_tenant(bench.services.control(order.account_id), order.tenant_id).value
    measured = bench.measured(partial(link_assets, bench.services, order, stored, tenant))
    head = AssetLinkStore(bench.services.tables, order.account_id, order.tenant_id).find_head()
    counts = head.value.counts if head else None
    found = {"linked": counts.linked, "assigned": counts.assigned} if counts else {}
    return measured | found | {"written": sum(written)}


def read_and_write_fleet(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    """Only read devices, users and assets, and write as many rows as links and assignments took."""
    kinds = ("asset_status:", "asset_assignment:", "asset_change:")
    tables = ("people", "assetlinks")
    rows = [row for name in tables for row in _rows(bench, name, told) if row[0].startswith(kinds)]
    read = {"users": User, "devices": Device, "managed_devices": ManagedDevice}
    assets = bench.services.people(AccountId(told["account"]), _ORGANIZATION).assets.all_assets
    return _bare(bench, told, read, rows, also=lambda: sum(1 for _ in assets()))


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
    measured = bench.measured(partial(sync_users, bench.services, order, stored))
    head = bench.services.user_sync(order.account_id, order.tenant_id).find_head()
    counts = head.value.counts if head else None
    return measured | {"linked": counts.linked if counts else 0, "written": sum(written)}


def _order(bench: "Bench", told: dict[str, Any]) -> tuple[EvaluateOrder, StoredData]:
    order = EvaluateOrder(account_id=AccountId(told["account"]), tenant_id=TenantId(told["tenant_id"]), epoch=1)
    return order, bench.services.data(order.account_id, order.tenant_id, 1).state()


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
