"""Requests beyond the rate limit wait for their turn."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from shared.microsoft.rate_limiter import RateLimiter


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 100.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds

    def __call__(self) -> float:
        return self.now


def test_so_many_turns_begin_at_once_and_the_next_ones_wait() -> None:
    time = Time()
    rate_limiter, begun = RateLimiter(time.sleep, time), []

    for _ in range(12):
        with rate_limiter.turn("reports:t", 5, 10.0):
            begun.append(time.now)

    assert begun == [100.0] * 5 + [110.0] * 5 + [120.0] * 2


def test_every_key_has_its_own_turns() -> None:
    time = Time()
    rate_limiter = RateLimiter(time.sleep, time)

    for key in ("a", "b", "c"):
        with rate_limiter.turn(key, 1, 1.0):
            pass

    assert time.now == 100.0


def test_threads_get_different_turns() -> None:
    waits: list[float] = []
    rate_limiter = RateLimiter(waits.append, lambda: 100.0)

    def turn(_: int) -> None:
        with rate_limiter.turn("ca:t", 1, 1.0):
            pass

    with ThreadPoolExecutor(8) as threads:
        list(threads.map(turn, range(8)))

    assert sorted(waits) == [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0]


def test_turns_of_many_keys_are_forgotten_when_they_are_over() -> None:
    time = Time()
    rate_limiter = RateLimiter(time.sleep, time)
    for number in range(10_001):
        with rate_limiter.turn(f"k{number}", 1, 1.0):
            pass

    time.now += 5.0
    with rate_limiter.turn("another", 1, 1.0):
        pass

    assert len(rate_limiter._turns) == 1


def test_requests_stay_apart_however_long_one_of_them_was_on_its_way() -> None:
    time, arrived = Time(), list[float]()
    rate_limiter, on_the_way_s = RateLimiter(time.sleep, time), iter([0.75, 0.0, 2.5, 0.25])

    for _ in range(4):
        with rate_limiter.turn("ca:t", 1, 1.0):
            time.sleep(next(on_the_way_s))
            arrived.append(time.now)

    assert min(later - earlier for earlier, later in itertools.pairwise(arrived)) >= 1.0


def test_a_turn_is_over_when_its_request_has_failed_too() -> None:
    time = Time()
    rate_limiter = RateLimiter(time.sleep, time)

    with pytest.raises(OSError, match="reset"), rate_limiter.turn("ca:t", 1, 1.0):
        raise OSError("reset")
    with rate_limiter.turn("ca:t", 1, 1.0):
        assert time.now == 101.0


def test_one_that_is_still_on_its_way_is_waited_for() -> None:
    time, begun, may_end = Time(), Event(), Event()
    rate_limiter = RateLimiter(time.sleep, time)

    def long() -> None:
        with rate_limiter.turn("ca:t", 1, 1.0):
            begun.set()
            may_end.wait(30)
            time.sleep(5.0)

    def next_one() -> float:
        with rate_limiter.turn("ca:t", 1, 1.0):
            return time.now

    with ThreadPoolExecutor(2) as threads:
        threads.submit(long)
        assert begun.wait(30)
        second = threads.submit(next_one)
        may_end.set()

    assert second.result() == 106.0
