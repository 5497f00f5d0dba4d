"""Stands before Azurite's tables as a network and a busy service do: loses answers, is slow, says what is no answer."""

import base64
import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import urlsplit

import trustme

from shared.storage.account import SharedKey, StorageAccount
from tests.waiting import HANGS_S

TOKEN = "an-identity's-token"
_DRIP_S = 0.05
_CHALLENGE = (
    'Bearer authorization_uri="https://login.microsoftonline.com/7/oauth2/authorize" '
    'resource_id="https://storage.azure.com"'
)


class Said(NamedTuple):
    """An answer; what is not forwarded is said in Azurite's place."""

    status: int
    headers: dict[str, str]
    body: bytes


class Front:
    """One service that a client talks to. Faults meet the next requests, one each, in their order.

    - "refused": nothing is done, and the connection ends;
    - "lost": all is done, and the connection ends without an answer;
    - "busy": all is done, and the answer is 503;
    - "hanging": nothing is done, and nothing is said for longer than anybody should wait (``outlasted`` if one does);
    - "dripping": nothing is done, and the answer comes a header at a time, for as long;
    - a function makes another answer of the right one.
    """

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self.behind = StorageAccount.from_connection_string(storage, "table")
        self.asked: list[str] = []
        self.faults: list[str | Callable[[Said], Said]] = []
        self.meanwhile: Callable[[], object] = lambda: None  # happens once, behind the first fault
        self.endpoint = ""
        self.ends = threading.Event()
        self.outlasted: list[str] = []

    @property
    def connection(self) -> str:
        """The connection string that leads through here."""
        told = dict(part.split("=", 1) for part in self._storage.strip(";").split(";"))
        return ";".join(f"{name}={value}" for name, value in (told | {"TableEndpoint": self.endpoint}).items())

    def forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Said:
        parts = urlsplit(self.behind.endpoint)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        said = Said(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return said

    def signed(self, method: str, target: str, headers: dict[str, str]) -> dict[str, str]:
        """What a token was checked for is asked by key: Azurite knows tokens in a set-up of its own only."""
        told = dict(part.split("=", 1) for part in self._storage.strip(";").split(";"))
        split, ours = urlsplit(target), {name.lower(): value for name, value in headers.items()}
        signer = SharedKey("table", told["AccountName"], base64.b64decode(told["AccountKey"]))
        return headers | {"Authorization": signer.authorization(method, split.path, split.query, ours)}


@contextmanager
def front(storage: str, folder: Path | None = None) -> Iterator[Front]:
    """Serve; with a folder over TLS, and for a bearer token only. Its authority's certificate is ``ca.pem`` there."""
    found = Front(storage)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.front, server.wants_token = found, folder is not None
    if folder is not None:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if folder is None else "https"
    found.endpoint = f"{scheme}://127.0.0.1:{server.server_address[1]}{found.behind.path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield found
    finally:
        found.ends.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    front: Front
    wants_token: bool


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        front, headers = self.server.front, {name: it for name, it in self.headers.items() if name.lower() != "host"}
        front.asked.append(f"{self.command} {self.path}")
        if self.server.wants_token:
            if headers.pop("Authorization", "") != f"Bearer {TOKEN}":
                self._say(Said(401, {"WWW-Authenticate": _CHALLENGE}, b""))
                return
            headers = front.signed(self.command, self.path, headers)
        fault = front.faults.pop(0) if front.faults else None
        if fault in {"refused", "hanging", "dripping"}:
            self._fail(str(fault))
            return
        said = front.forward(self.command, self.path, headers, body)
        if fault is not None:
            meanwhile, front.meanwhile = front.meanwhile, lambda: None
            meanwhile()
        if fault == "lost":
            self._fail("lost")
        elif fault == "busy":
            self._say(Said(503, {}, b"busy"))
        else:
            self._say(fault(said) if callable(fault) else said)

    def _fail(self, fault: str) -> None:
        self.close_connection = True
        if fault == "hanging":
            if not self.server.front.ends.wait(HANGS_S):
                self.server.front.outlasted.append(self.path)
        elif fault == "dripping":
            with suppress(OSError):  # the client went away, as it should
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(round(HANGS_S / _DRIP_S)):
                    if self.server.front.ends.wait(_DRIP_S):
                        return
                    self.wfile.write(b"X-A: b\r\n")
                self.server.front.outlasted.append(self.path)

    def _say(self, said: Said) -> None:
        self.send_response(said.status)
        for name, value in said.headers.items():
            if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                self.send_header(name, value)
        if said.status != 204:
            self.send_header("Content-Length", str(len(said.body)))
        self.end_headers()
        self.wfile.write(said.body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the form of http.server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
