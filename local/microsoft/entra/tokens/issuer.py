"""Tokens as Entra issues them: RS256, v2 ID tokens and v1-format access tokens.

Sources: https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference,
https://learn.microsoft.com/entra/identity-platform/access-token-claims-reference
"""

import base64
import hashlib
import random
import time
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID

from local.keys import pem_of, private_key
from local.microsoft.entra.tokens.forgeries import forge
from local.microsoft.world.collection import Object
from local.microsoft.world.state import App, WorldState
from local.microsoft.world.tenants import ServicePrincipal, TenantState

_ID_TOKEN_LIFE_S = 3600
_SHORTEST_LIFE_S, _LONGEST_LIFE_S = 3600, 5400
_MAX_CACHED = 10_000
_ONLY_SIGNATURE: Any = {"verify_aud": False, "verify_exp": False, "verify_nbf": False, "verify_iat": False}


class SigningKey:
    """One key pair of the issuer, with the certificate that its key set shows."""

    def __init__(self) -> None:
        self.private = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def __getstate__(self) -> dict[str, bytes]:
        return {"private": pem_of(self.private), "certificate": self.certificate}

    def __setstate__(self, state: dict[str, bytes]) -> None:
        self.private = private_key(state["private"])
        self.certificate = state["certificate"]

    @cached_property
    def certificate(self) -> bytes:
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "accounts.accesscontrol.windows.net")])
        now = datetime.now(UTC)
        builder = x509.CertificateBuilder(name, name, self.private.public_key(), 1, now, now + timedelta(days=1825))
        return builder.sign(self.private, hashes.SHA256()).public_bytes(Encoding.DER)

    @cached_property
    def id(self) -> str:
        return b64(hashlib.sha1(self.certificate).digest())  # noqa: S324 - how x5t is defined

    def public(self, issuer: str) -> dict[str, Any]:
        numbers = self.private.public_key().public_numbers()
        return {
            "kty": "RSA",
            "use": "sig",
            "kid": self.id,
            "x5t": self.id,
            "n": b64(numbers.n.to_bytes(256, "big")),
            "e": "AQAB",
            "x5c": [base64.b64encode(self.certificate).decode()],
            "issuer": issuer,
        }


class SigningKeys:
    """The keys of the issuer, by number; made when they are first asked for."""

    def __init__(self) -> None:
        self.made: dict[int, SigningKey] = {}

    def key(self, number: int) -> SigningKey:
        if number not in self.made:
            self.made[number] = SigningKey()
        return self.made[number]


class Issuer:
    """Signs and reads tokens; a reset leaves its keys as they are.

    Token times are true ones, whatever the world's clock says: those who check them look at a real clock.
    """

    def __init__(self, world: WorldState, login_url: str, graph_url: str) -> None:
        self._world = world
        self._login = login_url
        self.graph = graph_url
        self.keys = SigningKeys()
        self._claims_of: dict[str, dict[str, Any]] = {}

    @property
    def key(self) -> SigningKey:
        """The key that signs now; older ones still vouch for the tokens they signed."""
        return self.keys.key(self._world.key_number)

    def jwks(self) -> dict[str, Any]:
        """Source: https://learn.microsoft.com/entra/identity-platform/signing-key-rollover ."""
        return {"keys": [self.key.public(f"{self._login}/{{tenantid}}/v2.0")]}

    def life_s(self) -> int:
        fixed = self._world.switches.access_token_life_s
        return fixed if fixed is not None else random.randrange(_SHORTEST_LIFE_S, _LONGEST_LIFE_S)

    def app_only_token(
        self,
        tenant: TenantState,
        app: App,
        principal: ServicePrincipal,
        life_s: int,
        acr: str,
        *,
        more: Mapping[str, Any] | None = None,
    ) -> str:
        """An app-only access token; what was granted a moment ago is not in it yet, what was taken away may be."""
        now = self._world.now()
        visible_roles = {role for role, until in principal.shown_until.items() if now < until}
        visible_roles |= principal.app_roles if now >= principal.roles_at else set()
        claims = self._access(tenant, app, life_s, acr)
        claims |= {"oid": principal.id, "sub": principal.id, "idtyp": "app", **(more or {})}
        return self.sign(claims | ({"roles": sorted(visible_roles)} if visible_roles else {}))

    def delegated_token(
        self,
        tenant: TenantState,
        app: App,
        person: Object,
        scopes: list[str],
        life_s: int,
        acr: str,
        *,
        resource: str,
        methods: Sequence[str],
    ) -> str:
        claims = self._access(tenant, app, life_s, acr) | {
            "aud": resource,
            "oid": person["id"],
            "sub": _pairwise(app, person),
            "upn": person["userPrincipalName"],
            "name": person["displayName"],
            "idtyp": "user",
            "amr": list(methods),
            "scp": " ".join(scopes),
        }
        return self.sign(claims | self._roles_claim(tenant, person))

    def id_token(self, tenant: TenantState, app: App, person: Object, scopes: list[str], nonce: str | None) -> str:
        """An ID token, forged in one way when ``forge_id_token`` was called."""
        now = int(time.time())
        claims: dict[str, Any] = {
            "aud": app.client_id,
            "iss": f"{self._login}/{tenant.id}/v2.0",
            "iat": now,
            "nbf": now - 5,
            "exp": now + _ID_TOKEN_LIFE_S,
            "aio": b64(uuid.uuid4().bytes),
            "rh": f"1.{b64(uuid.uuid4().bytes)}.",
            "sid": str(uuid.uuid4()),
            "sub": _pairwise(app, person),
            "tid": tenant.id,
            "uti": b64(uuid.uuid4().bytes),
            "ver": "2.0",
        }
        if "profile" in scopes:
            claims |= {name: person[of] for name, of in _PROFILE.items()}
        if "email" in scopes and person["mail"]:
            claims["email"] = person["mail"]
        if nonce:
            claims["nonce"] = nonce
        claims |= self._guest_claims(tenant, person) | self._roles_claim(tenant, person)
        forgery, self._world.id_token_forgery = self._world.id_token_forgery, {}
        return forge(claims, self.key.private, self.key.id, self._login, **forgery) if forgery else self.sign(claims)

    def verify(self, token: str) -> dict[str, Any] | None:
        """The claims of an access token of ours, None when it is not one. Its expiry is not checked here."""
        if token not in self._claims_of:
            claims = self._verified(token)
            if claims is None:
                return None
            if len(self._claims_of) >= _MAX_CACHED:
                self._claims_of.clear()
            self._claims_of[token] = claims
        return self._claims_of[token]

    def _verified(self, token: str) -> dict[str, Any] | None:
        try:
            key_id = jwt.get_unverified_header(token).get("kid")
            key = next((it for it in self.keys.made.values() if it.id == key_id), self.key)
            claims: dict[str, Any] = jwt.decode(token, key.private.public_key(), ["RS256"], options=_ONLY_SIGNATURE)
        except jwt.PyJWTError:
            return None
        return claims if "appid" in claims else None

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self.key.private, algorithm="RS256", headers={"kid": self.key.id, "x5t": self.key.id})

    def _access(self, tenant: TenantState, app: App, life_s: int, acr: str) -> dict[str, Any]:
        now = int(time.time())
        return {
            "aud": self.graph,
            "iss": f"https://sts.windows.net/{tenant.id}/",
            "iat": now,
            "nbf": now - 5,
            "exp": now + life_s,
            "appid": app.client_id,
            "appidacr": acr,
            "app_displayname": app.name,
            "tid": tenant.id,
            "uti": b64(uuid.uuid4().bytes),
            "ver": "1.0",
        }

    def _roles_claim(self, tenant: TenantState, person: Object) -> dict[str, Any]:
        return {"wids": tenant.roles_of(person["id"])} if self._world.switches.wids_claim else {}

    def _guest_claims(self, tenant: TenantState, person: Object) -> dict[str, Any]:
        """A guest's token names the home tenant; ``acct`` is present only where the app requests it."""
        is_guest = person["userType"] == "Guest"
        home = tenant.home_of.get(person["id"], str(uuid.uuid5(uuid.NAMESPACE_DNS, "fabrikam.example")))
        claims: dict[str, Any] = {"idp": f"https://sts.windows.net/{home}/"} if is_guest else {}
        return claims | ({"acct": int(is_guest)} if self._world.switches.acct_claim else {})


_PROFILE = {"oid": "id", "name": "displayName", "preferred_username": "userPrincipalName"}


def _pairwise(app: App, person: Object) -> str:
    return b64(hashlib.sha256(f"{app.client_id}{person['id']}".encode()).digest())


def b64(raw: bytes) -> str:
    """Base64 for addresses, without padding: how JWTs spell bytes."""
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")
