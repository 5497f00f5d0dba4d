"""Which tokens are accepted, and by which name of a check the others are refused (T12)."""

import base64
import json
import time
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.crypto.tokens import TokenInvalid, unverified_claims, verify
from tests.shared.crypto.key_source import KEY, keys_of, public


@dataclass(frozen=True)
class After:
    """A time so many seconds from the moment a token is signed."""

    seconds: int

    def at(self) -> int:
        return int(time.time()) + self.seconds


def signed(**changes: Any) -> str:
    claims = {"iss": "us", "aud": "me", "sub": "s", "iat": After(0), "exp": After(60), **changes}
    present = {name: it.at() if isinstance(it, After) else it for name, it in claims.items() if it is not ...}
    return jwt.encode(present, KEY, algorithm="RS256", headers={"kid": "k1"})


def check(token: str, **options: Any) -> dict[str, Any]:
    return verify(token, keys=keys_of()[0], audience="me", required=("sub",), **options)


def test_a_good_token_tells_its_claims() -> None:
    assert check(signed(extra=[1]), issuer="us")["extra"] == [1]


@pytest.mark.parametrize(
    ("changes", "check_named"),
    [
        ({"exp": After(-200), "iat": After(-300)}, "Expired"),
        ({"nbf": After(300)}, "Immature"),
        ({"iat": After(300), "exp": After(400)}, "Immature"),
        ({"aud": "another"}, "Audience"),
        ({"aud": ["me"]}, "Audience"),
        ({"aud": ["me", "another"]}, "Audience"),
        ({"aud": ...}, "MissingRequiredClaim"),
        ({"exp": ...}, "MissingRequiredClaim"),
        ({"iat": ...}, "MissingRequiredClaim"),
        ({"sub": ...}, "MissingRequiredClaim"),
        ({"sub": ""}, "no usable sub"),
        ({"iss": "another"}, "Issuer"),
        ({"exp": "32503680000"}, "no usable exp"),
        ({"iat": True}, "no usable iat"),
        ({"exp": 1e400}, "DecodeError"),
        ({"exp": float("nan")}, "DecodeError"),
        ({"nbf": [1]}, "DecodeError"),
    ],
    ids=str,
)
def test_a_token_that_fails_a_check_is_refused_by_its_name(changes: dict[str, Any], check_named: str) -> None:
    with pytest.raises(TokenInvalid, match=check_named):
        check(signed(**changes), issuer="us")


def test_clocks_may_differ_by_the_leeway_and_no_more() -> None:
    ended = signed(exp=After(-100), iat=After(-200))

    assert check(ended, leeway_s=3600)
    with pytest.raises(TokenInvalid):
        check(ended, leeway_s=10)


def header(**changes: Any) -> str:
    return jwt.encode({"sub": "s"}, KEY, algorithm="RS256", headers={"kid": "k1", **changes})


def written(header: dict[str, Any]) -> str:
    return jwt.utils.base64url_encode(json.dumps(header).encode()).decode() + ".e30.eA"


@pytest.mark.parametrize(
    ("token", "check_named"),
    [
        ("", "readable header"),
        ("a.b.c", "readable header"),
        ("\ud800.b.c", "readable header"),
        (jwt.utils.base64url_encode(b"[" * 5000).decode() + ".e30.eA", "readable header"),
        (jwt.utils.base64url_encode(b'{"alg":' + b"9" * 5000 + b"}").decode() + ".e30.eA", "readable header"),
        ("x" * 17_000, "too long"),
        (jwt.encode({}, "s" * 64, algorithm="HS256", headers={"kid": "k1"}), "RS256"),
        (jwt.encode({}, None, algorithm="none", headers={"kid": "k1"}), "RS256"),
        (jwt.encode({}, KEY, algorithm="PS256", headers={"kid": "k1"}), "RS256"),
        (written({"alg": "RS256", "kid": "k1", "crit": ["b64"], "b64": True}), "extensions"),
        (header(crit=["ours"]), "readable header"),
        (header(kid="k2"), "unknown key"),
        (header(kid="k2", jwk=public()), "unknown key"),
        (jwt.encode({}, KEY, algorithm="RS256"), "unknown key"),
    ],
)
def test_what_is_not_our_kind_of_token_is_refused_before_its_signature(token: str, check_named: str) -> None:
    with pytest.raises(TokenInvalid, match=check_named):
        check(token)


def test_keys_that_a_token_points_to_are_never_fetched() -> None:
    keys, source, _ = keys_of()
    stranger = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    token = jwt.encode(
        {"sub": "s", "aud": "me", "iat": After(0).at(), "exp": After(60).at()},
        stranger,
        algorithm="RS256",
        headers={
            "kid": "k1",
            "jku": "https://evil.example/k",
            "x5u": "https://evil.example/x",
            "jwk": public(stranger),
        },
    )

    with pytest.raises(TokenInvalid, match="Signature"):
        verify(token, keys=keys, audience="me", required=())
    assert source.requests == 1


def test_the_message_never_quotes_the_token() -> None:
    token = signed(aud="another", secret="canary")

    with pytest.raises(TokenInvalid) as caught:
        check(token)
    assert not any(part in str(caught.value) for part in token.split("."))


def test_claims_can_be_read_of_a_token_that_came_from_its_issuer() -> None:
    assert unverified_claims(signed(tid="t"))["tid"] == "t"
    for text in ("", "x.y.z", jwt.utils.base64url_encode(b"[" * 9000).decode() + ".e30.eA"):
        with pytest.raises(TokenInvalid):
            unverified_claims(text)


def signed_as_it_is(payload: bytes, header: bytes = b'{"alg":"RS256","kid":"k1"}') -> str:
    """A token whose signature holds, over a payload that no library would write."""
    parts = b".".join(base64.urlsafe_b64encode(it).rstrip(b"=") for it in (header, payload))
    signature = KEY.sign(parts, padding.PKCS1v15(), hashes.SHA256())
    return (parts + b"." + base64.urlsafe_b64encode(signature).rstrip(b"=")).decode()


CLAIMS = json.dumps({"sub": "s", "aud": "me", "iat": int(time.time()), "exp": int(time.time()) + 3600})


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be"])
def test_a_token_in_another_encoding_than_utf_8_is_refused(encoding: str) -> None:
    payload, header = CLAIMS.encode(encoding), '{"alg":"RS256","kid":"k1"}'.encode(encoding)
    assert check(signed_as_it_is(CLAIMS.encode()))["sub"] == "s"

    for token in (signed_as_it_is(payload), signed_as_it_is(CLAIMS.encode(), header)):
        with pytest.raises(TokenInvalid):
            check(token)
        with pytest.raises(TokenInvalid):
            unverified_claims(token)


def test_a_token_that_nests_without_end_is_refused() -> None:
    deep = b'{"sub":' + b"[" * 5000 + b"]" * 5000 + b"}"

    for token in (signed_as_it_is(deep), signed_as_it_is(CLAIMS.encode(), deep)):
        with pytest.raises(TokenInvalid):
            check(token)
        with pytest.raises(TokenInvalid):
            unverified_claims(token)
