"""What all customers of one CSP are judged by."""

from datetime import datetime
from typing import NamedTuple

from integrations.actions.account import Account
from integrations.actions.account_settings import settings_of
from integrations.domain.csp.gdap import RoleId
from integrations.domain.csp.roles import required_roles
from integrations.domain.integrations import Integration
from integrations.microsoft.permissions import version_of_permissions


class ReconcileContext(NamedTuple):
    """What all customers of one CSP are judged by. ``is_complete``: no list has lost an item.

    ``integration`` is the CSP as it was read last.
    """

    integration: Integration
    required: frozenset[RoleId]
    permissions: str
    now: datetime
    is_complete: bool = True


def reconcile_context(account: Account, integration: Integration, *, is_complete: bool = True) -> ReconcileContext:
    """The roles and permissions required by the settings, by the account's features and by this version, now."""
    return ReconcileContext(
        integration,
        required_roles(account.services.settings.csp_required_roles),
        version_of_permissions(integration.client_id, settings_of(account.control).features),
        account.services.clock(),
        is_complete,
    )
