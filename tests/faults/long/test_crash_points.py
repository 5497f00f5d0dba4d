"""The app dies at every request that changes something, in every flow: everything comes right by itself."""

import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.exhaustive import IS_FULL
from tests.faults.lab.crashes import Point, crash
from tests.faults.lab.flows import FLOWS, Bases, Flow
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab, Site, opened_lab
from tests.faults.lab.report import Budget, drawn, tell, tell_progress

_LABS = 2
_FIXPOINT_EVERY = 1 if IS_FULL else 6


@pytest.mark.timeout(4 * 3600)
def test_a_crash_at_any_request_is_healed(site: Site) -> None:
    budget = Budget.of("crash points")
    local = threading.local()
    opened: list[Lab] = []
    with ThreadPoolExecutor(_LABS) as pool:
        labs = [opened_lab(site) for _ in range(_LABS)]
        try:
            opened.extend(lab.__enter__() for lab in labs)
            free = list(opened)

            def mine() -> tuple[Lab, Bases]:
                if not hasattr(local, "lab"):
                    local.lab = free.pop()
                    local.bases = Bases(local.lab)
                return local.lab, local.bases

            counts = dict(
                zip(FLOWS, pool.map(lambda flow: len(crash(*mine(), flow, 0, When.AFTER).seen), FLOWS), strict=True)
            )
            asked = drawn("crash points", _each(counts))

            def tried(place: int) -> Point | None:
                if place and budget.is_spent:
                    return None
                flow, at, when = asked[place]
                return crash(*mine(), flow, at, when, thorough=place % _FIXPOINT_EVERY == 0)

            points = [it for it in pool.map(tried, range(len(asked))) if it is not None]
        finally:
            for lab in labs:
                lab.__exit__(None, None, None)
    _told(points, len(asked), budget)
    broken = [str(it) for it in points if it.breaks]
    assert points
    assert not broken, "\n".join(broken)


def _each(counts: dict[Flow, int]) -> Iterator[tuple[Flow, int, When]]:
    """Before and after every request of every flow."""
    for flow, count in counts.items():
        yield from ((flow, at, when) for at in range(1, count + 1) for when in When)


def _told(points: list[Point], asked: int, budget: Budget) -> None:
    tell_progress("crash points", len(points), asked, budget)
    for flow in FLOWS:
        own = [it for it in points if it.flow == flow.name and it.fired]
        if own:
            late = sum(1 for it in own if it.rounds - it.repeated > 1)
            again = sum(1 for it in own if it.repeated)
            tell(f"  {flow.name}: {len(own)} points; {again} asked the user again, {late} took more than five minutes")
