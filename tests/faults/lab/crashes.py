"""Kill the app at one request of a flow, start it again, and look whether everything comes right by itself."""

from collections.abc import Callable
from dataclasses import dataclass, field

from tests.faults.lab.app import Died
from tests.faults.lab.flows import Bases, Case, Flow, settle
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.rules import Break, always, at_rest, differences
from tests.flows.portal import Portal

_PATIENCE = 5  # times five minutes: a run that a dead process holds is free after nine, and has further steps
_LEASES_END = 2  # after so many of them a dead process's messages come back


@dataclass
class Point:
    """One crash point and what came of it. ``rounds`` of five minutes were needed until all was well."""

    flow: str
    at: int
    when: When
    request: str = ""
    fired: bool = False
    rounds: int = 0
    repeated: bool = False
    breaks: list[Break] = field(default_factory=list)
    seen: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        return f"{self.flow} {self.at} {self.when.name} ({self.request}): {'; '.join(map(str, self.breaks))}"


def crash(lab: Lab, bases: Bases, flow: Flow, at: int, when: When, *, thorough: bool = False) -> Point:
    """One try. ``fired`` is False when the flow ended before its n-th request."""
    portal, case = bases.begin(flow.base)
    point = Point(flow.name, at, when)
    lab.switch.arm(at, when)
    try:
        flow.do(portal, case)
    except (Died, AssertionError):
        if not lab.switch.fired:
            raise
    point.fired, point.seen = lab.switch.fired, list(lab.switch.seen)
    lab.switch.disarm()
    if not point.fired:
        return point
    point.request = point.seen[at - 1]
    lab.restart()
    _recover(lab, portal, case, flow, point)
    if thorough:
        point.breaks += _moved_by_timers(lab, portal)
    return point


def _recover(lab: Lab, portal: Portal, case: Case, flow: Flow, point: Point) -> None:
    point.breaks += always(lab.storage.read(queues=False), lab.canaries())
    _wait(lab, portal, case, point, until=lambda: case.is_told and flow.is_done(portal, case))
    if not flow.is_done(portal, case):
        if case.is_told:
            point.breaks.append(Break("I01 what was acknowledged happens", flow.name))
            return
        point.repeated = True
        flow.do(portal, case)  # the user was told nothing, and tries again
        _wait(lab, portal, case, point, until=lambda: flow.is_done(portal, case))
        if not flow.is_done(portal, case):
            point.breaks.append(Break("a second try works", flow.name))
    point.breaks += at_rest(lab.read_at_rest(portal), portal.clock(), lab.canaries())


def _wait(lab: Lab, portal: Portal, case: Case, point: Point, *, until: Callable[[], bool]) -> None:
    """Five minutes, and more while what was acknowledged has not happened yet."""
    for number in range(_PATIENCE):
        if number == _LEASES_END:
            lab.end_leases()
        lab.end_hiding()
        settle(portal)
        point.rounds += 1
        if until() or not case.is_told:
            return


def _moved_by_timers(lab: Lab, portal: Portal) -> list[Break]:
    portal.tick()
    before = lab.storage.read(queues=False)
    for _ in range(3):
        portal.tick()
    return differences(before, lab.storage.read(queues=False))
