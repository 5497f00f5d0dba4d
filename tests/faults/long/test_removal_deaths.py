"""The app dies at any request of a CSP's removal that reaches Microsoft: no role of ours survives it."""

from collections.abc import Iterator

import pytest

from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.removals import STATUSES, places, removal_with
from tests.faults.lab.report import tell


@pytest.fixture
def bases(lab: Lab) -> Iterator[Bases]:
    yield Bases(lab)
    lab.microsoft.world.clear_faults()


@pytest.mark.timeout(3600)
@pytest.mark.parametrize("status", STATUSES)
def test_no_role_of_ours_survives_a_death_at_any_request_of_a_csps_removal(
    lab: Lab, bases: Bases, status: int | None
) -> None:
    flow = removal_with(status)
    at_microsoft = places(crash(lab, bases, flow, 0, When.AFTER).seen)
    tried = [crash(lab, bases, flow, at, when) for at in at_microsoft for when in When]

    tell(f"{flow.name}: {sum(it.fired for it in tried)} deaths at requests to Microsoft")
    assert [str(it) for it in tried if it.breaks] == []
    assert all(it.fired for it in tried)
    assert len(at_microsoft) >= 9  # the partner's tokens; of both customers a token, roles, consent and proof
