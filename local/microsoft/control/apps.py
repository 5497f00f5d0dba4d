"""Registered applications, and what tenants have consented to."""

from collections.abc import Sequence

from local.microsoft.control.call import ControlCalls, call
from local.microsoft.world.collection import Object
from local.microsoft.world.state import check_permissions
from local.microsoft.world.tenants import service_principal_json


class AppCalls(ControlCalls):
    """Permissions are named as in Graph's reference: "User.Read.All"."""

    @call
    def register_app(
        self,
        client_id: str,
        *,
        name: str | None = None,
        secret: str | None = None,
        certificate: str | None = None,
        redirect_uris: Sequence[str] = (),
        app_roles: Sequence[str] | None = None,
        delegated: Sequence[str] | None = None,
    ) -> None:
        """Register an app, or add credentials and addresses to it; permissions, when given, are replaced."""
        check_permissions(app_roles or (), delegated or ())
        app = self._world.app(client_id)
        app.name = name or app.name
        app.secrets |= {secret} if secret else set()
        app.certificates += [certificate] if certificate else []
        app.redirect_uris |= set(redirect_uris)
        app.app_roles = list(app_roles) if app_roles is not None else app.app_roles
        app.delegated = list(delegated) if delegated is not None else app.delegated

    @call
    def expire_secret(self, client_id: str, secret: str) -> None:
        app = self._world.app(client_id)
        app.secrets.discard(secret)
        app.expired_secrets.add(secret)

    @call
    def consent(self, tenant_id: str, client_id: str, scopes: Sequence[str] = ()) -> None:
        """An administrator accepts all that the registration asks for, or these delegated permissions only."""
        self._world.consent(self._world.tenant(tenant_id), client_id, scopes)

    @call
    def revoke_consent(self, tenant_id: str, client_id: str) -> None:
        """An administrator removes the app from the tenant."""
        self._world.tenant(tenant_id).principals.pop(client_id, None)

    @call
    def disable_app(self, tenant_id: str, client_id: str, *, enabled: bool = False) -> None:
        """Switch an app's service principal off, or on again."""
        self._world.ensure_service_principal(self._world.tenant(tenant_id), client_id).enabled = enabled

    @call
    def set_app_roles(self, tenant_id: str, client_id: str, names: Sequence[str]) -> None:
        """Replace the application permissions that a tenant has granted."""
        check_permissions(names, ())
        self._world.ensure_service_principal(self._world.tenant(tenant_id), client_id).app_roles = set(names)

    @call
    def service_principal(self, tenant_id: str, client_id: str) -> Object | None:
        """The app in a tenant: id, enabled, app_roles, scopes; None when it has no service principal there."""
        principal = self._world.tenant(tenant_id).principals.get(client_id)
        return service_principal_json(principal) if principal else None
