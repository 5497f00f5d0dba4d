"""The host's own storage, asked by many threads at once."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from html import escape
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qsl, urlsplit

import pytest

from local.host.storage import Storage

THREADS = 24
NO_QUEUES = b'<?xml version="1.0"?><EnumerationResults><Queues/><NextMarker/></EnumerationResults>'


class AllAtOnce(BaseHTTPRequestHandler):
    """Answers nobody before all have asked, so that each needs a connection of its own."""

    protocol_version = "HTTP/1.1"
    everybody = threading.Barrier(THREADS)

    def do_GET(self) -> None:
        self.everybody.wait(60)
        self.send_response(200)
        self.send_header("Content-Type", "application/xml")
        self.send_header("Content-Length", str(len(NO_QUEUES)))
        self.end_headers()
        self.wfile.write(NO_QUEUES)

    def log_message(self, *_said: object) -> None:
        """Nothing."""


class Pages(BaseHTTPRequestHandler):
    """Lists queues in pages of one, and fails at every other request."""

    protocol_version = "HTTP/1.1"
    pages: ClassVar[dict[str, tuple[str, str]]] = {"": ("first", "a&b"), "a&b": ("second", "")}
    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        marker = dict(parse_qsl(urlsplit(self.path).query)).get("marker", "")
        self.asked.append(marker)
        name, following = self.pages[marker]
        queues = f"<Queues><Queue><Name>{name}</Name></Queue></Queues><NextMarker>{escape(following)}</NextMarker>"
        body = f'<?xml version="1.0"?><EnumerationResults>{queues}</EnumerationResults>'.encode()
        self.send_response(200 if len(self.asked) % 2 == 0 else 503)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_said: object) -> None:
        """Nothing."""


@pytest.fixture
def storage(request: pytest.FixtureRequest) -> Iterator[Storage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), request.param)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    endpoint = f"http://127.0.0.1:{server.server_address[1]}/account"
    opened = Storage({"AzureWebJobsStorage": f"AccountName=account;AccountKey=YQ==;QueueEndpoint={endpoint};"})
    yield opened
    opened.close()
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("storage", [AllAtOnce], indirect=True)
def test_every_thread_keeps_its_connection_to_the_queues(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(storage.queues, ["AzureWebJobsStorage"] * THREADS))

    assert found == [set()] * THREADS
    assert [it.getMessage() for it in caplog.records] == []


@pytest.mark.parametrize("storage", [Pages], indirect=True)
def test_the_list_of_queues_is_read_to_its_end_and_a_failed_request_is_repeated(storage: Storage) -> None:
    assert storage.queues("AzureWebJobsStorage") == {"first", "second"}
    assert Pages.asked == ["", "", "a&b", "a&b"]
