"""Verification of signed tokens (JWT): signature, audience, issuer and times.

Only RS256, only keys of the issuer's JWKS document, exactly one audience. Header fields that say where to find a key
(jku, x5u, jwk) are ignored.
"""

import math
import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from jwt.utils import base64url_decode

from shared.errors import AppError, Unavailable
from shared.formats.tolerant import decode_tolerant
from shared.http.client import HttpClient, Unreachable

LEEWAY_S = 120
_KEYS_LIFETIME_S = 24 * 3600
_REFETCH_PAUSE_S = 60.0
_REFETCH_PAUSE_WITHOUT_KEYS_S = 2.0  # without keys every call fails, so the pause is short
_FETCH_TIMEOUT_S = 8.0
_MAX_TOKEN_BYTES = 16 * 1024
_MIN_KEY_BITS = 2048
_TIME_CLAIMS = frozenset({"exp", "iat", "nbf"})


class TokenInvalid(AppError):
    """The token failed a check. The message names the check and never quotes the token."""

    code = "token_invalid"
    title = "The token is not valid"


class KeysUnavailable(Unavailable):
    code = "keys_unavailable"
    title = "The keys for checking tokens cannot be fetched"


class KeySet:
    """The signing keys of a JWKS document at ``url``, cached for a day; safe to share between threads.

    They are fetched again for an unknown key id, at most once a minute. When that fails, the cached keys stay in use.
    Only a token with an unknown key waits for a fetch.
    """

    def __init__(self, url: str, http_client: HttpClient, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._http_client = http_client
        self._monotonic = monotonic
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching = Lock()

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key with this id, or None.

        Raises:
            KeysUnavailable: no keys were fetched so far, and they cannot be fetched now.
        """
        if self._is_due(key_id) and self._fetching.acquire(blocking=key_id not in self._keys):
            try:
                if self._is_due(key_id):
                    self._fetch()
            finally:
                self._fetching.release()
        if not self._keys:
            raise KeysUnavailable("The keys for checking tokens cannot be fetched.")
        return self._keys.get(key_id)

    def _is_due(self, key_id: str) -> bool:
        """Whether to fetch: a stream of made-up key ids must not become a stream of requests."""
        now = self._monotonic()
        needs_keys = key_id not in self._keys or now - self._fetched_at > _KEYS_LIFETIME_S
        return needs_keys and now - self._tried_at >= (
            _REFETCH_PAUSE_S if self._keys else _REFETCH_PAUSE_WITHOUT_KEYS_S
        )

    def _fetch(self) -> None:
        try:
            response = self._http_client.send("GET", self._url, within_s=_FETCH_TIMEOUT_S)
            self._keys = _keys_of(response.body)
            self._fetched_at = self._monotonic()
        except (Unreachable, ValueError):
            pass  # the cached keys, if any, stay in use
        finally:
            self._tried_at = self._monotonic()


class _RsaJwk(msgspec.Struct):
    kty: str
    kid: str = ""
    use: str = "sig"
    n: str = ""
    e: str = ""


class _KeyDocument(msgspec.Struct):
    keys: list[_RsaJwk]


def _keys_of(body: bytes) -> dict[str, RSAPublicKey]:
    """The RSA signing keys of a JWKS document by id, without malformed ones; raises ValueError when there is none."""
    document, _ = decode_tolerant(body, _KeyDocument)
    keys = {key.kid: public for key in document.keys if key.kid and (public := _public(key))}
    if not keys:
        raise ValueError("the document holds no usable key")
    return keys


def _public(key: _RsaJwk) -> RSAPublicKey | None:
    if key.kty != "RSA" or key.use != "sig":
        return None
    try:
        public = jwt.PyJWK({"kty": "RSA", "n": key.n, "e": key.e}, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError):
        return None
    return public if isinstance(public, RSAPublicKey) and public.key_size >= _MIN_KEY_BITS else None


def verify(
    token: str,
    *,
    keys: KeySet,
    audience: str,
    required: Sequence[str],
    issuer: str | None = None,
    leeway_s: int = LEEWAY_S,
) -> dict[str, Any]:
    """Verify a token and return its claims.

    Args:
        token: a compact JWT.
        keys: the issuer's keys.
        audience: the only audience that the token may have.
        required: further claims that must be present and be text; ``exp`` and ``iat`` must be present and be numbers.
        issuer: the expected issuer; without it the caller must check it, as for issuers named after the tenant.
        leeway_s: seconds by which clocks may differ.

    Raises:
        TokenInvalid: a check failed; the message names it.
        KeysUnavailable: the keys cannot be fetched.
    """
    key_id = _key_id(token)
    _check_encoding(token)
    key = keys.find(key_id)
    if key is None:
        raise TokenInvalid("is signed with an unknown key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=["RS256"],
            audience=audience,
            issuer=issuer,
            leeway=leeway_s,
            options={"require": ["exp", "iat", "aud", *required], "verify_iat": True, "strict_aud": True},
        )
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenInvalid(f"failed the check {type(error).__name__}") from error
    _check_claims(claims, required)
    return claims


def _check_claims(claims: dict[str, Any], required: Sequence[str]) -> None:
    times = _TIME_CLAIMS & claims.keys()
    for name in times:
        if type(claims[name]) not in {int, float}:  # "1" and true would pass for numbers
            raise TokenInvalid(f"has no usable {name}")
    for name in required:
        if name not in times and not (isinstance(claims[name], str) and claims[name]):
            raise TokenInvalid(f"has no usable {name}")


def unverified_claims(token: str) -> dict[str, Any]:
    """The claims of a token that came directly from its issuer over TLS, without verification.

    Raises:
        TokenInvalid: it cannot be decoded.
    """
    _check_encoding(token)
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenInvalid("cannot be read") from error
    return claims


def _check_encoding(token: str) -> None:
    """Require UTF-8 (RFC 7519, section 7.2); the library would accept UTF-16 and UTF-32 as well."""
    for part in token.rpartition(".")[0].split(".", 1):
        try:
            text = base64url_decode(part).decode()
        except ValueError as error:
            raise TokenInvalid("is not UTF-8 in base64url") from error
        if "\0" in text:
            raise TokenInvalid("is not UTF-8")


def _key_id(token: str) -> str:
    if len(token) > _MAX_TOKEN_BYTES:
        raise TokenInvalid("is too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenInvalid("has no readable header") from error
    if header.get("alg") != "RS256":
        raise TokenInvalid("is not signed with RS256")
    if "crit" in header:
        raise TokenInvalid("asks for extensions we do not know")
    return str(header.get("kid", ""))
