"""What somebody decides is done, and not asked again."""

import pytest

from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.links import (
    CHOICES,
    QUESTION_OF,
    Choice,
    LinkedBy,
    Question,
    QueueKey,
    QueueKind,
    undo,
)
from integrations.domain.user_sync.scope.reasons import SkipReason
from tests.domain.user_sync.worlds import ACME, BRANCH, World, department, end_user, into, sync, user, world

SEVERAL = [end_user("one", mail="jane@contoso.example"), end_user("two", mail="jane@contoso.example")]


def asked(*more: object) -> World:
    made = world(user("jane"), *SEVERAL, *more)
    made.run()
    return made


def test_link_links() -> None:
    made = asked()
    made.decides("jane", Choice.LINK, end_user_id="two")

    assert made.run().counts()[ChangeKind.LINK] == 1
    assert made.links["jane"].linked_by is LinkedBy.DECISION
    assert made.linked("jane").id == "two"
    assert not made.queue


def test_create_makes_an_end_user_without_the_address_that_others_have_and_asks_no_more() -> None:
    made = asked()
    made.decides("jane", Choice.CREATE)
    made.run()

    assert made.value("eu_jane", "mail") is None
    assert made.value("eu_jane", "name") == "Jane"
    assert not made.queue
    for it in ("one", "two"):
        made.changes_end_user(it, mail="")
    made.run()
    assert made.value("eu_jane", "mail") == "jane@contoso.example"


def test_what_candidates_have_in_common_is_said_once() -> None:
    shared = ["a@contoso.example", "b@contoso.example"]
    made = world(
        user("jane", aliases=shared), end_user("one", other_addresses=shared), end_user("two", other_addresses=shared)
    )
    made.has(user("bob", "Bob Fox", given_name="Rob", surname="Fox"))
    made.has(end_user("fox", name="Bob Fox", given_name="Rob", surname="Fox"))
    made.run()

    assert {it.because[0]: len(it.because) for item in made.queue.values() for it in item.candidates} == {
        "alias": 1,
        "name": 1,
    }


def test_ignore_asks_no_more_whatever_comes() -> None:
    made = asked()
    made.decides("jane", Choice.IGNORE)
    made.run()
    assert not made.queue

    made.changes_user("jane", mail="other@contoso.example", username="other@contoso.example")

    assert made.run().skipped == {SkipReason.IGNORED: 1}


def test_later_stays_in_the_queue_and_changes_nothing() -> None:
    made = asked()
    made.decides("jane", Choice.LATER)
    made.run()

    assert made.queue[QueueKey("jane", QueueKind.SEVERAL_END_USERS)].is_later
    assert not made.links


def test_a_question_that_has_answered_itself_is_closed() -> None:
    made = asked()
    made.changes_end_user("one", mail="")
    made.run()

    assert not made.queue
    assert made.linked("jane").id == "two"


def test_an_end_user_of_another_user_cannot_be_taken_by_a_decision() -> None:
    made = asked(user("john"))
    made.decides("jane", Choice.LINK, end_user_id="eu_john")
    made.run()

    item = made.queue[QueueKey("jane", QueueKind.ALREADY_LINKED)]
    assert [it.end_user_id for it in item.candidates] == ["eu_john"]
    assert item.rivals == ["john"]
    assert made.linked("john").id == "eu_john"


def test_two_decisions_for_one_end_user_are_asked_again() -> None:
    made = asked(user("john", mail="x@contoso.example", username="y@contoso.example"), end_user("three", name="Q"))
    made.undoes("john")
    made.decides("jane", Choice.LINK, end_user_id="three")
    made.decides("john", Choice.LINK, end_user_id="three")
    made.run()

    assert {key.kind for key in made.queue} == {QueueKind.SEVERAL_USERS}
    assert made.queue[QueueKey("jane", QueueKind.SEVERAL_USERS)].rivals == ["john"]


def test_a_decision_for_an_end_user_that_is_gone_is_asked_again() -> None:
    made = asked()
    made.decides("jane", Choice.LINK, end_user_id="nobody")
    made.run()

    assert QueueKey("jane", QueueKind.SEVERAL_END_USERS) in made.queue


def test_two_users_may_exchange_their_end_users_by_decision() -> None:
    made = world(user("jane"), user("john"))
    made.run()
    made.decides("jane", Choice.LINK, end_user_id="eu_john")
    made.decides("john", Choice.LINK, end_user_id="eu_jane")

    assert made.run().counts()[ChangeKind.RELINK] == 2
    assert made.linked("jane").id == "eu_john"
    assert made.links["jane"].undone == ["eu_jane"]
    assert made.value("eu_john", "mail") == "jane@contoso.example"


def test_a_new_account_takes_the_end_user_of_an_old_one_by_decision() -> None:
    made = world(user("jane-1"))
    made.run()
    del made.users["jane-1"]
    made.has(user("jane-2"))
    made.run()

    made.decides("jane-2", Choice.LINK, end_user_id="eu_jane-1")
    plan = made.run()

    assert plan.counts() == {ChangeKind.RELINK: 1, ChangeKind.REACTIVATE: 1}
    assert list(made.links) == ["jane-2"]
    made.has(user("jane-1", mail="jane@contoso.example"))
    made.run()
    assert [key.kind for key in made.queue] == [QueueKind.ALREADY_LINKED]
    made.decides("jane-1", Choice.CREATE)
    made.run()
    assert made.linked("jane-1").id == "eu_jane-1_1"


def test_an_address_that_is_left_to_another_is_asked_about_again_only_if_it_is_another_one() -> None:
    made = world(user("jane"), end_user("bob", mail="bob@contoso.example"), end_user("tom", mail="tom@contoso.example"))
    made.run()
    made.changes_user("jane", mail="bob@contoso.example")
    made.run()
    made.decides("jane", Choice.IGNORE, Question.MAIL, mail="Bob@contoso.example")
    made.run()
    assert not made.queue

    made.changes_end_user("bob", mail="")
    made.run()
    assert made.value("eu_jane", "mail") == "jane@contoso.example"
    made.changes_user("jane", mail="tom@contoso.example")
    made.run()
    assert [key.kind for key in made.queue] == [QueueKind.MAIL_TAKEN]
    made.decides("jane", Choice.LATER, Question.MAIL, mail="tom@contoso.example")
    assert made.run().opened[0].is_later


@pytest.mark.parametrize("choice", [Choice.MOVE, Choice.IGNORE, Choice.LATER, None])
def test_a_user_that_belongs_elsewhere_moves_only_by_decision(choice: Choice | None) -> None:
    made = world(user("jane", department="Sales"), settings=into(sync(ACME, department("Sales")), sync(BRANCH)))
    made.run()
    made.changes_user("jane", department="Post")
    made.run()
    assert made.linked("jane").organization_id == ACME

    if choice:
        made.decides("jane", choice, Question.ORGANIZATION, organization_id=BRANCH)
    made.run()

    assert made.linked("jane").organization_id == (BRANCH if choice is Choice.MOVE else ACME)
    assert [it.is_later for it in made.queue.values()] == {Choice.LATER: [True], None: [False]}.get(choice, [])


def test_a_decision_about_another_organization_does_not_count() -> None:
    made = world(user("jane"))
    made.run()
    made.settings = into(sync(BRANCH))
    made.decides("jane", Choice.MOVE, Question.ORGANIZATION, organization_id=ACME)
    made.run()

    assert [key.kind for key in made.queue] == [QueueKind.WOULD_MOVE]


def test_with_the_setting_only_end_users_that_the_sync_made_move_by_themselves() -> None:
    made = world(user("jane"), user("john"), end_user("john", mail="john@contoso.example"))
    made.run()
    made.settings = into(sync(BRANCH), moves_by_itself=True)
    made.run()

    assert made.linked("jane").organization_id == BRANCH
    assert made.linked("john").organization_id == ACME
    assert list(made.queue) == [QueueKey("john", QueueKind.WOULD_MOVE)]


def test_an_end_user_that_a_person_moved_stays_there() -> None:
    made = world(user("jane"))
    made.run()
    made.changes_end_user("eu_jane", organization_id=BRANCH)
    assert made.run().is_empty

    made.settings = into(sync(BRANCH))
    assert not made.run().queue
    assert made.links["jane"].organization_id == BRANCH


def test_an_end_user_that_lost_its_link_is_found_by_its_id() -> None:
    made = world(user("jane", mail=None, username="x@elsewhere.example"), settings=into(sync(), mail_required=False))
    made.run()
    made.links.clear()

    made.run()

    assert list(made.end_users) == ["eu_jane"]
    assert made.links["jane"].linked_by is LinkedBy.CREATED


@pytest.mark.parametrize("mark", ["jane", "jane@contoso.example"])
def test_somebody_erased_is_not_made_again_even_by_decision(mark: str) -> None:
    made = world(user("jane"))
    made.erased = {mark}
    made.decides("jane", Choice.CREATE)

    assert made.run().skipped == {SkipReason.ERASED: 1}
    assert not made.end_users


def test_undoing_a_link_twice_is_undoing_it_once() -> None:
    made = world(user("jane"))
    made.run()
    undone = undo(made.links["jane"])

    assert undone.undone == ["eu_jane"]
    assert undo(undone) == undone


def test_every_question_about_a_user_has_its_choices() -> None:
    assert set(QUESTION_OF) == set(QueueKind) - {QueueKind.FILTER_BROKEN}
    assert CHOICES.keys() == set(QUESTION_OF.values()) == set(Question)
