"""The login host: its routes, pages and error replies."""

import re
import uuid
from typing import Any

from local.microsoft.entra import metadata
from local.microsoft.entra.accounts import Accounts
from local.microsoft.entra.errors import EntraError, redirect_error
from local.microsoft.entra.metadata import SHARED
from local.microsoft.entra.scopes import Resources
from local.microsoft.entra.sign_in import admin_consent, authorize, pages
from local.microsoft.entra.sign_in.admin_consent import AdminConsent
from local.microsoft.entra.sign_in.authorize import SignIn
from local.microsoft.entra.sign_in.sessions import BrowserSessions, SignInSession, validated_app
from local.microsoft.entra.tokens.endpoint import TokenEndpoint
from local.microsoft.entra.tokens.grants import GrantStore
from local.microsoft.entra.tokens.issuer import Issuer
from local.microsoft.server import Reply, Request, html_reply, json_reply
from local.microsoft.world.collection import Object
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

_ROUTE = re.compile(r"/([^/]+)/(.+)")
# With these the browser's own sign-in is passed over, and the account is picked anew.
_ASK_AGAIN = frozenset({"login", "select_account"})


class Entra:
    """Everything at login.microsoftonline.com that an application and its people need."""

    def __init__(self, world: WorldState, issuer: Issuer, login: str, resources: Resources) -> None:
        self._world = world
        self._issuer = issuer
        self._login = login
        self._graph = resources.graph
        self._accounts = Accounts(world)
        self._sessions = BrowserSessions()
        grants = self._grants = GrantStore(world)
        self._tokens = TokenEndpoint(world, issuer, self._accounts, grants, login, resources)
        self._legs: dict[str, SignIn | AdminConsent] = {
            authorize.LEG: SignIn(world, grants, resources),
            admin_consent.LEG: AdminConsent(world, resources),
        }
        self._routes = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._configuration,
            ("GET", "discovery/v2.0/keys"): lambda _segment, _request: json_reply(issuer.jwks()),
            ("GET", "oauth2/v2.0/authorize"): lambda segment, request: self._start(authorize.LEG, segment, request),
            ("GET", "v2.0/adminconsent"): lambda segment, request: self._start(admin_consent.LEG, segment, request),
            ("POST", "login"): self._account_picked,
            ("POST", "consent"): self._consent_answered,
            ("POST", "oauth2/v2.0/token"): self._token,
        }

    @property
    def memories(self) -> list[object]:
        """Who is signed in where, and what was handed out and can be redeemed."""
        return [self._sessions, self._grants]

    def handle(self, request: Request) -> Reply:
        if request.path == "/common/discovery/instance":
            return json_reply(metadata.instances(self._login))
        match = _ROUTE.fullmatch(request.path)
        segment, rest = match.groups() if match else ("", "")
        route = self._routes.get((request.method, rest))
        if route is None:
            return html_reply(pages.problem("There is nothing at this address."), 404)
        try:
            return route(segment, request)
        except EntraError as error:
            if rest.startswith(("oauth2/v2.0/token", "v2.0/.well-known")):
                return self._error_response(error, request)
            text = error.description(self._world.now(), str(uuid.uuid4()), str(uuid.uuid4()))
            return html_reply(pages.problem(text), error.status)

    def _configuration(self, segment: str, _request: Request) -> Reply:
        name = segment if segment in SHARED else self._accounts.tenant(segment).id
        return json_reply(metadata.configuration(self._login, self._graph, name))

    def _token(self, segment: str, request: Request) -> Reply:
        reply = json_reply(self._tokens.token_response(segment, request.form))
        reply.headers |= {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
        return reply

    def _error_response(self, error: EntraError, request: Request) -> Reply:
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        body: dict[str, Any] = error.body(self._world.now(), correlation_id, self._login)
        reply = json_reply(body, error.status)
        reply.headers |= {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
        return reply

    # The pages: sign-in and admin consent both begin with an account and end at the application.

    def _start(self, leg: str, segment: str, request: Request) -> Reply:
        parameters = request.query
        session = SignInSession(leg, segment, validated_app(self._world, parameters), parameters, [])
        if segment not in SHARED:
            self._accounts.tenant(segment)
        try:
            self._legs[leg].check(session)
            return self._first_page(session, request.headers.get("cookie", ""))
        except EntraError as error:
            return self._error_redirect(session, error)

    def _first_page(self, session: SignInSession, cookie: str) -> Reply:
        prompt = session.parameters.get("prompt", "")
        known = None if prompt in _ASK_AGAIN else self._signed_in(session, cookie)
        if known is not None:
            session.tenant, session.person = known
            return self._proceed(session, self._sessions.save(session))
        if prompt == "none":
            raise EntraError("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
        people = self._accounts.choices(
            session.segment, session.parameters.get("login_hint", ""), session.app.client_id
        )
        action = f"/{session.segment}/login"
        return html_reply(pages.choose(action, self._sessions.save(session), session.app.name, people))

    def _signed_in(self, session: SignInSession, cookie: str) -> tuple[TenantState, Object] | None:
        """The one account of this browser that fits; with several, the person has to pick."""
        fitting: list[tuple[TenantState, Object]] = []
        scope = None if session.segment in SHARED else self._accounts.tenant(session.segment)
        hint = session.parameters.get("login_hint", "").lower()
        for user_id, tenant_id in self._sessions.accounts(cookie).items():
            tenant = self._world.find_tenant(tenant_id)
            person = tenant.users.get(user_id) if tenant and (scope is None or scope is tenant) else None
            if tenant and person and person["accountEnabled"] and hint in {"", person["userPrincipalName"].lower()}:
                fitting.append((tenant, person))
        return fitting[0] if len(fitting) == 1 else None

    def _account_picked(self, _segment: str, request: Request) -> Reply:
        key = request.form.get("session", "")
        session = self._sessions.find(key)
        tenant, person = self._accounts.person(session.segment, request.form.get("username", "").strip())
        session.tenant, session.person = tenant, person
        try:
            reply = self._proceed(session, key)
        except EntraError as error:
            reply = self._error_redirect(session, error)
        reply.headers["Set-Cookie"] = self._sessions.sign_in_account(request.headers.get("cookie", ""), tenant, person)
        return reply

    def _proceed(self, session: SignInSession, key: str) -> Reply:
        for refusal in self._world.redirect_refusals:
            if refusal.leg in {None, session.leg}:
                session.subcode = refusal.subcode
                raise redirect_error(refusal.code, refusal.error)
        return self._legs[session.leg].proceed(session, key)

    def _consent_answered(self, _segment: str, request: Request) -> Reply:
        session = self._sessions.find(request.form.get("session", ""))
        try:
            return self._legs[session.leg].complete(session, accepted=request.form.get("answer") == "accept")
        except EntraError as error:
            return self._error_redirect(session, error)

    def _error_redirect(self, session: SignInSession, error: EntraError) -> Reply:
        leg = self._legs[session.leg]
        extra = leg.refusal_fields(session) if isinstance(leg, AdminConsent) else {}
        return session.error_reply(error, self._world.now(), extra)
