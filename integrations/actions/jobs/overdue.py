"""Find work that is overdue and that the due list does not know: its line got lost, and nothing else would order it."""

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
    """Have it ordered with the next look at the due list; a line that stands is left alone."""
    now, period = services.clock(), timedelta(seconds=services.settings.sync_period_s)
    integrations = [it.value for it in control.integrations.list()]
    removals = [it.value for it in control.removals.list()]
    for work, item_id, next_at in _wanted(tenants, integrations, removals):
        if overdue_since(next_at, now, period) is not None:
            services.due.ensure(Due(work, control.account_id, item_id, now), after=_ALWAYS)


def _wanted(
    tenants: Iterable[Tenant], integrations: Iterable[Integration], removals: Iterable[Removal]
) -> Iterator[tuple[Work, str, datetime | None]]:
    """Everything that is looked at by itself, with the time of its next look."""
    for tenant in tenants:
        if tenant.removal is None and tenant.paused is None:
            yield Work.SYNC, tenant.tenant_id, tenant.status.next_check_at
            yield Work.CUSTOMER, tenant.tenant_id, tenant.csp.progress.next_at if tenant.csp else None
    for integration in integrations:
        if integration.csp is not None and integration.removal is None:
            yield Work.CSP, integration.id, integration.csp.status.next_check_at
    for removal in removals:
        yield Work.REMOVAL, removal.id, removal.next_at
