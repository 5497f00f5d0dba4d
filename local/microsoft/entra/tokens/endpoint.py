"""The token endpoint: codes, refresh tokens and the application's own credentials become tokens.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import json
import time
from typing import Any

from local.microsoft.entra.accounts import Accounts
from local.microsoft.entra.errors import EntraError, error_by_code
from local.microsoft.entra.metadata import SHARED
from local.microsoft.entra.scopes import Resources, parse_scopes, resource_of
from local.microsoft.entra.tokens.challenges import requested_claims
from local.microsoft.entra.tokens.client_credentials import authenticate_client
from local.microsoft.entra.tokens.grants import Grant, GrantStore
from local.microsoft.entra.tokens.issuer import Issuer, b64
from local.microsoft.world.collection import Object
from local.microsoft.world.partners import delegated_roles
from local.microsoft.world.permissions import OPENID_SCOPES
from local.microsoft.world.state import App, WorldState
from local.microsoft.world.tenants import ServicePrincipal, TenantState

_NOT_FOUND = "Application with identifier '{}' was not found in the directory '{}'."
_MISSING = "The client application {} is missing service principal in the tenant {}."
_NO_CONSENT = "The user or administrator has not consented to use the application with ID '{}'."


class TokenEndpoint:
    """POST /{tenant}/oauth2/v2.0/token."""

    def __init__(
        self,
        world: WorldState,
        issuer: Issuer,
        accounts: Accounts,
        grants: GrantStore,
        login: str,
        resources: Resources,
    ) -> None:
        self._world = world
        self._issuer = issuer
        self._accounts = accounts
        self._grants = grants
        self._login = login
        self._resources = resources

    def token_response(self, segment: str, form: dict[str, str]) -> dict[str, Any]:
        """The JSON of a token response.

        Raises:
            EntraError: the request is refused.
        """
        if not form.get("grant_type"):
            raise EntraError(
                "invalid_request", 900144, "The request body must contain the following parameter: 'grant_type'."
            )
        tenant = None if segment in SHARED else self._accounts.tenant(segment)
        app = self._world.apps.get(form.get("client_id", ""))
        if app is None:
            where = tenant.name if tenant else segment
            raise EntraError("unauthorized_client", 700016, _NOT_FOUND.format(form.get("client_id", ""), where))
        acr = authenticate_client(app, form, self._audiences(segment, tenant), time.time())
        if form["grant_type"] == "client_credentials":
            self._raise_injected_error(form, tenant)
            return self._app_only(app, tenant, form, acr)
        if form["grant_type"] == "authorization_code":
            grant = self._grants.redeem(app, segment, form)
            return self._on_behalf_of(app, grant, self._world.tenant(grant.tenant_id), form, acr)
        if form["grant_type"] == "refresh_token":
            grant = self._grants.refresh(app, form.get("refresh_token", ""))
            return self._on_behalf_of(app, grant, tenant or self._world.tenant(grant.tenant_id), form, acr)
        raise EntraError("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")

    def _consented(self, app: App, principal: ServicePrincipal, person: Object, requested: list[str]) -> list[str]:
        """``.default``: whatever was consented to on that resource, as long as it is anything."""
        place = resource_of(requested, self._resources)
        granted = principal.granted(person["id"]) - OPENID_SCOPES
        consented = sorted(it for it in granted if self._resources.of(it) == place)
        if not consented:
            raise EntraError("invalid_grant", 65001, _NO_CONSENT.format(app.client_id), suberror="consent_required")
        return [*consented, *(it for it in requested if it in OPENID_SCOPES)]

    def _raise_injected_error(self, form: dict[str, str], tenant: TenantState | None) -> None:
        """The refusal that was set for this tenant and grant, if one was."""
        for refusal in self._world.token_refusals:
            if refusal.tenant_id in {None, tenant and tenant.id} and refusal.grant in {None, form["grant_type"]}:
                raise error_by_code(refusal.code)

    def _audiences(self, segment: str, tenant: TenantState | None) -> list[str]:
        names = {segment, tenant.id} if tenant else {segment}
        return [f"{self._login}/{name}/{end}" for name in names for end in ("oauth2/v2.0/token", "v2.0")]

    # Without a person.

    def _app_only(self, app: App, tenant: TenantState | None, form: dict[str, str], acr: str) -> dict[str, Any]:
        if tenant is None:
            text = "The grant type is not supported over the /common or /consumers endpoints."
            raise EntraError("invalid_request", 9001023, text)
        resource, _, name = form.get("scope", "").rpartition("/")
        if name != ".default":
            text = "The provided value for the input parameter 'scope' is not valid. It must end in '/.default'."
            raise EntraError("invalid_scope", 70011, text)
        if resource != self._issuer.graph:
            raise EntraError("invalid_resource", 500011, f"The resource principal named {resource} was not found.")
        self._enabled_principal(tenant, app)
        issued_for = self._world.tenant(tenant.token_of) if tenant.token_of else tenant
        principal = issued_for.principals.get(app.client_id) or tenant.principals[app.client_id]
        life_s = self._issuer.life_s()
        more = requested_claims(form)
        return _bearer(self._issuer.app_only_token(issued_for, app, principal, life_s, acr, more=more), life_s)

    def _enabled_principal(self, tenant: TenantState, app: App) -> ServicePrincipal:
        """The app's service principal here; a fresh one takes a while to be known everywhere."""
        principal = tenant.principals.get(app.client_id)
        shows = self._world.switches.propagation_shows
        if principal is None:
            raise EntraError("unauthorized_client", 700016, _NOT_FOUND.format(app.client_id, tenant.name))
        if self._world.now() < principal.visible_at and shows != "roles":
            raise _not_consented(shows, app.client_id, tenant)
        if not principal.enabled:
            raise EntraError("unauthorized_client", 7000112, f"Application '{app.client_id}' is disabled.")
        return principal

    # On behalf of a person.

    def _on_behalf_of(
        self, app: App, grant: Grant, tenant: TenantState, form: dict[str, str], acr: str
    ) -> dict[str, Any]:
        self._raise_injected_error(form, tenant)
        person = self._person(grant, tenant)
        principal = self._principal_for(app, tenant, is_home=tenant.id == grant.tenant_id)
        scopes = self._scopes(app, principal, person, grant, form)
        resource = resource_of(scopes, self._resources)
        life_s = self._issuer.life_s()
        shown = [it for it in scopes if it != "offline_access"]
        token = self._issuer.delegated_token(
            tenant, app, person, shown, life_s, acr, resource=resource, methods=grant.methods
        )
        answer = _bearer(token, life_s)
        answer["scope"] = " ".join(shown)
        if "offline_access" in scopes:
            answer["refresh_token"] = self._grants.refresh_token(grant)
        if "openid" in scopes:
            answer["id_token"] = self._issuer.id_token(tenant, app, person, scopes, grant.nonce)
        if form.get("client_info") == "1":
            answer["client_info"] = b64(json.dumps({"uid": person["id"], "utid": tenant.id}).encode())
        return answer

    def _principal_for(self, app: App, tenant: TenantState, *, is_home: bool) -> ServicePrincipal:
        """The app in the tenant that the token is for; a partner's consent takes a while to be known there."""
        principal = tenant.principals.get(app.client_id)
        is_missing = principal is None or (not is_home and self._world.now() < principal.visible_at)
        if principal is None or is_missing:
            code = 700016 if is_home else self._world.switches.unconsented_customer
            raise _not_consented(str(code), app.client_id, tenant)
        if not principal.enabled:
            raise EntraError("unauthorized_client", 7000112, f"Application '{app.client_id}' is disabled.")
        return principal

    def _scopes(
        self, app: App, principal: ServicePrincipal, person: Object, grant: Grant, form: dict[str, str]
    ) -> list[str]:
        """What this token is for: what the request names, else all that was agreed to."""
        requested = parse_scopes(form.get("scope", ""), app, self._resources)
        if not set(requested) - OPENID_SCOPES:
            first = [it for it in grant.scopes if it not in OPENID_SCOPES][:1]
            place = resource_of(first, self._resources)
            requested += [it for it in grant.scopes if self._resources.of(it) == place]
        if f"{resource_of(requested, self._resources)}/.default" in form.get("scope", "").split():
            requested = self._consented(app, principal, person, requested)
        scopes = list(dict.fromkeys([*requested, *(it for it in grant.scopes if it in OPENID_SCOPES)]))
        missing = set(scopes) - principal.granted(person["id"]) - OPENID_SCOPES
        if missing:
            text = _NO_CONSENT.format(app.client_id)
            raise EntraError("invalid_grant", 65001, text, suberror="consent_required")
        return scopes

    def _person(self, grant: Grant, tenant: TenantState) -> Object:
        """The person as she is in that tenant: herself at home, a guest elsewhere."""
        home = self._world.tenant(grant.tenant_id)
        person = home.users.get(grant.user_id)
        if person is None or not home.exists:
            raise EntraError("invalid_grant", 50034, "The user account does not exist in the directory.")
        if not person["accountEnabled"]:
            raise EntraError("invalid_grant", 50057, "The user account is disabled.")
        if home.signed_out_at.get(grant.user_id, 0.0) >= grant.since:
            text = "The provided grant has expired due to it being revoked, a fresh auth token is needed."
            raise EntraError("invalid_grant", 50173, text, suberror="bad_token")
        if tenant is home or delegated_roles(self._world, home, grant.user_id, tenant.id):
            return person
        guest = self._world.find_person(str(person["mail"]), tenant)
        if guest is None:
            raise EntraError(
                "invalid_grant", 50020, "The user account from its identity provider does not exist in the tenant."
            )
        return guest[1]


def _not_consented(shows: str, client_id: str, tenant: TenantState) -> EntraError:
    if shows == "65001":
        return EntraError("invalid_grant", 65001, _NO_CONSENT.format(client_id), suberror="consent_required")
    if shows == "90099":
        text = "The application '{}' must be authorized in the tenant '{}' before partners can use it there."
        return EntraError("invalid_grant", 90099, text.format(client_id, tenant.id))
    if shows == "7000229":
        return EntraError("invalid_client", 7000229, _MISSING.format(client_id, tenant.id))
    return EntraError("unauthorized_client", 700016, _NOT_FOUND.format(client_id, tenant.name))


def _bearer(token: str, life_s: int) -> dict[str, Any]:
    return {"token_type": "Bearer", "expires_in": life_s, "ext_expires_in": life_s, "access_token": token}
