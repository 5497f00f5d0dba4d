"""Tokens and keys: which signatures count, and how long keys are kept when their address is out (T12)."""

import base64
import json
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa
from jwt.algorithms import RSAAlgorithm

from shared.crypto.tokens import KeySet, KeysUnavailable, TokenInvalid, unverified_claims, verify
from shared.http.client import Response, Unreachable
from tests.waiting import HANGS_S, until

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)
URL = "https://keys.example/jwks.json"


def public(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": "k1", "use": "sig", **changes}


class Source:
    """An HTTP client that serves a key document; ``body`` may be changed to another, or to a fault."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.asked = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def send(self, _method: str, url: str, **_: Any) -> Response:
        assert url == URL
        self.asked += 1
        self.may_answer.wait(HANGS_S)
        if isinstance(self.body, Exception):
            raise self.body
        raw = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        return Response(200, {}, raw)


class Time:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def keys_of(*keys: dict[str, Any]) -> tuple[KeySet, Source, Time]:
    source, clock = Source({"keys": list(keys or [public()])}), Time()
    return KeySet(URL, source, clock), source, clock  # type: ignore[arg-type]


@dataclass(frozen=True)
class After:
    """A time so many seconds from the moment a token is signed."""

    seconds: int

    def at(self) -> int:
        return int(time.time()) + self.seconds


def signed(**changes: Any) -> str:
    claims = {"iss": "us", "aud": "me", "sub": "s", "iat": After(0), "exp": After(60), **changes}
    told = {name: it.at() if isinstance(it, After) else it for name, it in claims.items() if it is not ...}
    return jwt.encode(told, KEY, algorithm="RS256", headers={"kid": "k1"})


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


def written(told: dict[str, Any]) -> str:
    return jwt.utils.base64url_encode(json.dumps(told).encode()).decode() + ".e30.eA"


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
    assert source.asked == 1


def test_the_message_never_quotes_the_token() -> None:
    token = signed(aud="another", secret="canary")

    with pytest.raises(TokenInvalid) as caught:
        check(token)
    assert not any(part in str(caught.value) for part in token.split("."))


def test_keys_are_fetched_again_after_a_day() -> None:
    keys, source, clock = keys_of()
    keys.find("k1")
    clock.now += 23 * 3600
    keys.find("k1")
    assert source.asked == 1

    clock.now += 2 * 3600
    keys.find("k1")
    assert source.asked == 2


def test_made_up_key_ids_cost_one_request_a_minute() -> None:
    keys, source, clock = keys_of()

    for number in range(1000):
        assert keys.find(f"made-up-{number}") is None
        clock.now += 0.1

    assert source.asked == 2


def test_a_rotated_key_is_found_and_the_old_one_is_no_longer_taken() -> None:
    keys, source, clock = keys_of()
    keys.find("k1")
    source.body = {"keys": [public(kid="k2")]}
    clock.now += 61

    assert keys.find("k2") is not None
    assert keys.find("k1") is None


@pytest.mark.parametrize(
    "body",
    [
        Unreachable("x"), b"", b"<html>", b"[]", b'{"keys":{}}', b'{"keys":[7]}', b'{"keys":[]}', b"[" * 100_000,
        b'{"keys":[{"kty":"EC","kid":"k1"}]}', b'{"keys":[{"kty":"RSA","kid":"k1","n":"*","e":"AQAB"}]}',
        json.dumps({"keys": [public(use="enc")]}).encode(), json.dumps({"keys": [public(kid="")]}).encode(),
        json.dumps({"keys": [public(rsa.generate_private_key(public_exponent=65537, key_size=1024))]}).encode(),
    ],
)  # fmt: skip
def test_a_document_without_usable_keys_changes_nothing(body: Any) -> None:
    keys, source, clock = keys_of()
    keys.find("k1")
    source.body = body
    clock.now += 25 * 3600

    assert keys.find("k1") is not None
    source.asked = 0
    with pytest.raises(KeysUnavailable):
        KeySet(URL, source, clock).find("k1")  # type: ignore[arg-type]


def test_one_key_that_cannot_be_used_does_not_spoil_the_others() -> None:
    keys, _, _ = keys_of({"kty": "EC", "kid": "ec", "crv": "P-256"}, public(kid="bad", n="*"), public())

    assert keys.find("k1") is not None
    assert keys.find("bad") is None


def test_while_there_are_no_keys_the_address_is_asked_every_other_second_at_most() -> None:
    keys, source, clock = keys_of()
    source.body = Unreachable("x")
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            keys.find("k1")
        clock.now += 0.1
    assert source.asked == 1

    source.body = {"keys": [public()]}
    clock.now += 2
    assert keys.find("k1") is not None


def test_a_known_key_does_not_wait_for_somebody_elses_fetch() -> None:
    keys, source, clock = keys_of()
    keys.find("k1")
    clock.now += 25 * 3600
    source.may_answer.clear()
    with ThreadPoolExecutor(4) as pool:
        stuck = [pool.submit(keys.find, "unknown") for _ in range(3)]
        until(lambda: source.asked == 2)

        assert keys.find("k1") is not None
        assert not any(it.done() for it in stuck)
        source.may_answer.set()
        assert [it.result() for it in stuck] == [None, None, None]
    assert source.asked == 2


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


def test_keys_that_nest_without_end_are_no_keys() -> None:
    source = Source(b'{"keys":[{"x5c":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}")

    with pytest.raises(KeysUnavailable):
        KeySet(URL, source, Time()).find("k1")  # type: ignore[arg-type]
