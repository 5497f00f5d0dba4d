"""The plan is that of a slow and obvious one, on fleets made up by chance; faults show there."""

from random import Random

import pytest

from integrations.domain.assets.links import LinkKey, ReviewKind
from integrations.domain.assets.reasons import NoEndUserReason
from tests.domain.assets.agreement import Agreed, expected_of, of_app
from tests.domain.assets.generator import any_fleet
from tests.domain.assets.mutations import MUTATIONS, Mutate
from tests.exhaustive import IS_FULL, exhaustive

SEEDS = range(1000 if IS_FULL else 400)


@pytest.fixture(scope="module")
def expected() -> list[Agreed]:
    return expected_of(SEEDS)


def test_the_plan_agrees_with_a_slow_and_obvious_one(expected: list[Agreed]) -> None:
    for seed in SEEDS:
        assert of_app(any_fleet(Random(seed))) == expected[seed], seed


@pytest.mark.parametrize(
    "mutate", [*MUTATIONS[::6], *exhaustive(*(it for number, it in enumerate(MUTATIONS) if number % 6))]
)
def test_fleets_alone_catch_a_fault_of_the_plan(mutate: Mutate, expected: list[Agreed]) -> None:
    assert any(_differs(mutate, seed, expected[seed]) for seed in SEEDS)


def _differs(mutate: Mutate, seed: int, expected: Agreed) -> bool:
    made = any_fleet(Random(seed))
    with pytest.MonkeyPatch.context() as patch:
        mutate(patch)
        return of_app(made) != expected


def test_fleets_have_every_link_question_and_reason(expected: list[Agreed]) -> None:
    assets = [it for agreed in expected for it in agreed.values()]

    assert {it["how"] for it in assets} == {*(it.value for it in LinkKey), None}
    assert {it["review"] for it in assets} == {*(it.value for it in ReviewKind), None}
    assert {it["reason"] for it in assets} == {*(it.value for it in NoEndUserReason), None}
