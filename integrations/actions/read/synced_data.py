"""Reads of what syncs brought home: rows of a data set, and the history of runs."""

from datetime import datetime
from typing import Any, Generic, TypeVar

import msgspec

from integrations.actions.lookup import find_tenant
from integrations.actions.read.security import Held
from integrations.domain.ids import AccountId, RunId, TenantId
from integrations.domain.security.posture import LicenseView, license_view
from integrations.domain.sync.datasets import Run
from integrations.domain.sync.records import License, Subscription
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.readers.licenses import LICENSES
from integrations.services import Services
from shared.errors import NotFound

T = TypeVar("T")


class Rows(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """A page of a data set. ``as_of`` is when the whole data set was last read completely."""

    items: list[T]
    as_of: datetime | None
    state: str
    next_cursor: str | None


class RunPage(msgspec.Struct, frozen=True, kw_only=True):
    items: list[Run]
    next_cursor: str | None


def read_rows(
    services: Services, account_id: AccountId, tenant_id: TenantId, dataset: Dataset, *, after: str, limit: int
) -> Rows[Any]:
    """Rows of one data set under the present mapping; an unmapped tenant has none."""
    tenant = find_tenant(services.control(account_id), tenant_id).value
    if tenant.mapping is None:
        return Rows(items=[], as_of=None, state="not_mapped", next_cursor=None)
    data = services.data(account_id, tenant_id, tenant.epoch)
    cursor = data.cursors(tenant.confirmed).get(dataset.name)
    found = data.list(dataset.name, dataset.record, after=after, limit=limit + 1)
    return Rows(
        items=[body for _, body in found[:limit]],
        as_of=cursor.complete_at.replace(microsecond=0) if cursor and cursor.complete_at else None,
        state=cursor.outcome.value if cursor else "not_read_yet",
        next_cursor=found[limit - 1][0] if len(found) > limit else None,
    )


def read_licenses(
    services: Services, account_id: AccountId, tenant_id: TenantId, *, after: str, limit: int
) -> Rows[LicenseView]:
    """Licences with the orders behind them."""
    licenses: Rows[License] = read_rows(services, account_id, tenant_id, LICENSES, after=after, limit=limit)
    held = Held(services, account_id, find_tenant(services.control(account_id), tenant_id).value)
    orders = held.rows("subscriptions", Subscription)
    return Rows(
        items=[license_view(it, orders) for it in licenses.items],
        as_of=licenses.as_of,
        state=licenses.state,
        next_cursor=licenses.next_cursor,
    )


def read_runs(services: Services, account_id: AccountId, tenant_id: TenantId, *, after: str, limit: int) -> RunPage:
    control = services.control(account_id)
    find_tenant(control, tenant_id)
    below = f"{tenant_id}:"
    place = below + after if after else ""
    runs = [it.value for it in control.runs.list(below, after=place, limit=limit + 1)]
    return RunPage(items=runs[:limit], next_cursor=runs[limit - 1].id if len(runs) > limit else None)


def read_run(services: Services, account_id: AccountId, tenant_id: TenantId, run_id: RunId) -> Run:
    stored = services.control(account_id).runs.find(f"{tenant_id}:{run_id}")
    if stored is None:
        raise NotFound("There is no such run of this tenant.")
    return stored.value
