"""One tenant's way to one service: what a request learns of a limit holds for all that come after it (P10, I20)."""

import pytest

from shared.graph import Gate, ServiceDown, Throttled, Transient
from tests.shared.graph.test_client import Thing, Time, graph, in_turn, page, told

ENOUGH_S = 20.0


def gate(time: Time, **limits: int) -> Gate:
    return Gate(monotonic=lambda: time.now, **limits)


def test_nobody_asks_inside_a_time_that_throttling_named() -> None:
    time = Time()
    shared = gate(time)
    shared.close(12.0)

    assert shared.pause_s(ENOUGH_S) == 12.0
    time.now = 11.0
    assert shared.pause_s(ENOUGH_S) == 1.0
    time.now = 12.0
    assert shared.pause_s(ENOUGH_S) == 0.0


def test_the_longest_of_several_promises_is_kept() -> None:
    time = Time()
    shared = gate(time)
    shared.close(12.0)
    shared.close(3.0)

    assert shared.pause_s(ENOUGH_S) == 12.0


def test_a_wait_longer_than_the_caller_has_is_told_instead() -> None:
    time = Time()
    shared = gate(time)
    shared.close(300.0)

    with pytest.raises(Throttled) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s == 300.0


@pytest.mark.parametrize(
    ("share", "apart_s"),
    [("0.79", 0.0), ("0.80", 1.0), ("0.99", 1.0), ("1.00", 2.0), ("1.80", 2.0), ("much", 0.0), ("", 0.0)],
)
def test_requests_keep_apart_when_most_of_the_budget_is_used(share: str, apart_s: float) -> None:
    time = Time()
    shared = gate(time)
    shared.pause_s(ENOUGH_S)
    shared.took({"x-ms-throttle-limit-percentage": share})

    assert [shared.pause_s(ENOUGH_S) for _ in range(3)] == [apart_s, 2 * apart_s, 3 * apart_s]


def test_a_service_that_is_asked_at_its_pace_is_not_slowed_by_what_its_few_requests_use() -> None:
    shared = gate(Time(), is_paced=True)
    shared.pause_s(ENOUGH_S)
    shared.took({"x-ms-throttle-limit-percentage": "1.00"})

    assert shared.pause_s(ENOUGH_S) == 0.0


def test_after_ten_seconds_without_a_warning_requests_go_as_before() -> None:
    time = Time()
    shared = gate(time)
    shared.took({"x-ms-throttle-limit-percentage": "0.9"})
    time.now = 10.0

    assert [shared.pause_s(ENOUGH_S) for _ in range(3)] == [0.0, 0.0, 0.0]


def test_failures_in_a_row_end_it_and_a_success_between_them_does_not() -> None:
    shared = gate(Time(), failures=3)
    shared.failed()
    shared.failed()
    shared.took({})
    shared.failed()
    shared.failed()
    assert shared.pause_s(ENOUGH_S) == 0.0

    shared.failed()

    with pytest.raises(ServiceDown) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s is None


def test_a_service_that_is_down_still_tells_the_time_it_named() -> None:
    shared = gate(Time(), failures=1)
    shared.close(90.0)
    shared.failed()

    with pytest.raises(ServiceDown) as caught:
        shared.pause_s(ENOUGH_S)
    assert caught.value.wait_s == 90.0


def test_what_throttles_one_call_holds_up_the_next_one() -> None:
    time = Time()
    shared = gate(time)
    first, _, _ = graph(in_turn(told({}, 429, retry_after="9")), gate=shared, clock=time, tries=1)
    second, _, _ = graph(in_turn(page("a")), gate=shared, clock=time)

    with pytest.raises(Throttled):
        first.get("/a", type=Thing)
    list(second.items("/b", type=Thing))

    assert time.now == 9.0


def test_a_service_that_fails_for_one_is_not_asked_by_others() -> None:
    time = Time()
    shared = gate(time)
    first, asked, _ = graph(lambda *_: told({}, 503), gate=shared, clock=time)
    second, spared, _ = graph(in_turn(), gate=shared, clock=time)

    for _ in range(2):
        with pytest.raises(Transient):
            first.get("/a", type=Thing)
    with pytest.raises(ServiceDown):
        second.get("/b", type=Thing)

    assert (len(asked.urls), spared.urls) == (5, [])
