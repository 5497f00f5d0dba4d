"""Batches: their size, retries of single parts, and responses that cannot be read."""

from typing import Any

import pytest

from shared.microsoft.graph import (
    BatchRequest,
    Denied,
    Throttled,
    UnexpectedAnswer,
)
from tests.shared.microsoft.graph.replies import ROOT, Thing, graph, response


def part(name: str, status: int = 200, body: Any = None, **headers: str) -> dict[str, Any]:
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return {"id": name, "status": status, "headers": named, "body": body if body is not None else {"value": []}}


def test_a_batch_asks_again_for_throttled_parts_only_after_the_longest_wait() -> None:
    slept: list[float] = []
    first = response(
        200, {"responses": [part("c", 429, {}, Retry_After="2"), part("b", 429, {}, Retry_After="5"), part("a")]}
    )
    second = response(200, {"responses": [part("b", 200, {"value": [{"id": "x"}]}), part("c", 403, {})]})
    client, http = graph(first, second, slept=slept)

    responses = client.batch(
        [
            BatchRequest(id="a", path="/a"),
            BatchRequest(id="b", path="/b", query={"top": "1"}),
            BatchRequest(id="c", path=f"{ROOT}/v1.0/c?$deltatoken=1"),
        ]
    )

    assert slept == [5.0]
    assert [it["id"] for it in http.requests[1][2]["requests"]] == ["b", "c"]
    assert [it["url"] for it in http.requests[0][2]["requests"]] == ["/a", "/b?$top=1", "/c?$deltatoken=1"]
    assert [it.id for it in responses["b"].page(Thing).items] == ["x"]
    with pytest.raises(Denied):
        responses["c"].page(Thing)


def test_a_batch_of_many_is_sent_in_twenties() -> None:
    batch_requests = [BatchRequest(id=str(number), path="/x") for number in range(45)]
    replies = [
        response(200, {"responses": [part(str(n)) for n in range(start, min(start + 20, 45))]}) for start in (0, 20, 40)
    ]
    client, http = graph(*replies)

    assert len(client.batch(batch_requests)) == 45
    assert [len(it[2]["requests"]) for it in http.requests] == [20, 20, 5]


def test_a_batch_that_stays_throttled_says_so_in_its_parts() -> None:
    throttled = response(200, {"responses": [part("a", 429, {}, Retry_After="600")]})
    client, http = graph(throttled)

    with pytest.raises(Throttled) as caught:
        client.batch([BatchRequest(id="a", path="/a")])["a"].page(Thing)
    assert (caught.value.wait_s, len(http.requests)) == (600.0, 1)


@pytest.mark.parametrize(
    "body",
    [{"responses": []}, {"responses": [part("other")]}, {}, [], b"<html>", b"", b'{"responses": [', b"[" * 100_000],
)
def test_a_batch_that_cannot_be_read_is_an_error(body: Any) -> None:
    client, _ = graph(response(200, body))

    with pytest.raises(UnexpectedAnswer):
        client.batch([BatchRequest(id="a", path="/a")])
