"""Key documents as they come: bytes before the JSON, and odd keys beside good ones."""

import codecs
import json
from typing import Any

import pytest

from local.microsoft.tokens import Issuer
from local.microsoft.world import World
from shared.crypto.tokens import KeySet, KeysUnavailable
from shared.http.client import Response


class Document:
    """An HTTP client that answers with one body."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def send(self, *_: Any, **__: Any) -> Response:
        return Response(200, {}, self.body)


@pytest.fixture(scope="module")
def key() -> dict[str, Any]:
    issuer = Issuer(World(), "https://login.example", "https://graph.example")
    return dict(issuer.jwks()["keys"][0])


def found(body: bytes, key_id: str) -> object:
    return KeySet("https://login.example/keys", Document(body)).find(key_id)  # type: ignore[arg-type]


def test_three_bytes_before_a_key_document_change_nothing(key: dict[str, Any]) -> None:
    assert found(codecs.BOM_UTF8 + json.dumps({"keys": [key]}).encode(), key["kid"])


@pytest.mark.parametrize(
    "odd", [None, 7, "x", [], {}, {"kty": None}, {"kty": "RSA", "n": 7}, {"kty": "RSA", "kid": "\ud800"}], ids=str
)
def test_an_odd_key_costs_itself_only(key: dict[str, Any], odd: object) -> None:
    assert found(json.dumps({"keys": [odd, key, odd]}).encode(), key["kid"])


def test_an_odd_field_of_a_key_costs_itself_only(key: dict[str, Any]) -> None:
    assert found(json.dumps({"keys": [{**key, "x5c": 7, "issuer": None}], "more": []}).encode(), key["kid"])


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"{}", b'{"keys": null}', b'{"keys": [null]}'])
def test_a_document_without_keys_is_none(body: bytes) -> None:
    with pytest.raises(KeysUnavailable):
        found(body, "k1")
