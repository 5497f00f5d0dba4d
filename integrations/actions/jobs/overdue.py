"""Find overdue work that has no line in the due list, because its line was lost; nothing else would order it."""

from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta

from integrations.domain.integrations import Integration, Tenant
from integrations.domain.removal import Removal
from integrations.domain.sync.schedule import overdue_since
from integrations.services import Services
from integrations.storage.control import Control
from integrations.storage.due import Due, Work

_ALWAYS = datetime.min.replace(tzinfo=UTC)


def find_overdue(services: Services, control: Control, tenants: Iterable[Tenant]) -> None:
    """Add a due line for every overdue check of an account; an existing line is left alone."""
    now, period = services.clock(), timedelta(seconds=services.settings.sync_period_s)
    integrations = [it.value for it in control.integrations.list()]
    removals = [it.value for it in control.removals.list()]
    for work, item_id, next_at in _planned(tenants, integrations, removals):
        if overdue_since(next_at, now, period) is not None:
            services.due.ensure(Due(work, control.account_id, item_id, now), after=_ALWAYS)


def _planned(
    tenants: Iterable[Tenant], integrations: Iterable[Integration], removals: Iterable[Removal]
) -> Iterator[tuple[Work, str, datetime | None]]:
    """Every check that is planned by a row, with its time."""
    for tenant in tenants:
        if tenant.removal is None and tenant.paused is None:
            yield Work.SYNC, tenant.tenant_id, tenant.status.next_check_at
            yield Work.CUSTOMER, tenant.tenant_id, tenant.csp.progress.next_at if tenant.csp else None
    for integration in integrations:
        if integration.csp is not None and integration.removal is None:
            yield Work.CSP, integration.id, integration.csp.status.next_check_at
    for removal in removals:
        yield Work.REMOVAL, removal.id, removal.next_at
