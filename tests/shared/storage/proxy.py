"""A proxy in front of Azurite's tables with the faults of a network and a busy service."""

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


class Reply(NamedTuple):
    """A response, of Azurite or of the proxy in its place."""

    status: int
    headers: dict[str, str]
    body: bytes


class Proxy:
    """A proxy for one client. ``faults`` apply to the next requests, one each, in their order.

    - "refused": the request is dropped and the connection closed;
    - "lost": the request is performed, and the connection closed without a response;
    - "busy": the request is performed, and the response is a 503;
    - "hanging": the request is dropped, and there is no response for longer than a client should wait (a client that
      waits is recorded in ``outlasted``);
    - "dripping": the request is dropped, and headers are sent one by one for as long;
    - a function turns Azurite's reply into another one.
    """

    def __init__(self, storage: str) -> None:
        self._storage = storage
        self.storage = StorageAccount.from_connection_string(storage, "table")
        self.requests: list[str] = []
        self.faults: list[str | Callable[[Reply], Reply]] = []
        self.meanwhile: Callable[[], object] = lambda: None  # called once, after the request of the first fault
        self.endpoint = ""
        self.ends = threading.Event()
        self.outlasted: list[str] = []

    @property
    def connection(self) -> str:
        """The connection string that leads through the proxy."""
        values = dict(part.split("=", 1) for part in self._storage.strip(";").split(";"))
        return ";".join(f"{name}={value}" for name, value in (values | {"TableEndpoint": self.endpoint}).items())

    def forward(self, method: str, target: str, headers: dict[str, str], body: bytes) -> Reply:
        parts = urlsplit(self.storage.endpoint)
        connection = http.client.HTTPConnection(str(parts.hostname), parts.port)
        connection.request(method, target, body or None, headers)
        answer = connection.getresponse()
        reply = Reply(answer.status, dict(answer.getheaders()), answer.read())
        connection.close()
        return reply

    def signed(self, method: str, target: str, headers: dict[str, str]) -> dict[str, str]:
        """The headers signed by key, once a token was checked: Azurite accepts tokens only with OAuth set up."""
        values = dict(part.split("=", 1) for part in self._storage.strip(";").split(";"))
        split, lower_case = urlsplit(target), {name.lower(): value for name, value in headers.items()}
        signer = SharedKey("table", values["AccountName"], base64.b64decode(values["AccountKey"]))
        return headers | {"Authorization": signer.authorization(method, split.path, split.query, lower_case)}


@contextmanager
def proxied(storage: str, folder: Path | None = None) -> Iterator[Proxy]:
    """Run a proxy; with a folder over TLS, for a bearer token only, with the CA's certificate as ``ca.pem`` there."""
    running = Proxy(storage)
    server = _Server(("127.0.0.1", 0), _Handler)
    server.proxy, server.wants_token = running, folder is not None
    if folder is not None:
        authority, context = trustme.CA(), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.cert_pem.write_to_path(str(folder / "ca.pem"))
        authority.issue_cert("127.0.0.1").configure_cert(context)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if folder is None else "https"
    running.endpoint = f"{scheme}://127.0.0.1:{server.server_address[1]}{running.storage.path}"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    try:
        yield running
    finally:
        running.ends.set()
        server.shutdown()
        thread.join()
        server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    proxy: Proxy
    wants_token: bool


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        proxy = self.server.proxy
        headers = {name: it for name, it in self.headers.items() if name.lower() != "host"}
        proxy.requests.append(f"{self.command} {self.path}")
        if self.server.wants_token:
            if headers.pop("Authorization", "") != f"Bearer {TOKEN}":
                self._send(Reply(401, {"WWW-Authenticate": _CHALLENGE}, b""))
                return
            headers = proxy.signed(self.command, self.path, headers)
        fault = proxy.faults.pop(0) if proxy.faults else None
        if fault in {"refused", "hanging", "dripping"}:
            self._fail(str(fault))
            return
        reply = proxy.forward(self.command, self.path, headers, body)
        if fault is not None:
            meanwhile, proxy.meanwhile = proxy.meanwhile, lambda: None
            meanwhile()
        if fault == "lost":
            self._fail("lost")
        elif fault == "busy":
            self._send(Reply(503, {}, b"busy"))
        else:
            self._send(fault(reply) if callable(fault) else reply)

    def _fail(self, fault: str) -> None:
        self.close_connection = True
        if fault == "hanging":
            if not self.server.proxy.ends.wait(HANGS_S):
                self.server.proxy.outlasted.append(self.path)
        elif fault == "dripping":
            with suppress(OSError):  # the client went away, as it should
                self.wfile.write(b"HTTP/1.1 200 OK\r\n")
                for _ in range(round(HANGS_S / _DRIP_S)):
                    if self.server.proxy.ends.wait(_DRIP_S):
                        return
                    self.wfile.write(b"X-A: b\r\n")
                self.server.proxy.outlasted.append(self.path)

    def _send(self, reply: Reply) -> None:
        self.send_response(reply.status)
        for name, value in reply.headers.items():
            if name.lower() not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                self.send_header(name, value)
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        self.wfile.write(reply.body)

    do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the form of http.server

    def log_message(self, *_: Any) -> None:
        """Say nothing."""
