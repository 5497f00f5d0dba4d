"""The portal's sign-in, for one machine: it issues portal tokens for a few demonstration people.

``GET /jwks.json`` the keys · ``GET /personas`` who there is · ``POST /token {"persona": id}`` a token of 15 minutes.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import jwt

from local.keys import kept_key
from local.signals import end_with_parent, exit_on_signal, wait_for_signal

AUDIENCE = "microsoft-tenant-integrations"
_LIFE_S = 15 * 60
_MOST_BYTES = 4096
_KEY_ID = "portal-1"


@dataclass(frozen=True)
class Persona:
    """Somebody of the portal."""

    id: str
    name: str
    account_id: str
    account_name: str
    role: str
    plan: str


PERSONAS = {
    person.id: person
    for person in (
        Persona("alice", "Alice Adams", "acct_northwind", "Northwind IT", "administrator", "team"),
        Persona("anna", "Anna Andersen", "acct_northwind", "Northwind IT", "administrator", "team"),
        Persona("tess", "Tess Tech", "acct_northwind", "Northwind IT", "technician", "team"),
        Persona("bob", "Bob Brown", "acct_southridge", "Southridge MSP", "administrator", "team"),
        Persona("carl", "Carl Clark", "acct_cascade", "Cascade Computers", "administrator", "solo"),
    )
}


class PortalIdentity:
    """The issuer; its key is kept in a file, if one is given."""

    def __init__(self, url: str, key_file: Path | None = None) -> None:
        self.issuer = url
        self.audience = AUDIENCE
        self.jwks_url = f"{url}/jwks.json"
        self._key = kept_key(key_file)

    def token(self, persona: str, **changes: Any) -> str:
        """A persona's token; ``changes`` replace claims."""
        person, now = PERSONAS[persona], int(time.time())
        claims = {
            "iss": self.issuer,
            "aud": self.audience,
            "sub": f"user_{person.id}",
            "account_id": person.account_id,
            "role": person.role,
            "plan": person.plan,
            "name": person.name,
            "iat": now,
            "exp": now + _LIFE_S,
        }
        return self.sign({**claims, **changes})

    def sign(self, claims: dict[str, Any], **header: Any) -> str:
        """Any claims, under our key."""
        return jwt.encode(claims, self._key, algorithm="RS256", headers={"kid": _KEY_ID, **header})

    def jwks(self) -> dict[str, Any]:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key()))
        return {"keys": [{**key, "use": "sig", "kid": _KEY_ID}]}

    def addresses(self) -> dict[str, str]:
        return {
            "issuer": self.issuer,
            "audience": self.audience,
            "jwks_url": self.jwks_url,
            "personas_url": self.issuer,
        }


class _Handler(BaseHTTPRequestHandler):
    server: "_IdentityServer"

    def do_OPTIONS(self) -> None:
        self._answer({}, 204)

    def do_GET(self) -> None:
        pages = {"/jwks.json": self.server.identity.jwks(), "/personas": [asdict(it) for it in PERSONAS.values()]}
        path = urlsplit(self.path).path
        self._answer(pages.get(path, {"error": "not found"}), 200 if path in pages else 404)

    def do_POST(self) -> None:
        try:
            length = int(self.headers.get("Content-Length", "0"))
            persona = json.loads(self.rfile.read(max(0, min(length, _MOST_BYTES))))["persona"]
            token = self.server.identity.token(persona)
        except (ValueError, KeyError, TypeError):
            self._answer({"error": "there is no such persona"}, 400)
            return
        self._answer({"token": token, "expires_at": int(time.time()) + _LIFE_S}, 200)

    def _answer(self, value: object, status: int) -> None:
        body = b"" if status == 204 else json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        origin = self.headers.get("Origin", "")
        if urlsplit(origin).hostname in {"localhost", "127.0.0.1"}:
            self.send_header("Access-Control-Allow-Origin", origin)
            self.send_header("Access-Control-Allow-Headers", "content-type")
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the name http.server gives
        """Nothing: the terminal is for what matters."""


class _IdentityServer(ThreadingHTTPServer):
    daemon_threads = True
    identity: PortalIdentity

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A browser that goes away while it is answered is no error."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


@contextmanager
def running_portal_identity(port: int = 0, key_file: Path | None = None) -> Iterator[PortalIdentity]:
    """The issuer, listening in a thread."""
    server = _IdentityServer(("127.0.0.1", port), _Handler)
    server.identity = PortalIdentity(f"http://localhost:{server.server_address[1]}", key_file)
    thread = threading.Thread(target=server.serve_forever, name="portal-identity", daemon=True)
    thread.start()
    try:
        yield server.identity
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


def main() -> None:
    """Run until SIGTERM or Ctrl-C, printing the addresses as one line of JSON."""
    exit_on_signal()
    parser = argparse.ArgumentParser(prog="python -m local.portal_identity", description=__doc__)
    parser.add_argument("--port", type=int, default=7070)
    parser.add_argument("--key-file", type=Path, help="where the key is kept for the next start")
    arguments = parser.parse_args()
    end_with_parent()
    try:
        with running_portal_identity(arguments.port, arguments.key_file) as identity:
            print(json.dumps(identity.addresses()), flush=True)
            wait_for_signal()
    except OSError as error:
        sys.exit(f"The portal's sign-in cannot be started: {error}")


if __name__ == "__main__":
    main()
