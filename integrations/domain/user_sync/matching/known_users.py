"""A tenant's users as its user sync knows them. Pure."""

from collections.abc import Collection
from typing import NamedTuple

from integrations.domain.ids import OrganizationId
from integrations.domain.sync.records import User
from integrations.domain.user_sync.comparison import addresses_of
from integrations.domain.user_sync.fields import Values, values_of
from integrations.domain.user_sync.scope.routing import Router, Standing


class KnownUser(NamedTuple):
    """A user as far as the sync needs to know it, found out once.

    ``keys`` are those of its addresses; ``values`` are Microsoft's.
    """

    user: User
    standing: Standing
    keys: frozenset[str]
    values: Values

    @property
    def organization_id(self) -> OrganizationId | None:
        """Where the user belongs; None if nowhere, or if it cannot be known."""
        return self.standing.route.organization_id


def known_user(user: User, router: Router, verified_domains: Collection[str]) -> KnownUser:
    keys = frozenset([key for key, _ in addresses_of(user)])
    return KnownUser(user, router.standing(user), keys, values_of(user, verified_domains))
