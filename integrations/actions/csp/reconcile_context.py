"""What all customers of one CSP are judged by."""

from datetime import datetime
from typing import NamedTuple

from integrations.domain.csp.gdap import RoleId
from integrations.domain.csp.roles import required_roles
from integrations.domain.ids import IntegrationId
from integrations.microsoft.permissions import version_of_permissions
from integrations.services import Services


class ReconcileContext(NamedTuple):
    """What all customers of one CSP are judged by. ``is_complete``: no list has lost an item."""

    integration_id: IntegrationId
    required: frozenset[RoleId]
    permissions: str
    now: datetime
    is_complete: bool = True


def reconcile_context(
    services: Services, integration_id: IntegrationId, *, is_complete: bool = True
) -> ReconcileContext:
    """The roles and permissions required by the settings and by this version, now."""
    return ReconcileContext(
        integration_id,
        required_roles(services.settings.csp_required_roles),
        version_of_permissions(),
        services.clock(),
        is_complete,
    )
