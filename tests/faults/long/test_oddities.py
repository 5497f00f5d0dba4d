"""Every field of every answer to every request that a sync, a CSP's check and an onboarding make, odd in every way."""

import random

import pytest

from tests.faults.lab.odd_course import (
    NULL_IS_A_WORD,
    WITHOUT_THEM_NOTHING,
    begin_csp,
    begin_sync,
    is_all_or_nothing,
    is_microsofts_word,
    walk,
)
from tests.faults.lab.oddities import Listener, Place, rounds
from tests.faults.lab.report import IS_FULL, Budget, tell
from tests.flows.portal import Portal

_BOUND_S = 60.0  # of each


def _told(what: str, listener: Listener, places: list[Place], tried: int, broke: int, seconds: int) -> None:
    requests = {(it.seen.host, it.seen.method, it.seen.path) for it in places}
    fields = {it.oddity.owner for it in places}
    tell(
        f"odd {what}: {len(listener.requests)} requests known, {len(requests)} of them with {len(fields)} fields and "
        f"{len(places)} odd values; {tried} shown, {broke} broke, {seconds} s"
    )


@pytest.mark.timeout(4 * 3600)
def test_every_odd_answer_to_a_sync_costs_itself_and_heals(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget(_BOUND_S), begin_sync(portal, monkeypatch)
    places = [it for it in course.listener.places(each=IS_FULL) if not is_all_or_nothing(it)]
    random.Random(20_261_128).shuffle(places)

    walk(rounds(places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told(
        f"syncs {dict(course.tried)}", course.listener, places, course.tried.total(), len(course.breaks), budget.seconds
    )
    assert not course.breaks, "\n".join(course.breaks)
    assert not IS_FULL or course.tried.total() >= len(places) * 0.9


@pytest.mark.timeout(4 * 3600)
def test_what_is_all_or_nothing_keeps_what_was_known(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget(_BOUND_S), begin_sync(portal, monkeypatch)
    places = [it for it in course.listener.places() if is_all_or_nothing(it) and not is_microsofts_word(it)]

    walk(([it] for it in places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told(
        f"all or nothing {dict(course.tried)}",
        course.listener,
        places,
        course.tried.total(),
        len(course.breaks),
        budget.seconds,
    )
    for owner, reason in (WITHOUT_THEM_NOTHING | NULL_IS_A_WORD).items():
        tell(f"all or nothing: {owner}: {reason}")
    assert not course.breaks, "\n".join(course.breaks)


@pytest.mark.timeout(4 * 3600)
def test_every_odd_answer_to_a_csp_costs_itself_and_heals(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    budget, course = Budget(_BOUND_S), begin_csp(portal, monkeypatch)
    places = [it for it in course.listener.places() if not is_all_or_nothing(it)]
    random.Random(20_261_128).shuffle(places)

    walk(rounds(places), course.round, lambda: budget.is_spent or len(course.breaks) > 40)

    _told(
        f"CSP checks {dict(course.tried)}",
        course.listener,
        places,
        course.tried.total(),
        len(course.breaks),
        budget.seconds,
    )
    assert not course.breaks, "\n".join(course.breaks)
