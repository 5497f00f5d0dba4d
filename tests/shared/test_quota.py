"""So many a minute and key, and no more."""

import pytest

from shared.errors import TooManyRequests
from shared.quota import Quota


def test_a_rate_lets_through_so_many_a_minute_and_says_how_long_to_wait() -> None:
    now = [0.0]
    quota = Quota(lambda: now[0])
    for _ in range(3):
        quota.take("a", 3)
    quota.take("b", 3)

    with pytest.raises(TooManyRequests) as caught:
        quota.take("a", 3)
    now[0] = 61.0
    quota.take("a", 3)

    assert caught.value.wait_s == 60.0


def test_a_rate_forgets_when_there_are_too_many_keys() -> None:
    quota = Quota(lambda: 0.0)
    for number in range(10_002):
        quota.take(str(number), 1)
    quota.take("0", 1)
