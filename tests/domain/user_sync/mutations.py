"""Faults that a user sync could have. Each makes one, by replacing a part of the product."""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest

from integrations.domain.user_sync import comparison, fields, mail_wishes, plan, upkeep
from integrations.domain.user_sync.links import LinkedBy, QueueItem, QueueKind
from integrations.domain.user_sync.mail_wishes import MailWishes
from integrations.domain.user_sync.matching import identities, known_users, matches
from integrations.domain.user_sync.matching.identities import Identities
from integrations.domain.user_sync.matching.matches import Matched, Matching
from integrations.domain.user_sync.matching.places import Places
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.scope.routing import Router
from integrations.domain.user_sync.settings import Authority, UserSyncSettings

Mutate = Callable[[pytest.MonkeyPatch], None]


def a_question_is_answered(kind: QueueKind) -> Mutate:
    """Where several are possible, the first is linked."""

    def mutate(patch: pytest.MonkeyPatch) -> None:
        outcome = Matching.outcome

        def bold(self: Matching, object_id: str) -> Any:
            found = outcome(self, object_id)
            if isinstance(found, QueueItem) and found.kind is kind and found.candidates:
                return Matched(found.candidates[0].end_user_id, LinkedBy.MAIL)
            return found

        patch.setattr(Matching, "outcome", bold)

    mutate.__name__ = f"{kind.value}_is_answered"
    return mutate


def organization_does_not_decide_between_two(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Matching, "_wanted", lambda self, object_id: set(self.candidates(object_id)))


def rivals_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Matching, "_rivals", lambda *_: [])


def only_rivals_with_the_same_address_count(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Matching, "_wanting", lambda *_: iter(()))


def everybody_with_the_address_is_the_same_person(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(matches, "is_same_person", lambda *_: True)


def nobody_comes_back(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(matches, "is_same_person", lambda *_: False)


def made_up_names_are_addresses(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(comparison, "is_invited", lambda _: False)


def aliases_are_no_addresses(patch: pytest.MonkeyPatch) -> None:
    def without(user: Any) -> Iterator[tuple[str, str]]:
        return (it for it in comparison.addresses_of(user) if it[1] != "alias")

    patch.setattr(known_users, "addresses_of", without)
    patch.setattr(matches, "addresses_of", without)


def other_addresses_of_end_users_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    known_by = Identities.known_by
    patch.setattr(Identities, "known_by", lambda self, key: known_by(self, key) - set(self._by_other_address[key]))


def an_address_to_be_replaced_still_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "_is_mail_replaced", lambda *_: False)


def the_ignored_are_asked_about(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "is_ignored", lambda *_: False)


def the_erased_are_made_again(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "is_erased", lambda *_: False)


def a_decision_to_link_is_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "_decided_links", lambda _: iter(()))


def a_decision_to_link_takes_from_another(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(identities, "grants", lambda wishes, *_: set(wishes))


def a_decision_to_create_is_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "_is_created_by_decision", lambda *_: False)


def an_address_is_taken_away(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(MailWishes, "is_granted", lambda self, end_user_id: end_user_id in self._wishes)


def an_address_is_never_given_on(patch: pytest.MonkeyPatch) -> None:
    grants = mail_wishes.grants
    held = {"": frozenset({""})}

    def strict(wishes: Any, current: Any, fixed: Any) -> set[str]:
        keepers = {thing: frozenset({*fixed.get(thing, held[""]), holder}) for holder, thing in current.items()}
        return grants(wishes, current, {**fixed, **keepers})

    patch.setattr(mail_wishes, "grants", strict)


def an_ignored_address_is_written(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "_is_mail_ignored", lambda *_: False)


def authority(before: Authority, after: Authority) -> Mutate:
    def mutate(patch: pytest.MonkeyPatch) -> None:
        authority_of = UserSyncSettings.authority_of

        def changed(self: UserSyncSettings, field: Any) -> Authority:
            found = authority_of(self, field)
            return after if found is before else found

        patch.setattr(UserSyncSettings, "authority_of", changed)

    mutate.__name__ = f"{before.value}_is_taken_for_{after.value}"
    return mutate


def nobody_is_kept_active(patch: pytest.MonkeyPatch) -> None:
    activity = upkeep._activity
    change = msgspec.structs.replace
    patch.setattr(upkeep, "_activity", lambda it, reason: activity(change(it, keep_active=False), reason))


def whoever_a_person_made_inactive_is_reactivated(patch: pytest.MonkeyPatch) -> None:
    activity = upkeep._activity

    def eager(end_user: Any, reason: Any) -> Any:
        because = end_user.inactive_because or LeftOutReason.DELETED
        return activity(msgspec.structs.replace(end_user, inactive_because=because), reason)

    patch.setattr(upkeep, "_activity", eager)


def everything_is_sure(patch: pytest.MonkeyPatch) -> None:
    route = Router.route
    patch.setattr(Router, "route", lambda self, user: route(self, user)._replace(is_sure=True))


def an_unknown_group_holds_nobody(patch: pytest.MonkeyPatch) -> None:
    route = Router.route
    patch.setattr(Router, "route", lambda self, user: route(self, user)._replace(is_known=True, is_sure=True))


def users_are_always_current(patch: pytest.MonkeyPatch) -> None:
    init = plan._Planner.__init__

    def believing(self: Any, inputs: Any) -> None:
        object.__setattr__(inputs.directory, "users_are_current", True)
        init(self, inputs)

    patch.setattr(plan._Planner, "__init__", believing)


def everybody_moves(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Places, "_moves_by_itself", lambda *_: True)


def also_manual_end_users_move(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Places, "_moves_by_itself", lambda self, *_: self._inputs.settings.moves_by_itself)


def decisions_about_moving_are_overlooked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Places, "_decision_about", lambda *_: None)


def the_disabled_get_end_users(patch: pytest.MonkeyPatch) -> None:
    reasons = Router._reasons
    patch.setattr(Router, "_reasons", lambda *args: (it for it in reasons(*args) if it is not LeftOutReason.DISABLED))


def what_is_off_goes_on(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Identities, "is_frozen", lambda *_: False)


def names_do_not_matter(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Matching, "_alike", lambda *_: {})


def the_name_proposes_whoever_is_just_linked(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(Matching, "_is_matched", lambda *_: False)


def the_main_address_is_guessed(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(fields, "_likely_mail", lambda user, _: user.username)


MUTATIONS: list[Mutate] = [
    *(
        a_question_is_answered(it)
        for it in (
            QueueKind.SEVERAL_END_USERS, QueueKind.SEVERAL_USERS, QueueKind.ALREADY_LINKED, QueueKind.NAME_ONLY,
            QueueKind.REHIRE,
        )
    ),
    *(authority(it, other) for it in Authority for other in Authority if it is not other),
    organization_does_not_decide_between_two,
    rivals_are_overlooked,
    only_rivals_with_the_same_address_count,
    everybody_with_the_address_is_the_same_person,
    nobody_comes_back,
    made_up_names_are_addresses,
    aliases_are_no_addresses,
    other_addresses_of_end_users_are_overlooked,
    an_address_to_be_replaced_still_counts,
    the_ignored_are_asked_about,
    the_erased_are_made_again,
    a_decision_to_link_is_overlooked,
    a_decision_to_link_takes_from_another,
    a_decision_to_create_is_overlooked,
    an_address_is_taken_away,
    an_address_is_never_given_on,
    an_ignored_address_is_written,
    nobody_is_kept_active,
    whoever_a_person_made_inactive_is_reactivated,
    everything_is_sure,
    an_unknown_group_holds_nobody,
    users_are_always_current,
    everybody_moves,
    also_manual_end_users_move,
    decisions_about_moving_are_overlooked,
    the_disabled_get_end_users,
    what_is_off_goes_on,
    names_do_not_matter,
    the_name_proposes_whoever_is_just_linked,
    the_main_address_is_guessed,
]  # fmt: skip
