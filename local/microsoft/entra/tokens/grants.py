"""Authorization codes and refresh tokens: who may redeem them, for whom, and until when.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/refresh-tokens
"""

import base64
import hashlib
import secrets
from dataclasses import dataclass, replace

from local.microsoft.entra.errors import EntraError
from local.microsoft.entra.sign_in.sessions import SignInSession
from local.microsoft.world.state import App, WorldState

_CODE_LIFE_S = 600.0
_REFRESH_LIFE_S = 90 * 86400.0


@dataclass(frozen=True)
class Grant:
    """What a user consented to, as a code or a refresh token represents it."""

    client_id: str
    tenant_id: str
    user_id: str
    scopes: tuple[str, ...]
    since: float
    methods: tuple[str, ...] = ()
    nonce: str | None = None


@dataclass
class _Code:
    grant: Grant
    segment: str
    redirect_uri: str
    challenge: str
    method: str
    is_used: bool = False


class GrantStore:
    """Authorization codes and refresh tokens that were issued."""

    def __init__(self, world: WorldState) -> None:
        self._world = world
        self._grants: dict[str, _Code] = {}
        self._refresh: dict[str, Grant] = {}

    def issue(self, session: SignInSession) -> str:
        tenant, person = session.account()
        grant = Grant(
            client_id=session.app.client_id,
            tenant_id=tenant.id,
            user_id=person["id"],
            scopes=tuple(session.scopes),
            since=self._world.now(),
            methods=tuple(tenant.methods_of.get(person["id"], ("pwd", "mfa"))),
            nonce=session.parameters.get("nonce"),
        )
        challenge = session.parameters.get("code_challenge", "")
        method = session.parameters.get("code_challenge_method", "plain")
        key = f"1.{secrets.token_urlsafe(60)}"
        self._grants[key] = _Code(grant, session.segment, session.parameters["redirect_uri"], challenge, method)
        return key

    def redeem(self, app: App, segment: str, form: dict[str, str]) -> Grant:
        """The grant of a code. A code works once: a second try gets another error than an unknown code."""
        code = self._grants.get(form.get("code", ""))
        if code is None or code.grant.client_id != app.client_id:
            raise EntraError("invalid_grant", 70000, "The provided authorization code is invalid or malformed.")
        if code.is_used:
            raise EntraError("invalid_grant", 54005, "OAuth2 Authorization code was already redeemed.")
        if self._world.now() > code.grant.since + _CODE_LIFE_S:
            raise EntraError("invalid_grant", 70008, "The provided authorization code has expired.")
        if segment != code.segment:
            text = "The provided authorization code is intended to use against other tenant, thus rejected."
            raise EntraError("invalid_grant", 700005, text)
        if form.get("redirect_uri") != code.redirect_uri:
            text = "The reply address does not match the reply address provided when requesting Authorization code."
            raise EntraError("invalid_client", 500112, text)
        if not _verifier_matches(form.get("code_verifier", ""), code):
            raise EntraError("invalid_grant", 501481, "The Code_Verifier does not match the code_challenge supplied.")
        code.is_used = True
        return code.grant

    def refresh_token(self, grant: Grant) -> str:
        """A new one; those handed out before go on working, as at Microsoft."""
        key = f"1.{secrets.token_urlsafe(120)}"
        self._refresh[key] = replace(grant, since=self._world.now(), nonce=None)
        return key

    def refresh(self, app: App, token: str) -> Grant:
        grant = self._refresh.get(token)
        if grant is None or grant.client_id != app.client_id:
            raise EntraError("invalid_grant", 70000, "The provided refresh token is invalid or malformed.")
        if self._world.now() > grant.since + _REFRESH_LIFE_S:
            raise EntraError("invalid_grant", 700082, "The refresh token has expired due to inactivity.")
        return grant


def _verifier_matches(verifier: str, code: _Code) -> bool:
    if not code.challenge:
        return not verifier
    if code.method == "plain":
        return verifier == code.challenge
    digest = hashlib.sha256(verifier.encode()).digest()
    return base64.urlsafe_b64encode(digest).decode().rstrip("=") == code.challenge
