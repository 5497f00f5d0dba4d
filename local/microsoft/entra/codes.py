"""Authorization codes and refresh tokens: who may redeem them, for whom, and until when.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace

from local.microsoft.entra.journeys import Journey
from local.microsoft.entra.refusals import Refused
from local.microsoft.world import App, World

_CODE_LIFE_S = 600.0
_REFRESH_LIFE_S = 90 * 86400.0


@dataclass(frozen=True)
class Granted:
    """What a person agreed to, as a code or a refresh token stands for it."""

    client_id: str
    tenant_id: str
    user_id: str
    scopes: tuple[str, ...]
    since: float
    methods: tuple[str, ...] = ()
    nonce: str | None = None


@dataclass
class _Code:
    granted: Granted
    segment: str
    redirect_uri: str
    challenge: str
    method: str
    is_used: bool = False


class Codes:
    """Everything that was handed out and can still be redeemed."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._codes: dict[str, _Code] = {}
        self._refresh: dict[str, Granted] = {}

    def issue(self, journey: Journey) -> str:
        tenant, person = journey.who()
        granted = Granted(
            client_id=journey.app.client_id,
            tenant_id=tenant.id,
            user_id=person["id"],
            scopes=tuple(journey.scopes),
            since=self._world.now(),
            methods=tuple(tenant.methods_of.get(person["id"], ("pwd", "mfa"))),
            nonce=journey.asked.get("nonce"),
        )
        challenge = journey.asked.get("code_challenge", "")
        method = journey.asked.get("code_challenge_method", "plain")
        key = f"1.{secrets.token_urlsafe(60)}"
        self._codes[key] = _Code(granted, journey.segment, journey.asked["redirect_uri"], challenge, method)
        return key

    def redeem(self, app: App, segment: str, form: dict[str, str]) -> Granted:
        """What a code stands for. A code works once: a second try is told apart from an unknown code."""
        found = self._codes.get(form.get("code", ""))
        if found is None or found.granted.client_id != app.client_id:
            raise Refused("invalid_grant", 70000, "The provided authorization code is invalid or malformed.")
        if found.is_used:
            raise Refused("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if self._world.now() > found.granted.since + _CODE_LIFE_S:
            raise Refused("invalid_grant", 70008, "The provided authorization code has expired.")
        if segment != found.segment:
            text = "The provided authorization code is intended to use against other tenant, thus rejected."
            raise Refused("invalid_grant", 700005, text)
        if form.get("redirect_uri") != found.redirect_uri:
            text = "The reply address does not match the reply address provided when requesting Authorization code."
            raise Refused("invalid_client", 500112, text)
        if not _fits(form.get("code_verifier", ""), found):
            raise Refused("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied.")
        found.is_used = True
        return found.granted

    def refresh_token(self, granted: Granted) -> str:
        """A new one; those handed out before go on working, as at Microsoft."""
        key = f"1.{secrets.token_urlsafe(120)}"
        self._refresh[key] = replace(granted, since=self._world.now(), nonce=None)
        return key

    def refresh(self, app: App, token: str) -> Granted:
        found = self._refresh.get(token)
        if found is None or found.client_id != app.client_id:
            raise Refused("invalid_grant", 70000, "The provided refresh token is invalid or malformed.")
        if self._world.now() > found.since + _REFRESH_LIFE_S:
            raise Refused("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
        return found


def _fits(verifier: str, code: _Code) -> bool:
    if not code.challenge:
        return not verifier
    if code.method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge
