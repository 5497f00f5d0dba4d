"""The host's own storage, asked by many threads at once."""

import logging
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

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


@pytest.fixture
def storage() -> Iterator[Storage]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), AllAtOnce)
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


def test_every_thread_keeps_its_connection_to_the_queues(storage: Storage, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING), ThreadPoolExecutor(THREADS) as threads:
        found = list(threads.map(storage.queues, ["AzureWebJobsStorage"] * THREADS))

    assert found == [set()] * THREADS
    assert [it.getMessage() for it in caplog.records] == []
