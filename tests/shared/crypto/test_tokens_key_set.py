"""JWKS documents: a byte order mark before the JSON, malformed keys beside good ones, and rotated keys."""

import codecs
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from local.microsoft.entra.tokens.issuer import Issuer
from local.microsoft.world.state import WorldState
from shared.crypto.tokens import KeySet, KeysUnavailable
from shared.http.client import Response, Unreachable


class Document:
    """An HTTP client that answers with one body."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, *_: Any, **__: Any) -> Response:
        return Response(200, {}, self.body)


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    issuer = Issuer(WorldState(), "https://login.example", "https://graph.example")
    return dict(issuer.jwks()["keys"][0])


def found(body: bytes, key_id: str) -> object:
    return KeySet("https://login.example/keys", Document(body)).find(key_id)  # type: ignore[arg-type]


def test_three_bytes_before_a_key_document_change_nothing(key: dict[str, Any]) -> None:
    assert found(codecs.BOM_UTF8 + json.dumps({"keys": [key]}).encode(), key["kid"])


@pytest.mark.parametrize(
    "malformed", [None, 7, "x", [], {}, {"kty": None}, {"kty": "RSA", "n": 7}, {"kty": "RSA", "kid": "\ud800"}], ids=str
)
def test_a_malformed_key_is_left_out(key: dict[str, Any], malformed: object) -> None:
    assert found(json.dumps({"keys": [malformed, key, malformed]}).encode(), key["kid"])


def test_a_malformed_field_of_a_key_is_left_out(key: dict[str, Any]) -> None:
    assert found(json.dumps({"keys": [{**key, "x5c": 7, "issuer": None}], "more": []}).encode(), key["kid"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"keys": null}', b'{"keys": [null]}'])
def test_a_document_without_keys_is_none(body: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        found(body, "k1")


class Keys:
    """An HTTP client that serves a key document, or fails."""

    def __init__(self, *bodies: bytes | Exception) -> None:
        self.bodies = list(bodies)
        self.requests = 0

    def send(self, *_: Any, **__: Any) -> Response:
        self.requests += 1
        body = self.bodies[min(self.requests, len(self.bodies)) - 1]
        if isinstance(body, Exception):
            raise body
        return Response(200, {}, body)


def document(*names: str) -> bytes:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    from jwt.algorithms import RSAAlgorithm  # noqa: PLC0415 - only here

    jwk = json.loads(RSAAlgorithm.to_jwk(key))
    return json.dumps({"keys": [{**jwk, "kid": name, "use": "sig"} for name in names]}).encode()


def test_unknown_keys_are_looked_for_once_a_minute_and_known_ones_kept() -> None:
    now = [0.0]
    http = Keys(document("a"), document("a", "b"), Unreachable("x"))
    keys = KeySet("https://k.example", http, lambda: now[0])  # type: ignore[arg-type]

    assert keys.find("a") is not None
    assert keys.find("b") is None
    assert http.requests == 1
    now[0] = 61.0
    assert keys.find("b") is not None
    now[0] = 90_000.0
    assert keys.find("a") is not None, "the last good keys serve on while the address is out"
    assert http.requests == 3


@pytest.mark.parametrize("body", [Unreachable("x"), b"<html>", b"{}", b'{"keys":[{"kty":"RSA","kid":"a"}]}'])
def test_keys_that_were_never_fetched_are_unavailable(body: Any) -> None:
    with pytest.raises(KeysUnavailable):
        KeySet("https://k.example", Keys(body)).find("a")  # type: ignore[arg-type]
