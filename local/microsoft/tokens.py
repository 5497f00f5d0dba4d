"""Tokens as Entra issues them: RS256, v2 ID tokens, v1-format access tokens, and wrong ones on demand."""

import base64
import hashlib
import hmac
import json
import time
import uuid
from typing import Any

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from local.microsoft.world import App, ServicePrincipal, Tenant, World

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
_ID_TOKEN_LIFE_S = 3600
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"


class Issuer:
    """Signs tokens; its keys live as long as the process.

    Token times are true ones, whatever the world's clock says: those who check them look at a real clock.
    """

    def __init__(self, world: World, login_url: str, graph_url: str) -> None:
        self._world = world
        self._login = login_url
        self._graph = graph_url
        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = self._key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        self._key_id = _b64(hashlib.sha256(public).digest())[:27]

    def jwks(self) -> dict[str, Any]:
        """The key document (learn.microsoft.com: signing-key-rollover)."""
        numbers = self._key.public_key().public_numbers()
        key = {
            "kty": "RSA",
            "use": "sig",
            "kid": self._key_id,
            "x5t": self._key_id,
            "n": _b64(numbers.n.to_bytes(256, "big")),
            "e": "AQAB",
            "issuer": f"{self._login}/{{tenantid}}/v2.0",
        }
        return {"keys": [key]}

    def app_only(self, tenant: Tenant, app: App, principal: ServicePrincipal) -> str:
        """An app-only access token; roles that were granted a moment ago are not in it yet."""
        seen = principal.app_roles if self._world.now() >= principal.roles_at else set()
        claims = self._access(tenant, app) | {"oid": principal.id, "sub": principal.id, "idtyp": "app"}
        return self._sign(claims | ({"roles": sorted(seen)} if seen else {}))

    def delegated(self, tenant: Tenant, app: App, person: dict[str, Any], scopes: list[str]) -> str:
        claims = self._access(tenant, app) | {
            "oid": person["id"],
            "sub": self._pairwise(app, person),
            "upn": person["userPrincipalName"],
            "idtyp": "user",
            "amr": ["pwd", "mfa"],
            "scp": " ".join(scopes),
        }
        if self._world.switches.wids_claim:
            claims["wids"] = tenant.roles_of(person["id"])
        return self._sign(claims)

    def identity(self, tenant: Tenant, app: App, person: dict[str, Any], nonce: str | None) -> str:
        """An ID token (learn.microsoft.com: id-token-claims-reference)."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "ver": "2.0",
            "iss": f"{self._login}/{tenant.id}/v2.0",
            "sub": self._pairwise(app, person),
            "aud": app.client_id,
            "exp": now + _ID_TOKEN_LIFE_S,
            "iat": now,
            "nbf": now - 5,
            "tid": tenant.id,
            "oid": person["id"],
            "name": person["displayName"],
            "preferred_username": person["userPrincipalName"],
            "uti": _b64(uuid.uuid4().bytes),
        }
        if nonce:
            claims["nonce"] = nonce
        if person["userType"] == "Guest":
            claims |= {"acct": 1, "idp": f"{self._login}/{uuid.uuid5(uuid.NAMESPACE_DNS, 'partner.example')}/v2.0"}
        if self._world.switches.wids_claim:
            claims["wids"] = tenant.roles_of(person["id"])
        forgery, self._world.id_token_forgery = self._world.id_token_forgery, {}
        return self._forged(claims, **forgery) if forgery else self._sign(claims)

    def read(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token of ours, None when it is not one or has ended."""
        try:
            claims: dict[str, Any] = jwt.decode(
                token,
                self._key.public_key(),
                algorithms=["RS256"],
                options={"verify_aud": False, "verify_exp": False},
            )
        except jwt.PyJWTError:
            return None
        return claims if claims["exp"] > time.time() else None

    def _access(self, tenant: Tenant, app: App) -> dict[str, Any]:
        now = int(time.time())
        return {
            "aud": self._graph,
            "iss": f"https://sts.windows.net/{tenant.id}/",
            "iat": now,
            "nbf": now - 5,
            "exp": now + self._world.switches.access_token_life_s,
            "appid": app.client_id,
            "appidacr": "1",
            "tid": tenant.id,
            "uti": _b64(uuid.uuid4().bytes),
            "ver": "1.0",
        }

    def _sign(self, claims: dict[str, Any], **header: Any) -> str:
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": self._key_id, **header})

    def _forged(self, claims: dict[str, Any], *, how: str) -> str:
        """One wrong ID token, by the name of what is wrong with it."""
        now = int(time.time())
        changes: dict[str, dict[str, Any]] = {
            "wrong aud": {"aud": str(uuid.uuid4())},
            "two audiences": {"aud": [claims["aud"], str(uuid.uuid4())]},
            "wrong iss": {"iss": f"https://login.example/{claims['tid']}/v2.0"},
            "iss of another tenant": {"iss": f"{self._login}/{uuid.uuid4()}/v2.0"},
            "expired": {"exp": now - 3600, "iat": now - 7200, "nbf": now - 7200},
            "nbf in the future": {"nbf": now + 3600},
            "wrong nonce": {"nonce": "0" * 64},
            "no nonce": {"nonce": None},
            "no tid": {"tid": None},
            "no sub": {"sub": None},
            "no oid": {"oid": None},
            "personal tenant": {"tid": _PERSONAL_TENANT, "iss": f"{self._login}/{_PERSONAL_TENANT}/v2.0"},
        }
        if how in changes:
            changed = {**claims, **changes[how]}
            return self._sign({name: value for name, value in changed.items() if value is not None})
        if how == "alg none":
            return _unsigned({"alg": "none", "kid": self._key_id}, claims) + "."
        if how == "HS256 with the public key":
            return self._confused(claims)
        if how == "unknown kid":
            return self._sign(claims, kid="a-key-nobody-has")
        if how == "signed by a stranger":
            return jwt.encode(claims, self._stranger, algorithm="RS256", headers={"kid": self._key_id})
        if how == "flipped signature":
            head, _, signature = self._sign(claims).rpartition(".")
            return f"{head}.{'A' if signature[0] != 'A' else 'B'}{signature[1:]}"
        raise KeyError(f"there is no forgery called {how}")

    def _confused(self, claims: dict[str, Any]) -> str:
        secret = self._key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
        told = _unsigned({"alg": "HS256", "typ": "JWT", "kid": self._key_id}, claims)
        return f"{told}.{_b64(hmac.digest(secret, told.encode(), 'sha256'))}"

    @staticmethod
    def _pairwise(app: App, person: dict[str, Any]) -> str:
        return _b64(hashlib.sha256(f"{app.client_id}{person['id']}".encode()).digest())


def _unsigned(header: dict[str, Any], claims: dict[str, Any]) -> str:
    return f"{_b64(json.dumps(header).encode())}.{_b64(json.dumps(claims).encode())}"


def _b64(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
