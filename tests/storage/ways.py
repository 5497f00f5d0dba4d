"""The ways to a table that must mean the same: Microsoft's SDK, and ours by key and by token."""

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme
from azure.core.credentials import AccessToken
from azure.core.exceptions import HttpResponseError, ServiceResponseError
from azure.data.tables import TableServiceClient

from shared.bulk import BulkTable
from shared.settling import Unanswered
from shared.storage_account import Bearer, StorageAccount
from shared.tables import Table
from shared.web import Response

TOKEN = "an-identity's-token"
Fault = Callable[[], Exception]


class Identity:
    """A credential that counts how often it is asked; its first token may be one that nobody takes."""

    def __init__(self, *, first: str = TOKEN) -> None:
        self.asked = 0
        self._first = first

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        assert scopes == ("https://storage.azure.com/.default",)
        self.asked += 1
        return AccessToken(self._first if self.asked == 1 else TOKEN, 4_000_000_000)


@contextmanager
def bearer_only(storage: str, folder: Path) -> Iterator[tuple[str, str]]:
    """Table storage over TLS that takes a bearer token only, as Azure does without shared keys.

    Azurite knows tokens in a TLS set-up of its own only; so this checks the token and asks Azurite by key.
    Gives the endpoint and the file of its certificate authority.
    """
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(folder / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    behind = StorageAccount.from_connection_string(storage, "table")

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if self.headers["Authorization"] == f"Bearer {TOKEN}":
                self._forward(body)
            else:
                self.send_response(401)
                self.send_header("Content-Length", "0")
                self.end_headers()

        def _forward(self, body: bytes) -> None:
            split = urlsplit(self.path)
            headers = {
                name: value for name, value in self.headers.items() if name.lower() not in {"host", "authorization"}
            }
            path = split.path.removeprefix(behind.path)
            answer = behind.send(self.command, path, query=split.query, headers=headers, body=body or None)
            self.send_response(answer.status)
            for name, value in answer.headers.items():
                if name not in {"transfer-encoding", "content-length", "connection", "date", "server"}:
                    self.send_header(name, value)
            self.send_header("Content-Length", str(len(answer.body)))
            self.end_headers()
            self.wfile.write(answer.body)

        do_GET = do_POST = _answer  # noqa: N815 - the form of http.server

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"https://127.0.0.1:{server.server_address[1]}{behind.path}", str(folder / "ca.pem")
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class LosingClient:
    """The SDK's client; answers get lost after the transaction was done, each time after ``meanwhile``."""

    def __init__(self, client: Any, faults: list[Fault], meanwhile: Callable[[], None]) -> None:
        self._client, self._faults, self._meanwhile = client, faults, meanwhile

    def __getattr__(self, name: str) -> Any:
        return getattr(self._client, name)

    def submit_transaction(self, calls: Any, **limits: Any) -> Any:
        answer = self._client.submit_transaction(calls, **limits)
        if self._faults:
            self._meanwhile()
            fault = self._faults.pop()
            raise fault()
        return answer


class LosingAccount:
    """The account as the bulk way sees it; its answers get lost likewise."""

    def __init__(self, account: StorageAccount, faults: list[str], meanwhile: Callable[[], None]) -> None:
        self._account, self._faults, self._meanwhile = account, faults, meanwhile
        self.endpoint = account.endpoint

    def send(self, method: str, path: str, **told: Any) -> Response:
        answer = self._account.send(method, path, **told)
        if path == "/$batch" and self._faults:
            self._meanwhile()
            if self._faults.pop() == "lost":
                raise Unanswered
            return Response(503, {}, b"busy")
        return answer


def sdk_losing(storage: str, faults: list[str], meanwhile: Callable[[], None]) -> Table:
    service = TableServiceClient.from_connection_string(storage, retry_total=0)
    found = [_lost if fault == "lost" else _busy for fault in faults]
    return Table(LosingClient(service.get_table_client("things"), found, meanwhile))  # type: ignore[arg-type]


def bulk_losing(storage: str, faults: list[str], meanwhile: Callable[[], None]) -> BulkTable:
    account = StorageAccount.from_connection_string(storage, "table")
    return BulkTable(LosingAccount(account, faults, meanwhile), "things")  # type: ignore[arg-type]


def bulk_by_token(endpoint: str, ca_file: str, identity: Identity | None = None) -> BulkTable:
    return BulkTable(StorageAccount("table", endpoint, Bearer(identity or Identity()), ca_file), "things")


def cut_off(endpoint: str) -> None:
    """See that nobody is let in without a token: the stand-in would prove nothing."""
    split = urlsplit(endpoint)
    connection = http.client.HTTPSConnection(split.netloc, context=ssl._create_unverified_context())
    connection.request("GET", f"{split.path}/Tables")
    assert connection.getresponse().status == 401
    connection.close()


def _lost() -> Exception:
    return ServiceResponseError("the answer was lost")


def _busy() -> Exception:
    error = HttpResponseError("busy")
    error.status_code = 503
    return error
