"""Ed25519 signatures as compact JWS, which anybody with the public key can verify.

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
    """A text is not a JWS, or was not signed by any of the keys."""

    code = "signature_invalid"


class Jwk(msgspec.Struct, frozen=True, kw_only=True):
    """A public key (RFC 8037): ``x`` is the key in base64url, ``kid`` its thumbprint.

    Attributes:
        kid: The key's thumbprint (RFC 7638), which a signature's header names.
        x: The public key itself, 32 bytes in base64url.
        kty: The kind of key.
        crv: The curve of the key.
        use: What the key is for: signatures.
        alg: The algorithm of its signatures.
    """

    kid: str
    x: str
    kty: str = "OKP"
    crv: str = "Ed25519"
    use: str = "sig"
    alg: str = _ALGORITHM


class Jwks(msgspec.Struct, frozen=True, kw_only=True):
    """Public keys. Shape: {"keys": [Jwk, ...]}.

    Attributes:
        keys: Every public key of the account, those it no longer signs with included.
    """

    keys: list[Jwk]


def new_private_key() -> bytes:
    """A new private key: 32 random bytes."""
    return Ed25519PrivateKey.generate().private_bytes_raw()


def public_of(private_key: bytes) -> Jwk:
    """The public key of a private key."""
    x = _base64url(Ed25519PrivateKey.from_private_bytes(private_key).public_key().public_bytes_raw())
    thumbprint = hashlib.sha256(f'{{"crv":"Ed25519","kty":"OKP","x":"{x}"}}'.encode()).digest()
    return Jwk(kid=_base64url(thumbprint), x=x)


def sign_jws(private_key: bytes, payload: bytes) -> str:
    """A compact JWS of the payload; its header names the key as ``kid``."""
    key = Ed25519PrivateKey.from_private_bytes(private_key)
    return jwt.PyJWS().encode(payload, key, algorithm=_ALGORITHM, headers={"kid": public_of(private_key).kid})


def verify_jws(jws: str, keys: Iterable[Jwk]) -> bytes:
    """Verify a JWS and return its payload.

    Raises:
        SignatureInvalid: altered, not a JWS, or signed by none of ``keys``.
    """
    jose = jwt.PyJWS(algorithms=[_ALGORITHM])
    try:
        key_id = jose.get_unverified_header(jws).get("kid")
        key = next(it for it in keys if it.kid == key_id)
        public = Ed25519PublicKey.from_public_bytes(base64.urlsafe_b64decode(key.x + "="))
        payload: bytes = jose.decode(jws, public, algorithms=[_ALGORITHM])
    except (jwt.PyJWTError, StopIteration, ValueError) as error:
        raise SignatureInvalid("A signature does not hold.") from error
    return payload


def detach_payload(jws: str) -> str:
    """A JWS without its payload (RFC 7515, appendix F), to be stored beside the payload."""
    header, _, signature = jws.split(".")
    return f"{header}..{signature}"


def verify_detached(jws: str, payload: bytes, keys: Iterable[Jwk]) -> None:
    """Verify a JWS without payload against its payload.

    Raises:
        SignatureInvalid: altered, not a JWS, or signed by none of ``keys``.
    """
    header, _, signature = jws.partition("..")
    verify_jws(f"{header}.{_base64url(payload)}.{signature}", keys)


def _base64url(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode("ascii")
