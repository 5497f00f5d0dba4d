"""Graph only reads, but for what it is allowed to write."""

import json
import re

import pytest

from shared.http.client import Response
from shared.microsoft.graph import BatchRequest, Graph, WriteNotAllowed

ROOT = "https://graph.microsoft.com"


class Granting:
    """An HTTP client that grants every part of a batch."""

    def __init__(self) -> None:
        self.requests: list[dict[str, object]] = []

    def send(self, _method: str, _url: str, *, body: bytes, **_more: object) -> Response:
        parts = json.loads(body)["requests"]
        self.requests += parts
        answers = [{"id": it["id"], "status": 201 if "body" in it else 204} for it in parts]
        return Response(200, {}, json.dumps({"responses": answers}).encode())


def test_a_client_writes_only_where_it_may() -> None:
    allowed = BatchRequest(id="1", path="/things/1/grants", body={"to": "us"})
    http = Granting()
    may = Graph(root=ROOT, http_client=http, token=lambda _: "t", writes=[re.compile("/things/[0-9]+/grants")])  # type: ignore[arg-type]
    assert may.batch([allowed])["1"].error is None

    for path in ("/users", "/things/1/grants/extra", "/things/x/grants"):
        with pytest.raises(WriteNotAllowed):
            may.batch([BatchRequest(id="1", path=path, body={})])
    with pytest.raises(WriteNotAllowed):
        Graph(root=ROOT, http_client=http, token=lambda _: "t").batch([allowed])  # type: ignore[arg-type]
    assert [(it["method"], it["url"], it["body"]) for it in http.requests] == [
        ("POST", "/things/1/grants", {"to": "us"})
    ]


def test_a_batch_deletes_where_it_may() -> None:
    http = Granting()
    may = Graph(root=ROOT, http_client=http, token=lambda _: "t", writes=[re.compile("/things/[0-9]+")])  # type: ignore[arg-type]

    assert may.batch([BatchRequest(id="1", path="/things/1", is_delete=True)])["1"].error is None
    with pytest.raises(WriteNotAllowed):
        may.batch([BatchRequest(id="1", path="/users/1", is_delete=True)])
    assert http.requests == [{"id": "1", "method": "DELETE", "url": "/things/1"}]
