"""Which End Users get the mail address that their user has: nobody gets one that somebody else keeps. Pure."""

from collections import defaultdict
from collections.abc import Mapping
from typing import NamedTuple

from integrations.domain.ids import EndUserId
from integrations.domain.user_sync.comparison import mail_key
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    MOST_LISTED,
    Choice,
    MatchCandidate,
    Question,
    QueueItem,
    QueueKind,
)
from integrations.domain.user_sync.matching.grants import grants
from integrations.domain.user_sync.matching.identities import Identities
from integrations.domain.user_sync.settings import SyncedField


class MailWish(NamedTuple):
    """The address that a user's End User is to get."""

    object_id: str
    mail: str


class MailWishes:
    """What becomes of the addresses that End Users are to get; ``wishes`` are by End User."""

    def __init__(self, inputs: UserSyncInputs, identities: Identities, wishes: Mapping[EndUserId, MailWish]) -> None:
        self._inputs, self._identities = inputs, identities
        self._users = {it: wish.object_id for it, wish in wishes.items()}
        self._wishes = {it: key for it, wish in wishes.items() if (key := mail_key(wish.mail))}
        self._current: dict[EndUserId, str] = {}
        self._holders: defaultdict[str, set[EndUserId]] = defaultdict(set)
        self._fixed: defaultdict[str, frozenset[EndUserId]] = defaultdict(frozenset)
        if wishes:
            self._index()
        self._granted = grants(self._wishes, self._current, self._fixed)

    def is_granted(self, end_user_id: EndUserId) -> bool:
        return end_user_id in self._granted

    def is_refused(self, end_user_id: EndUserId) -> bool:
        return end_user_id in self._wishes and end_user_id not in self._granted

    def question(self, object_id: str, end_user_id: EndUserId, mail: str) -> QueueItem | None:
        """What to ask about an address that is refused; None if nobody is to be asked."""
        identity = self._inputs.decision(object_id, Question.IDENTITY)
        if identity and identity.choice is Choice.CREATE:
            return None
        decision = self._inputs.decision(object_id, Question.MAIL)
        key = self._wishes[end_user_id]
        return QueueItem(
            kind=QueueKind.MAIL_TAKEN,
            subject=object_id,
            candidates=[MatchCandidate(end_user_id=it, because=["mail"]) for it in self._keepers(key, end_user_id)],
            rivals=self._rivals(key, end_user_id),
            organization_id=self._identities.users[object_id].organization_id,
            mail=mail,
            is_later=decision is not None and decision.choice is Choice.LATER,
        )

    def _keepers(self, key: str, end_user_id: EndUserId) -> list[EndUserId]:
        """End Users that have an address and keep it."""
        keepers = (self._holders[key] - self._granted) | self._fixed[key]
        return sorted(keepers - {end_user_id})[:MOST_LISTED]

    def _rivals(self, key: str, end_user_id: EndUserId) -> list[str]:
        """Other users that are to have an address."""
        others = {self._users[it] for it, wished in self._wishes.items() if wished == key and it != end_user_id}
        return sorted(others)[:MOST_LISTED]

    def _index(self) -> None:
        for end_user in self._inputs.end_users.values():
            if mail := mail_key(end_user.values.get(SyncedField.MAIL)):
                self._current[end_user.id] = mail
                self._holders[mail].add(end_user.id)
            for key in filter(None, map(mail_key, end_user.other_addresses)):
                self._fixed[key] |= {end_user.id}
