"""Entra ID: discovery, sign-in, consent and tokens, with its pages, its rules and its refusals.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-admin-consent,
https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import re
import secrets
import uuid
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

from local.microsoft import pages
from local.microsoft.http import Reply, Request, page, redirect, told
from local.microsoft.refusals import SHARED, Refused, described, found_tenant
from local.microsoft.token_endpoint import Granted, TokenEndpoint, graph_scopes
from local.microsoft.tokens import Issuer
from local.microsoft.world import GLOBAL_ADMINISTRATOR, ROLE_NAMES, App, Tenant, World

_CODE_LIFE_S = 600
_ROUTE = re.compile(r"/([^/]+)/(.+)")
_LISTED_PEOPLE = 4


class Entra:
    """The login host."""

    def __init__(self, world: World, issuer: Issuer, url: str, graph_url: str) -> None:
        self._world = world
        self._issuer = issuer
        self._url = url
        self._graph_url = graph_url
        self._requests: dict[str, dict[str, str]] = {}
        self._tokens = TokenEndpoint(world, issuer, url, graph_url)

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
            ("POST", "oauth2/v2.0/token"): self._tokens.answer,
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
        name = segment if segment in SHARED else found_tenant(self._world, segment).id
        issuer = "{tenantid}" if segment in SHARED else name
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
                "tenant_region_scope": None if segment in SHARED else "EU",
            }
        )

    # Sign-in: pick an account, agree to what the app asks of one's own account, go back with a code.

    def _authorize(self, segment: str, request: Request) -> Reply:
        asked = request.query
        self._app_with(asked.get("client_id", ""), asked.get("redirect_uri", ""))
        if asked.get("response_type") != "code" or not asked.get("scope"):
            raise Refused("invalid_request", 900144, "The request body must contain response_type and scope.")
        if segment not in SHARED:
            found_tenant(self._world, segment)
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
        wanted = graph_scopes(asked["scope"])
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
                    "error_description": described(65004, "User declined to consent to access the app."),
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
        principal.delegated |= set(graph_scopes(asked["scope"]))
        return self._back_with_code(asked)

    def _back_with_code(self, asked: dict[str, str]) -> Reply:
        code = f"0.{secrets.token_urlsafe(48)}"
        self._tokens.codes[code] = Granted(
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

    # What the doors share.

    def _refusal(self, refused: Refused) -> Reply:
        now = datetime.fromtimestamp(self._world.now(), UTC).strftime("%Y-%m-%d %H:%M:%SZ")
        body = {
            "error": refused.error,
            "error_description": described(refused.code, refused.text, now),
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

    def _person(self, segment: str, username: str) -> tuple[Tenant, dict[str, Any]]:
        scope = None if segment in SHARED else found_tenant(self._world, segment).id
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
            if not tenant.exists or (segment not in SHARED and tenant is not found_tenant(self._world, segment)):
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
