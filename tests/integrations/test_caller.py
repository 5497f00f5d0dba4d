"""Who is let in by a portal token, and 2,000 forgeries that are not (A16)."""

import base64
import json
import random
import time
from datetime import UTC, datetime
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from integrations.caller import Caller, CallerVerifier
from local.portal_identity import PERSONAS, PortalIdentity
from shared.crypto.tokens import KeySet, KeysUnavailable
from shared.errors import Unauthenticated
from shared.http.client import HttpClient

FORGERIES = 2_000


@pytest.fixture
def verifier(identity: PortalIdentity) -> CallerVerifier:
    return verifier_of(identity, identity.jwks_url)


def verifier_of(identity: PortalIdentity, url: str) -> CallerVerifier:
    return CallerVerifier(issuer=identity.issuer, audience=identity.audience, keys=KeySet(url, HttpClient()))


def test_a_portal_token_tells_who_calls(identity: PortalIdentity, verifier: CallerVerifier) -> None:
    alice = PERSONAS["alice"]

    issued_at = datetime.now(UTC).replace(microsecond=0)
    token = identity.token("alice", iat=int(issued_at.timestamp()), exp=int(issued_at.timestamp()) + 900)

    caller = verifier.caller(f"Bearer {token}")

    assert caller == Caller("user_alice", alice.account_id, alice.role, alice.plan, alice.name, issued_at)
    assert (caller.is_administrator, caller.on_team_plan) == (True, True)
    assert not verifier.caller(f"bearer {identity.token('tess')}").is_administrator
    assert not verifier.caller(f"BEARER {identity.token('carl')}").on_team_plan


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "unauthenticated"),
        ("", "unauthenticated"),
        ("Bearer", "unauthenticated"),
        ("Bearer ", "unauthenticated"),
        ("Basic YTpi", "unauthenticated"),
        ("Token x", "unauthenticated"),
        ("Bearer x", "token_invalid"),
        ("Bearer  x.y.z", "token_invalid"),
        ("Bearer " + "x" * 8_193, "token_invalid"),
    ],
    ids=lambda word: repr(word)[:30],
)
def test_what_is_no_bearer_token_lets_nobody_in(verifier: CallerVerifier, authorization: str | None, code: str) -> None:
    with pytest.raises(Unauthenticated) as caught:
        verifier.caller(authorization)
    assert caught.value.stable_code == code


def test_a_signed_token_that_is_too_long_is_not_even_read(identity: PortalIdentity, verifier: CallerVerifier) -> None:
    with pytest.raises(Unauthenticated, match="too long"):
        verifier.caller(f"Bearer {identity.token('alice', padding='x' * 8000)}")


@pytest.mark.parametrize(
    ("changes", "check_named"),
    [
        ({"iss": "https://portal.example"}, "Issuer"),
        ({"aud": "another"}, "Audience"),
        ({"aud": ["microsoft-tenant-integrations", "another"]}, "Audience"),
        ({"life": 901}, "15 minutes"),
        ({"life": 0}, "15 minutes"),
        ({"life": -5}, "15 minutes"),
        ({"sub": "a/b"}, "sub"),
        ({"sub": "a\\b"}, "sub"),
        ({"sub": "a#b"}, "sub"),
        ({"sub": "a?b"}, "sub"),
        ({"sub": "a\x00b"}, "sub"),
        ({"sub": "-a"}, "sub"),
        ({"sub": "a" * 129}, "sub"),
        ({"sub": "a\n"}, "sub"),
        ({"account_id": "\ud800"}, "account_id"),
        ({"account_id": "ünïcode"}, "account_id"),
        ({"account_id": "' or PartitionKey ne '"}, "account_id"),
        ({"account_id": ["acct"]}, "account_id"),
        ({"role": ""}, "role"),
        ({"role": True}, "role"),
        ({"plan": "te\x1bam"}, "plan"),
        ({"plan": None}, "MissingRequiredClaim"),
    ],
    ids=ascii,
)
def test_a_signed_token_with_a_bad_claim_is_refused_by_its_name(
    identity: PortalIdentity, verifier: CallerVerifier, changes: dict[str, Any], check_named: str
) -> None:
    life = changes.pop("life", None)
    now = int(time.time())
    times = {} if life is None else {"iat": now, "exp": now + life}

    with pytest.raises(Unauthenticated, match=check_named):
        verifier.caller(f"Bearer {identity.token('alice', **times, **changes)}")


@pytest.mark.parametrize("word", ["owner", "Help Desk", "level-2", "x" * 128])
def test_any_other_word_is_a_role_or_plan_with_no_powers(
    identity: PortalIdentity, verifier: CallerVerifier, word: str
) -> None:
    caller = verifier.caller(f"Bearer {identity.token('alice', role=word, plan=word)}")

    assert (caller.role, caller.plan) == (word, word)
    assert not caller.is_administrator
    assert not caller.on_team_plan


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Zoë O'Neil", "Zoë O'Neil"), (None, ""), (7, ""), ("a\nb", ""), ("\ud800", ""), ("x" * 300, "")],
    ids=ascii,
)
def test_a_name_is_shown_only_when_it_can_be(
    identity: PortalIdentity, verifier: CallerVerifier, name: object, shown: str
) -> None:
    assert verifier.caller(f"Bearer {identity.token('alice', name=name)}").name == shown


def test_two_thousand_forgeries_let_nobody_in(identity: PortalIdentity, verifier: CallerVerifier) -> None:
    dice = random.Random(16)
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    good = identity.token("alice")
    let_in = []

    for _ in range(FORGERIES):
        forged = dice.choice(MUTATIONS)(good, dice, stranger)
        try:
            verifier.caller(f"Bearer {forged}")
        except Unauthenticated:
            continue
        let_in.append(forged)

    assert [it for it in let_in if it != good] == []


def _parts(token: str) -> tuple[dict[str, Any], dict[str, Any], str]:
    header, claims, signature = token.split(".")
    return _read(header), _read(claims), signature


def _read(part: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return content


def _written(content: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def _other_claims(token: str, dice: random.Random, _: Any) -> str:
    header, claims, signature = _parts(token)
    claims[dice.choice(list(claims))] = dice.choice(["root", 7, None, [], {}, True, 2**70, "acct_southridge"])
    return ".".join([_written(header), _written(claims), signature])


def _other_header(token: str, dice: random.Random, _: Any) -> str:
    header, claims, signature = _parts(token)
    header[dice.choice(["alg", "kid", "typ", "jku", "x5u", "crit", "b64", "zip", "cty"])] = dice.choice(
        ["none", "None", "nOnE", "HS256", "RS512", "ES256", "", "../../k", "https://evil.example", 7, None, [], False]
    )
    return ".".join([_written(header), _written(claims), signature])


def _other_bytes(token: str, dice: random.Random, _: Any) -> str:
    """One character changed where it matters: the last of a part may hold bits that nobody reads."""
    at = dice.choice([at for at in range(len(token) - 1) if token[at] != "." and token[at + 1] != "."])
    return token[:at] + dice.choice([c for c in "AZaz09-_" if c != token[at]]) + token[at + 1 :]


def _cut(token: str, dice: random.Random, _: Any) -> str:
    return token[: dice.randrange(len(token) - 1)]


def _unsigned(token: str, dice: random.Random, _: Any) -> str:
    header, claims, signature = _parts(token)
    return ".".join([_written({**header, "alg": dice.choice(["none", "NONE"])}), _written(claims), signature[:0]])


def _by_a_stranger(token: str, dice: random.Random, stranger: rsa.RSAPrivateKey) -> str:
    header, claims, _ = _parts(token)
    return jwt.encode(claims, stranger, algorithm=dice.choice(["RS256", "PS256"]), headers={"kid": header["kid"]})


def _by_a_shared_secret(token: str, dice: random.Random, _: Any) -> str:
    header, claims, _signature = _parts(token)
    return jwt.encode(claims, dice.randbytes(32), algorithm="HS256", headers={"kid": header["kid"]})


def _noise(_token: str, dice: random.Random, _: Any) -> str:
    return "".join(chr(dice.choice([46, 46, *range(33, 0x250), 0xD800])) for _ in range(dice.randrange(400)))


MUTATIONS = (
    _other_claims, _other_header, _other_bytes, _cut, _unsigned, _by_a_shared_secret, _noise, _other_bytes,
    _other_claims, _other_header, _by_a_stranger,
)  # fmt: skip


def test_keys_that_cannot_be_fetched_are_an_outage_and_no_refusal(identity: PortalIdentity) -> None:
    with pytest.raises(KeysUnavailable):
        verifier_of(identity, "http://127.0.0.1:9/jwks.json").caller(f"Bearer {identity.token('alice')}")
