"""Requested scopes: OpenID scopes, and delegated permissions of Graph or of Partner Center.

Source: https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from collections.abc import Sequence
from typing import NamedTuple

from local.microsoft.entra.errors import EntraError
from local.microsoft.world.permissions import OPENID_SCOPES, PARTNER_CENTER, SCOPE_IDS, USER_CONSENTABLE
from local.microsoft.world.state import App


class Resources(NamedTuple):
    """Where the services are that tokens are for; a name without a place is Graph's."""

    graph: str
    partner: str

    def of(self, name: str) -> str:
        return self.partner if name == PARTNER_CENTER else self.graph


def parse_scopes(scope: str, app: App, resources: Resources) -> list[str]:
    """Names of the permissions; ``.default`` stands for all of that resource that the registration lists.

    Raises:
        Refused: a resource or a permission that does not exist.
    """
    names: list[str] = []
    for word in scope.split():
        resource, _, name = word.rpartition("/")
        place = resource or resources.graph
        if place not in resources:
            raise EntraError("invalid_resource", 500011, f"The resource principal named {resource} was not found.")
        permissions = [it for it in app.delegated if resources.of(it) == place] if name == ".default" else [name]
        unknown = [it for it in permissions if it not in SCOPE_IDS or place != resources.of(it)]
        if unknown:
            raise EntraError("invalid_client", 650053, f"The scope '{unknown[0]}' doesn't exist on the resource.")
        names += permissions
    return list(dict.fromkeys(names))


def resource_of(names: Sequence[str], resources: Resources) -> str:
    """The one resource that a token is for; a token never serves two."""
    positions = {resources.of(name) for name in names if name not in OPENID_SCOPES} or {resources.graph}
    if len(positions) > 1:
        text = "The provided value for the input parameter scope contains more than one resource."
        raise EntraError("invalid_request", 28000, text)
    return positions.pop()


def needs_admin_consent(names: Sequence[str]) -> bool:
    return not USER_CONSENTABLE.issuperset(names)
