"""Signing in at Entra: send people there, redeem their code, and get app-only tokens for a tenant.

msal talks to Entra; the checks of an ID token are ours, since msal leaves them to the application.
Sources: https://learn.microsoft.com/entra/identity-platform/v2-oauth2-auth-code-flow,
https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow,
https://learn.microsoft.com/entra/identity-platform/claims-validation
"""

import base64
import hashlib
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any
from urllib.parse import urlencode

import msal
import requests

from shared.graph.errors import MicrosoftError, Throttled, Transient
from shared.sign_in.credential import AppCredential
from shared.sign_in.endpoints import Endpoints
from shared.sign_in.refusals import Refusal, RefusalKind, SignInRefused, codes_in, raised, refusal
from shared.tokens import KeySet, TokenInvalid, unverified, verify
from shared.web import TimedSession, Web

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_ANY_TENANT = "organizations"
_MOST_TOKENS = 2_000
_RENEW_BEFORE_S = 300.0
_DEFAULT_LIFE_S = 600


class IdentityTokenInvalid(MicrosoftError):
    """The ID token failed a check of ours; the message names it."""

    code = "identity_token_invalid"
    title = "Microsoft's proof of the sign-in did not pass our checks"


class WrongTenantToken(MicrosoftError):
    """An app-only token for another tenant than the one it was asked for. It is never used."""

    code = "wrong_tenant_token"
    title = "Microsoft answered with another tenant's token"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in. ``roles`` are role template ids, None when the token does not tell them."""

    tenant_id: str
    object_id: str
    username: str
    is_guest: bool
    roles: frozenset[str] | None


@dataclass(frozen=True, slots=True)
class SignedIn:
    identity: Identity
    access_token: str


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    until: float


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
        self._credential = credential
        self._session = TimedSession(web)
        self._keys = KeySet(f"{endpoints.login}/{_ANY_TENANT}/discovery/v2.0/keys", web)
        self._monotonic = monotonic
        self._tokens: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()

    def authorize_url(self, *, redirect_uri: str, state: str, nonce: str, verifier: str, scopes: Sequence[str]) -> str:
        """Where a person signs in. Always offers the choice of account; the answer comes as a form POST."""
        told = {
            "client_id": self._client_id,
            "response_type": "code",
            "response_mode": "form_post",
            "redirect_uri": redirect_uri,
            "scope": " ".join(["openid", "profile", *scopes]),
            "state": state,
            "nonce": hashlib.sha256(nonce.encode()).hexdigest(),  # msal compares with this form of it
            "code_challenge": _challenge(verifier),
            "code_challenge_method": "S256",
            "prompt": "select_account",
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
        told = self._ask(_ANY_TENANT, lambda app: app.acquire_token_by_auth_code_flow(flow, answer))
        identity = self._identity(str(told.get("id_token", "")), nonce)
        return SignedIn(identity, str(told["access_token"]))

    def app_token(self, tenant_id: str, *, fresh: bool = False) -> str:
        """An app-only token for Graph in a tenant, kept until five minutes before it ends.

        Raises:
            SignInRefused, OperatorFault, Transient: as Entra answered.
            WrongTenantToken: Entra answered with another tenant's token.
        """
        kept = None if fresh else self._kept(tenant_id)
        if kept is not None:
            return kept
        # A new msal client each time: one that was refused repeats the refusal for a minute without asking.
        scope = [f"{self._endpoints.graph}/.default"]
        told = self._ask(tenant_id, lambda app: app.acquire_token_for_client(scopes=scope))
        token = str(told["access_token"])
        if _tenant_of(token) != tenant_id:
            raise WrongTenantToken(f"asked for {tenant_id}")
        self._keep(tenant_id, token, int(told.get("expires_in") or _DEFAULT_LIFE_S))
        return token

    def forget(self, tenant_id: str) -> None:
        """Drop the tenant's kept token: a new one shows what was granted meanwhile."""
        with self._lock:
            self._tokens.pop(tenant_id, None)

    def _kept(self, tenant_id: str) -> str | None:
        with self._lock:
            kept = self._tokens.get(tenant_id)
            if kept is None or kept.until <= self._monotonic():
                return None
            self._tokens.move_to_end(tenant_id)
            return kept.token

    def _keep(self, tenant_id: str, token: str, life_s: int) -> None:
        with self._lock:
            self._tokens[tenant_id] = _Kept(token, self._monotonic() + max(0.0, life_s - _RENEW_BEFORE_S))
            self._tokens.move_to_end(tenant_id)
            while len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)

    def _ask(self, tenant: str, ask: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
        """Let msal ask Entra, and turn every way it fails into our words."""
        try:
            told = ask(self._client(tenant))
        except requests.RequestException as error:
            raise Transient(f"Entra did not answer: {type(error).__name__}") from error
        except RuntimeError as error:  # msal's own look at the ID token, before ours
            raise IdentityTokenInvalid("the ID token fails a check of msal's") from error
        except (ValueError, KeyError, AttributeError, TypeError) as error:
            raise _unreadable(error) from error
        if "access_token" in told:
            return told
        raise raised(refusal(told))

    def _client(self, tenant: str) -> Any:
        return msal.ConfidentialClientApplication(
            self._client_id,
            client_credential=self._credential.make(),
            authority=f"{self._endpoints.login}/{tenant}",
            instance_discovery=False,
            http_client=_Watched(self._session),
        )

    def _identity(self, token: str, nonce: str) -> Identity:
        """The signer, after every check of https://learn.microsoft.com/entra/identity-platform/id-tokens."""
        try:
            claims = verify(
                token,
                keys=self._keys,
                audience=self._client_id,
                required=("iss", "sub", "tid", "oid", "nonce", "nbf"),
            )
        except TokenInvalid as error:
            raise IdentityTokenInvalid(f"the ID token {error}") from error
        tenant_id, object_id = str(claims["tid"]).lower(), str(claims["oid"]).lower()
        checks = (
            (bool(_GUID.fullmatch(tenant_id) and _GUID.fullmatch(object_id)), "tid and oid must be GUIDs"),
            (tenant_id != _PERSONAL_TENANT, "personal accounts are refused"),
            (claims["iss"] == f"{self._endpoints.login}/{tenant_id}/v2.0", "iss must be the issuer of tid"),
            (claims["nonce"] == hashlib.sha256(nonce.encode()).hexdigest(), "nonce must be this sign-in's"),
        )
        for holds, name in checks:
            if not holds:
                raise IdentityTokenInvalid(f"the ID token fails: {name}")
        roles = claims.get("wids")
        return Identity(
            tenant_id=tenant_id,
            object_id=object_id,
            username=str(claims.get("preferred_username", ""))[:256],
            is_guest=claims.get("acct") == 1 or _comes_from_elsewhere(claims),
            roles=frozenset(map(str, roles)) if isinstance(roles, list) else None,
        )


class _Watched:
    """Msal's way out: answers that are no refusal but a fault of the moment are raised as such."""

    def __init__(self, session: TimedSession) -> None:
        self._session = session

    def get(self, url: str, **options: Any) -> requests.Response:
        return _settled(self._session.get(url, **options))

    def post(self, url: str, **options: Any) -> requests.Response:
        return _settled(self._session.post(url, **options))

    def close(self) -> None:
        self._session.close()


def _settled(response: requests.Response) -> requests.Response:
    if response.status_code == 429:
        wait = response.headers.get("Retry-After", "")
        raise Throttled("Entra is throttling us", wait_s=float(wait) if wait.isdigit() else None)
    if response.status_code >= 500 or 300 <= response.status_code < 400:
        raise Transient(f"Entra answered {response.status_code}")
    return response


def _unreadable(error: Exception) -> MicrosoftError:
    """Msal's constructor raises ValueError for a tenant that Entra does not know; the code stands in its text."""
    codes = codes_in(str(error))
    if codes:
        return raised(refusal({"error": "invalid_tenant", "error_codes": codes}))
    if "invalid_tenant" in str(error) or "Unable to get authority configuration" in str(error):
        return SignInRefused(Refusal(RefusalKind.TENANT_NOT_FOUND, "invalid_tenant"))
    return Transient("Entra's answer could not be read")


def token_roles(token: str) -> frozenset[str]:
    """The application permissions that a token carries; empty when it cannot be read."""
    try:
        roles = unverified(token).get("roles", [])
    except TokenInvalid:
        return frozenset()
    return frozenset(map(str, roles)) if isinstance(roles, list) else frozenset()


def _tenant_of(token: str) -> str:
    try:
        return str(unverified(token).get("tid", "")).lower()
    except TokenInvalid:
        return ""


def _comes_from_elsewhere(claims: dict[str, Any]) -> bool:
    """A guest's home shows in ``idp``, which is absent for the tenant's own people."""
    return "idp" in claims and claims["idp"] != claims["iss"]


def _challenge(verifier: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).decode().rstrip("=")
