"""What a request for tokens asks for: OpenID scopes and delegated permissions of one resource.

Source: https://learn.microsoft.com/entra/identity-platform/scopes-oidc
"""

from collections.abc import Sequence

from local.microsoft.entra.refusals import Refused
from local.microsoft.permissions import FOR_ONESELF, SCOPE_IDS
from local.microsoft.world import App


def asked_for(scope: str, app: App, graph: str) -> list[str]:
    """Names of the permissions; ``.default`` stands for all that the registration lists.

    Raises:
        Refused: a resource or a permission that does not exist.
    """
    names: list[str] = []
    for word in scope.split():
        resource, _, name = word.rpartition("/")
        if resource and resource != graph:
            raise Refused("invalid_resource", 500011, f"The resource principal named {resource} was not found.")
        names += app.delegated if name == ".default" else [name]
    unknown = [name for name in names if name not in SCOPE_IDS]
    if unknown:
        raise Refused("invalid_client", 650053, f"The scope '{unknown[0]}' doesn't exist on the resource.")
    return list(dict.fromkeys(names))


def needs_admin(names: Sequence[str]) -> bool:
    return not FOR_ONESELF.issuperset(names)
