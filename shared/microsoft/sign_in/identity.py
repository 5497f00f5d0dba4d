"""Who signed in: verification of the ID token, which msal leaves to the application.

Source: https://learn.microsoft.com/entra/identity-platform/claims-validation,
https://learn.microsoft.com/entra/identity-platform/id-token-claims-reference
"""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared.crypto.tokens import KeySet, KeysUnavailable, TokenInvalid, verify
from shared.microsoft.graph.errors import MicrosoftError, Transient

_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_PERSONAL_TENANT = "9188040d-6c67-4c5b-b112-36a304b66dad"
_GUEST = 1
_MAX_CHARACTERS = 256


class IdentityTokenInvalid(MicrosoftError):
    """The ID token failed a check; the message names the check."""

    code = "identity_token_invalid"
    title = "The sign-in from Microsoft did not pass our checks"


@dataclass(frozen=True, slots=True)
class Identity:
    """Who signed in. ``roles`` are role template ids; None when the token does not hold any."""

    tenant_id: str
    object_id: str
    name: str
    username: str
    is_guest: bool
    roles: frozenset[str] | None


def nonce_hash(nonce: str) -> str:
    """The form in which a nonce is sent, and in which msal compares it: SHA-256 in hexadecimal."""
    return hashlib.sha256(nonce.encode()).hexdigest()


def identity_of(token: str, *, keys: KeySet, client_id: str, nonce: str, roots: Sequence[str]) -> Identity:
    """The person that an ID token identifies, once all checks have passed. ``roots`` are Entra's in this cloud.

    Raises:
        IdentityTokenInvalid: naming the check that failed.
        Transient: Microsoft's keys cannot be fetched.
    """
    try:
        claims = verify(token, keys=keys, audience=client_id, required=("iss", "sub", "tid", "oid", "nonce", "nbf"))
    except TokenInvalid as error:
        raise IdentityTokenInvalid(f"the ID token {error}") from error
    except KeysUnavailable as error:
        raise Transient("Microsoft's keys cannot be fetched") from error
    tenant_id, object_id = claims["tid"].lower(), claims["oid"].lower()
    checks = (
        (bool(_GUID.fullmatch(tenant_id) and _GUID.fullmatch(object_id)), "tid and oid must be GUIDs"),
        (tenant_id != _PERSONAL_TENANT, "personal accounts are refused"),
        (claims["iss"] in {f"{root}/{tenant_id}/v2.0" for root in roots}, "iss must be the issuer of tid"),
        (claims["nonce"] == nonce_hash(nonce), "nonce must be this sign-in's"),
    )
    for holds, name in checks:
        if not holds:
            raise IdentityTokenInvalid(f"the ID token fails: {name}")
    return Identity(
        tenant_id=tenant_id,
        object_id=object_id,
        name=_text(claims.get("name")),
        username=_text(claims.get("preferred_username")),
        is_guest=claims.get("acct") == _GUEST or _has_another_home(claims, tenant_id),
        roles=_roles(claims.get("wids")),
    )


def _has_another_home(claims: dict[str, Any], tenant_id: str) -> bool:
    """Whether ``idp`` names another home; for the tenant's own members it is absent, or the tenant itself."""
    own = (None, claims["iss"], f"https://sts.windows.net/{tenant_id}/")
    return claims.get("idp") not in own


def _roles(wids: object) -> frozenset[str] | None:
    return frozenset(role.lower() for role in wids if isinstance(role, str)) if isinstance(wids, list) else None


def _text(value: object) -> str:
    return value[:_MAX_CHARACTERS] if isinstance(value, str) else ""
