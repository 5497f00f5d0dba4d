"""How long keys are cached, and when they are fetched again (T12)."""

import json
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from shared.crypto.tokens import KeySet, KeysUnavailable
from shared.http.client import Unreachable
from tests.shared.crypto.key_source import URL, Source, Time, keys_of, public
from tests.waiting import until


def test_keys_are_fetched_again_after_a_day() -> None:
    keys, source, clock = keys_of()
    keys.find("k1")
    clock.now += 23 * 3600
    keys.find("k1")
    assert source.requests == 1

    clock.now += 2 * 3600
    keys.find("k1")
    assert source.requests == 2


def test_made_up_key_ids_cost_one_request_a_minute() -> None:
    keys, source, clock = keys_of()

    for number in range(1000):
        assert keys.find(f"made-up-{number}") is None
        clock.now += 0.1

    assert source.requests == 2


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
    source.requests = 0
    with pytest.raises(KeysUnavailable):
        KeySet(URL, source, clock).find("k1")  # type: ignore[arg-type]


def test_one_key_that_cannot_be_used_does_not_spoil_the_others() -> None:
    keys, _, _ = keys_of({"kty": "EC", "kid": "ec", "crv": "P-256"}, public(kid="bad", n="*"), public())

    assert keys.find("k1") is not None
    assert keys.find("bad") is None


def test_without_keys_they_are_fetched_at_most_every_other_second() -> None:
    keys, source, clock = keys_of()
    source.body = Unreachable("x")
    for _ in range(10):
        with pytest.raises(KeysUnavailable):
            keys.find("k1")
        clock.now += 0.1
    assert source.requests == 1

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
        until(lambda: source.requests == 2)

        assert keys.find("k1") is not None
        assert not any(it.done() for it in stuck)
        source.may_answer.set()
        assert [it.result() for it in stuck] == [None, None, None]
    assert source.requests == 2


def test_keys_that_nest_without_end_are_no_keys() -> None:
    source = Source(b'{"keys":[{"x5c":' + b"[" * 100_000 + b"]" * 100_000 + b"}]}")

    with pytest.raises(KeysUnavailable):
        KeySet(URL, source, Time()).find("k1")  # type: ignore[arg-type]
