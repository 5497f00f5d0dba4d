"""Change notifications are asked for, listed and taken back as Microsoft describes."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.conformance.graph import Oracle
from tests.conformance.simulator.caller import Caller, assert_conforms

SUBSCRIPTIONS = "/subscriptions"
SUBSCRIPTION = f"{SUBSCRIPTIONS}/{{subscription}}"


class _Reached(BaseHTTPRequestHandler):
    """Gives Microsoft's token back, as an address that wants to be told must."""

    def do_POST(self) -> None:
        token = parse_qs(urlsplit(self.path).query)["validationToken"][0].encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(token)))
        self.end_headers()
        self.wfile.write(token)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def address() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Reached) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def wanted(address: str, **changes: str) -> dict[str, str]:
    until = datetime.now(UTC) + timedelta(days=28)
    return {
        "changeType": "updated,deleted",
        "notificationUrl": f"{address}/here",
        "lifecycleNotificationUrl": f"{address}/here",
        "resource": "users",
        "expirationDateTime": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "clientState": "ours",
        **changes,
    }


def test_a_subscription_comes_and_goes_as_microsoft_describes(oracle: Oracle, cloud, address: str) -> None:
    caller = Caller(cloud, name="Watched")

    made = caller.ask(SUBSCRIPTIONS, "POST", wanted(address))
    listed = caller.ask(SUBSCRIPTIONS)
    gone = caller.ask(SUBSCRIPTION.format(subscription=made.answer["id"]), "DELETE")

    assert (made.status, listed.status, gone.status) == (201, 200, 204)
    assert_conforms(oracle, made, listed, gone)


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"expirationDateTime": "2099-01-01T00:00:00Z"}, 400),
        ({"resource": "me/messages"}, 400),
        ({"clientState": "x" * 129}, 400),
        ({"notificationUrl": "http://127.0.0.1:9/nobody"}, 400),
    ],
    ids=["too long", "another resource", "a long state", "nobody answers"],
)
def test_what_microsoft_would_refuse_is_refused(
    oracle: Oracle, cloud, address: str, changes: dict[str, str], status: int
) -> None:
    caller = Caller(cloud, name="Not watched")

    exchange = caller.ask(SUBSCRIPTIONS, "POST", wanted(address, **changes))

    assert exchange.status == status
    assert_conforms(oracle, exchange)
