"""What is retried, after which wait, and what is left to the caller."""

import pytest

from shared.http.client import Unreachable
from shared.microsoft.graph import (
    Throttled,
    TokenRejected,
    Transient,
)
from tests.shared.microsoft.graph.replies import Thing, graph, page, response


def test_short_waits_are_waited_out_and_long_ones_are_raised() -> None:
    slept: list[float] = []
    client, _ = graph(response(429, {}, retry_after="3"), page("a"), slept=slept)
    assert len(list(client.items("/things", type=Thing))) == 1
    assert slept == [3.0]

    impatient, http = graph(response(429, {}, retry_after="300"), page("a"))
    with pytest.raises(Throttled) as caught:
        list(impatient.items("/things", type=Thing))
    assert (caught.value.wait_s, len(http.requests)) == (300.0, 1)


def test_transient_faults_are_retried_with_growing_pauses_and_then_raised() -> None:
    slept: list[float] = []
    client, http = graph(response(500), Unreachable("x"), response(503), response(500), slept=slept)

    with pytest.raises(Transient):
        list(client.items("/things", type=Thing))
    assert len(http.requests) == 4
    assert all(low <= pause <= high for pause, low, high in zip(slept, (0.5, 1, 2), (1, 2, 4), strict=True))


def test_a_rejected_token_is_renewed_once() -> None:
    client, http = graph(response(401), page("a"))
    assert len(list(client.items("/things", type=Thing))) == 1
    assert [it["Authorization"] for it in http.headers] == ["Bearer token-0", "Bearer token-1"]

    rejected, _ = graph(response(401), response(401))
    with pytest.raises(TokenRejected):
        list(rejected.items("/things", type=Thing))
