"""Every pair of things that can be done, at the same moment, in two processes: no invariant breaks."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.faults.lab.lab import Site, opened_lab
from tests.faults.lab.races import PAIRS, Action, Arena, Raced
from tests.faults.lab.report import IS_RELEASE, Budget, tell

_LABS = 2
_BOUND_S = 220.0
_RUNS = 50 if IS_RELEASE else 10


@pytest.mark.timeout(6 * 3600)
def test_no_pair_breaks_an_invariant(site: Site) -> None:
    budget = Budget(_BOUND_S)
    with ExitStack() as stack, ThreadPoolExecutor(_LABS) as pool:
        arenas = [Arena(stack.enter_context(opened_lab(site)), seed) for seed in range(_LABS)]
        shares = [PAIRS[place::_LABS] for place in range(_LABS)]
        found = pool.map(_raced, arenas, shares, [budget] * _LABS)
        raced = [it for own in found for it in own]
    broken = [it for it in raced if it.breaks]
    runs = [it.runs for it in raced]
    tell(
        f"races: {len(raced)} pairs of {len(PAIRS)}, {sum(runs)} runs ({min(runs)} to {max(runs)} a pair), "
        f"{len(broken)} broke, {budget.seconds} s"
    )
    assert not broken, "\n".join(f"{it.pair}: {it.breaks}" for it in broken)
    assert len(raced) == len(PAIRS)


def _raced(arena: Arena, pairs: Sequence[tuple[Action, Action]], budget: Budget) -> list[Raced]:
    """Each pair gets its part of the time that is left."""
    return [arena.race(*pair, _RUNS, within_s=budget.left_s / (len(pairs) - place)) for place, pair in enumerate(pairs)]
