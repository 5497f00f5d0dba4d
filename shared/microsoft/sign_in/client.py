"""Sign-in at Entra: authorize URLs, redeeming codes and refresh tokens, and app-only tokens of a tenant.

Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow
"""

import base64
import hashlib
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeGuard
from urllib.parse import urlencode

from shared.crypto.tokens import KeySet, TokenInvalid, unverified_claims
from shared.http.client import HttpClient
from shared.microsoft.graph.errors import MicrosoftError, Transient
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.entra import Entra
from shared.microsoft.sign_in.identity import Identity, IdentityTokenInvalid, identity_of, nonce_hash
from shared.microsoft.sign_in.token_cache import TokenCache

_ANY_TENANT = "organizations"
_DEFAULT_LIFETIME_S = 600
_CLIENT_CAPABILITIES = ("cp1",)  # we meet claims challenges, so a revoked token stops working at once
_MFA_CLAIMS = '{"id_token":{"amr":{"essential":true,"values":["mfa"]}}}'


class WrongTenantToken(MicrosoftError):
    """Entra returned a token for another tenant than the one requested. The token is not used."""

    code = "wrong_tenant_token"
    title = "Microsoft answered with another tenant's token"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and their tokens. There is a refresh token only with the scope ``offline_access``."""

    identity: Identity
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Renewed:
    """The tokens that a refresh token was redeemed for. The new refresh token replaces the old one."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class SignIn:
    """One application's sign-ins in one Microsoft cloud; safe to share between threads."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        client_id: str,
        credential: AppCredential,
        http_client: HttpClient,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._entra = Entra(endpoints, client_id, credential, http_client)
        self._keys = KeySet(f"{endpoints.login}/{_ANY_TENANT}/discovery/v2.0/keys", http_client)
        self._token_cache = TokenCache(monotonic)

    def authorize_url(
        self,
        *,
        redirect_uri: str,
        state: str,
        nonce: str,
        verifier: str,
        scopes: Sequence[str],
        requires_mfa: bool = False,
    ) -> str:
        """The URL at which a user signs in. Entra always offers a choice of accounts, and responds with a form POST.

        ``requires_mfa`` asks for a sign-in with MFA; whether there was one shows in the access token only.
        """
        parameters = {
            "client_id": self._client_id,
            "response_type": "code",
            "response_mode": "form_post",
            "redirect_uri": redirect_uri,
            "scope": " ".join(["openid", "profile", *scopes]),
            "state": state,
            "nonce": nonce_hash(nonce),
            "code_challenge": _code_challenge(verifier),
            "code_challenge_method": "S256",
            "prompt": "select_account",
            **({"claims": _MFA_CLAIMS} if requires_mfa else {}),
        }
        return f"{self._endpoints.login}/{_ANY_TENANT}/oauth2/v2.0/authorize?{urlencode(parameters)}"

    def admin_consent_url(self, *, tenant_id: str, redirect_uri: str, state: str) -> str:
        """The URL at which an admin of this tenant consents to all permissions of our app registration.

        Source: https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
        """
        parameters = {
            "client_id": self._client_id,
            "scope": f"{self._endpoints.graph}/.default",
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._endpoints.login}/{tenant_id}/v2.0/adminconsent?{urlencode(parameters)}"

    def redeem(self, *, code: str, redirect_uri: str, nonce: str, verifier: str, scopes: Sequence[str]) -> SignedIn:
        """Redeem the authorization code of a sign-in, and verify its ID token.

        ``nonce`` and ``verifier`` are those that the authorize URL was made with.

        Raises:
            SignInRefused, OperatorFault, Transient: of the kind that Entra's response stands for.
            IdentityTokenInvalid: the ID token failed a check.
        """
        flow = {
            "state": "-",  # our caller compares it with the stored hash
            "redirect_uri": redirect_uri,
            "scope": list(scopes),
            "code_verifier": verifier,
            "nonce": nonce,
        }
        answer = {"code": code, "state": "-"}
        try:
            tokens = self._entra.acquire_token(
                _ANY_TENANT, lambda app: app.acquire_token_by_auth_code_flow(flow, answer)
            )
        except RuntimeError as error:  # msal checks the nonce before we do
            raise IdentityTokenInvalid("the ID token fails a check of msal's") from error
        identity = identity_of(
            str(tokens.get("id_token", "")),
            keys=self._keys,
            client_id=self._client_id,
            nonce=nonce,
            roots=self._endpoints.login_roots,
        )
        refresh_token = tokens.get("refresh_token")
        return SignedIn(
            identity, _usable_token(tokens["access_token"]), refresh_token if _is_usable_token(refresh_token) else None
        )

    def renew(self, refresh_token: str, *, tenant_id: str, resource: str) -> Renewed:
        """Redeem a user's refresh token for a resource in any tenant in which the user may act.

        ``resource`` is the root URL of a service, as in ``Endpoints``.
        Source: https://learn.microsoft.com/entra/identity-platform/refresh-tokens

        Raises:
            SignInRefused, OperatorFault, Transient: of the kind that Entra's response stands for.
            WrongTenantToken: Entra returned another tenant's token.
        """
        scopes = [f"{resource}/.default"]
        tokens = self._entra.acquire_token(
            tenant_id, lambda app: app.acquire_token_by_refresh_token(refresh_token, scopes=scopes)
        )
        token = _usable_token(tokens["access_token"])
        if _tenant_of(token) != tenant_id:
            raise WrongTenantToken(f"asked for {tenant_id}")
        newer = tokens.get("refresh_token")
        return Renewed(token, newer if _is_usable_token(newer) else refresh_token)

    def app_token(self, tenant_id: str, *, fresh: bool = False, claims: str = "") -> str:
        """Our application's token for Graph in one tenant, cached until five minutes before it expires.

        ``claims`` are those of a claims challenge, as JSON (continuous access evaluation).
        Source: https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation

        Raises:
            SignInRefused, OperatorFault, Transient: of the kind that Entra's response stands for.
            WrongTenantToken: Entra returned another tenant's token.
        """
        return self._token_cache.get(tenant_id, lambda: self._fetch(tenant_id, claims), fresh=fresh)

    def forget(self, tenant_id: str) -> None:
        """Drop the tenant's cached token, so that the next one shows permissions granted meanwhile."""
        self._token_cache.forget(tenant_id)

    def _fetch(self, tenant_id: str, claims: str) -> tuple[str, float]:
        """A new token and its lifetime in seconds."""
        scope = [f"{self._endpoints.graph}/.default"]
        tokens = self._entra.acquire_token(
            tenant_id,
            lambda app: app.acquire_token_for_client(scopes=scope, claims_challenge=claims or None),
            capabilities=_CLIENT_CAPABILITIES,
        )
        token = _usable_token(tokens["access_token"])
        if _tenant_of(token) != tenant_id:
            raise WrongTenantToken(f"asked for {tenant_id}")
        return token, float(tokens.get("expires_in") or _DEFAULT_LIFETIME_S)


def token_roles(token: str) -> frozenset[str]:
    """The application permissions that a token carries; empty when it cannot be read."""
    return _string_claims(token, "roles")


def token_methods(token: str) -> frozenset[str]:
    """The authentication methods ("mfa", "pwd", ...) in the ``amr`` claim of a user's access token."""
    return _string_claims(token, "amr")


def _string_claims(token: str, claim: str) -> frozenset[str]:
    try:
        values = unverified_claims(token).get(claim, [])
    except TokenInvalid:
        return frozenset()
    return frozenset(it for it in values if isinstance(it, str)) if isinstance(values, list) else frozenset()


def _is_usable_token(token: object) -> TypeGuard[str]:
    """Whether a value can be a token, which is printable ASCII: a broken one must never replace a working one."""
    return isinstance(token, str) and bool(token) and token.isascii() and token.isprintable()


def _usable_token(token: object) -> str:
    if not _is_usable_token(token):
        raise Transient("Entra answered with a token that cannot be read")
    return token


def _tenant_of(token: str) -> str:
    try:
        return str(unverified_claims(token).get("tid", "")).lower()
    except TokenInvalid:
        return ""


def _code_challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
