"""Every pair of things that can be done, at the same moment, in two processes: no invariant breaks."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.exhaustive import IS_FULL
from tests.faults.lab.lab import Site, opened_lab
from tests.faults.lab.races import PAIRS, Action, Arena, Raced
from tests.faults.lab.report import IS_RELEASE, SEED, Budget, drawn, tell, tell_progress

_LABS = 2
_RUNS = 50 if IS_RELEASE else 10


@pytest.mark.timeout(6 * 3600)
def test_no_pair_breaks_an_invariant(site: Site) -> None:
    budget, drawn_pairs = Budget.of("races"), drawn("races", PAIRS)
    with ExitStack() as stack, ThreadPoolExecutor(_LABS) as pool:
        arenas = [Arena(stack.enter_context(opened_lab(site)), SEED + number) for number in range(_LABS)]
        shares = [drawn_pairs[place::_LABS] for place in range(_LABS)]
        found = pool.map(_raced, arenas, shares, [budget] * _LABS)
        raced = [it for own in found for it in own]
    broken = [it for it in raced if it.breaks]
    runs = [it.runs for it in raced]
    tell_progress("races", len(raced), len(PAIRS), budget)
    tell(f"  {sum(runs)} runs ({min(runs)} to {max(runs)} a pair)")
    assert not broken, "\n".join(f"{it.pair}: {it.breaks}" for it in broken)
    assert not IS_FULL or len(raced) == len(PAIRS)


def _raced(arena: Arena, pairs: Sequence[tuple[Action, Action]], budget: Budget) -> list[Raced]:
    """As many pairs as there is time for, each its part of it; one at least."""
    raced = [arena.race(*pairs[0], _RUNS, within_s=budget.left_s / len(pairs))]
    for place, pair in enumerate(pairs[1:], 1):
        if budget.is_spent:
            break
        raced.append(arena.race(*pair, _RUNS, within_s=budget.left_s / (len(pairs) - place)))
    return raced
