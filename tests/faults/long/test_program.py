"""The app killed as a program (`python -m local.host`) leaves what the quickly started one leaves, and heals too."""

from itertools import product
from pathlib import Path

import pytest

from local.ports import free_ports
from tests.faults.lab.app import Died, wait_until
from tests.faults.lab.flows import FLOWS, Bases, Case
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.report import Budget
from tests.faults.lab.rules import always
from tests.faults.lab.soak import Program, client
from tests.stored import Store

MAP = next(flow for flow in FLOWS if flow.name == "map")
ASKED = 4  # requests until the map is answered, with those that make a queue


def _shape(store: Store) -> list[tuple[str, str]]:
    """Which rows there are, without what differs from run to run."""
    kinds = [(table, key[1].split(":")[0]) for table, rows in store.tables.items() for key in rows]
    return sorted(it for it in kinds if it[0] != "callbacks")


@pytest.mark.timeout(1800)
def test_a_program_dies_and_heals_as_the_quick_one_does(lab: Lab, tmp_path: Path) -> None:
    for at, when in Budget.of("programs").of_cases("programs", product(range(1, ASKED), When)):
        _dies_and_heals(lab, tmp_path, at, when)


def _dies_and_heals(lab: Lab, folder: Path, at: int, when: When) -> None:
    bases = Bases(lab)
    quick, case = bases.begin("integrated")
    before = lab.storage.read(queues=False)
    lab.switch.arm(at, when)
    with pytest.raises(Died):
        MAP.do(quick, case)
    lab.switch.disarm()
    seen, left = lab.switch.seen, _shape(lab.storage.read(queues=False))

    env = lab.begin_elsewhere(before)
    program = Program(env, free_ports(1)[0], folder / f"host-{at}-{when.name}.log")
    try:
        portal = client(program, lab.identity, lab.microsoft)
        lab.switch.pid = program.pid
        lab.switch.arm(at, when)
        with pytest.raises(OSError, match="onnection"):
            MAP.do(portal, Case(tenant=case.tenant, organization=case.organization))
        lab.switch.disarm()
        assert lab.switch.seen == seen
        assert _shape(lab.storage.read(queues=False)) == left
        assert always(lab.storage.read(queues=False), lab.canaries()) == []
        program.again()
        if not lab.storage.read(queues=False).documents("map"):
            MAP.do(
                portal, Case(tenant=case.tenant, organization=case.organization)
            )  # nothing was told, and the user tries again
        program.fire_timer("reconcile_timer")
        assert wait_until(lambda: MAP.is_done(portal, case), 90)
    finally:
        program.kill()
