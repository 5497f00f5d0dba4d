"""What a request asks for: OpenID scopes, and delegated permissions of Graph or of Partner Center.

Source: https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from collections.abc import Sequence
from typing import NamedTuple

from local.microsoft.entra.refusals import Refused
from local.microsoft.permissions import FOR_ONESELF, OPENID_SCOPES, PARTNER_CENTER, SCOPE_IDS
from local.microsoft.world import App


class Resources(NamedTuple):
    """Where the services are that tokens are for; a name without a place is Graph's."""

    graph: str
    partner: str

    def of(self, name: str) -> str:
        return self.partner if name == PARTNER_CENTER else self.graph


def asked_for(scope: str, app: App, resources: Resources) -> list[str]:
    """Names of the permissions; ``.default`` stands for all of that resource that the registration lists.

    Raises:
        Refused: a resource or a permission that does not exist.
    """
    names: list[str] = []
    for word in scope.split():
        resource, _, name = word.rpartition("/")
        place = resource or resources.graph
        if place not in resources:
            raise Refused("invalid_resource", 500011, f"The resource principal named {resource} was not found.")
        found = [it for it in app.delegated if resources.of(it) == place] if name == ".default" else [name]
        unknown = [it for it in found if it not in SCOPE_IDS or place != resources.of(it)]
        if unknown:
            raise Refused("invalid_client", 650053, f"The scope '{unknown[0]}' doesn't exist on the resource.")
        names += found
    return list(dict.fromkeys(names))


def resource_of(names: Sequence[str], resources: Resources) -> str:
    """The one resource that a token is for; a token never serves two."""
    places = {resources.of(name) for name in names if name not in OPENID_SCOPES} or {resources.graph}
    if len(places) > 1:
        text = "The provided value for the input parameter scope contains more than one resource."
        raise Refused("invalid_request", 28000, text)
    return places.pop()


def needs_admin(names: Sequence[str]) -> bool:
    return not FOR_ONESELF.issuperset(names)
