"""Each part of a batch succeeds, fails or is throttled by itself."""

from typing import Any

import pytest

from shared.http.client import Response
from shared.microsoft.graph import (
    BatchRequest,
    MicrosoftError,
    TokenRejected,
    Transient,
)
from tests.shared.microsoft.graph.scripted import Thing, batch_reply, graph, in_turn, reply, requests_of


def test_parts_that_stay_throttled_go_in_ever_smaller_batches() -> None:
    sizes: list[int] = []

    def answer(number: int, _url: str, body: Any) -> Response:
        sizes.append(len(body["requests"]))
        return batch_reply(body, lambda _: 429 if number < 3 else 200, Retry_After="2")

    client, _, clock = graph(answer)
    answers = client.batch(requests_of(20))

    assert sizes == [20, 10, 10, 5, 5, 5, 5]
    assert clock.now == 6.0  # the second ten wait for the Retry-After of the first ten
    assert sorted(answers) == sorted(it.id for it in requests_of(20))


def test_responses_are_matched_to_requests_in_any_order() -> None:
    client, _, _ = graph(lambda _n, _u, body: batch_reply(body, lambda _: 200))

    answers = client.batch(requests_of(25))

    assert all(answers[f"q{n}"].page(Thing).items[0].id == f"/x/{n}" for n in range(25))


def test_a_part_that_failed_with_its_dependency_is_retried() -> None:
    client, http, _ = graph(lambda number, _u, body: batch_reply(body, lambda _: 424 if number == 0 else 200))

    assert client.batch(requests_of(1))["q0"].status == 200
    assert len(http.urls) == 2


def test_a_part_without_headers_or_body_still_has_a_status() -> None:
    client, _, _ = graph(in_turn(reply({"responses": [{"id": "q0", "status": 404}]})))

    with pytest.raises(MicrosoftError) as caught:
        client.batch(requests_of(1))["q0"].page(Thing)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("status", "kind", "requests"), [(401, TokenRejected, 2), (403, MicrosoftError, 1), (503, Transient, 4)]
)
def test_a_batch_that_is_refused_as_a_whole_raises(status: int, kind: type[Exception], requests: int) -> None:
    client, http, _ = graph(lambda *_: reply({}, status))

    with pytest.raises(kind):
        client.batch(requests_of(1))
    assert len(http.urls) == requests


def test_without_requests_nothing_is_sent() -> None:
    client, http, _ = graph(in_turn())

    assert client.batch([]) == {}
    assert http.urls == []


def test_two_requests_need_two_ids_whatever_their_case() -> None:
    client, _, _ = graph(in_turn())

    with pytest.raises(ValueError, match="same id"):
        client.batch([BatchRequest(id="a", path="/x"), BatchRequest(id="A", path="/y")])


def test_a_part_with_two_responses_or_none_is_retried() -> None:
    malformed = [{"id": "q0", "status": 200}, {"id": "q0", "status": 403}, {"id": "q1", "status": 200}, {"id": "q2"}]
    again = [{"id": "q0", "status": 200}, {"id": "q2", "status": 204}]
    client, http, _ = graph(in_turn(reply({"responses": malformed}), reply({"responses": again})))

    answers = client.batch(requests_of(3))

    assert {name: it.status for name, it in answers.items()} == {"q0": 200, "q1": 200, "q2": 204}
    assert len(http.urls) == 2
