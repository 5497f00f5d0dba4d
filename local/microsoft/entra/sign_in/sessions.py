"""A user's way through the sign-in pages: the request's parameters, the account, and the reply to the application."""

import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from local.microsoft.entra.errors import EntraError
from local.microsoft.entra.sign_in import pages
from local.microsoft.server import Reply, html_reply, redirect
from local.microsoft.world.collection import Object
from local.microsoft.world.state import App, WorldState
from local.microsoft.world.tenants import TenantState

COOKIE = "ESTSAUTH"
_RESPONSE_MODES = frozenset({"query", "fragment", "form_post"})


@dataclass
class SignInSession:
    """One sign-in: the leg is "sign-in" or "admin-consent"; the account is known after the first page."""

    leg: str
    segment: str
    app: App
    parameters: dict[str, str]
    scopes: list[str]
    tenant: TenantState | None = None
    person: Object | None = None
    subcode: str = ""

    def account(self) -> tuple[TenantState, Object]:
        if self.tenant is None or self.person is None:
            raise EntraError("invalid_request", 90014, "Nobody has signed in on this page.")
        return self.tenant, self.person

    def restart_url(self, path: str) -> str:
        """The address that restarts this sign-in with the account picker."""
        parameters = {name: it for name, it in self.parameters.items() if name != "login_hint"} | {
            "prompt": "select_account"
        }
        return f"/{self.segment}/{path}?{urlencode(parameters)}"

    def reply_to_app(self, fields: dict[str, str]) -> Reply:
        """Send the browser to the application, by the requested response_mode."""
        target = self.parameters["redirect_uri"]
        answer = fields | ({"state": self.parameters["state"]} if "state" in self.parameters else {})
        mode = self.parameters.get("response_mode", "query")
        if mode == "form_post":
            return html_reply(pages.post_back(target, answer))
        joint = "#" if mode == "fragment" else "&" if urlsplit(target).query else "?"
        return redirect(f"{target}{joint}{urlencode(answer)}")

    def error_reply(self, error: EntraError, now: float, extra: dict[str, str] | None = None) -> Reply:
        text = error.description(now, str(uuid.uuid4()), str(uuid.uuid4()))
        subcode = {"error_subcode": self.subcode} if self.subcode else {}
        return self.reply_to_app({"error": error.error, "error_description": text, **subcode, **(extra or {})})


class BrowserSessions:
    """Which accounts each browser is signed in to, and the sign-ins under way."""

    def __init__(self) -> None:
        self._sign_ins: dict[str, SignInSession] = {}
        self._accounts: dict[str, dict[str, str]] = {}

    def save(self, session: SignInSession) -> str:
        key = secrets.token_urlsafe(16)
        self._sign_ins[key] = session
        return key

    def find(self, key: str) -> SignInSession:
        if key not in self._sign_ins:
            raise EntraError("invalid_request", 90014, "This sign-in is not known any more; start again.")
        return self._sign_ins[key]

    def accounts(self, cookie: str) -> dict[str, str]:
        """Tenant id of every account that is signed in, by user id."""
        return self._accounts.get(_session_in(cookie), {})

    def sign_in_account(self, cookie: str, tenant: TenantState, person: Object) -> str:
        """Sign an account in; returns the cookie to set."""
        key = _session_in(cookie)
        if key not in self._accounts:
            key = secrets.token_urlsafe(16)
        self._accounts.setdefault(key, {})[person["id"]] = tenant.id
        return f"{COOKIE}={key}; Path=/; Secure; HttpOnly; SameSite=None"


def _session_in(cookie: str) -> str:
    pairs = (it.strip().partition("=") for it in cookie.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def validated_app(world: WorldState, parameters: dict[str, str]) -> App:
    """The registered application of a request, when its redirect URI is one of its own.

    A wrong redirect URI is reported on Microsoft's page only: sending the error there would be an open redirect.
    """
    client_id, target = parameters.get("client_id", ""), parameters.get("redirect_uri", "")
    app = world.apps.get(client_id)
    if app is None:
        text = f"Application with identifier '{client_id}' was not found in the directory."
        raise EntraError("unauthorized_client", 700016, text)
    if target not in app.redirect_uris:
        text = f"The redirect URI '{target}' does not match the redirect URIs of the application '{client_id}'."
        raise EntraError("invalid_request", 50011, text)
    if parameters.get("response_mode", "query") not in _RESPONSE_MODES:
        raise EntraError("invalid_request", 90023, "The provided value for 'response_mode' is not allowed.")
    return app
