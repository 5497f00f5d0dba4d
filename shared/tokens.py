"""Signed tokens: whose key it is, who it is for, and whether it holds now.

Only RS256, only keys of the issuer's own key document, exactly one audience. What a token says about
where its keys are (jku, x5u, jwk) is never looked at.
"""

import time
from collections.abc import Callable, Sequence
from threading import Lock
from typing import Any

import jwt
import msgspec
from jwt import PyJWK

from shared.errors import AppError, Unavailable
from shared.web import Unreachable, Web

LEEWAY_S = 120
_KEPT_S = 24 * 3600
_REFETCH_PAUSE_S = 60
_MOST_TOKEN_BYTES = 16 * 1024


class TokenInvalid(AppError):
    """The token failed a check; the message names the check and never quotes the token."""

    code = "token_invalid"
    title = "The token is not valid"


class KeysUnavailable(Unavailable):
    code = "keys_unavailable"
    title = "The keys to check tokens with cannot be fetched"


class KeySet:
    """The signing keys behind one address, kept a day and fetched again when an unknown one turns up."""

    def __init__(self, url: str, web: Web, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._url = url
        self._web = web
        self._monotonic = monotonic
        self._keys: dict[str, PyJWK] = {}
        self._fetched_at: float | None = None
        self._tried_at: float | None = None
        self._lock = Lock()

    def find(self, key_id: str) -> PyJWK | None:
        """The key of this id, or None.

        Raises:
            KeysUnavailable: no keys were ever fetched, and they cannot be now.
        """
        with self._lock:
            if key_id not in self._keys or self._is_old():
                self._refetch()
            return self._keys.get(key_id)

    def _is_old(self) -> bool:
        return self._fetched_at is None or self._monotonic() - self._fetched_at > _KEPT_S

    def _refetch(self) -> None:
        now = self._monotonic()
        if self._keys and self._tried_at is not None and now - self._tried_at < _REFETCH_PAUSE_S:
            return  # a stream of made-up key ids must not become a stream of requests
        self._tried_at = now
        try:
            self._keys = _parse(self._web.send("GET", self._url, within_s=8.0).body)
            self._fetched_at = now
        except (Unreachable, msgspec.MsgspecError, jwt.PyJWTError, KeyError) as error:
            if not self._keys:
                raise KeysUnavailable("The keys to check tokens with cannot be fetched.") from error


def _parse(body: bytes) -> dict[str, PyJWK]:
    document = msgspec.json.decode(body, type=dict[str, Any])
    usable = [key for key in document["keys"] if key.get("kty") == "RSA" and key.get("use", "sig") == "sig"]
    return {str(key["kid"]): PyJWK(key, algorithm="RS256") for key in usable}


def verify(
    token: str, *, keys: KeySet, audience: str, required: Sequence[str], leeway_s: int = LEEWAY_S
) -> dict[str, Any]:
    """The claims of a token whose signature, audience and times hold; the issuer is the caller's to compare.

    Raises:
        TokenInvalid: naming the check that failed.
        KeysUnavailable: the keys cannot be fetched.
    """
    key = keys.find(_key_id(token))
    if key is None:
        raise TokenInvalid("signed with an unknown key")
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key.key,
            algorithms=["RS256"],
            audience=audience,
            leeway=leeway_s,
            options={"require": ["exp", "iat", "aud", *required], "verify_iat": True},
        )
    except jwt.PyJWTError as error:
        raise TokenInvalid(f"failed the check {type(error).__name__}") from error
    if not isinstance(claims["aud"], str):
        raise TokenInvalid("is for more than one audience")
    for name in required:
        if not isinstance(claims[name], str | int) or claims[name] == "":
            raise TokenInvalid(f"has no usable {name}")
    return claims


def unverified(token: str) -> dict[str, Any]:
    """The claims of a token that came straight from its issuer over TLS; nothing is checked.

    Raises:
        TokenInvalid: it cannot be read.
    """
    try:
        claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenInvalid("cannot be read") from error
    return claims


def _key_id(token: str) -> str:
    if len(token) > _MOST_TOKEN_BYTES:
        raise TokenInvalid("is too long")
    try:
        header = jwt.get_unverified_header(token)
    except (jwt.PyJWTError, ValueError) as error:
        raise TokenInvalid("has no readable header") from error
    if header.get("alg") != "RS256":
        raise TokenInvalid("is not signed with RS256")
    if header.get("crit"):
        raise TokenInvalid("asks for extensions we do not know")
    return str(header.get("kid", ""))
