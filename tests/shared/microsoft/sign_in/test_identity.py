"""Which ID tokens are accepted, and what they say about a person."""

import time
from typing import Any

import jwt
import pytest

from shared.microsoft.sign_in import (
    Endpoints,
)
from shared.microsoft.sign_in.identity import IdentityTokenInvalid, identity_of, nonce_hash
from tests.shared.microsoft.sign_in.fake_entra import LOGIN, OTHER, TENANT


class Signed:
    """Keys of one issuer, and ID tokens that it signs."""

    def __init__(self) -> None:
        from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - only here

        self._key = rsa.generate_private_key(public_exponent=65537, key_size=2048)

    def find(self, _key_id: str) -> Any:
        return self._key.public_key()

    def identity(self, roots: tuple[str, ...] = (LOGIN,), **changes: Any) -> Any:
        now = int(time.time())
        claims = {
            "iss": f"{LOGIN}/{TENANT}/v2.0", "aud": "us", "sub": "s", "tid": TENANT, "oid": OTHER, "iat": now,
            "nbf": now, "exp": now + 60, "nonce": nonce_hash("n"), **changes,
        }  # fmt: skip
        present = {name: value for name, value in claims.items() if value is not ...}
        made = jwt.encode(present, self._key, algorithm="RS256", headers={"kid": "k"})
        return identity_of(made, keys=self, client_id="us", nonce="n", roots=roots)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def issuer() -> Signed:
    return Signed()


@pytest.mark.parametrize(
    ("claims", "is_guest"),
    [
        ({}, False),
        ({"acct": 0}, False),
        ({"acct": 1}, True),
        ({"idp": f"{LOGIN}/{TENANT}/v2.0"}, False),
        ({"idp": f"https://sts.windows.net/{TENANT}/"}, False),
        ({"idp": f"https://sts.windows.net/{OTHER}/"}, True),
        ({"idp": "live.com"}, True),
        ({"acct": 0, "idp": "live.com"}, True),
        ({"idp": None}, False),
    ],
    ids=str,
)
def test_a_guest_shows_in_either_of_two_claims(issuer: Signed, claims: dict[str, Any], is_guest: bool) -> None:
    assert issuer.identity(**claims).is_guest is is_guest


@pytest.mark.parametrize(
    "claims",
    [
        {"tid": "contoso.example", "iss": f"{LOGIN}/contoso.example/v2.0"}, {"oid": "x"}, {"oid": 7}, {"tid": True},
        {"iss": f"{LOGIN}/{TENANT}/"}, {"iss": f"https://sts.windows.net/{TENANT}/"}, {"nonce": "n"}, {"sub": []},
        {"nbf": "0"}, {"nbf": ...}, {"sub": ...}, {"tid": f"{{{TENANT}}}"},
    ],
    ids=str,
)  # fmt: skip
def test_an_id_token_with_one_odd_claim_is_refused(issuer: Signed, claims: dict[str, Any]) -> None:
    with pytest.raises(IdentityTokenInvalid):
        issuer.identity(**claims)


def test_ids_come_in_lower_case_and_odd_texts_are_left_out(issuer: Signed) -> None:
    identity = issuer.identity(oid=OTHER.upper(), name=7, preferred_username="x" * 999, wids=["A-B", 7])

    assert (identity.object_id, identity.name, len(identity.username)) == (OTHER, "", 256)
    assert identity.roles == {"a-b"}


def test_the_issuers_second_name_counts_only_in_its_own_cloud(issuer: Signed) -> None:
    partner = "https://login.partner.microsoftonline.cn"
    claims = {"iss": f"{partner}/{TENANT}/v2.0"}

    assert issuer.identity(roots=Endpoints.of_cloud("china").login_roots, **claims)
    with pytest.raises(IdentityTokenInvalid):
        issuer.identity(roots=Endpoints.of_cloud("global").login_roots, **claims)
