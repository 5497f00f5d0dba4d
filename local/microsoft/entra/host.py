"""The login host: which address leads to which page or answer, and how refusals are told there."""

import re
import uuid
from typing import Any

from local.microsoft.entra import admin_consent, metadata, pages, sign_in
from local.microsoft.entra.admin_consent import AdminConsent
from local.microsoft.entra.codes import Codes
from local.microsoft.entra.directory import Directory
from local.microsoft.entra.journeys import Browsers, Journey, registered
from local.microsoft.entra.metadata import SHARED
from local.microsoft.entra.refusals import Refused, in_redirect
from local.microsoft.entra.scopes import Resources
from local.microsoft.entra.sign_in import SignIn
from local.microsoft.entra.token_endpoint import TokenEndpoint
from local.microsoft.http import Reply, Request, page, told
from local.microsoft.objects import Object
from local.microsoft.tenants import Tenant
from local.microsoft.tokens import Issuer
from local.microsoft.world import World

_ROUTE = re.compile(r"/([^/]+)/(.+)")
# With these the browser's own sign-in is passed over, and the account is picked anew.
_ASK_AGAIN = frozenset({"login", "select_account"})


class Entra:
    """Everything at login.microsoftonline.com that an application and its people need."""

    def __init__(self, world: World, issuer: Issuer, login: str, resources: Resources) -> None:
        self._world = world
        self._issuer = issuer
        self._login = login
        self._graph = resources.graph
        self._directory = Directory(world)
        self._browsers = Browsers()
        codes = self._codes = Codes(world)
        self._tokens = TokenEndpoint(world, issuer, self._directory, codes, login, resources)
        self._legs: dict[str, SignIn | AdminConsent] = {
            sign_in.LEG: SignIn(world, codes, resources),
            admin_consent.LEG: AdminConsent(world, resources),
        }
        self._doors = {
            ("GET", "v2.0/.well-known/openid-configuration"): self._configuration,
            ("GET", "discovery/v2.0/keys"): lambda _segment, _request: told(issuer.jwks()),
            ("GET", "oauth2/v2.0/authorize"): lambda segment, request: self._start(sign_in.LEG, segment, request),
            ("GET", "v2.0/adminconsent"): lambda segment, request: self._start(admin_consent.LEG, segment, request),
            ("POST", "login"): self._picked,
            ("POST", "consent"): self._answered,
            ("POST", "oauth2/v2.0/token"): self._token,
        }

    @property
    def memories(self) -> list[object]:
        """Who is signed in where, and what was handed out and can be redeemed."""
        return [self._browsers, self._codes]

    def answer(self, request: Request) -> Reply:
        if request.path == "/common/discovery/instance":
            return told(metadata.instances(self._login))
        found = _ROUTE.fullmatch(request.path)
        segment, rest = found.groups() if found else ("", "")
        door = self._doors.get((request.method, rest))
        if door is None:
            return page(pages.problem("There is nothing at this address."), 404)
        try:
            return door(segment, request)
        except Refused as refused:
            if rest.startswith(("oauth2/v2.0/token", "v2.0/.well-known")):
                return self._refusal(refused, request)
            text = refused.described(self._world.now(), str(uuid.uuid4()), str(uuid.uuid4()))
            return page(pages.problem(text), refused.status)

    def _configuration(self, segment: str, _request: Request) -> Reply:
        name = segment if segment in SHARED else self._directory.tenant(segment).id
        return told(metadata.configuration(self._login, self._graph, name))

    def _token(self, segment: str, request: Request) -> Reply:
        reply = told(self._tokens.answer(segment, request.form))
        reply.headers |= {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
        return reply

    def _refusal(self, refused: Refused, request: Request) -> Reply:
        correlation_id = request.headers.get("client-request-id") or str(uuid.uuid4())
        body: dict[str, Any] = refused.body(self._world.now(), correlation_id, self._login)
        reply = told(body, refused.status)
        reply.headers |= {"Cache-Control": "no-store, no-cache", "Pragma": "no-cache"}
        return reply

    # The pages: both journeys begin with an account and end with the application.

    def _start(self, leg: str, segment: str, request: Request) -> Reply:
        asked = request.query
        journey = Journey(leg, segment, registered(self._world, asked), asked, [])
        if segment not in SHARED:
            self._directory.tenant(segment)
        try:
            self._legs[leg].check(journey)
            return self._first_page(journey, request.headers.get("cookie", ""))
        except Refused as refused:
            return self._back_refused(journey, refused)

    def _first_page(self, journey: Journey, cookie: str) -> Reply:
        prompt = journey.asked.get("prompt", "")
        known = None if prompt in _ASK_AGAIN else self._signed_in(journey, cookie)
        if known is not None:
            journey.tenant, journey.person = known
            return self._proceed(journey, self._browsers.keep(journey))
        if prompt == "none":
            raise Refused("login_required", 50058, "A silent sign-in request was sent but no user is signed in.")
        people = self._directory.choices(journey.segment, journey.asked.get("login_hint", ""))
        return page(pages.choose(f"/{journey.segment}/login", self._browsers.keep(journey), people))

    def _signed_in(self, journey: Journey, cookie: str) -> tuple[Tenant, Object] | None:
        """The one account of this browser that fits; with several, the person has to pick."""
        fitting: list[tuple[Tenant, Object]] = []
        scope = None if journey.segment in SHARED else self._directory.tenant(journey.segment)
        hint = journey.asked.get("login_hint", "").lower()
        for user_id, tenant_id in self._browsers.accounts(cookie).items():
            tenant = self._world.find_tenant(tenant_id)
            person = tenant.users.get(user_id) if tenant and (scope is None or scope is tenant) else None
            if tenant and person and person["accountEnabled"] and hint in {"", person["userPrincipalName"].lower()}:
                fitting.append((tenant, person))
        return fitting[0] if len(fitting) == 1 else None

    def _picked(self, _segment: str, request: Request) -> Reply:
        key = request.form.get("journey", "")
        journey = self._browsers.kept(key)
        tenant, person = self._directory.person(journey.segment, request.form.get("username", "").strip())
        journey.tenant, journey.person = tenant, person
        try:
            reply = self._proceed(journey, key)
        except Refused as refused:
            reply = self._back_refused(journey, refused)
        reply.headers["Set-Cookie"] = self._browsers.remember(request.headers.get("cookie", ""), tenant, person)
        return reply

    def _proceed(self, journey: Journey, key: str) -> Reply:
        for it in self._world.redirect_refusals:
            if it.leg in {None, journey.leg}:
                journey.subcode = it.subcode
                raise in_redirect(it.code, it.error)
        return self._legs[journey.leg].proceed(journey, key)

    def _answered(self, _segment: str, request: Request) -> Reply:
        journey = self._browsers.kept(request.form.get("journey", ""))
        try:
            return self._legs[journey.leg].answered(journey, accepted=request.form.get("answer") == "accept")
        except Refused as refused:
            return self._back_refused(journey, refused)

    def _back_refused(self, journey: Journey, refused: Refused) -> Reply:
        leg = self._legs[journey.leg]
        extra = leg.refusal_fields(journey) if isinstance(leg, AdminConsent) else {}
        return journey.refused(refused, self._world.now(), extra)
