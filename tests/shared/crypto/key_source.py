"""A key, and an HTTP client that serves its JWKS document."""

import json
import threading
from typing import Any

from cryptography.hazmat.primitives.asymmetric import rsa
from jwt.algorithms import RSAAlgorithm

from shared.crypto.tokens import KeySet
from shared.http.client import Response
from tests.waiting import HANGS_S

KEY = rsa.generate_private_key(public_exponent=65537, key_size=2048)


URL = "https://keys.example/jwks.json"


def public(key: rsa.RSAPrivateKey = KEY, **changes: Any) -> dict[str, Any]:
    return {**json.loads(RSAAlgorithm.to_jwk(key.public_key())), "kid": "k1", "use": "sig", **changes}


class Source:
    """An HTTP client that serves a key document; ``body`` may be changed to another, or to a fault."""

    def __init__(self, body: Any) -> None:
        self.body = body
        self.requests = 0
        self.may_answer = threading.Event()
        self.may_answer.set()

    def send(self, _method: str, url: str, **_: Any) -> Response:
        assert url == URL
        self.requests += 1
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
