"""ID tokens that a careful application must refuse, each wrong in one way.

After the mutations of the OpenID conformance suite for relying parties:
https://openid.net/certification/connect_rp_testing/
"""

import base64
import hmac
import json
import uuid
from collections.abc import Callable, Mapping
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"

Claims = dict[str, Any]

# What each forgery does to the claims; None takes a claim away. They are signed with the right key.
_CHANGES: dict[str, Callable[[Claims, str], Claims]] = {
    "wrong aud": lambda _claims, _login: {"aud": str(uuid.uuid4())},
    "two audiences": lambda claims, _login: {"aud": [claims["aud"], str(uuid.uuid4())]},
    "wrong iss": lambda claims, _login: {"iss": f"https://login.example/{claims['tid']}/v2.0"},
    "iss of another tenant": lambda _claims, login: {"iss": f"{login}/{uuid.uuid4()}/v2.0"},
    "expired": lambda claims, _login: {name: claims[name] - 7200 for name in ("exp", "iat", "nbf")},
    "nbf in the future": lambda claims, _login: {"nbf": claims["iat"] + 3000},
    "wrong nonce": lambda _claims, _login: {"nonce": "0" * 64},
    "no nonce": lambda _claims, _login: {"nonce": None},
    "no tid": lambda _claims, _login: {"tid": None},
    "tid of another tenant": lambda _claims, _login: {"tid": str(uuid.uuid4())},
    "no sub": lambda _claims, _login: {"sub": None},
    "no oid": lambda _claims, _login: {"oid": None},
    "no exp": lambda _claims, _login: {"exp": None},
    "personal tenant": lambda _claims, login: {"tid": _PERSONAL_TENANT, "iss": f"{login}/{_PERSONAL_TENANT}/v2.0"},
}


def _alg_none(claims: Claims, _key: rsa.RSAPrivateKey, key_id: str) -> str:
    return f"{_unsigned({'alg': 'none', 'typ': 'JWT', 'kid': key_id}, claims)}."


def _hs256(claims: Claims, key: rsa.RSAPrivateKey, key_id: str) -> str:
    """Signed with what everybody knows: the public key, taken for a shared secret."""
    secret = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    signed = _unsigned({"alg": "HS256", "typ": "JWT", "kid": key_id}, claims)
    return f"{signed}.{_b64(hmac.digest(secret, signed.encode(), 'sha256'))}"


def _flipped(claims: Claims, key: rsa.RSAPrivateKey, key_id: str) -> str:
    head, _, signature = jwt.encode(claims, key, "RS256", {"kid": key_id}).rpartition(".")
    return f"{head}.{'B' if signature[0] == 'A' else 'A'}{signature[1:]}"


def _unknown_key(claims: Claims, key: rsa.RSAPrivateKey, _key_id: str) -> str:
    return jwt.encode(claims, key, "RS256", {"kid": "a-key-nobody-has"})


def _stranger(claims: Claims, _key: rsa.RSAPrivateKey, key_id: str) -> str:
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    return jwt.encode(claims, other, "RS256", {"kid": key_id})


_SIGNATURES: dict[str, Callable[[Claims, rsa.RSAPrivateKey, str], str]] = {
    "alg none": _alg_none,
    "HS256 with the public key": _hs256,
    "flipped signature": _flipped,
    "unknown kid": _unknown_key,
    "signed by a stranger": _stranger,
}
FORGERIES = (*_SIGNATURES, *_CHANGES)


def forge(
    claims: Claims, key: rsa.RSAPrivateKey, key_id: str, login: str, *, how: str | None, claim_overrides: Claims
) -> str:
    """The wrong token: ``how`` is one of FORGERIES; ``claim_overrides`` replaces claims on top."""
    if how in _SIGNATURES:
        return _SIGNATURES[how](claims, key, key_id)
    changed = {**claims, **(_CHANGES[how](claims, login) if how else {}), **claim_overrides}
    there = {name: value for name, value in changed.items() if value is not None}
    return jwt.encode(there, key, "RS256", {"kid": key_id})


def _unsigned(header: Mapping[str, Any], claims: Mapping[str, Any]) -> str:
    return f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
