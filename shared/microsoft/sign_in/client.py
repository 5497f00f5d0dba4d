"""Signing in at Entra: send people there, redeem their code, and get app-only tokens for a tenant.

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

from shared.crypto.tokens import KeySet, TokenInvalid, unverified
from shared.http.client import Web
from shared.microsoft.graph.errors import MicrosoftError, Transient
from shared.microsoft.sign_in.credential import AppCredential
from shared.microsoft.sign_in.endpoints import Endpoints
from shared.microsoft.sign_in.entra import Entra
from shared.microsoft.sign_in.identity import Identity, IdentityTokenInvalid, identity_of, nonce_hash
from shared.microsoft.sign_in.kept import KeptTokens

_ANY_TENANT = "organizations"
_DEFAULT_LIFE_S = 600
_CAPABILITIES = ("cp1",)  # we answer challenges, so a token that was revoked stops working at once
_MFA_CLAIMS = '{"id_token":{"amr":{"essential":true,"values":["mfa"]}}}'


class WrongTenantToken(MicrosoftError):
    """An app-only token for another tenant than the one it was asked for. It is never used."""

    code = "wrong_tenant_token"
    title = "Microsoft answered with another tenant's token"


@dataclass(frozen=True, slots=True)
class SignedIn:
    """Who signed in, and what their tokens open. There is a refresh token only for ``offline_access``."""

    identity: Identity
    access_token: str = field(repr=False)
    refresh_token: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class Renewed:
    """What a refresh token was redeemed for. The new refresh token takes the place of the old one."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)


class SignIn:
    """One application's sign-ins in one Microsoft cloud. For many threads."""

    def __init__(
        self,
        *,
        endpoints: Endpoints,
        client_id: str,
        credential: AppCredential,
        web: Web,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._endpoints = endpoints
        self._client_id = client_id
        self._entra = Entra(endpoints, client_id, credential, web)
        self._keys = KeySet(f"{endpoints.login}/{_ANY_TENANT}/discovery/v2.0/keys", web)
        self._tokens = KeptTokens(monotonic)

    def authorize_url(
        self,
        *,
        redirect_uri: str,
        state: str,
        nonce: str,
        verifier: str,
        scopes: Sequence[str],
        asks_mfa: bool = False,
    ) -> str:
        """Where a person signs in. Always offers the choice of account; the answer comes as a form POST.

        ``asks_mfa`` asks for a sign-in with MFA; whether there was one shows in the access token only.
        """
        told = {
            "client_id": self._client_id,
            "response_type": "code",
            "response_mode": "form_post",
            "redirect_uri": redirect_uri,
            "scope": " ".join(["openid", "profile", *scopes]),
            "state": state,
            "nonce": nonce_hash(nonce),
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "prompt": "select_account",
            **({"claims": _MFA_CLAIMS} if asks_mfa else {}),
        }
        return f"{self._endpoints.login}/{_ANY_TENANT}/oauth2/v2.0/authorize?{urlencode(told)}"

    def admin_consent_url(self, *, tenant_id: str, redirect_uri: str, state: str) -> str:
        """Where an admin of this very tenant accepts all permissions of our registration.

        Source: https://learn.microsoft.com/entra/identity-platform/v2-admin-consent
        """
        told = {
            "client_id": self._client_id,
            "scope": f"{self._endpoints.graph}/.default",
            "redirect_uri": redirect_uri,
            "state": state,
        }
        return f"{self._endpoints.login}/{tenant_id}/v2.0/adminconsent?{urlencode(told)}"

    def redeem(self, *, code: str, redirect_uri: str, nonce: str, verifier: str, scopes: Sequence[str]) -> SignedIn:
        """Redeem a sign-in's code and check everything its ID token says.

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
            IdentityTokenInvalid: a check failed.
        """
        flow = {
            "state": "-",  # compared by our caller, against the stored hash
            "redirect_uri": redirect_uri,
            "scope": list(scopes),
            "code_verifier": verifier,
            "nonce": nonce,
        }
        answer = {"code": code, "state": "-"}
        try:
            told = self._entra.ask(_ANY_TENANT, lambda app: app.acquire_token_by_auth_code_flow(flow, answer))
        except RuntimeError as error:  # msal's own look at the nonce, before ours
            raise IdentityTokenInvalid("the ID token fails a check of msal's") from error
        identity = identity_of(
            str(told.get("id_token", "")),
            keys=self._keys,
            client_id=self._client_id,
            nonce=nonce,
            roots=self._endpoints.login_roots,
        )
        refresh_token = told.get("refresh_token")
        return SignedIn(identity, _legible(told["access_token"]), refresh_token if _is_legible(refresh_token) else None)

    def renew(self, refresh_token: str, *, tenant_id: str, resource: str) -> Renewed:
        """Redeem a person's refresh token for a resource in any tenant that the person may act in.

        ``resource`` is the root of a service, as in ``Endpoints``.
        Source: https://learn.microsoft.com/entra/identity-platform/refresh-tokens

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
            WrongTenantToken: Entra answered with another tenant's token.
        """
        scopes = [f"{resource}/.default"]
        told = self._entra.ask(tenant_id, lambda app: app.acquire_token_by_refresh_token(refresh_token, scopes=scopes))
        token = _legible(told["access_token"])
        if _tenant_of(token) != tenant_id:
            raise WrongTenantToken(f"asked for {tenant_id}")
        newer = told.get("refresh_token")
        return Renewed(token, newer if _is_legible(newer) else refresh_token)

    def app_token(self, tenant_id: str, *, fresh: bool = False, claims: str = "") -> str:
        """Our application's token for Graph in one tenant, kept until five minutes before it ends.

        ``claims`` is what Graph demanded of a fresh one, as JSON (continuous access evaluation).
        Source: https://learn.microsoft.com/entra/identity-platform/app-resilience-continuous-access-evaluation

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
            WrongTenantToken: Entra answered with another tenant's token.
        """
        return self._tokens.of(tenant_id, lambda: self._fetch(tenant_id, claims), fresh=fresh)

    def forget(self, tenant_id: str) -> None:
        """Drop the tenant's kept token: a new one shows what was granted meanwhile."""
        self._tokens.forget(tenant_id)

    def _fetch(self, tenant_id: str, claims: str) -> tuple[str, float]:
        """A new token and its life in seconds."""
        scope = [f"{self._endpoints.graph}/.default"]
        told = self._entra.ask(
            tenant_id,
            lambda app: app.acquire_token_for_client(scopes=scope, claims_challenge=claims or None),
            capabilities=_CAPABILITIES,
        )
        token = _legible(told["access_token"])
        if _tenant_of(token) != tenant_id:
            raise WrongTenantToken(f"asked for {tenant_id}")
        return token, float(told.get("expires_in") or _DEFAULT_LIFE_S)


def token_roles(token: str) -> frozenset[str]:
    """The application permissions that a token carries; empty when it cannot be read."""
    return _words(token, "roles")


def token_methods(token: str) -> frozenset[str]:
    """How the person signed in ("mfa", "pwd", ...) as an access token of Partner Center tells it."""
    return _words(token, "amr")


def _words(token: str, claim: str) -> frozenset[str]:
    try:
        words = unverified(token).get(claim, [])
    except TokenInvalid:
        return frozenset()
    return frozenset(it for it in words if isinstance(it, str)) if isinstance(words, list) else frozenset()


def _is_legible(token: object) -> TypeGuard[str]:
    """Whether it can be a token at all, which is printable ASCII: a broken one must never replace one that works."""
    return isinstance(token, str) and bool(token) and token.isascii() and token.isprintable()


def _legible(token: object) -> str:
    if not _is_legible(token):
        raise Transient("Entra answered with a token that cannot be read")
    return token


def _tenant_of(token: str) -> str:
    try:
        return str(unverified(token).get("tid", "")).lower()
    except TokenInvalid:
        return ""


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
