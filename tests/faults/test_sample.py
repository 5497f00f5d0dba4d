"""A sample of every kind of fault test, for every day; `make faults` runs many more."""

import json
import random

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.exhaustive import exhaustive
from tests.faults.lab.app import Died
from tests.faults.lab.asset_courses import AssetCourse
from tests.faults.lab.courses import Ends, differing
from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import FLOWS, Bases
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.model import Machine, World
from tests.faults.lab.races import ACTIONS, OF_ASSETS, OF_PEOPLE, Arena
from tests.faults.lab.report import Budget
from tests.faults.lab.user_sync_outcomes import outcome
from tests.faults.lab.user_syncs import UserSyncCourse
from tests.stored import Store

ACTION = {action.name: action for action in (*ACTIONS, *OF_PEOPLE, *OF_ASSETS)}
FLOW = {flow.name: flow for flow in FLOWS}


@pytest.fixture(scope="module")
def bases(lab: Lab) -> Bases:
    return Bases(lab)


def test_the_switch_kills_at_the_request_it_is_told(lab: Lab, bases: Bases) -> None:
    transaction, kept = "Table control audit,map,organization,outbox,summary,tenant", list[int]()
    at = crash(lab, bases, FLOW["map"], 0, When.AFTER).seen.index(transaction) + 1
    for when in (When.BEFORE, When.AFTER):
        portal, case = bases.begin("integrated")
        lab.switch.arm(at, when)
        with pytest.raises(Died):
            FLOW["map"].do(portal, case)
        kept.append(len(lab.storage.read().documents("map")))
        assert lab.switch.fired
        assert lab.switch.seen[-1] == transaction
        lab.switch.disarm()

    assert kept == [0, 2]


@pytest.mark.parametrize(
    ("flow", "at", "when"),
    [
        ("integrate", 12, When.AFTER),
        ("push End Users", 3, When.AFTER),
        ("sync users", 27, When.BEFORE),
        ("remove with links", 20, When.AFTER),
        ("link assets", 20, When.AFTER),
        *exhaustive(
            ("unmap", 1, When.AFTER),
            ("move End Users", 5, When.AFTER),
            ("assign asset", 3, When.AFTER),
            ("map", 8, When.BEFORE),
            ("mark a step as done", 2, When.AFTER),
            ("push assets", 3, When.AFTER),
            ("erase End Users", 3, When.AFTER),
            ("turn user sync on", 7, When.AFTER),
            ("undo link", 4, When.AFTER),
            ("link asset by hand", 3, When.AFTER),
            ("undo link of asset", 3, When.AFTER),
            ("remove with assets", 20, When.AFTER),
        ),
    ],
)
def test_a_crash_is_healed(lab: Lab, bases: Bases, flow: str, at: int, when: When) -> None:
    point = crash(lab, bases, FLOW[flow], at, when)

    assert point.fired
    assert point.breaks == []


def test_two_processes_at_once_break_nothing(lab: Lab) -> None:
    arena = Arena(lab, seed=1, units=1)

    pairs = (
        ("unmap", "sync"),
        ("push End Users", "move End Users"),
        ("undo link of asset", "sync"),
    )
    raced = [arena.race(ACTION[one], ACTION[other], 1) for one, other in pairs]

    assert [it.runs for it in raced] == [1] * len(pairs)
    assert [it.breaks for it in raced] == [[]] * len(pairs)


def test_the_app_is_what_the_model_says(lab: Lab) -> None:
    world = World(lab, Budget(20))
    once = settings(
        max_examples=2, stateful_step_count=12, deadline=None, database=None, derandomize=True,
        phases=[Phase.generate], suppress_health_check=list(HealthCheck),
    )  # fmt: skip

    run_state_machine_as_test(type("Example", (Machine,), {"world": world}), settings=once)

    assert world.steps


def test_the_machine_sees_an_app_that_is_not_the_model(lab: Lab) -> None:
    machine = type("Example", (Machine,), {"world": World(lab, Budget(20))})()
    machine.begin()
    machine.integrate("alice", 0)
    machine.the_page_shows_the_model()
    machine._unmap("alice", 0)
    machine._map("alice", 0, 1)

    with pytest.raises(AssertionError):
        machine.the_page_shows_the_model()


@pytest.mark.parametrize(
    ("kind", "seed", "scene", "deaths"),
    [
        (UserSyncCourse, 85, "newcomers", 1),  # between an End User and its link
        *exhaustive((AssetCourse, 33, "handed_over", 0)),  # somebody else comes in between
    ],
)
def test_it_ends_as_if_no_process_had_died_and_as_a_new_plan_would(
    lab: Lab, kind: type[UserSyncCourse | AssetCourse], seed: int, scene: str, deaths: int
) -> None:
    ends = Ends()
    course = kind(lab, random.Random(seed), ends)

    course.step()

    assert ends.breaks == []
    assert (list(ends.drawn), ends.deaths, ends.meanwhile) == ([scene], deaths, 1 - deaths)


def test_a_user_sync_that_ends_otherwise_is_seen(lab: Lab, bases: Bases) -> None:
    bases.begin("linked")
    store = lab.storage.read(queues=False)
    (key, row) = next((key, row) for key, row in store.rows("usersync").items() if key[1].startswith("user_link:"))
    link = json.loads(row["body"])
    link["end_user_id"] = "eu_another"
    other = Store({**store.tables, "usersync": {**store.rows("usersync"), key: {**row, "body": json.dumps(link)}}})

    assert differing(outcome(store), outcome(store)) == []
    assert len(differing(outcome(store), outcome(other))) == 1
