"""The key-encryption key in a vault, against a simulated Key Vault over TLS."""

import base64
import json
import ssl
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import trustme
from azure.core.credentials import AccessToken
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from shared.crypto.envelopes import Envelopes, SealBroken, sealed_with
from shared.crypto.key_vault import VaultKey, VaultUnavailable

_OAEP = padding.OAEP(padding.MGF1(hashes.SHA256()), hashes.SHA256(), None)


class _Identity:
    def get_token(self, *_scopes: str, **_more: Any) -> AccessToken:
        return AccessToken("vault-token", int(time.time()) + 3600)

    def get_token_info(self, *scopes: str, **more: Any) -> AccessToken:
        return self.get_token(*scopes, **more)


class Vault(NamedTuple):
    url: str
    ca_file: str
    versions: dict[str, Any]
    unwraps: list[str]
    trouble: list[int]
    bodies: list[bytes]  # bodies of the next responses, with {} for the true body

    def key(self, name: str = "ours", clock: Any = time.monotonic) -> VaultKey:
        return VaultKey(
            f"{self.url}/keys/{name}",
            _Identity(),
            monotonic=clock,
            connection_verify=self.ca_file,
            verify_challenge_resource=False,
        )

    def rotate(self, version: str) -> None:
        self.versions[version] = rsa.generate_private_key(public_exponent=65537, key_size=2048)


@pytest.fixture
def vault(tmp_path: Path) -> Iterator[Vault]:
    with _serving(tmp_path) as found:
        found.rotate("v1")
        yield found


class _Server(ThreadingHTTPServer):
    vault: Vault


class _Handler(BaseHTTPRequestHandler):
    server: _Server

    def do_GET(self) -> None:
        self._answer(lambda version: _public(self.server.vault.url, version, self.server.vault.versions[version]))

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])) or b"{}")
        vault = self.server.vault

        def unwrapped(version: str) -> dict[str, Any]:
            vault.unwraps.append(version)
            opened = vault.versions[version].decrypt(_bytes(body["value"]), _OAEP)
            return {"kid": f"{vault.url}/keys/ours/{version}", "value": _text(opened)}

        self._answer(unwrapped)

    def _answer(self, respond: Any) -> None:
        vault = self.server.vault
        parts = self.path.partition("?")[0].split("/")
        version = parts[3] if len(parts) > 3 and parts[3] else next(reversed(vault.versions), "")
        if vault.trouble:
            self._send(vault.trouble.pop(), {"error": {"code": "Trouble", "message": "Trouble"}})
        elif self.headers.get("Authorization") != "Bearer vault-token":
            challenge = 'Bearer authorization="https://login.example/tenant", resource="https://vault.example"'
            self._send(401, {}, {"WWW-Authenticate": challenge})
        elif parts[2] != "ours" or version not in vault.versions:
            self._send(404, {"error": {"code": "KeyNotFound", "message": "no such key"}})
        else:
            self._send(200, respond(version))

    def _send(self, status: int, body: Any, headers: dict[str, str] | None = None) -> None:
        raw = json.dumps(body).encode()
        if status == 200 and self.server.vault.bodies:
            raw = self.server.vault.bodies.pop(0).replace(b"{}", raw)
        self.send_response(status)
        for name, value in {**(headers or {}), "Content-Type": "application/json"}.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_arguments: object) -> None:
        pass


@contextmanager
def _serving(directory: Path) -> Iterator[Vault]:
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(directory / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.vault = Vault(f"https://localhost:{server.server_address[1]}", str(directory / "ca.pem"), {}, [], [], [])
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server.vault
    finally:
        server.shutdown()
        server.server_close()


def _public(root: str, version: str, key: Any) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    jwk = {
        "kid": f"{root}/keys/ours/{version}",
        "kty": "RSA",
        "key_ops": ["wrapKey", "unwrapKey"],
        "n": _text(numbers.n.to_bytes(256, "big")),
        "e": "AQAB",
    }
    return {"key": jwk, "attributes": {"enabled": True}}


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_a_secret_sealed_with_the_vaults_key_opens_by_the_vault_only(vault: Vault) -> None:
    sealed = Envelopes(vault.key()).seal(b"refresh token", place="here")

    assert vault.unwraps == []
    assert sealed_with(sealed) == f"{vault.url}/keys/ours/v1"
    assert Envelopes(vault.key()).open(sealed, place="here") == b"refresh token"
    assert vault.unwraps == ["v1"]


def test_a_new_version_seals_while_the_old_one_still_opens(vault: Vault) -> None:
    hours = [0.0]
    envelopes = Envelopes(vault.key(clock=lambda: hours[0]))
    before = envelopes.seal(b"old", place="x")
    vault.rotate("v2")
    hours[0] = 3601.0

    assert sealed_with(envelopes.seal(b"new", place="x")).endswith("/v2")
    assert envelopes.open(before, place="x") == b"old"
    del vault.versions["v1"]
    with pytest.raises(SealBroken):
        envelopes.open(before, place="x")


def test_a_stored_value_never_leads_our_token_to_another_vault(vault: Vault) -> None:
    sealed = Envelopes(vault.key()).seal(b"secret", place="x")
    for other in ("https://evil.example/keys/ours/v1", f"{vault.url}/keys/other/v1", f"{vault.url}/keys/ours/v1?x=1"):
        moved = sealed.replace(sealed_with(sealed), other)
        with pytest.raises(SealBroken):
            Envelopes(vault.key()).open(moved, place="x")
    assert vault.unwraps == []


def test_a_vault_that_does_not_answer_is_trouble_that_passes(vault: Vault) -> None:
    sealed = Envelopes(vault.key()).seal(b"secret", place="x")
    vault.trouble.extend([503] * 4)

    with pytest.raises(VaultUnavailable):
        Envelopes(vault.key()).open(sealed, place="x")


def test_a_byte_order_mark_before_the_vaults_answers_changes_nothing(vault: Vault) -> None:
    envelopes = Envelopes(vault.key())
    vault.bodies.extend([b"\xef\xbb\xbf{}"] * 3)
    sealed = envelopes.seal(b"secret", place="here")

    assert Envelopes(vault.key()).open(sealed, place="here") == b"secret"
    assert len(vault.bodies) < 3


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[]", b'{"key": null}', b'{"key": {"kty": 5}}', b"\xff"])
def test_an_answer_of_the_vault_that_makes_no_sense_is_no_answer(vault: Vault, body: bytes) -> None:
    vault.bodies.extend([body] * 4)

    with pytest.raises(VaultUnavailable):
        Envelopes(vault.key()).seal(b"secret", place="here")


@pytest.mark.parametrize("body", [b"<html>", b"", b"null", b"[]", b'{"value": null}', b'{"value": "%%%"}', b"{\xff"])
def test_an_unwrapping_that_makes_no_sense_leaves_the_secret_sealed(vault: Vault, body: bytes) -> None:
    sealed = Envelopes(vault.key()).seal(b"secret", place="here")
    vault.bodies.extend([b"{}", body, body, body])

    with pytest.raises((VaultUnavailable, SealBroken)):
        Envelopes(vault.key()).open(sealed, place="here")
