"""Asset links agree with a slow and obvious plan on five thousand fleets, and hold their promises in two thousand."""

from tests.domain.assets.agreement import assert_fleets_agree
from tests.domain.assets.test_histories import assert_history
from tests.faults.lab.report import SEED


def test_links_agree_on_five_thousand_fleets() -> None:
    assert_fleets_agree(range(SEED, SEED + 5_000))


def test_promises_hold_in_two_thousand_histories() -> None:
    for seed in range(SEED, SEED + 2_000):
        assert_history(seed)
