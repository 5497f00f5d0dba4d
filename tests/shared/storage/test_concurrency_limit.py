"""One writer has as many rows in flight as storage writes in time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from shared.storage.concurrency_limit import AdaptiveConcurrencyLimit, RequestCounter


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def settled_rows(takes_s: Callable[[int], float]) -> int:
    """The rows in flight after one small write and many rounds of as many full transactions as may be sent."""
    time = Time()
    limit = AdaptiveConcurrencyLimit(monotonic=time)
    with limit.acquire(1):
        time.now += takes_s(1)
    for _ in range(50):
        with ExitStack() as in_flight:
            rows = [in_flight.enter_context(limit.acquire(100))]
            while len(rows) < 4 and sum(rows) + 100 <= limit.max_rows:
                rows.append(in_flight.enter_context(limit.acquire(100)))
            time.now += takes_s(sum(rows))
    return sum(rows)


def test_the_first_transaction_may_be_full() -> None:
    with AdaptiveConcurrencyLimit().acquire(100) as rows:
        assert rows == 100


def test_a_transaction_is_never_larger_than_requested() -> None:
    with AdaptiveConcurrencyLimit().acquire(3) as rows:
        assert rows == 3


def test_serial_storage_gets_as_many_rows_as_it_writes_in_time() -> None:
    assert settled_rows(lambda rows: 0.002 + rows / 21000) == 200  # 10 ms and the shortest round trip


def test_fast_storage_gets_four_full_transactions_at_once() -> None:
    assert settled_rows(lambda _rows: 0.005) == 400


def test_an_overloaded_storage_still_gets_one_full_transaction() -> None:
    """Its responses are slow because of other requests; smaller transactions would not help."""
    assert settled_rows(lambda _rows: 60.0) == 100


def test_a_long_round_trip_does_not_count_as_a_wait() -> None:
    assert settled_rows(lambda rows: 0.020 + rows / 21000) == 200


def test_a_transaction_waits_until_there_is_room_for_it() -> None:
    time = Time()
    limit, began, may_end = AdaptiveConcurrencyLimit(monotonic=time), Event(), Event()

    def write(rows: int) -> None:
        with limit.acquire(rows):
            began.set()
            assert may_end.wait(10)

    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(write, 100)
        assert began.wait(10)
        began.clear()
        second = pool.submit(write, 1)
        assert not began.wait(0.2)
        may_end.set()
        first.result(10)
        second.result(10)
    assert began.is_set()


def test_a_transaction_that_fails_releases_its_room() -> None:
    limit = AdaptiveConcurrencyLimit()

    with pytest.raises(ZeroDivisionError), limit.acquire(100):
        raise ZeroDivisionError

    with limit.acquire(100):
        pass


@pytest.mark.parametrize("seconds", [0.002, 0.02, 0.034])
def test_small_transactions_that_finish_in_time_do_not_lower_the_limit(seconds: float) -> None:
    time = Time()
    limit = AdaptiveConcurrencyLimit(monotonic=time)
    for _ in range(20):
        with limit.acquire(1):
            time.now += seconds

    with limit.acquire(100) as rows:
        assert rows == 100


def test_a_slow_small_transaction_lowers_the_limit_like_a_large_one() -> None:
    time = Time()
    limit = AdaptiveConcurrencyLimit(monotonic=time)
    for _ in range(20):
        with limit.acquire(100):
            time.now += 0.001
    assert limit.max_rows > 100
    for _ in range(20):
        with limit.acquire(2):
            time.now += 0.5

    assert limit.max_rows == 100


def pauses_s(*takes_s: float, others: int = 1, between_s: float = 0.0) -> list[float]:
    """The pauses before each transaction that follows one that took so long, while others sent so many requests."""
    time, requests, slept = Time(), RequestCounter(), list[float]()
    limit = AdaptiveConcurrencyLimit(requests, time, slept.append)
    for seconds in (*takes_s, 0.0):
        with limit.acquire(100):
            requests.sent += 1 + others
            time.now += seconds
        time.now += between_s
    return [round(it, 4) for it in slept]


def test_after_a_slow_response_others_get_as_much_time() -> None:
    assert pauses_s(0.002, 0.040) == [0.038]


def test_the_longest_pause_is_a_twentieth_of_a_second() -> None:
    assert pauses_s(0.002, 5.0) == [0.050]


def test_after_a_response_in_time_nobody_needs_a_pause() -> None:
    assert pauses_s(0.002, 0.011) == []


def test_a_writer_that_is_alone_never_pauses() -> None:
    assert pauses_s(0.002, 0.040, others=0) == []


def test_time_that_passed_by_itself_counts_as_pause() -> None:
    assert pauses_s(0.002, 0.040, between_s=0.030) == [0.008]
