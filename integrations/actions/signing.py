"""An account's signing key: what we state about an account can be checked later, by anybody with its public half.

The private half is sealed in a row of the account and made when it is first needed. Ed25519, as a compact JWS
(RFC 8037); the key's id is its RFC 7638 thumbprint.
"""

import hashlib

import jwt
import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from jwt.utils import base64url_encode

from integrations.domain.connections import SigningKey
from integrations.services import Services
from integrations.storage.control import Clash, Control

_THE_ONE = "1"


def sign(services: Services, control: Control, payload: bytes) -> str:
    """A compact JWS over the payload, by the account's key.

    Raises:
        SealBroken: the key cannot be opened.
    """
    key = _key(services, control)
    raw = services.envelopes.open(key.sealed, place=_place(control))
    private = Ed25519PrivateKey.from_private_bytes(raw)
    return jwt.PyJWS().encode(payload, private, algorithm="EdDSA", headers={"kid": key.kid, "typ": "JOSE"})


def public_keys(services: Services, control: Control) -> list[dict[str, str]]:
    """The public half, as RFC 7517 writes it."""
    return [_public(_key(services, control))]


def _key(services: Services, control: Control) -> SigningKey:
    stored = control.signing_keys.find(_THE_ONE)
    if stored is not None:
        return stored.value
    private = Ed25519PrivateKey.generate()
    x = base64url_encode(private.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)).decode()
    sealed = services.envelopes.seal(private.private_bytes_raw(), place=_place(control))
    made = SigningKey(id=_THE_ONE, kid=_thumbprint(x), x=x, sealed=sealed, made_at=services.clock())
    try:
        control.commit(control.signing_keys.added(made))
    except Clash:  # somebody made it in this moment
        return _key(services, control)
    return made


def _public(key: SigningKey) -> dict[str, str]:
    return {"kty": "OKP", "crv": "Ed25519", "x": key.x, "kid": key.kid, "alg": "EdDSA", "use": "sig"}


def _thumbprint(x: str) -> str:
    canonical = msgspec.json.encode({"crv": "Ed25519", "kty": "OKP", "x": x})
    return base64url_encode(hashlib.sha256(canonical).digest()).decode()


def _place(control: Control) -> str:
    return f"signing key|{control.account_id}"
