"""Records exchanges on the client's side of the wire: mount it where requests sends, or around our own way out.

The whole answer is read before the client sees it, so it does not fit tests of time limits and broken answers.
"""

import threading
from collections.abc import Callable
from io import BytesIO
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPResponse

from shared.http.client import HttpClient, Response
from tests.conformance.graph.exchange import Exchange, granted_by

_HOP_BY_HOP = frozenset({"transfer-encoding"})


class Recording(HTTPAdapter):
    """Sends as requests does, and keeps what was asked and answered."""

    def __init__(self, graph_url: str, **options: Any) -> None:
        self.exchanges: list[Exchange] = []
        self._host = urlsplit(graph_url).netloc
        self._lock = threading.Lock()
        super().__init__(**options)

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        answer = super().send(request, *args, **options)
        split = urlsplit(request.url or "")
        if split.netloc == self._host and not split.path.startswith("/_world/"):
            body = _read_whole(answer)
            with self._lock:
                self.exchanges.append(_exchange(request, answer, body))
        return answer

    def take(self) -> list[Exchange]:
        """What was recorded since the last time."""
        with self._lock:
            taken, self.exchanges = self.exchanges, []
        return taken


def record_exchanges(session: requests.Session, graph_url: str) -> Callable[[], list[Exchange]]:
    """From here on, keep every exchange of a session with Graph; call the result to take them."""
    recording = Recording(graph_url)
    session.mount(graph_url, recording)
    return recording.take


def record_calls(http_client: HttpClient, graph_url: str) -> Callable[[], list[Exchange]]:
    """From here on, keep every exchange of our own way out with Graph; call the result to take them."""
    found: list[Exchange] = []
    host, send, lock = urlsplit(graph_url).netloc, http_client.send, threading.Lock()

    def recorded(method: str, url: str, **told: Any) -> Response:
        answer = send(method, url, **told)
        if urlsplit(url).netloc == host:
            asked = {name.lower(): value for name, value in (told.get("headers") or {}).items()}
            with lock:
                found.append(
                    Exchange(
                        method=method,
                        url=url,
                        status=answer.status,
                        asked=asked,
                        told=answer.headers,
                        sent=told.get("body") or b"",
                        received=answer.body,
                        granted=granted_by(asked.get("authorization", "")),
                    )
                )
        return answer

    def take() -> list[Exchange]:
        with lock:
            taken = list(found)
            found.clear()
        return taken

    http_client.send = recorded  # type: ignore[method-assign]
    return take


def _exchange(request: requests.PreparedRequest, answer: requests.Response, body: bytes) -> Exchange:
    sent = request.body or b""
    return Exchange(
        method=request.method or "",
        url=request.url or "",
        status=answer.status_code,
        asked={name.lower(): str(value) for name, value in request.headers.items()},
        told={name.lower(): value for name, value in answer.headers.items()},
        sent=sent.encode() if isinstance(sent, str) else bytes(sent),
        received=body,
        granted=granted_by(str(request.headers.get("Authorization", ""))),
    )


def _read_whole(answer: requests.Response) -> bytes:
    """The decoded body; the answer is given a new, unread one."""
    body = answer.raw.read(decode_content=True)
    headers = {
        name: value
        for name, value in answer.headers.items()
        if name.lower() not in _HOP_BY_HOP | {"content-encoding", "content-length"}
    }
    answer.raw.release_conn()
    answer.raw = HTTPResponse(body=BytesIO(body), headers=headers, status=answer.status_code, preload_content=False)
    return bytes(body)
