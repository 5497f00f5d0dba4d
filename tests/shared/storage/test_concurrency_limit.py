"""What one writer has on its way to storage is as much as storage answers at once."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event

import pytest

from shared.storage.concurrency_limit import AdaptiveConcurrencyLimit


class Time:
    now = 100.0

    def __call__(self) -> float:
        return self.now


def settled_rows(takes_s: Callable[[int], float]) -> int:
    """The rows on their way after a fence and many rounds of full transactions, as many as may go."""
    time = Time()
    limit = AdaptiveConcurrencyLimit(time)
    with limit.acquire(1):
        time.now += takes_s(1)
    for _ in range(50):
        with ExitStack() as on_way:
            rows = [on_way.enter_context(limit.acquire(100))]
            while len(rows) < 4 and sum(rows) + 100 <= limit.max_rows:
                rows.append(on_way.enter_context(limit.acquire(100)))
            time.now += takes_s(sum(rows))
    return sum(rows)


def test_the_first_transaction_may_be_full() -> None:
    with AdaptiveConcurrencyLimit().acquire(100) as rows:
        assert rows == 100


def test_a_transaction_is_never_larger_than_what_is_wanted() -> None:
    with AdaptiveConcurrencyLimit().acquire(3) as rows:
        assert rows == 3


def test_where_rows_are_taken_one_after_the_other_so_many_go_as_are_taken_in_time() -> None:
    assert settled_rows(lambda rows: 0.002 + rows / 21000) == 300  # 15 ms, and the shortest way


def test_where_storage_is_quick_four_full_transactions_go_at_once() -> None:
    assert settled_rows(lambda _rows: 0.005) == 400


def test_an_overloaded_storage_still_gets_one_full_transaction() -> None:
    """Its answers take long because others ask; more and smaller requests would only add to that."""
    assert settled_rows(lambda _rows: 60.0) == 100


def test_a_long_way_to_storage_is_nobody_elses_wait() -> None:
    assert settled_rows(lambda rows: 0.020 + rows / 21000) == 300


def test_a_transaction_waits_until_there_is_room_for_it() -> None:
    time = Time()
    limit, began, may_end = AdaptiveConcurrencyLimit(time), Event(), Event()

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


def test_a_transaction_that_fails_gives_its_room_back() -> None:
    limit = AdaptiveConcurrencyLimit()

    with pytest.raises(ZeroDivisionError), limit.acquire(100):
        raise ZeroDivisionError

    with limit.acquire(100):
        pass


@pytest.mark.parametrize("seconds", [0.002, 0.02, 0.034])
def test_small_transactions_that_are_answered_in_time_do_not_close_the_window(seconds: float) -> None:
    time = Time()
    limit = AdaptiveConcurrencyLimit(time)
    for _ in range(20):
        with limit.acquire(1):
            time.now += seconds

    with limit.acquire(100) as rows:
        assert rows == 100


def test_a_small_transaction_that_takes_long_closes_the_window_like_a_large_one() -> None:
    time = Time()
    limit = AdaptiveConcurrencyLimit(time)
    for _ in range(20):
        with limit.acquire(100):
            time.now += 0.001
    assert limit.max_rows > 100
    for _ in range(20):
        with limit.acquire(2):
            time.now += 0.5

    assert limit.max_rows == 100
