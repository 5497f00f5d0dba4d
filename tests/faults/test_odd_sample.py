"""A sample of odd answers to what a sync and a CSP's check ask, for every day; `make faults` tries all of them."""

import random

import pytest

from tests.faults.lab.odd_course import begin_csp, begin_sync, is_all_or_nothing, walk
from tests.faults.lab.oddities import rounds
from tests.faults.lab.report import tell
from tests.flows.portal import Portal


def test_odd_answers_to_a_sync_cost_themselves_and_heal(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    course = begin_sync(portal, monkeypatch)
    places = [it for it in course.listener.places() if not is_all_or_nothing(it)]
    random.Random(14).shuffle(places)

    done = walk(rounds(places)[:2], course.round, lambda: False)

    tell(f"odd syncs, a sample: {done} rounds, {dict(course.tried)} of {len(places)}, {len(course.breaks)} broke")
    assert not course.breaks, "\n".join(course.breaks)
    assert len(course.tried) >= 3


def test_odd_answers_to_a_csp_check_cost_themselves_and_heal(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    course = begin_csp(portal, monkeypatch)
    places = [it for it in course.listener.places() if not is_all_or_nothing(it)]
    random.Random(14).shuffle(places)

    done = walk(rounds(places)[:2], course.round, lambda: False)

    tell(f"odd CSP checks, a sample: {done} rounds, {dict(course.tried)} of {len(places)}, {len(course.breaks)} broke")
    assert not course.breaks, "\n".join(course.breaks)
    assert len(course.tried) >= 3
