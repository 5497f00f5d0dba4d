"""Entra's token endpoint: codes, refresh tokens and an application's own credential, turned into tokens.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/certificate-credentials
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from local.microsoft.http import Reply, Request, told
from local.microsoft.refusals import SHARED, Refused, found_tenant
from local.microsoft.tokens import Issuer
from local.microsoft.world import App, ServicePrincipal, Tenant, World


@dataclass
class Granted:
    """A code or a refresh token: who may redeem it for whom."""

    client_id: str
    tenant_id: str
    user_id: str
    scopes: list[str]
    redirect_uri: str
    segment: str
    nonce: str | None
    challenge: str | None
    until: float


class TokenEndpoint:
    """Redeems what sign-ins granted; ``codes`` are the sign-ins waiting to be redeemed."""

    def __init__(self, world: World, issuer: Issuer, url: str, graph_url: str) -> None:
        self._world = world
        self._issuer = issuer
        self._url = url
        self._graph_url = graph_url
        self.codes: dict[str, Granted] = {}
        self._refresh: dict[str, Granted] = {}

    def answer(self, segment: str, request: Request) -> Reply:
        form = request.form
        app = self._world.apps.get(form.get("client_id", ""))
        if app is None:
            raise Refused("unauthorized_client", 700016, f"Application '{form.get('client_id', '')}' was not found.")
        self._prove(app, segment, form)
        grants = {
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refreshed,
        }
        grant = grants.get(form.get("grant_type", ""))
        if grant is None:
            raise Refused("unsupported_grant_type", 70003, "The app requested an unsupported grant type.")
        return told(grant(app, segment, form), headers={"Cache-Control": "no-store"})

    def _prove(self, app: App, segment: str, form: dict[str, str]) -> None:
        """The app's own credential: a secret, or an assertion signed with a registered certificate."""
        if "client_secret" in form:
            if form["client_secret"] not in app.secrets:
                raise Refused("invalid_client", 7000215, "Invalid client secret provided.", status=401)
            return
        assertion = form.get("client_assertion", "")
        if not assertion:
            raise Refused(
                "invalid_client",
                7000218,
                "The request body must contain client_assertion or client_secret.",
                status=401,
            )
        audience = f"{self._url}/{segment}/oauth2/v2.0/token"
        for text in app.certificates:
            if _is_signed_with(assertion, text, audience, app.client_id):
                return
        raise Refused(
            "invalid_client",
            700027,
            "The certificate used to sign the client assertion is not registered.",
            status=401,
        )

    def _client_credentials(self, app: App, segment: str, form: dict[str, str]) -> dict[str, Any]:
        if segment in SHARED:
            raise Refused(
                "invalid_request",
                9001023,
                "The grant type is not supported over the /common or /organizations endpoints.",
            )
        tenant = found_tenant(self._world, segment)
        if form.get("scope") != f"{self._graph_url}/.default":
            raise Refused("invalid_scope", 70011, "The provided value for the input parameter 'scope' is not valid.")
        principal = self._admitted(tenant, app)
        issued_for = self._world.tenants[tenant.token_of] if tenant.token_of else tenant
        return self._bearer(self._issuer.app_only(issued_for, app, principal))

    def _admitted(self, tenant: Tenant, app: App) -> ServicePrincipal:
        principal = tenant.service_principals.get(app.client_id)
        if principal is None:
            raise Refused(
                "unauthorized_client",
                700016,
                f"Application '{app.client_id}' was not found in the directory '{tenant.name}'.",
            )
        if self._world.now() < principal.visible_at:
            raise Refused(
                "invalid_client",
                7000229,
                "The client application is missing service principal in the tenant.",
                status=401,
            )
        if not principal.enabled:
            raise Refused("unauthorized_client", 7000112, "Application is disabled.")
        return principal

    def _authorization_code(self, app: App, segment: str, form: dict[str, str]) -> dict[str, Any]:
        granted = self.codes.pop(form.get("code", ""), None)
        if granted is None or granted.client_id != app.client_id or self._world.now() > granted.until:
            raise Refused(
                "invalid_grant",
                70000,
                "The provided authorization code is invalid, expired or was already redeemed.",
            )
        if segment != granted.segment:
            raise Refused(
                "invalid_grant",
                700005,
                "The provided authorization code is intended for use against another tenant.",
            )
        if form.get("redirect_uri") != granted.redirect_uri:
            raise Refused("invalid_client", 500112, "The reply address does not match the one of the request.")
        verifier = form.get("code_verifier", "")
        if granted.challenge and _challenge(verifier) != granted.challenge:
            raise Refused("invalid_grant", 501481, "The code_verifier does not match the code_challenge.")
        return self._for_person(app, granted)

    def _refreshed(self, app: App, segment: str, form: dict[str, str]) -> dict[str, Any]:
        granted = self._refresh.get(form.get("refresh_token", ""))
        if granted is None or granted.client_id != app.client_id:
            raise Refused("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
        if segment not in SHARED and found_tenant(self._world, segment).id != granted.tenant_id:
            raise Refused("invalid_grant", 50020, "User account does not exist in that tenant.")
        return self._for_person(app, granted)

    def _for_person(self, app: App, granted: Granted) -> dict[str, Any]:
        tenant = self._world.tenants[granted.tenant_id]
        person = tenant.users.get(granted.user_id)
        if person is None:
            raise Refused("invalid_grant", 50034, "The user account does not exist.")
        scopes = graph_scopes(" ".join(granted.scopes))
        answer = self._bearer(self._issuer.delegated(tenant, app, person, scopes)) | {"scope": " ".join(scopes)}
        if "openid" in granted.scopes:
            answer["id_token"] = self._issuer.identity(tenant, app, person, granted.nonce)
        if "offline_access" in granted.scopes:
            key = f"1.{secrets.token_urlsafe(64)}"
            self._refresh[key] = granted
            answer["refresh_token"] = key
        told_of = f'{{"uid":"{person["id"]}","utid":"{tenant.id}"}}'.encode()
        return answer | {"client_info": base64.urlsafe_b64encode(told_of).decode().rstrip("=")}

    def _bearer(self, token: str) -> dict[str, Any]:
        life = self._world.switches.access_token_life_s
        return {"token_type": "Bearer", "expires_in": life, "ext_expires_in": life, "access_token": token}


def graph_scopes(scope: str) -> list[str]:
    """The scopes of a request that are Graph's, by their short names."""
    names = [it.rsplit("/", 1)[-1] for it in scope.split()]
    return [name for name in names if name not in {"openid", "profile", "email", "offline_access", ".default"}]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _is_signed_with(assertion: str, certificate: str, audience: str, client_id: str) -> bool:
    """Whether the app proved itself with this certificate (learn.microsoft.com: certificate-credentials)."""
    known = x509.load_pem_x509_certificate(certificate.encode())
    key = known.public_key()
    if not isinstance(key, rsa.RSAPublicKey):
        return False
    try:
        header = jwt.get_unverified_header(assertion)
        claims = jwt.decode(assertion, key, algorithms=["PS256", "RS256"], audience=audience, issuer=client_id)
    except (jwt.PyJWTError, ValueError):
        return False
    prints = {"x5t": hashes.SHA1(), "x5t#S256": hashes.SHA256()}  # noqa: S303 - the older thumbprint form
    named = next((name for name in prints if name in header), "")
    raw = base64.urlsafe_b64encode(known.fingerprint(prints[named])).decode().rstrip("=") if named else ""
    return bool(named) and header[named].rstrip("=") == raw and claims.get("sub") == client_id and "jti" in claims
