"""Entra ID: discovery, sign-in, consent and tokens, with its pages, its rules and its refusals.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-admin-consent,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import base64
import hashlib
import re
import secrets
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from local.microsoft import pages
from local.microsoft.http import Reply, Request, page, redirect, told
from local.microsoft.tokens import Issuer
from local.microsoft.world import GLOBAL_ADMINISTRATOR, ROLE_NAMES, App, ServicePrincipal, Tenant, World

_CODE_LIFE_S = 600
_SHARED = frozenset({"common", "organizations", "consumers"})
_ROUTE = re.compile(r"/([^/]+)/(.+)")
_LISTED_PEOPLE = 4


class Refused(Exception):
    def __init__(self, error: str, code: int, text: str, *, status: int = 400, suberror: str = "") -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.status, self.suberror = error, code, text, status, suberror


@dataclass
class _Granted:
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


class Entra:
    """The login host."""

    def __init__(self, world: World, issuer: Issuer, url: str, graph_url: str) -> None:
        self._world = world
        self._issuer = issuer
        self._url = url
        self._graph_url = graph_url
        self._requests: dict[str, dict[str, str]] = {}
        self._codes: dict[str, _Granted] = {}
        self._refresh: dict[str, _Granted] = {}

    def answer(self, request: Request) -> Reply:
        found = _ROUTE.fullmatch(request.path)
        if request.path == "/common/discovery/instance":
            return told(self._instances())
        if not found:
            return page(pages.problem(90023, "There is nothing here."), 404)
        tenant, rest = found.groups()
        doors = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._configuration,
            ("GET", "discovery/v2.0/keys"): lambda _tenant, _request: told(self._issuer.jwks()),
            ("GET", "oauth2/v2.0/authorize"): self._authorize,
            ("GET", "v2.0/adminconsent"): self._admin_consent,
            ("POST", "signin"): self._signed_in,
            ("POST", "consent"): self._consented,
            ("POST", "oauth2/v2.0/token"): self._token,
        }
        door = doors.get((request.method, rest))
        if door is None:
            return page(pages.problem(90023, "There is nothing here."), 404)
        try:
            return door(tenant, request)
        except Refused as refused:
            if rest == "oauth2/v2.0/token" or rest.endswith("openid-configuration"):
                return self._refusal(refused)
            return page(pages.problem(refused.code, refused.text), refused.status)

    def _instances(self) -> dict[str, Any]:
        host = self._url.removeprefix("https://")
        metadata = {"preferred_network": host, "preferred_cache": host, "aliases": [host]}
        return {
            "tenant_discovery_endpoint": f"{self._url}/common/v2.0/.well-known/openid-configuration",
            "api-version": "1.1",
            "metadata": [metadata],
        }

    def _configuration(self, segment: str, _request: Request) -> Reply:
        name = segment if segment in _SHARED else self._tenant(segment).id
        issuer = "{tenantid}" if segment in _SHARED else name
        root = f"{self._url}/{name}"
        return told(
            {
                "issuer": f"{self._url}/{issuer}/v2.0",
                "authorization_endpoint": f"{root}/oauth2/v2.0/authorize",
                "token_endpoint": f"{root}/oauth2/v2.0/token",
                "jwks_uri": f"{root}/discovery/v2.0/keys",
                "userinfo_endpoint": f"{self._graph_url}/oidc/userinfo",
                "token_endpoint_auth_methods_supported": [
                    "client_secret_post",
                    "private_key_jwt",
                    "client_secret_basic",
                ],
                "response_types_supported": ["code", "id_token", "code id_token"],
                "response_modes_supported": ["query", "fragment", "form_post"],
                "subject_types_supported": ["pairwise"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "scopes_supported": ["openid", "profile", "email", "offline_access"],
                "tenant_region_scope": None if segment in _SHARED else "EU",
            }
        )

    # Sign-in: pick an account, agree to what the app asks of one's own account, go back with a code.

    def _authorize(self, segment: str, request: Request) -> Reply:
        asked = request.query
        self._app_with(asked.get("client_id", ""), asked.get("redirect_uri", ""))
        if asked.get("response_type") != "code" or not asked.get("scope"):
            raise Refused("invalid_request", 900144, "The request body must contain response_type and scope.")
        if segment not in _SHARED:
            self._tenant(segment)
        key = self._keep({**asked, "segment": segment, "leg": "sign-in"})
        return page(pages.choose(f"/{segment}/signin", key, self._people(segment)))

    def _signed_in(self, segment: str, request: Request) -> Reply:
        asked = self._kept(request.form.get("request", ""))
        tenant, person = self._person(asked["segment"], request.form.get("username", ""))
        if not person["accountEnabled"]:
            raise Refused("invalid_grant", 50057, "The user account is disabled.")
        asked |= {"tenant_id": tenant.id, "user_id": person["id"], "username": person["userPrincipalName"]}
        key = self._keep(asked)
        if asked["leg"] == "admin":
            return self._ask_admin(segment, key, asked, tenant)
        wanted = _graph_scopes(asked["scope"])
        principal = tenant.service_principals.get(asked["client_id"])
        if principal and (set(wanted) <= principal.delegated):
            return self._back_with_code(asked)
        return self._ask(segment, key, asked, [*wanted, "View your basic profile"])

    def _consented(self, _segment: str, request: Request) -> Reply:
        asked = self._kept(request.form.get("request", ""))
        if request.form.get("answer") != "accept":
            return _back(
                asked,
                {
                    "error": "access_denied",
                    "error_description": _described(65004, "User declined to consent to access the app."),
                },
            )
        if asked["leg"] == "admin":
            self._world.consent(asked["tenant_id"], asked["client_id"])
            return redirect(
                f"{asked['redirect_uri']}?"
                + urlencode(
                    {
                        "admin_consent": "True",
                        "tenant": asked["tenant_id"],
                        "state": asked.get("state", ""),
                        "scope": asked["scope"],
                    }
                )
            )
        principal = self._world.admit(asked["tenant_id"], asked["client_id"])
        principal.delegated |= set(_graph_scopes(asked["scope"]))
        return self._back_with_code(asked)

    def _back_with_code(self, asked: dict[str, str]) -> Reply:
        code = f"0.{secrets.token_urlsafe(48)}"
        self._codes[code] = _Granted(
            client_id=asked["client_id"],
            tenant_id=asked["tenant_id"],
            user_id=asked["user_id"],
            scopes=asked["scope"].split(),
            redirect_uri=asked["redirect_uri"],
            segment=asked["segment"],
            nonce=asked.get("nonce"),
            challenge=asked.get("code_challenge"),
            until=self._world.now() + _CODE_LIFE_S,
        )
        return _back(asked, {"code": code, "session_state": str(uuid.uuid4())})

    # Admin consent: an administrator accepts everything the registration asks for.

    def _admin_consent(self, segment: str, request: Request) -> Reply:
        asked = request.query
        self._app_with(asked.get("client_id", ""), asked.get("redirect_uri", ""))
        if segment == "common":
            raise Refused("invalid_request", 90023, "Use organizations or a tenant.")
        if not asked.get("scope"):
            raise Refused("invalid_request", 900144, "The request must contain scope.")
        key = self._keep({**asked, "segment": segment, "leg": "admin"})
        return page(pages.choose(f"/{segment}/signin", key, self._people(segment)))

    def _ask_admin(self, segment: str, key: str, asked: dict[str, str], tenant: Tenant) -> Reply:
        if GLOBAL_ADMINISTRATOR not in tenant.roles_of(asked["user_id"]):
            raise Refused("consent_required", 90094, "An administrator's consent is required.")
        app = self._world.apps[asked["client_id"]]
        return self._ask(segment, key, asked, [*app.app_roles, *app.delegated])

    def _ask(self, segment: str, key: str, asked: dict[str, str], permissions: list[str]) -> Reply:
        return page(pages.consent(f"/{segment}/consent", key, asked["username"], asked["client_id"], permissions))

    # Tokens.

    def _token(self, segment: str, request: Request) -> Reply:
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
        if segment in _SHARED:
            raise Refused(
                "invalid_request",
                9001023,
                "The grant type is not supported over the /common or /organizations endpoints.",
            )
        tenant = self._tenant(segment)
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
        granted = self._codes.pop(form.get("code", ""), None)
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
        if segment not in _SHARED and self._tenant(segment).id != granted.tenant_id:
            raise Refused("invalid_grant", 50020, "User account does not exist in that tenant.")
        return self._for_person(app, granted)

    def _for_person(self, app: App, granted: _Granted) -> dict[str, Any]:
        tenant = self._world.tenants[granted.tenant_id]
        person = tenant.users.get(granted.user_id)
        if person is None:
            raise Refused("invalid_grant", 50034, "The user account does not exist.")
        scopes = _graph_scopes(" ".join(granted.scopes))
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

    # What the doors share.

    def _refusal(self, refused: Refused) -> Reply:
        now = datetime.fromtimestamp(self._world.now(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        body = {
            "error": refused.error,
            "error_description": _described(refused.code, refused.text, now),
            "error_codes": [refused.code],
            "timestamp": now,
            "trace_id": str(uuid.uuid4()),
            "correlation_id": str(uuid.uuid4()),
            "error_uri": f"{self._url}/error?code={refused.code}",
        }
        return told(body | ({"suberror": refused.suberror} if refused.suberror else {}), refused.status)

    def _app_with(self, client_id: str, redirect_uri: str) -> App:
        app = self._world.apps.get(client_id)
        if app is None:
            raise Refused("unauthorized_client", 700016, f"Application with identifier '{client_id}' was not found.")
        if redirect_uri not in app.redirect_uris:
            raise Refused(
                "invalid_request",
                50011,
                "The redirect URI specified in the request does not match the ones configured.",
            )
        return app

    def _tenant(self, segment: str) -> Tenant:
        tenant = self._world.find_tenant(segment)
        if tenant is None:
            raise Refused("invalid_tenant", 90002, f"Tenant '{segment}' not found.")
        return tenant

    def _person(self, segment: str, username: str) -> tuple[Tenant, dict[str, Any]]:
        scope = None if segment in _SHARED else self._tenant(segment).id
        found = self._world.find_user(username, scope)
        if found is None:
            raise Refused(
                "invalid_grant",
                50034 if scope is None else 50020,
                "The user account does not exist in this directory.",
            )
        return found

    def _people(self, segment: str) -> list[tuple[str, str]]:
        """Who can be picked: the first few of each tenant, everybody with a role, and one guest."""
        listed: list[tuple[str, str]] = []
        for tenant in self._world.tenants.values():
            if not tenant.exists or (segment not in _SHARED and tenant is not self._tenant(segment)):
                continue
            people = [it for place in range(min(20, tenant.users.places())) if (it := tenant.users.at(place))]
            chosen = people[:_LISTED_PEOPLE] + [
                it for it in people[_LISTED_PEOPLE:] if it["userType"] == "Guest" or tenant.roles_of(it["id"])
            ]
            listed += [
                (it["userPrincipalName"], f"{it['displayName']} · {tenant.name} · {self._standing(tenant, it)}")
                for it in chosen
            ]
        return listed

    @staticmethod
    def _standing(tenant: Tenant, person: dict[str, Any]) -> str:
        roles = [ROLE_NAMES.get(role, role) for role in tenant.roles_of(person["id"])]
        return ", ".join(roles) or ("guest" if person["userType"] == "Guest" else "user")

    def _keep(self, asked: dict[str, str]) -> str:
        key = secrets.token_urlsafe(16)
        self._requests[key] = asked
        return key

    def _kept(self, key: str) -> dict[str, str]:
        found = self._requests.get(key)
        if found is None:
            raise Refused("invalid_request", 90014, "The request is not known any more; start again.")
        return dict(found)


def _back(asked: dict[str, str], fields: dict[str, str]) -> Reply:
    """Send the browser back in the way that was asked for."""
    fields = {**fields, "state": asked.get("state", "")}
    if asked.get("response_mode") == "form_post":
        return page(pages.post_back(asked["redirect_uri"], fields))
    return redirect(f"{asked['redirect_uri']}?{urlencode(fields)}")


def _graph_scopes(scope: str) -> list[str]:
    names = [it.rsplit("/", 1)[-1] for it in scope.split()]
    return [name for name in names if name not in {"openid", "profile", "email", "offline_access", ".default"}]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")


def _described(code: int, text: str, now: str = "2026-01-01 00:00:00Z") -> str:
    return f"AADSTS{code}: {text}\r\nTrace ID: {uuid.uuid4()}\r\nCorrelation ID: {uuid.uuid4()}\r\nTimestamp: {now}"


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
