"""Every field of every answer to every request that a sync, a CSP's check and an onboarding make, odd in every way."""

import pytest

from tests.exhaustive import IS_FULL
from tests.faults.lab.odd_course import (
    NULL_IS_A_WORD,
    WITHOUT_THEM_NOTHING,
    OddCsp,
    OddSync,
    begin_csp,
    begin_sync,
    is_all_or_nothing,
    is_microsofts_word,
    walk,
)
from tests.faults.lab.oddities import Place, rounds
from tests.faults.lab.report import Budget, drawn, tell, tell_progress
from tests.flows.portal import Portal


def _told(kind: str, course: OddSync | OddCsp, places: list[Place], budget: Budget) -> None:
    requests = {(it.seen.host, it.seen.method, it.seen.path) for it in places}
    fields = {it.oddity.owner for it in places}
    tell_progress(kind, course.tried.total(), len(places), budget)
    tell(
        f"  {len(course.listener.requests)} requests known, {len(requests)} of them with {len(fields)} fields; "
        f"shown {dict(course.tried)}"
    )


@pytest.mark.timeout(4 * 3600)
def test_every_odd_answer_to_a_sync_costs_itself_and_heals(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget.of("odd syncs"), begin_sync(portal, monkeypatch)
    odd = course.listener.places(each=IS_FULL)
    places = drawn("odd syncs", [it for it in odd if not is_all_or_nothing(it)])

    walk(rounds(places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told("odd syncs", course, places, budget)
    assert not course.breaks, "\n".join(course.breaks)
    assert not IS_FULL or course.tried.total() >= len(places) * 0.9


@pytest.mark.timeout(4 * 3600)
def test_what_is_all_or_nothing_keeps_what_was_known(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget.of("all or nothing"), begin_sync(portal, monkeypatch)
    odd = course.listener.places()
    places = drawn("all or nothing", [it for it in odd if is_all_or_nothing(it) and not is_microsofts_word(it)])

    walk(([it] for it in places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told("all or nothing", course, places, budget)
    for owner, reason in (WITHOUT_THEM_NOTHING | NULL_IS_A_WORD).items():
        tell(f"all or nothing: {owner}: {reason}")
    assert not course.breaks, "\n".join(course.breaks)


@pytest.mark.timeout(4 * 3600)
def test_every_odd_answer_to_a_csp_costs_itself_and_heals(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget.of("odd CSP checks"), begin_csp(portal, monkeypatch)
    places = drawn("odd CSP checks", [it for it in course.listener.places() if not is_all_or_nothing(it)])

    walk(rounds(places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told("odd CSP checks", course, places, budget)
    assert not course.breaks, "\n".join(course.breaks)
