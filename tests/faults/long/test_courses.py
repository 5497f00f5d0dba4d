"""A user sync and asset links through any sequence of what may happen, with deaths at any write and others in between.

They end as if nobody had died, and from every end a run that plans anew changes nothing.
"""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.faults.lab.asset_courses import AssetCourse
from tests.faults.lab.courses import Ends
from tests.faults.lab.lab import Lab, Site, opened_lab
from tests.faults.lab.report import IS_RELEASE, Budget, chance, tell, tell_progress
from tests.faults.lab.user_syncs import UserSyncCourse

_LABS = 2
_COURSES = 200 if IS_RELEASE else 15  # of each laboratory
_STEPS = 20  # of one course: about as many as there are scenes


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize(("kind", "name"), [(UserSyncCourse, "user syncs"), (AssetCourse, "asset links")])
def test_every_course_ends_as_if_no_process_had_died(
    site: Site, kind: type[UserSyncCourse | AssetCourse], name: str
) -> None:
    budget, ends = Budget.of(name), [Ends() for _ in range(_LABS)]

    def follow(lab: Lab, number: int) -> int:
        """Course after course while there is time; returns the number of steps."""
        dice, steps = chance(f"{name} {number}"), 0
        for _ in range(_COURSES):
            course = kind(lab, dice, ends[number])
            for _ in range(_STEPS):
                course.step()
                steps += 1
                if ends[number].breaks or budget.is_spent:
                    return steps
        return steps

    with ThreadPoolExecutor(_LABS) as pool, opened_lab(site) as first, opened_lab(site) as second:
        steps = sum(pool.map(follow, (first, second), range(_LABS)))
    drawn = sum((it.drawn for it in ends), start=ends[0].drawn.__class__())
    deaths, meanwhile = sum(it.deaths for it in ends), sum(it.meanwhile for it in ends)
    tell_progress(name, steps, _LABS * _COURSES * _STEPS, budget)
    tell(f"  {deaths} deaths, {meanwhile} met; {', '.join(f'{it} {number}' for it, number in drawn.items())}")
    breaks = [broken for it in ends for broken in it.breaks]
    assert not breaks, "\n".join(breaks)
    assert deaths + meanwhile > 0
