"""The app dies as Partner Center has just answered: what was taken away before stays away, and the rest follows."""

from collections.abc import Iterator

import pytest

from tests.exhaustive import exhaustive
from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.removals import places, removal_with


@pytest.fixture(scope="module")
def bases(lab: Lab) -> Iterator[Bases]:
    yield Bases(lab)
    lab.microsoft.world.clear_faults()


@pytest.mark.parametrize("status", [None, *exhaustive(409)])  # `make faults` has the others
def test_no_role_of_ours_survives_a_death_between_a_customers_roles_and_its_consent(
    lab: Lab, bases: Bases, status: int | None
) -> None:
    flow = removal_with(status)
    seen = crash(lab, bases, flow, 0, When.AFTER).seen
    point = crash(lab, bases, flow, places(seen, "partner DELETE")[0], When.AFTER)

    assert point.fired
    assert point.breaks == []
