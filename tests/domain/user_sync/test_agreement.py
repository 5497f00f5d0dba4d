"""The plan is that of a slow and obvious one, on tenants made up by chance; faults show there."""

from random import Random

import pytest

from integrations.domain.user_sync.links import QueueKind
from tests.domain.user_sync.agreement import Agreed, of_app, of_reference
from tests.domain.user_sync.generator import any_world
from tests.domain.user_sync.mutations import MUTATIONS, Mutate
from tests.exhaustive import exhaustive

SEEDS = range(1000)


@pytest.fixture(scope="module")
def expected() -> list[Agreed]:
    return [of_reference(any_world(Random(seed))) for seed in SEEDS]


def test_the_plan_agrees_with_a_slow_and_obvious_one(expected: list[Agreed]) -> None:
    for seed in SEEDS:
        assert of_app(any_world(Random(seed))) == expected[seed], seed


@pytest.mark.parametrize(
    "mutate", [*MUTATIONS[::6], *exhaustive(*(it for number, it in enumerate(MUTATIONS) if number % 6))]
)
def test_worlds_alone_catch_a_fault_of_the_plan(mutate: Mutate, expected: list[Agreed]) -> None:
    assert any(_differs(mutate, seed, expected[seed]) for seed in SEEDS)


def _differs(mutate: Mutate, seed: int, expected: Agreed) -> bool:
    made = any_world(Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        mutate(patch)
        try:
            return of_app(made) != expected
        except (AssertionError, KeyError):  # what it did is impossible
            return True


def test_worlds_ask_every_question() -> None:
    worlds = [any_world(Random(seed)) for seed in SEEDS]

    assert {kind for it in worlds for kind in it.plan().queued()} == set(QueueKind)
