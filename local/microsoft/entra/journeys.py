"""A person's way through the sign-in pages: what was asked, who came, and how the answer goes back."""

import secrets
import uuid
from dataclasses import dataclass
from urllib.parse import urlencode, urlsplit

from local.microsoft.entra import pages
from local.microsoft.entra.refusals import Refused
from local.microsoft.http import Reply, page, redirect
from local.microsoft.objects import Object
from local.microsoft.tenants import Tenant
from local.microsoft.world import App, World

COOKIE = "ESTSAUTH"
_RESPONSE_MODES = frozenset({"query", "fragment", "form_post"})


@dataclass
class Journey:
    """One visit: the leg is "sign-in" or "admin-consent"; who came is known after the first page."""

    leg: str
    segment: str
    app: App
    asked: dict[str, str]
    scopes: list[str]
    tenant: Tenant | None = None
    person: Object | None = None
    subcode: str = ""

    def who(self) -> tuple[Tenant, Object]:
        if self.tenant is None or self.person is None:
            raise Refused("invalid_request", 90014, "Nobody has signed in on this page.")
        return self.tenant, self.person

    def again(self, path: str) -> str:
        """The address that begins this visit anew with the picking of an account."""
        asked = {name: it for name, it in self.asked.items() if name != "login_hint"} | {"prompt": "select_account"}
        return f"/{self.segment}/{path}?{urlencode(asked)}"

    def back(self, fields: dict[str, str]) -> Reply:
        """Send the browser to the application, in the way that was asked for."""
        target = self.asked["redirect_uri"]
        told = fields | ({"state": self.asked["state"]} if "state" in self.asked else {})
        mode = self.asked.get("response_mode", "query")
        if mode == "form_post":
            return page(pages.post_back(target, told))
        joint = "#" if mode == "fragment" else "&" if urlsplit(target).query else "?"
        return redirect(f"{target}{joint}{urlencode(told)}")

    def refused(self, refused: Refused, now: float, extra: dict[str, str] | None = None) -> Reply:
        text = refused.described(now, str(uuid.uuid4()), str(uuid.uuid4()))
        subcode = {"error_subcode": self.subcode} if self.subcode else {}
        return self.back({"error": refused.error, "error_description": text, **subcode, **(extra or {})})


class Browsers:
    """Who is signed in where, and the visits that are under way."""

    def __init__(self) -> None:
        self._visits: dict[str, Journey] = {}
        self._accounts: dict[str, dict[str, str]] = {}

    def keep(self, journey: Journey) -> str:
        key = secrets.token_urlsafe(16)
        self._visits[key] = journey
        return key

    def kept(self, key: str) -> Journey:
        if key not in self._visits:
            raise Refused("invalid_request", 90014, "This sign-in is not known any more; start again.")
        return self._visits[key]

    def accounts(self, cookie: str) -> dict[str, str]:
        """Tenant id of every account that is signed in, by user id."""
        return self._accounts.get(_session_in(cookie), {})

    def remember(self, cookie: str, tenant: Tenant, person: Object) -> str:
        """Sign an account in; returns the cookie to set."""
        key = _session_in(cookie)
        if key not in self._accounts:
            key = secrets.token_urlsafe(16)
        self._accounts.setdefault(key, {})[person["id"]] = tenant.id
        return f"{COOKIE}={key}; Path=/; Secure; HttpOnly; SameSite=None"


def _session_in(cookie: str) -> str:
    pairs = (it.strip().partition("=") for it in cookie.split(";"))
    return next((value for name, _, value in pairs if name == COOKIE), "")


def registered(world: World, asked: dict[str, str]) -> App:
    """The application that sends somebody, when it may have the answer sent to where it says.

    A wrong redirect URI is told on Microsoft's page only: sending the error there would be an open redirect.
    """
    client_id, target = asked.get("client_id", ""), asked.get("redirect_uri", "")
    app = world.apps.get(client_id)
    if app is None:
        text = f"Application with identifier '{client_id}' was not found in the directory."
        raise Refused("unauthorized_client", 700016, text)
    if target not in app.redirect_uris:
        text = f"The redirect URI '{target}' does not match the redirect URIs of the application '{client_id}'."
        raise Refused("invalid_request", 50011, text)
    if asked.get("response_mode", "query") not in _RESPONSE_MODES:
        raise Refused("invalid_request", 90023, "The provided value for 'response_mode' is not allowed.")
    return app
