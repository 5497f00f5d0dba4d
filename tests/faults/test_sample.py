"""A sample of every kind of fault test, for every day; `make faults` runs many more."""

import pytest

from tests.faults.lab.app import Died
from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import FLOWS, Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab

FLOW = {flow.name: flow for flow in FLOWS}


@pytest.fixture(scope="module")
def bases(lab: Lab) -> Bases:
    return Bases(lab)


def test_the_switch_kills_at_the_request_it_is_told(lab: Lab, bases: Bases) -> None:
    portal, case = bases.begin("integrated")
    lab.switch.arm(3, When.BEFORE)
    with pytest.raises(Died):
        FLOW["map"].do(portal, case)
    kept = len(lab.storage.read().documents("map"))
    lab.switch.disarm()
    lab.restart()
    lab.switch.arm(3, When.AFTER)
    with pytest.raises(Died):
        FLOW["map"].do(portal, case)
    lab.switch.disarm()
    lab.restart()

    assert (kept, len(lab.storage.read().documents("map"))) == (0, 2)
    assert lab.switch.fired
    assert lab.switch.seen[2] == "Table control audit,map,organization,outbox,tenant"


@pytest.mark.parametrize(
    ("flow", "at", "when"),
    [
        ("integrate", 4, When.AFTER),
        ("integrate", 12, When.AFTER),
        ("map", 3, When.AFTER),
        ("map", 8, When.BEFORE),
        ("unmap", 1, When.AFTER),
        ("sync", 2, When.AFTER),
    ],
)
def test_a_crash_is_healed(lab: Lab, bases: Bases, flow: str, at: int, when: When) -> None:
    point = crash(lab, bases, FLOW[flow], at, when)

    assert point.fired
    assert point.breaks == []
