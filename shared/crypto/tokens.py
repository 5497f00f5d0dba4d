"""Signed tokens: whose key it is, who it is for, and whether it holds now.

Only RS256, only keys of the issuer's own key document, exactly one audience. What a token says about
where its keys are (jku, x5u, jwk) is never looked at.
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
from shared.formats.tolerant import read
from shared.http.client import Unreachable, Web

LEEWAY_S = 120
_KEPT_S = 24 * 3600
_REFETCH_PAUSE_S = 60.0
_EMPTY_PAUSE_S = 2.0  # without any key every call fails: look again soon, but not once per waiting call
_FETCH_S = 8.0
_MOST_TOKEN_BYTES = 16 * 1024
_FEWEST_BITS = 2048
_TIMES = frozenset({"exp", "iat", "nbf"})


class TokenInvalid(AppError):
    """The token failed a check; the message names the check and never quotes the token."""

    code = "token_invalid"
    title = "The token is not valid"


class KeysUnavailable(Unavailable):
    code = "keys_unavailable"
    title = "The keys for checking tokens cannot be fetched"


class KeySet:
    """The signing keys behind one address, kept a day and fetched again when an unknown one turns up.

    Keys that cannot be fetched again stay in use. Only a token with an unknown key waits for a fetch.
    """

    def __init__(self, url: str, web: Web, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._web = web
        self._monotonic = monotonic
        self._keys: dict[str, RSAPublicKey] = {}
        self._fetched_at = -math.inf
        self._tried_at = -math.inf
        self._fetching = Lock()

    def find(self, key_id: str) -> RSAPublicKey | None:
        """The key of this id, or None.

        Raises:
            KeysUnavailable: no keys were ever fetched, and they cannot be now.
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
        wanted = key_id not in self._keys or now - self._fetched_at > _KEPT_S
        return wanted and now - self._tried_at >= (_REFETCH_PAUSE_S if self._keys else _EMPTY_PAUSE_S)

    def _fetch(self) -> None:
        try:
            response = self._web.send("GET", self._url, within_s=_FETCH_S)
            self._keys = _usable(response.body)
            self._fetched_at = self._monotonic()
        except (Unreachable, ValueError):
            pass  # those we have, if any, stay
        finally:
            self._tried_at = self._monotonic()


class _Jwk(msgspec.Struct):
    kty: str
    kid: str = ""
    use: str = "sig"
    n: str = ""
    e: str = ""


class _KeyDocument(msgspec.Struct):
    keys: list[_Jwk]


def _usable(body: bytes) -> dict[str, RSAPublicKey]:
    """The document's RSA signing keys by id; raises ValueError when there is none. An odd key costs itself only."""
    document, _ = read(body, _KeyDocument)
    found = {key.kid: public for key in document.keys if key.kid and (public := _public(key))}
    if not found:
        raise ValueError("the document holds no key we can use")
    return found


def _public(key: _Jwk) -> RSAPublicKey | None:
    if key.kty != "RSA" or key.use != "sig":
        return None
    try:
        public = jwt.PyJWK({"kty": "RSA", "n": key.n, "e": key.e}, algorithm="RS256").key
    except (jwt.PyJWTError, ValueError):
        return None
    return public if isinstance(public, RSAPublicKey) and public.key_size >= _FEWEST_BITS else None


def verify(
    token: str,
    *,
    keys: KeySet,
    audience: str,
    required: Sequence[str],
    issuer: str | None = None,
    leeway_s: int = LEEWAY_S,
) -> dict[str, Any]:
    """The claims of a token whose signature, audience and times hold.

    ``required`` claims are there and are text; without an ``issuer`` it is the caller's to compare, for
    issuers that are named after the tenant. ``exp`` and ``iat`` are required and are numbers.

    Raises:
        TokenInvalid: naming the check that failed.
        KeysUnavailable: the keys cannot be fetched.
    """
    key_id = _key_id(token)
    _refuse_other_encodings(token)
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
    _refuse_unusable(claims, required)
    return claims


def _refuse_unusable(claims: dict[str, Any], required: Sequence[str]) -> None:
    times = _TIMES & claims.keys()
    for name in times:
        if type(claims[name]) not in {int, float}:  # "1" and true would pass for numbers
            raise TokenInvalid(f"has no usable {name}")
    for name in required:
        if name not in times and not (isinstance(claims[name], str) and claims[name]):
            raise TokenInvalid(f"has no usable {name}")


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token that came straight from its issuer over TLS; nothing is checked.

    Raises:
        TokenInvalid: it cannot be read.
    """
    _refuse_other_encodings(token)
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError, RecursionError) as error:
        raise TokenInvalid("cannot be read") from error
    return claims


def _refuse_other_encodings(token: str) -> None:
    """Header and claims are UTF-8 (RFC 7519, section 7.2); the library would read UTF-16 and UTF-32 as well."""
    for part in token.rpartition(".")[0].split(".", 1):
        try:
            text = base64url_decode(part).decode()
        except ValueError as error:
            raise TokenInvalid("is not UTF-8 in base64url") from error
        if "\0" in text:
            raise TokenInvalid("is not UTF-8")


def _key_id(token: str) -> str:
    if len(token) > _MOST_TOKEN_BYTES:
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
