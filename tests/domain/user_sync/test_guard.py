"""A plan that hurts many waits until somebody has seen it."""

from datetime import timedelta

import pytest

from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.guard import (
    HoldReason,
    approval_of,
    harm_marks,
    is_approved,
    plan_hash,
    review,
)
from integrations.domain.user_sync.links import Choice, Question
from integrations.domain.user_sync.settings import Authority, SyncedField
from tests.domain.user_sync.worlds import ACME, BRANCH, World, department, end_user, into, sync, user, world


def synced(count: int) -> World:
    made = world(*(user(f"u{it}") for it in range(count)))
    made.run()
    return made


@pytest.mark.parametrize(
    ("people", "gone", "is_held"),
    [
        (20, 10, False),
        (20, 11, True),
        (55, 11, False),
        (54, 11, True),
        (400, 80, False),
        (400, 81, True),
        (3, 2, False),
    ],
)
def test_more_than_ten_and_more_than_a_fifth_are_held(people: int, gone: int, is_held: bool) -> None:
    made = synced(people)
    for it in range(gone):
        del made.users[f"u{it}"]

    held = review(made.plan())

    assert held.is_held is is_held
    assert held.reasons == ([HoldReason.TOO_MANY] if is_held else [])
    assert (held.harmful, held.linked_active) == (gone, people)


def test_moves_and_relinks_are_held_as_well() -> None:
    made = synced(12)
    made.settings = into(sync(BRANCH), moves_by_itself=True)
    plan = made.plan()
    assert plan.counts() == {ChangeKind.MOVE: 12}
    assert review(plan).is_held

    made = synced(12)
    made.has(*(end_user(f"e{it}") for it in range(12)))
    for it in range(12):
        made.decides(f"u{it}", Choice.LINK, end_user_id=f"e{it}")
    plan = made.plan()
    assert plan.counts()[ChangeKind.RELINK] == 12
    assert review(plan).is_held


def test_new_people_and_fields_hold_nothing() -> None:
    made = synced(20)
    made.has(*(user(f"v{it}") for it in range(100)))
    for it in range(20):
        made.changes_user(f"u{it}", name="Other")

    plan = made.plan()

    assert plan.counts() == {ChangeKind.CREATE: 100, ChangeKind.UPDATE: 20}
    assert not harm_marks(plan)
    assert not review(plan).is_held


def test_a_filter_that_matches_nobody_any_more_is_held_however_few_it_hurts() -> None:
    made = world(user("jane", department="Sales"), settings=into(sync(ACME, department("Sales"))))
    made.run()

    made.changes_user("jane", department="Sales and more")
    plan = made.plan()

    assert plan.emptied == [ACME]
    assert review(plan).reasons == [HoldReason.FILTER_EMPTY]
    made.has(user("john", department="Sales"))
    assert made.plan().emptied == []


@pytest.mark.parametrize("people", [2, 3, 10])
def test_all_people_of_a_small_organization_do_not_vanish_at_once(people: int) -> None:
    made = synced(people)
    made.users.clear()

    assert review(made.plan()).reasons == [HoldReason.FILTER_EMPTY]


@pytest.mark.parametrize(("people", "is_held"), [(1, False), (2, True), (9, True)])
def test_all_people_of_a_small_organization_do_not_move_by_themselves_at_once(people: int, *, is_held: bool) -> None:
    made = world(*(user(f"u{it}", department="Sales") for it in range(people)))
    made.settings = into(sync(BRANCH, department("Sales")), sync(), moves_by_itself=True)
    made.run()
    for it in range(people):
        made.changes_user(f"u{it}", department="Marketing")

    held = review(made.plan())

    assert made.plan().counts() == {ChangeKind.MOVE: people}
    assert held.reasons == ([HoldReason.FILTER_EMPTY] if is_held else [])


def test_what_nobody_has_compared_with_what_was_seen_is_held_however_little_more_it_does() -> None:
    made = synced(30)
    del made.users["u0"]
    approval = approval_of(made.plan())
    assert not review(made.plan(), approval, is_approval_unchecked=True).is_held
    del made.users["u1"]

    assert review(made.plan(), approval, is_approval_unchecked=True).reasons == [HoldReason.MORE_THAN_SEEN]
    assert not review(made.plan(), approval).is_held
    made.has(user("u0"), user("u1"), user("new"))
    assert not review(made.plan(), approval, is_approval_unchecked=True).is_held


def test_the_last_one_to_leave_holds_nothing() -> None:
    made = synced(1)
    made.users.clear()

    assert not review(made.plan()).is_held


def test_an_approval_is_good_for_the_same_harm_or_less() -> None:
    made = synced(30)
    for it in range(15):
        del made.users[f"u{it}"]
    approval = approval_of(made.plan())

    assert not review(made.plan(), approval, is_first_after_mapping=True).is_held
    made.has(user("u0"))
    assert is_approved(made.plan(), approval)
    del made.users["u20"]
    held = review(made.plan(), approval)
    assert held.reasons == [HoldReason.TOO_MANY]
    assert (held.harmful, held.not_approved) == (15, 1)


def test_an_approval_is_good_for_its_settings_and_a_day() -> None:
    made = synced(30)
    made.users.clear()
    plan = made.plan()
    approval = approval_of(plan)
    assert approval.plan_hash == plan_hash(plan)

    made.now = plan.as_of + timedelta(hours=24)
    assert is_approved(made.plan(), approval)
    made.now += timedelta(seconds=1)
    assert not is_approved(made.plan(), approval)

    made.now = plan.as_of
    made.settings = into(sync(), authority={SyncedField.PHONE: Authority.PORTAL})
    assert not is_approved(made.plan(), approval)
    assert plan_hash(made.plan()) != approval.plan_hash
    assert not is_approved(made.plan(), None)


def test_the_hash_of_a_plan_is_that_of_its_settings_and_its_harm_alone() -> None:
    made = synced(3)
    before = plan_hash(made.plan())

    made.has(user("new"))
    assert plan_hash(made.plan()) == before

    del made.users["u1"]
    gone = plan_hash(made.plan())
    assert gone != before
    made.has(user("u1", is_enabled=False))
    assert plan_hash(made.plan()) == gone  # it becomes inactive, whatever for


def test_a_move_elsewhere_is_another_harm() -> None:
    made = synced(1)
    made.settings = into(sync(BRANCH))
    made.decides("u0", Choice.MOVE, Question.ORGANIZATION, organization_id=BRANCH)

    (change,) = made.plan().changes
    assert list(change.harm()) == [f"move:eu_u0:{BRANCH}"]
    assert review(made.plan()).not_approved == 1
    assert review(made.plan(), approval_of(synced(1).plan())).not_approved == 1


def test_a_plan_gives_examples_of_each_kind() -> None:
    made = synced(150)
    made.users.clear()

    assert len(made.plan().examples(ChangeKind.INACTIVATE)) == 100
    assert len(made.plan().examples(ChangeKind.INACTIVATE, 3)) == 3
    assert made.plan().examples(ChangeKind.CREATE) == []
