"""A user sync through any sequence of what may happen, with deaths at any write: it ends as if nobody had died."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.lab.lab import Lab, Site, opened_lab
from tests.faults.lab.report import IS_RELEASE, Budget, chance, tell, tell_progress
from tests.faults.lab.user_syncs import Ends, UserSyncCourse

_LABS = 2
_COURSES = 200 if IS_RELEASE else 30  # of each laboratory
_STEPS = 10


@pytest.mark.timeout(4 * 3600)
def test_a_user_sync_ends_as_if_no_process_had_died(site: Site) -> None:
    budget, ends = Budget.of("user syncs"), [Ends() for _ in range(_LABS)]

    def follow(lab: Lab, number: int) -> int:
        """Course after course while there is time; returns the number of steps."""
        dice, steps = chance(f"user syncs {number}"), 0
        for _ in range(_COURSES):
            course = UserSyncCourse(lab, dice, ends[number])
            for _ in range(_STEPS):
                course.step()
                steps += 1
                if ends[number].breaks or budget.is_spent:
                    return steps
        return steps

    with ThreadPoolExecutor(_LABS) as pool, opened_lab(site) as first, opened_lab(site) as second:
        steps = sum(pool.map(follow, (first, second), range(_LABS)))
    drawn = sum((it.drawn for it in ends), start=ends[0].drawn.__class__())
    tell_progress("user syncs", steps, _LABS * _COURSES * _STEPS, budget)
    tell(f"  {sum(it.deaths for it in ends)} deaths; {', '.join(f'{name} {number}' for name, number in drawn.items())}")
    breaks = [broken for it in ends for broken in it.breaks]
    assert not breaks, "\n".join(breaks)
    assert sum(it.deaths for it in ends) > 0
