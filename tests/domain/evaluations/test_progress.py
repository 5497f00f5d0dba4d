"""When evaluations run, decided with pen and paper: what is new, what failed, what is off, and what time brings."""

import dataclasses
from datetime import UTC, datetime, timedelta

import pytest

from integrations.actions.directory import SOURCES
from integrations.domain.evaluations import registry
from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.evaluations.evaluation import Evaluation, Result
from integrations.domain.evaluations.progress import (
    FULL_EVERY,
    Evaluated,
    State,
    changes_of,
    daily_at,
    failed,
    fresh,
    is_waiting,
    lag_of,
    must_evaluate_in_full,
    next_evaluation,
    switched_off,
)
from integrations.domain.jobs.given_up import Failed
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.changed_keys import ALL, MOST_CHARACTERS, MOST_KEYS, NONE, keys_of, union
from integrations.domain.sync.datasets import DatasetOutcome, Reading
from integrations.microsoft.registry import DATASETS

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)
FAILED = Failed(EvaluateOrder.queue, 1, "KeyError")


def never_read(_dataset: str) -> DatasetState:
    return DatasetState()


def ran(before: Evaluated | None = None, *, next_at: datetime | None = None, is_complete: bool = True) -> Evaluated:
    return fresh(before, "1:", NOW, read_at={}, next_at=next_at, is_complete=is_complete)


@pytest.mark.parametrize(
    ("known", "basis", "full_read_at", "expected"),
    [
        pytest.param(None, "1:", NOW, True, id="never evaluated"),
        pytest.param(ran(), "1:", NOW, False, id="as it was"),
        pytest.param(ran(), "2:", NOW, True, id="another version, or other settings"),
        pytest.param(failed(ran(), FAILED, NOW), "1:", NOW, True, id="failed the last time"),
        pytest.param(switched_off(ran(), NOW), "1:", NOW, True, id="was switched off"),
        pytest.param(ran(next_at=NOW), "1:", NOW, True, id="its time has come"),
        pytest.param(ran(next_at=NOW + HOUR), "1:", NOW, False, id="its time is still to come"),
        pytest.param(ran(), "1:", NOW - FULL_EVERY, True, id="a week has passed"),
        pytest.param(ran(), "1:", NOW - FULL_EVERY + HOUR, False, id="a week has nearly passed"),
        pytest.param(ran(), "1:", None, True, id="nobody knows whether rows are right"),
    ],
)
def test_everything_is_evaluated_when(
    known: Evaluated | None, basis: str, full_read_at: datetime | None, *, expected: bool
) -> None:
    assert must_evaluate_in_full(known, basis, NOW, full_read_at=full_read_at, share=0.0) is expected


def test_tenants_take_their_weekly_turns_on_different_days() -> None:
    nearly = NOW - FULL_EVERY * 0.8

    assert [must_evaluate_in_full(ran(), "1:", NOW, full_read_at=nearly, share=it) for it in (0.0, 0.9)] == [
        False,
        True,
    ]


def test_what_changed_elsewhere_is_nothing_to_do() -> None:
    pending = {"roles": NONE, "users": keys_of(["1"])}

    assert changes_of(["roles", "groups"], pending) is None
    assert changes_of(["roles", "users"], pending) == {"roles": NONE, "users": frozenset({"1"})}
    assert changes_of(["roles"], {"roles": ALL}) == {"roles": ALL}


def test_keys_are_named_up_to_five_hundred() -> None:
    many = [f"{number}" for number in range(MOST_KEYS)]

    assert keys_of(iter(many)) == frozenset(many)
    assert keys_of([*many, "one more"]) is ALL
    assert keys_of(["x" * (MOST_CHARACTERS // 2), "y" * (MOST_CHARACTERS // 2 + 1)]) is ALL
    assert union(frozenset(many), frozenset({"one more"})) is ALL
    assert union(frozenset(many), frozenset(many)) == frozenset(many)
    assert ALL is union(ALL, NONE) is union(NONE, ALL)


def test_one_that_fails_is_tried_again_with_growing_pauses() -> None:
    known, pauses = ran(), []
    for hours in range(9):
        now = NOW + timedelta(hours=10 * hours)
        known = failed(known, FAILED, now)
        assert is_waiting(known, now)
        assert known.given_up is not None
        pauses.append((known.given_up.next_at - now) / timedelta(minutes=1))

    assert pauses == [5, 10, 20, 40, 80, 160, 320, 360, 360]
    assert (known.state, known.since, known.basis) == (State.FAILED, NOW, "")
    assert not is_waiting(known, known.given_up.next_at)
    assert not is_waiting(ran(known), NOW)


def test_a_state_tells_since_when_it_holds() -> None:
    later = NOW + HOUR
    again = fresh(ran(), "1:", later, read_at={}, next_at=None, is_complete=True)
    healed = fresh(failed(ran(), FAILED, NOW), "1:", later, read_at={}, next_at=None, is_complete=True)

    assert (again.since, healed.since) == (NOW, later)
    assert switched_off(switched_off(ran(), NOW), later).since == NOW


def test_a_partial_run_does_not_forget_the_time_that_an_earlier_one_named() -> None:
    before = ran(next_at=NOW + HOUR)

    assert ran(before, next_at=NOW + 2 * HOUR, is_complete=False).next_at == NOW + HOUR
    assert ran(before, next_at=None, is_complete=False).next_at == NOW + HOUR
    assert ran(before, next_at=NOW + 2 * HOUR).next_at == NOW + 2 * HOUR
    assert ran(before).next_at is None


def test_a_tenant_is_looked_at_once_a_day_at_a_time_of_its_own() -> None:
    assert daily_at(NOW, 0.5) == NOW.replace(hour=12)
    assert daily_at(NOW, 0.25) == NOW.replace(day=29, hour=6)
    assert daily_at(NOW.replace(hour=6), 0.25) == NOW.replace(day=29, hour=6)
    assert next_evaluation([None, ran()], NOW, 0.5) == NOW.replace(hour=12)
    assert next_evaluation([], NOW, 0.5) == NOW.replace(hour=12)


def test_a_tenant_is_looked_at_sooner_when_time_changes_something_or_it_fails() -> None:
    in_an_hour, failing = ran(next_at=NOW + HOUR), failed(None, FAILED, NOW)

    assert next_evaluation([in_an_hour], NOW, 0.5) == NOW + HOUR
    assert next_evaluation([in_an_hour, failing], NOW, 0.5) == NOW + timedelta(minutes=5)
    assert next_evaluation([ran(next_at=NOW - HOUR)], NOW, 0.5) == NOW.replace(hour=12)


def test_the_lag_is_the_time_since_the_oldest_change_that_waits() -> None:
    long_ago = NOW - 3 * HOUR

    assert lag_of(ran(), [], NOW) == 0
    assert lag_of(ran(), [NOW - HOUR, long_ago], NOW) == 10_800
    assert lag_of(None, [NOW - HOUR], NOW) == 3600
    assert lag_of(failed(None, FAILED, long_ago), [], NOW) == 10_800


def test_every_evaluation_is_one_of_its_name_and_needs_what_is_synced() -> None:
    names = [it.name for it in registry.EVALUATIONS]

    assert len(set(names)) == len(names)
    assert registry.needed_datasets() <= {it.name for it in DATASETS}
    assert set(SOURCES) == registry.SYNCED
    assert not set(names) & {it.name for it in DATASETS}  # an export tells rows by these names


def test_settings_that_matter_are_part_of_the_basis() -> None:
    plain = registry.EVALUATIONS[0]
    tuned = Evaluation(
        name="tuned", needs=plain.needs, version=2, evaluate=plain.evaluate, inputs=lambda it: it.product_name
    )
    settings = type("Told", (), {"product_name": "Syncro"})()

    assert (plain.basis(settings, never_read, NOW), tuned.basis(settings, never_read, NOW)) == ("1:", "2:Syncro")


def test_where_states_matter_another_outcome_of_a_needed_data_set_is_another_basis() -> None:
    plain = registry.EVALUATIONS[0]
    name = min(plain.needs)
    settings = type("Told", (), {"product_name": "Syncro"})()
    judging = dataclasses.replace(plain, uses_states=True)

    def state(outcome: DatasetOutcome, error: str = ""):
        return lambda it: DatasetState(outcome, error=error) if it == name else DatasetState()

    told = {
        it.basis(settings, states, NOW)
        for it in (judging, plain)
        for states in (
            never_read, state(DatasetOutcome.FRESH), state(DatasetOutcome.DENIED), state(DatasetOutcome.DENIED, "E403"),
        )
    }  # fmt: skip

    assert len(told) == 5  # all are different, but those of the evaluation that does not look at states


def test_where_states_matter_rows_that_no_longer_count_for_their_age_are_another_basis() -> None:
    judging = dataclasses.replace(registry.EVALUATIONS[0], uses_states=True)
    settings = type("Told", (), {"product_name": "Syncro"})()

    def basis(age: timedelta) -> str:
        return judging.basis(settings, lambda _: DatasetState(DatasetOutcome.FRESH, NOW - age), NOW)

    assert basis(timedelta(hours=0)) == basis(timedelta(hours=11))
    assert basis(timedelta(hours=12)) not in {basis(timedelta(hours=11)), ""}


def test_where_states_matter_the_next_look_is_when_rows_cease_to_count() -> None:
    judging = dataclasses.replace(registry.EVALUATIONS[0], needs=frozenset({"a", "b"}), uses_states=True)
    ages = {"a": timedelta(hours=1), "b": timedelta(hours=5)}

    def states(name: str) -> DatasetState:
        return DatasetState(DatasetOutcome.FRESH, NOW - ages[name])

    assert judging.outdated_at(states, NOW) == NOW + timedelta(hours=7)
    assert judging.outdated_at(states, NOW + timedelta(hours=7)) == NOW + timedelta(hours=11)
    assert judging.outdated_at(states, NOW + timedelta(hours=11)) is None
    assert judging.outdated_at(never_read, NOW) is None
    assert dataclasses.replace(judging, uses_states=False).outdated_at(states, NOW) is None
    soon = judging.outdated_at(states, NOW)
    assert next_evaluation([ran()], NOW, 0.9, [None, soon]) == soon
    assert next_evaluation([ran()], NOW, 0.5, [None, NOW + timedelta(hours=7)]) == NOW.replace(hour=12)


def test_an_evaluation_that_gives_changes_where_everything_was_asked_for_is_a_fault() -> None:
    partial = Evaluation(
        name="partial",
        needs=frozenset({"roles"}),
        version=1,
        evaluate=lambda _source, _changes: Result(Reading(records=[], is_complete=False)),
    )

    with pytest.raises(TypeError, match="partial"):
        partial.result(None, partial.everything)  # type: ignore[arg-type]
    assert partial.result(None, {"roles": NONE}).next_at is None  # type: ignore[arg-type]
