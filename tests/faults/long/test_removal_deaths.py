"""The app dies at any request of a CSP's removal that reaches Microsoft: no role of ours survives it."""

from collections.abc import Iterator
from itertools import product

import pytest

from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.removals import STATUSES, places, removal_with
from tests.faults.lab.report import Budget


@pytest.fixture
def bases(lab: Lab) -> Iterator[Bases]:
    yield Bases(lab)
    lab.microsoft.world.clear_faults()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("status", STATUSES)
def test_no_role_of_ours_survives_a_death_at_any_request_of_a_csps_removal(
    lab: Lab, bases: Bases, status: int | None
) -> None:
    budget, flow = Budget.of("removal deaths", parts=len(STATUSES)), removal_with(status)
    at_microsoft = places(crash(lab, bases, flow, 0, When.AFTER).seen)
    cases = budget.of_cases(f"removal deaths, {status}", product(at_microsoft, When))
    tried = [crash(lab, bases, flow, at, when) for at, when in cases]

    assert [str(it) for it in tried if it.breaks] == []
    assert all(it.fired for it in tried)
    assert len(at_microsoft) >= 9  # the partner's tokens; of both customers a token, roles, consent and proof
