"""Which End User a user is who has none yet. Pure.

A match is made one to one, by mail address, user principal name or alias. Whatever is not clear becomes a question;
what only looks alike, such as a name, is proposed and never decides.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from integrations.domain.ids import EndUserId
from integrations.domain.sync.records import User
from integrations.domain.user_sync.comparison import addresses_of, mail_key, name_keys, phone_key
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    MOST_LISTED,
    Choice,
    KnownEndUser,
    LinkedBy,
    MatchCandidate,
    Question,
    QueueItem,
    QueueKind,
    UserLink,
)
from integrations.domain.user_sync.matching.identities import Identities
from integrations.domain.user_sync.matching.places import Places
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.settings import SyncedField


class Matched(NamedTuple):
    """A user is linked with an End User.

    ``replaces`` is the link of an earlier account of the same person; ``others`` are End Users of other Organizations
    with the same address.
    """

    end_user_id: EndUserId
    linked_by: LinkedBy
    replaces: UserLink | None = None
    others: tuple[EndUserId, ...] = ()


class Created(NamedTuple):
    """An End User with this id is made for the user."""

    end_user_id: EndUserId


Candidates = dict[EndUserId, list[str]]  # what each has in common with a user
Outcome = Matched | Created | QueueItem | SkipReason | LeftOutReason

_BY_ADDRESS = {"mail": LinkedBy.MAIL, "username": LinkedBy.USERNAME, "alias": LinkedBy.ALIAS}  # strongest first


class Matching:
    """The outcome for each user of a tenant that has no End User yet."""

    def __init__(self, inputs: UserSyncInputs, identities: Identities) -> None:
        self._inputs, self._identities = inputs, identities
        self._users = inputs.directory.users
        self._places = Places(inputs, identities)
        self._unlinked_by_address = self._index_of_unlinked()
        self._shared = {key for key, sharing in self._unlinked_by_address.items() if len(sharing) > 1}
        self._by_likeness: dict[tuple[str, str], set[EndUserId]] | None = None
        self._candidates: dict[str, Candidates] = {}
        self._by_key: dict[str, Matched | QueueItem | None] = {}

    def outcome(self, object_id: str) -> Outcome:
        """What becomes of a user that exists and has no End User yet."""
        if object_id in self._identities.created:
            return Created(self._identities.end_user_of[object_id])
        if object_id in self._identities.linked_now:
            end_user_id = self._identities.end_user_of[object_id]
            by = self._identities.linked_now[object_id]
            return Matched(end_user_id, by, self._identities.former.get(end_user_id))
        if reason := self._reason_to_skip(object_id):
            return reason
        return self._refused(object_id) or self._outcome_by_key(object_id) or self._outcome_without_match(object_id)

    def _reason_to_skip(self, object_id: str) -> SkipReason | LeftOutReason | None:
        standing = self._identities.users[object_id].standing
        if not self._inputs.directory.users_are_current:
            return SkipReason.NOT_CURRENT
        if standing.is_left_out:
            return standing.reasons[0]
        if standing.route.organization_id is None:
            return LeftOutReason.UNROUTED if standing.route.is_known else SkipReason.FILTER_BROKEN
        if not standing.route.is_on:
            return SkipReason.SYNC_OFF
        if self._identities.is_ignored(object_id):
            return SkipReason.IGNORED
        return SkipReason.ERASED if self._identities.is_erased(object_id) else None

    def _refused(self, object_id: str) -> QueueItem | None:
        """The question that a decision leaves open: the End User has another user, or several were to be it."""
        end_user_id = self._identities.refused.get(object_id)
        if end_user_id is None:
            return None
        candidates = {end_user_id: ["decision"]}
        if holder := self._identities.holder_of.get(end_user_id):
            return self._question(QueueKind.ALREADY_LINKED, object_id, candidates, [holder])
        rivals = [it for it, wanted in self._identities.refused.items() if wanted == end_user_id and it != object_id]
        return self._question(QueueKind.SEVERAL_USERS, object_id, candidates, rivals)

    def _outcome_by_key(self, object_id: str) -> Matched | QueueItem | None:
        """What follows from addresses alone; None if nobody else has any of them."""
        if object_id not in self._by_key:
            self._by_key[object_id] = self._judged(object_id)
        return self._by_key[object_id]

    def _judged(self, object_id: str) -> Matched | QueueItem | None:
        if self._shared.isdisjoint(self._identities.users[object_id].keys) and not self.candidates(object_id):
            return None  # nobody else has any of these addresses
        wanted = self._wanted(object_id)
        candidates = {it: because for it, because in self.candidates(object_id).items() if it in wanted}
        if len(wanted) > 1:
            return self._question(QueueKind.SEVERAL_END_USERS, object_id, candidates)
        end_user_id = next(iter(wanted), None)
        if end_user_id and (holder := self._identities.holder_of.get(end_user_id)):
            return self._question(QueueKind.ALREADY_LINKED, object_id, candidates, [holder])
        if rivals := self._rivals(object_id, wanted):
            return self._question(QueueKind.SEVERAL_USERS, object_id, candidates, rivals)
        return self._match(object_id, end_user_id, candidates) if end_user_id else None

    def _match(self, object_id: str, end_user_id: EndUserId, candidates: Candidates) -> Matched | QueueItem:
        gone = self._identities.gone.get(end_user_id)
        if gone is None:
            others = tuple(sorted(self.candidates(object_id).keys() - {end_user_id}))
            return Matched(end_user_id, _BY_ADDRESS[candidates[end_user_id][0]], others=others)
        if is_same_person(self._users[object_id], gone):
            return Matched(end_user_id, LinkedBy.REHIRE, gone)
        return self._question(QueueKind.REHIRE, object_id, candidates, [gone.object_id])

    def candidates(self, object_id: str) -> Candidates:
        """Ids of End Users that share an address with a user, and which; the strongest first."""
        if self._identities.are_new(self._identities.users[object_id].keys):
            return {}
        if object_id not in self._candidates:
            found: defaultdict[EndUserId, list[str]] = defaultdict(list)
            for key, kind in addresses_of(self._users[object_id]):
                for end_user_id in self._identities.known_by(key):
                    if kind not in found[end_user_id]:
                        found[end_user_id].append(kind)
            self._candidates[object_id] = dict(found)
        return self._candidates[object_id]

    def _wanted(self, object_id: str) -> set[EndUserId]:
        """The candidates; of several the one in the Organization that the user belongs to, if there is just one."""
        candidates = set(self.candidates(object_id))
        if len(candidates) < 2:
            return candidates
        organization_id = self._identities.users[object_id].organization_id
        there = {it for it in candidates if self._places.organization_of(it) == organization_id}
        return there if len(there) == 1 else candidates

    def _rivals(self, object_id: str, end_user_ids: Iterable[EndUserId]) -> list[str]:
        """Other users without End User that share an address with this one, or want the same End User."""
        own = self._identities.users[object_id].keys
        sharing = {it for key in own for it in self._unlinked_by_address.get(key, ())}
        wanting = {it for end_user_id in end_user_ids for it in self._wanting(end_user_id)}
        others = (sharing | wanting) - {object_id}
        return [it for it in others if self._reason_to_skip(it) is None]

    def _wanting(self, end_user_id: EndUserId) -> Iterator[str]:
        """Users without End User that want this one."""
        for key in _addresses_of_end_user(self._inputs.end_users[end_user_id]):
            yield from (it for it in self._unlinked_by_address.get(key, ()) if end_user_id in self._wanted(it))

    def _outcome_without_match(self, object_id: str) -> Outcome:
        if LeftOutReason.DISABLED in self._identities.users[object_id].standing.reasons:
            return LeftOutReason.DISABLED
        if self._inputs.settings.mail_required and SyncedField.MAIL not in self._identities.users[object_id].values:
            return SkipReason.NO_MAIL
        if not self._identities.has_name(object_id):
            return SkipReason.NO_NAME
        if candidates := self._alike(object_id):
            return self._question(QueueKind.NAME_ONLY, object_id, candidates)
        return Created(self._identities.free_id(object_id))

    def _alike(self, object_id: str) -> Candidates:
        """End Users without a user that look like this one, and by what; not those that are just being linked."""
        if self._by_likeness is None:
            self._by_likeness = self._index_of_likeness()
        if not self._by_likeness:
            return {}
        found: defaultdict[EndUserId, list[str]] = defaultdict(list)
        for kind, key in _likeness_of(self._users[object_id]):
            for end_user_id in self._by_likeness.get((kind, key), ()):
                if kind not in found[end_user_id]:
                    found[end_user_id].append(kind)
        return {it: because for it, because in found.items() if not self._is_matched(it)}

    def _is_matched(self, end_user_id: EndUserId) -> bool:
        outcomes = (self._outcome_by_key(it) for it in self._wanting(end_user_id) if not self._reason_to_skip(it))
        return any(isinstance(it, Matched) for it in outcomes)

    def _question(
        self, kind: QueueKind, object_id: str, candidates: Candidates, rivals: Iterable[str] = ()
    ) -> QueueItem:
        decision = self._inputs.decision(object_id, Question.IDENTITY)
        listed = [MatchCandidate(end_user_id=it, because=because) for it, because in sorted(candidates.items())]
        return QueueItem(
            kind=kind,
            subject=object_id,
            candidates=listed[:MOST_LISTED],
            rivals=sorted(rivals)[:MOST_LISTED],
            organization_id=self._identities.users[object_id].organization_id,
            is_later=decision is not None and decision.choice is Choice.LATER,
        )

    def _index_of_unlinked(self) -> dict[str, list[str]]:
        index: defaultdict[str, list[str]] = defaultdict(list)
        for object_id in self._users:
            if object_id not in self._identities.end_user_of:
                for key in self._identities.users[object_id].keys:
                    index[key].append(object_id)
        return index

    def _index_of_likeness(self) -> dict[tuple[str, str], set[EndUserId]]:
        index: defaultdict[tuple[str, str], set[EndUserId]] = defaultdict(set)
        for end_user in self._inputs.end_users.values():
            if end_user.id not in self._identities.holder_of:
                for likeness in _likeness_of_end_user(end_user, self._identities.gone.get(end_user.id)):
                    index[likeness].add(end_user.id)
        return index


def is_same_person(user: User, gone: UserLink) -> bool:
    """Whether a new account belongs to the person of an earlier one: by employee id or immutable id."""
    is_same_employee = gone.employee_id is not None and gone.employee_id == user.employee_id
    return is_same_employee or (gone.immutable_id is not None and gone.immutable_id == user.immutable_id)


def _addresses_of_end_user(end_user: KnownEndUser) -> set[str]:
    texts = (end_user.values.get(SyncedField.MAIL), *end_user.other_addresses)
    return set(filter(None, map(mail_key, texts)))


def _likeness_of(user: User) -> Iterator[tuple[str, str]]:
    """What a user looks like. A number of the office is left out, since everybody there has it."""
    yield from (("name", it) for it in name_keys(user.name, user.given_name, user.surname))
    yield from (("mobile_phone", it) for it in filter(None, [phone_key(user.mobile_phone)]))
    yield from (("other_mail", it) for it in filter(None, map(mail_key, user.other_mails)))
    yield from (("employee_id", it) for it in filter(None, [user.employee_id]))


def _likeness_of_end_user(end_user: KnownEndUser, gone: UserLink | None) -> Iterator[tuple[str, str]]:
    values = end_user.values
    given_name, surname = values.get(SyncedField.GIVEN_NAME), values.get(SyncedField.SURNAME)
    yield from (("name", it) for it in name_keys(values.get(SyncedField.NAME), given_name, surname))
    numbers = (values.get(SyncedField.MOBILE_PHONE), values.get(SyncedField.PHONE))
    yield from (("mobile_phone", it) for it in filter(None, map(phone_key, numbers)))
    yield from (("other_mail", it) for it in _addresses_of_end_user(end_user))
    yield from (("employee_id", it) for it in filter(None, [gone.employee_id if gone else None]))
