"""The jobs of ``client`` about the user sync of a synced tenant."""

from functools import partial
from typing import TYPE_CHECKING, Any

import msgspec

from integrations.actions.account import Account
from integrations.actions.user_sync.run import sync_users
from integrations.domain.ids import AccountId, OrganizationId, SyncroTenantId, TenantId
from integrations.domain.integrations import Organization
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.records import User
from integrations.domain.user_sync.settings import OrganizationSync, UserSyncSettings
from shared.storage.tables import Row, chunks, upsert

if TYPE_CHECKING:
    from benchmarks.client import Bench

_ORGANIZATION = OrganizationId("org_bench")
_TABLES = ("people", "usersync")


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
    account_id, tenant_id = AccountId(told["account"]), TenantId(told["tenant_id"])
    rows = [row for name in _TABLES for row in _rows(bench, name, account_id)]

    def bare() -> None:
        data = bench.services.data(account_id, tenant_id, 1).state().rows
        read = sum(1 for _ in data.all("users", User))
        table = bench.services.tables.rest_table("floor")
        for part in chunks([upsert(Row(f"{read}", key, columns)) for key, columns in rows]):
            table.write(*part)

    return bench.measured(bare) | {"written": len(rows)}


def _rows(bench: "Bench", table: str, account_id: AccountId) -> list[tuple[str, dict[str, Any]]]:
    found = bench.services.tables.rest_table(table)
    partitions, last = [], found.first_after(f"{account_id}|", f"{account_id}~")
    while last is not None:
        partitions.append(last)
        last = found.first_after(last, f"{account_id}~")
    rows = [row for it in partitions for row in found.range(it)]
    return [(row.key, {"body": row.text("body")}) for row in rows]


def _run(bench: "Bench", told: dict[str, Any]) -> dict[str, Any]:
    order = EvaluateOrder(account_id=AccountId(told["account"]), tenant_id=TenantId(told["tenant_id"]), epoch=1)
    stored = bench.services.data(order.account_id, order.tenant_id, 1).state()
    written = _count_writes(bench)
    measured = bench.measured(partial(sync_users, bench.services, order, stored))
    head = bench.services.user_sync(order.account_id, order.tenant_id).find_head()
    counts = head.value.counts if head else None
    return measured | {"linked": counts.linked if counts else 0, "written": sum(written)}


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
