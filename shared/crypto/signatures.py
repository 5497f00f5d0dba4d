"""Ed25519 signatures as compact JWS: what is signed can be checked by anybody who has the public key.

Source: RFC 7515 (JWS), RFC 8037 (EdDSA in JOSE), RFC 7638 (the thumbprint that names a key).
"""

import base64
import hashlib
from collections.abc import Iterable

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from shared.errors import AppError

_ALGORITHM = "EdDSA"


class SignatureInvalid(AppError):
    """A text was not signed by any of the keys, or is no JWS at all."""

    code = "signature_invalid"


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key as RFC 8037 writes it; ``x`` is the key in base64url, ``kid`` its thumbprint."""

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = _ALGORITHM


class Jwks(msgspec.Struct, frozen=True, kw_only=True):
    keys: list[Jwk]


def new_private_key() -> bytes:
    """A fresh private key: 32 random bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(private_key: bytes) -> Jwk:
    x = _base64url(Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw())
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return Jwk(kid=_base64url(thumbprint), x=x)


def signed(private_key: bytes, payload: bytes) -> str:
    """A compact JWS of the payload; its header names the key as ``kid``."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return jwt.PyJWS().encode(payload, key, algorithm=_ALGORITHM, headers={"kid": public_of(private_key).kid})


def opened(jws: str, keys: Iterable[Jwk]) -> bytes:
    """The payload of a JWS.

    Raises:
        SignatureInvalid: altered, no JWS, or signed by none of ``keys``.
    """
    jose = jwt.PyJWS(algorithms=[_ALGORITHM])
    try:
        key_id = jose.get_unverified_header(jws).get("kid")
        key = next(it for it in keys if it.kid == key_id)
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.x + "="))
        found: bytes = jose.decode(jws, public, algorithms=[_ALGORITHM])
    except (jwt.PyJWTError, StopIteration, ValueError) as error:
        raise SignatureInvalid("A signature does not hold.") from error
    return found


def detached(jws: str) -> str:
    """The JWS without its payload (RFC 7515, appendix F), for whoever keeps the payload anyway."""
    header, _, signature = jws.split(".")
    return f"{header}..{signature}"


def check_detached(jws: str, payload: bytes, keys: Iterable[Jwk]) -> None:
    """Raise SignatureInvalid unless a JWS without payload is one of this payload, by one of ``keys``."""
    header, _, signature = jws.partition("..")
    opened(f"{header}.{_base64url(payload)}.{signature}", keys)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
