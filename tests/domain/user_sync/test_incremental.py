"""A plan of the users that changed is that of everybody, or everybody is planned."""

from collections.abc import Callable, Collection
from dataclasses import replace
from random import Random
from typing import Any

import msgspec
import pytest

from integrations.domain.user_sync import incremental
from integrations.domain.user_sync.changes import ChangeKind
from integrations.domain.user_sync.incremental import plan_incrementally
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import Choice, Question
from integrations.domain.user_sync.plan import UserSyncPlan, plan_sync
from integrations.domain.user_sync.settings import SyncedField
from tests.domain.user_sync.generator import any_user, any_world, happens
from tests.domain.user_sync.worlds import World, end_user, into, sync, user, world

WORLDS = range(1500)
FIELDS = ("name", "given_name", "department", "job_title", "mobile_phone", "employee_id", "license_ids")
ADDRESS_FIELDS = ("mail", "username", "aliases")
MORE_FIELDS = (*FIELDS, *ADDRESS_FIELDS, "is_enabled", "is_guest")


def only(made: World, object_ids: Collection[str]) -> UserSyncInputs:
    """What a plan of these users is made from."""
    everything = made.inputs()
    links = {it: link for it, link in everything.links.items() if it in object_ids}
    end_users = {it.end_user_id for it in links.values()}
    users = {it: user for it, user in everything.directory.users.items() if it in object_ids}
    return replace(
        everything,
        directory=replace(everything.directory, users=users),
        end_users={it: known for it, known in everything.end_users.items() if it in end_users},
        links=links,
        decisions={key: it for key, it in everything.decisions.items() if key.object_id in object_ids},
        queue={key: it for key, it in everything.queue.items() if key.subject in object_ids},
    )


def settled(random: Random) -> World:
    """Somebody's world after a run that left nothing to do."""
    made = any_world(random)
    made.directory["users_are_current"] = True
    made.run()
    for _ in range(random.choice([0, 1, 3])):
        happens(random, made)
    made.run()
    return made


def users_change(random: Random, made: World) -> set[str]:
    """Up to three users change, mostly linked ones, or are deleted; which did."""
    linked = [it for it in sorted(made.users) if it in made.links]
    there = (linked if random.random() < 0.8 else []) or sorted(made.users)
    changed = random.sample(there, min(random.choice([1, 1, 2, 3]), len(there)))
    for it in changed:
        names = random.sample(random.choice([FIELDS, MORE_FIELDS, ADDRESS_FIELDS]), random.randint(1, 2))
        other = any_user(random, it)
        made.changes_user(it, **{name: getattr(other, name) for name in names})
        if random.random() < 0.1:
            del made.users[it]
    return set(changed)


def shown(seed: int) -> bool:
    """Whether a plan of the users that changed in a world was made; then it is shown to be that of everybody."""
    random = Random(seed)
    made = settled(random)
    before = made.plan()
    changed = users_change(random, made)
    inputs = only(made, changed)
    few = incremental.plan_incrementally(inputs, changed)
    if few is None:
        return False
    everybody = made.plan()
    assert few.changes == everybody.changes
    assert (few.opened, few.closed) == (everybody.opened, everybody.closed) == ([], [])
    for it in inputs.end_users:
        assert everybody.managed.get(it) == few.managed.get(it)
    assert everybody.skipped == before.skipped
    assert set(everybody.counts()) <= {ChangeKind.UPDATE}, "nobody has to review it, and the last run's counts hold"
    return True


def test_a_plan_of_users_that_changed_is_that_of_everybody() -> None:
    assert sum(map(shown, WORLDS)) > len(WORLDS) // 20


def _other_addresses_concern_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(incremental, "_stays", lambda user, inputs: user in inputs.links and user in inputs.directory.users)


def _who_is_gone_concerns_nobody(patch: pytest.MonkeyPatch) -> None:
    stays = incremental._stays
    patch.setattr(incremental, "_stays", lambda it, inputs: it not in inputs.directory.users or stays(it, inputs))


def _whatever_changes_concerns_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(incremental, "_concerns_nobody_else", lambda _change: True)


def _questions_concern_nobody(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(incremental, "plan_sync", lambda inputs: replace(plan_sync(inputs), opened=[], closed=[]))


@pytest.mark.parametrize(
    "mutate",
    [
        _other_addresses_concern_nobody,
        _who_is_gone_concerns_nobody,
        _whatever_changes_concerns_nobody,
        _questions_concern_nobody,
    ],
)
def test_worlds_show_where_a_plan_of_few_is_not_enough(
    monkeypatch: pytest.MonkeyPatch, mutate: Callable[[pytest.MonkeyPatch], None]
) -> None:
    mutate(monkeypatch)

    with pytest.raises((AssertionError, KeyError)):
        sum(map(shown, range(10 * len(WORLDS))))


def after(change: Callable[[World], object], *rows: Any, **settings: Any) -> UserSyncPlan | None:
    """The plan of Jane alone after something changed."""
    made = world(user("jane"), user("joe"), *rows, settings=into(sync(), **settings))
    made.run()
    change(made)
    return plan_incrementally(only(made, ["jane"]), ["jane"])


def test_a_name_is_planned_alone() -> None:
    plan = after(lambda made: made.changes_user("jane", name="Jane Doe", department="Sales"))

    assert plan is not None
    assert [(it.object_id, [field.after for field in it.fields]) for it in plan.changes] == [("jane", ["Jane Doe"])]


def test_what_changes_nothing_about_an_end_user_is_planned_alone() -> None:
    plan = after(lambda made: made.changes_user("jane", department="Sales"))

    assert plan is not None
    assert plan.is_empty


def _is_gone_and_kept_active(made: World) -> None:
    made.changes_end_user("eu_jane", keep_active=True)
    del made.users["jane"]


def _comes_back(made: World) -> None:
    gone = made.users.pop("jane")
    made.run()
    made.has(gone)


def _has_another_link(made: World) -> None:
    made.undoes("jane")


def _is_linked_with_nobody(made: World) -> None:
    made.erases("eu_jane")


def _is_decided(made: World) -> None:
    made.decides("jane", Choice.LATER, Question.ORGANIZATION)


@pytest.mark.parametrize(
    "change",
    [
        lambda made: made.changes_user("jane", mail="other@contoso.example"),
        lambda made: made.changes_user("jane", username="other@contoso.example"),
        lambda made: made.changes_user("jane", aliases=["other@contoso.example"]),
        lambda made: made.changes_user("jane", is_enabled=False),
        lambda made: made.directory.update(users_are_current=False),
        _is_gone_and_kept_active,
        _comes_back,
        _has_another_link,
        _is_linked_with_nobody,
        _is_decided,
    ],
    ids=["mail", "username", "alias", "disabled", "stale", "gone", "back", "undone", "erased", "decided"],
)
def test_everybody_is_planned_where_others_may_be_concerned(change: Callable[[World], object]) -> None:
    assert after(change) is None


def test_everybody_is_planned_for_an_address_that_the_portal_had_changed() -> None:
    """Microsoft's address is written again: somebody else may have it by now."""

    def changed(made: World) -> None:
        made.end_users["eu_jane"] = msgspec.structs.replace(
            made.end_users["eu_jane"], values={SyncedField.MAIL: "portal@contoso.example"}
        )

    assert after(changed) is None


def test_everybody_is_planned_for_whoever_has_no_end_user() -> None:
    made = world(user("jane", is_enabled=False), end_user("e1"))
    made.run()

    assert plan_incrementally(only(made, ["jane"]), ["jane"]) is None
