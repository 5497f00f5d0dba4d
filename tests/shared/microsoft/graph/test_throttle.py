"""The throttle of one service of one tenant: a limit that one response names holds for all requests (P10, I20)."""

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Event
from typing import Any

import pytest

from shared.microsoft.graph import BatchRequest, Graph, ServiceDown, Throttle, Throttled, Transient
from tests.shared.microsoft.graph.scripted import (
    ROOT,
    Reply,
    Scripted,
    Thing,
    Time,
    batch_reply,
    graph,
    in_turn,
    page,
    reply,
    requests_of,
)

ENOUGH_S = 20.0


def throttle(time: Time, **limits: int) -> Throttle:
    return Throttle(monotonic=lambda: time.now, **limits)


def test_no_request_leaves_before_retry_after() -> None:
    time = Time()
    shared = throttle(time)
    shared.block_for(12.0)

    assert shared.pause_s(ENOUGH_S) == 12.0
    time.now = 11.0
    assert shared.pause_s(ENOUGH_S) == 1.0
    time.now = 12.0
    assert shared.pause_s(ENOUGH_S) == 0.0


def test_the_longest_of_several_blocks_counts() -> None:
    time = Time()
    shared = throttle(time)
    shared.block_for(12.0)
    shared.block_for(3.0)

    assert shared.pause_s(ENOUGH_S) == 12.0


def test_a_wait_longer_than_the_caller_has_is_raised() -> None:
    time = Time()
    shared = throttle(time)
    shared.block_for(300.0)

    with pytest.raises(Throttled) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s == 300.0


@pytest.mark.parametrize(
    ("share", "apart_s"),
    [("0.79", 0.0), ("0.80", 1.0), ("0.99", 1.0), ("1.00", 2.0), ("1.80", 2.0), ("much", 0.0), ("", 0.0)],
)
def test_requests_are_spaced_out_when_most_of_the_limit_is_used(share: str, apart_s: float) -> None:
    time = Time()
    shared = throttle(time)
    shared.pause_s(ENOUGH_S)
    shared.record_success({"x-ms-throttle-limit-percentage": share})

    def left_at() -> float:
        while pause_s := shared.pause_s(ENOUGH_S):
            time.now += pause_s
        return time.now

    assert [left_at() for _ in range(3)] == [apart_s, 2 * apart_s, 3 * apart_s]


def test_a_rate_limited_service_is_not_slowed_by_its_usage() -> None:
    shared = throttle(Time(), is_rate_limited=True)
    shared.pause_s(ENOUGH_S)
    shared.record_success({"x-ms-throttle-limit-percentage": "1.00"})

    assert shared.pause_s(ENOUGH_S) == 0.0


def test_after_ten_seconds_without_a_warning_requests_go_as_before() -> None:
    time = Time()
    shared = throttle(time)
    shared.record_success({"x-ms-throttle-limit-percentage": "0.9"})
    time.now = 10.0

    assert [shared.pause_s(ENOUGH_S) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_failures_in_a_row_end_it_and_a_success_between_them_does_not() -> None:
    shared = throttle(Time(), failures=3)
    shared.record_failure()
    shared.record_failure()
    shared.record_success({})
    shared.record_failure()
    shared.record_failure()
    assert shared.pause_s(ENOUGH_S) == 0.0

    shared.record_failure()

    with pytest.raises(ServiceDown) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s is None


def test_a_service_that_is_down_still_names_its_retry_after() -> None:
    shared = throttle(Time(), failures=1)
    shared.block_for(90.0)
    shared.record_failure()

    with pytest.raises(ServiceDown) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s == 90.0


def test_what_throttles_one_call_holds_up_the_next_one() -> None:
    time = Time()
    shared = throttle(time)
    first, _, _ = graph(in_turn(reply({}, 429, retry_after="9")), throttle=shared, clock=time, tries=1)
    second, _, _ = graph(in_turn(page("a")), throttle=shared, clock=time)

    with pytest.raises(Throttled):
        first.get("/a", type=Thing)
    list(second.items("/b", type=Thing))

    assert time.now == 9.0


def test_a_service_that_fails_for_one_client_gets_no_requests_of_others() -> None:
    time = Time()
    shared = throttle(time)
    first, sent, _ = graph(lambda *_: reply({}, 503), throttle=shared, clock=time)
    second, spared, _ = graph(in_turn(), throttle=shared, clock=time)

    for _ in range(2):
        with pytest.raises(Transient):
            first.get("/a", type=Thing)
    with pytest.raises(ServiceDown):
        second.get("/b", type=Thing)

    assert (len(sent.urls), spared.urls) == (5, [])


class Watched(Time):
    """A clock that only sleeping moves; each sleep calls the next function first."""

    def __init__(self, *meanwhile: Callable[[], None]) -> None:
        super().__init__()
        self.meanwhile = list(meanwhile)

    def sleep(self, seconds: float) -> None:
        if self.meanwhile:
            self.meanwhile.pop(0)()
        super().sleep(seconds)


def leaving(
    time: Time, answer: Callable[[int, str, Any], Reply]
) -> tuple[list[float], Callable[[int, str, Any], Reply]]:
    """When each request left, and the answers."""
    left: list[float] = []

    def recording(number: int, url: str, body: Any) -> Reply:
        left.append(time.now)
        return answer(number, url, body)

    return left, recording


def test_the_throttle_is_checked_again_after_a_wait() -> None:
    time = Watched(lambda: shared.block_for(7.0), lambda: shared.block_for(9.0))
    shared = throttle(time)
    shared.block_for(5.0)
    left, answer = leaving(time, in_turn(page("a")))
    client, _, _ = graph(answer, throttle=shared, clock=time)

    list(client.items("/a", type=Thing))

    assert left == [14.0]  # blocked for 7 s at the beginning, and for 9 s five seconds later


def test_a_service_that_is_blocked_again_and_again_costs_a_call_no_more_than_its_time() -> None:
    time = Watched(*[lambda: shared.block_for(30.0)] * 10)  # half of it is over when the rest is
    shared = throttle(time)
    shared.block_for(15.0)
    client, http, _ = graph(in_turn(page("a")), throttle=shared, clock=time, call_s=40.0)

    with pytest.raises(Throttled) as caught:
        list(client.items("/a", type=Thing))

    assert (http.urls, time.now <= 40.0) == ([], True)
    assert caught.value.wait_s == 15.0


def test_the_throttle_is_checked_again_after_waiting_for_a_turn() -> None:
    time = Time()
    shared = throttle(time)
    left, answer = leaving(time, in_turn(page("a")))

    @contextmanager
    def turn() -> Iterator[None]:
        if not time.now:
            shared.block_for(8.0)
            time.sleep(3.0)
        yield

    client = Graph(
        root=ROOT, http_client=Scripted(answer), token=lambda _: "t", throttle=shared, turn=turn,  # type: ignore[arg-type]
        sleep=time.sleep, monotonic=lambda: time.now,
    )  # fmt: skip

    list(client.items("/a", type=Thing))

    assert left == [8.0]


def test_a_part_that_is_throttled_in_one_threads_batch_holds_up_all_other_threads() -> None:
    rests, may_go_on = Event(), Event()

    def pause() -> None:
        rests.set()
        assert may_go_on.wait(30)

    time = Watched(pause)
    shared = throttle(time)
    answers = lambda number, _url, body: batch_reply(body, lambda _: 200 if number else 429, Retry_After="9")  # noqa: E731
    reader, _, _ = graph(answers, throttle=shared, clock=time)
    left, answer = leaving(time, lambda *_: page("b"))
    other, _, _ = graph(answer, throttle=shared, clock=time)

    with ThreadPoolExecutor(1) as thread:
        batch = thread.submit(reader.batch, requests_of(3))
        try:
            assert rests.wait(30)
            list(other.items("/b", type=Thing))  # while the first one rests
        finally:
            may_go_on.set()
        assert {it.status for it in batch.result(30).values()} == {200}

    assert left == [9.0]


def test_in_a_mixed_batch_a_429_blocks_its_own_service_and_no_other() -> None:
    time = Time()
    directory, intune = throttle(time), throttle(time)
    throttled = lambda _n, _u, body: batch_reply(body, lambda it: 429 if it == "managed" else 200, Retry_After="300")  # noqa: E731
    client, _, _ = graph(throttled, throttle=directory, clock=time)

    answers = client.batch([BatchRequest("users", "/users"), BatchRequest("managed", "/managed", throttle=intune)])

    assert {name: it.status for name, it in answers.items()} == {"users": 200, "managed": 429}
    assert directory.pause_s(ENOUGH_S) == 0.0
    with pytest.raises(Throttled) as caught:
        intune.pause_s(ENOUGH_S)
    assert caught.value.wait_s == 300.0


def test_a_batch_respects_the_throttle_of_each_of_its_services() -> None:
    time = Time()
    directory, intune, score = throttle(time), throttle(time), throttle(time)
    intune.block_for(4.0)
    score.block_for(500.0)
    left, answer = leaving(time, lambda _n, _u, body: batch_reply(body, lambda _: 200))
    client, http, _ = graph(answer, throttle=directory, clock=time)

    mixed = [BatchRequest("u", "/u"), BatchRequest("m", "/m", throttle=intune), BatchRequest("s", "/s", throttle=score)]
    answers = client.batch(mixed)

    assert left == [4.0]
    assert (answers["u"].status, answers["m"].status) == (200, 200)
    error = answers["s"].error  # not sent at all, because of the Retry-After
    assert isinstance(error, Throttled)
    assert 496.0 <= (error.wait_s or 0.0) <= 500.0
    assert len(http.urls) == 1


def test_the_next_part_of_a_batch_waits_for_the_retry_after_of_the_one_before() -> None:
    time = Time()
    left, answer = leaving(
        time, lambda n, _u, body: batch_reply(body, lambda _: 429 if n < 2 else 200, Retry_After="6")
    )
    client, _, _ = graph(answer, throttle=throttle(time), clock=time)

    assert {it.status for it in client.batch(requests_of(20)).values()} == {200}
    assert left[:3] == [0.0, 6.0, 12.0]
