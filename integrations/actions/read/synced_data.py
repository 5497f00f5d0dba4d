"""Read synced rows and the history of sync runs."""

from typing import Any

from integrations.actions.lookup import find_tenant
from integrations.actions.read.tenant_data import TenantData
from integrations.domain.ids import AccountId, RunId, TenantId
from integrations.domain.sync.datasets import Run
from integrations.domain.sync.records import License, Subscription
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.readers.licenses import LICENSES
from integrations.services import Services
from integrations.views.datasets import Rows, no_rows, rows_page
from integrations.views.security.licenses import LicenseView, license_view
from integrations.views.sync_runs import RunPage
from shared.errors import NotFound


def read_rows(
    services: Services, account_id: AccountId, tenant_id: TenantId, dataset: Dataset, *, after: str, limit: int
) -> Rows[Any]:
    """A page of one data set under the present mapping, after the row with the key ``after``.

    Raises:
        NotFound: there is no such tenant.
    """
    tenant = find_tenant(services.control(account_id), tenant_id).value
    if tenant.mapping is None:
        return no_rows()
    data = services.data(account_id, tenant_id, tenant.epoch)
    cursor = data.cursors(tenant.confirmed).get(dataset.name)
    return rows_page(data.list(dataset.name, dataset.record, after=after, limit=limit + 1), cursor, limit)


def read_licenses(
    services: Services, account_id: AccountId, tenant_id: TenantId, *, after: str, limit: int
) -> Rows[LicenseView]:
    """A page of licenses with the subscriptions behind them.

    Raises:
        NotFound: there is no such tenant.
    """
    licenses: Rows[License] = read_rows(services, account_id, tenant_id, LICENSES, after=after, limit=limit)
    data = TenantData(services, account_id, find_tenant(services.control(account_id), tenant_id).value)
    subscriptions = data.rows("subscriptions", Subscription)
    return Rows(
        items=[license_view(it, subscriptions) for it in licenses.items],
        as_of=licenses.as_of,
        state=licenses.state,
        next_cursor=licenses.next_cursor,
    )


def read_runs(services: Services, account_id: AccountId, tenant_id: TenantId, *, after: str, limit: int) -> RunPage:
    """A page of a tenant's runs, the newest first, after the run with the id ``after``.

    Raises:
        NotFound: there is no such tenant.
    """
    control = services.control(account_id)
    find_tenant(control, tenant_id)
    prefix = f"{tenant_id}:"
    runs = [it.value for it in control.runs.list(prefix, after=prefix + after if after else "", limit=limit + 1)]
    return RunPage(items=runs[:limit], next_cursor=runs[limit - 1].id if len(runs) > limit else None)


def read_run(services: Services, account_id: AccountId, tenant_id: TenantId, run_id: RunId) -> Run:
    """One run of a tenant.

    Raises:
        NotFound: there is no such run.
    """
    stored = services.control(account_id).runs.find(f"{tenant_id}:{run_id}")
    if stored is None:
        raise NotFound("There is no such run of this tenant.")
    return stored.value
