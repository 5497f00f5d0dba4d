"""The plan of a user sync: everything that it would change, without changing anything. Pure.

A plan that was applied leaves nothing to do for the next.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.security.certainty import Certainty
from integrations.domain.user_sync.changes import ChangeKind, UserChange
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import QueueItem, QueueKey, QueueKind, queue_key
from integrations.domain.user_sync.mail_wishes import MailWish, MailWishes
from integrations.domain.user_sync.matching.identities import Identities
from integrations.domain.user_sync.matching.matches import Created, Matched, Matching, Outcome
from integrations.domain.user_sync.scope.filters import CompiledFilter
from integrations.domain.user_sync.scope.reasons import LeftOutReason, SkipReason
from integrations.domain.user_sync.scope.routing import Router
from integrations.domain.user_sync.settings import SyncedField, UserSyncSettings
from integrations.domain.user_sync.upkeep import Upkeep, Upkept

MOST_EXAMPLES = 100
_ALL_OF_THEM = 2  # the weight from which on an Organization is emptied: by one whom no filter takes, or two that go


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSyncPlan:
    """What a sync would change.

    Attributes:
        settings: The settings it follows.
        as_of: When it was made, in UTC.
        changes: What changes, by user.
        opened: Questions that are new, or not as they were.
        closed: Questions that are open no more.
        queue: All questions that are open afterwards.
        skipped: Users without End User that stay so, by the reason.
        cleared: Fields that were cleared at Microsoft and keep their value here, by object id.
        managed: Fields in which the portal's edits are ignored, by the End User; not listed, it has none.
        linked_active: End Users that are linked and active before it.
        emptied: Organizations that would lose End Users because their filter allows nobody any more.
    """

    settings: UserSyncSettings
    as_of: datetime
    changes: list[UserChange] = field(default_factory=list)
    opened: list[QueueItem] = field(default_factory=list)
    closed: list[QueueKey] = field(default_factory=list)
    queue: Mapping[QueueKey, QueueItem] = field(default_factory=dict)
    skipped: Counter[LeftOutReason | SkipReason] = field(default_factory=Counter)
    cleared: Mapping[str, Sequence[SyncedField]] = field(default_factory=dict)
    managed: Mapping[EndUserId, Sequence[SyncedField]] = field(default_factory=dict)
    linked_active: int = 0
    emptied: list[OrganizationId] = field(default_factory=list)

    @property
    def is_empty(self) -> bool:
        return not (self.changes or self.opened or self.closed)

    def counts(self) -> Counter[ChangeKind]:
        return Counter(kind for it in self.changes for kind in it.kinds)

    def inactivated(self) -> Counter[LeftOutReason]:
        """End Users that become inactive, by the reason."""
        return Counter(it.inactive_because for it in self.changes if it.is_active is False and it.inactive_because)

    def queued(self) -> Counter[QueueKind]:
        return Counter(it.kind for it in self.queue.values())

    def examples(self, kind: ChangeKind, most: int = MOST_EXAMPLES) -> list[UserChange]:
        """Changes of a kind, at most this many."""
        return [it for it in self.changes if kind in it.kinds][:most]


def plan_sync(inputs: UserSyncInputs) -> UserSyncPlan:
    """The plan for all users."""
    if not inputs.settings.is_on:
        return UserSyncPlan(settings=inputs.settings, as_of=inputs.as_of, queue=inputs.queue)
    return _Planner(inputs).plan()


class _Planner:
    def __init__(self, inputs: UserSyncInputs) -> None:
        self._inputs, self._users = inputs, inputs.directory.users
        self._router = Router(inputs.settings, inputs.directory)
        self._identities = Identities(inputs, self._router)
        self._matching = Matching(inputs, self._identities)
        self._gone = {it.object_id: end_user_id for end_user_id, it in self._identities.gone.items()}
        self._outcomes = {it: self._outcome(it) for it in sorted(self._users)}
        missing = [end_user_id for _, end_user_id in sorted(self._gone.items())]
        matched = {it.end_user_id for it in self._outcomes.values() if isinstance(it, Matched)}
        self._missing = [it for it in missing if it not in matched]

    def plan(self) -> UserSyncPlan:
        upkept = list(self._upkept())
        changes = [it.change for it in upkept if not it.change.is_empty]
        queue = {queue_key(it): it for it in self._questions(upkept)}
        skipped = (it for it in self._outcomes.values() if isinstance(it, LeftOutReason | SkipReason))
        return UserSyncPlan(
            settings=self._inputs.settings,
            as_of=self._inputs.as_of,
            changes=changes,
            opened=[it for key, it in queue.items() if self._inputs.queue.get(key) != it],
            closed=[it for it in self._inputs.queue if it not in queue],
            queue=queue,
            skipped=Counter(skipped),
            cleared={it.change.object_id: it.cleared for it in upkept if it.cleared},
            managed={it.change.end_user_id: it.managed for it in upkept if it.managed},
            linked_active=self._linked_active(),
            emptied=self._emptied(changes),
        )

    def _outcome(self, object_id: str) -> Outcome | None:
        """What becomes of a user without End User; None for one that has one and keeps it."""
        has_one = object_id in self._identities.end_user_of
        is_new = object_id in self._identities.created or object_id in self._identities.linked_now
        return None if has_one and not is_new else self._matching.outcome(object_id)

    def _upkept(self) -> Iterator[Upkept]:
        end_users = self._inputs.end_users
        upkeep = Upkeep(
            self._inputs, self._identities, MailWishes(self._inputs, self._identities, dict(self._wishes()))
        )
        for object_id, outcome in self._outcomes.items():
            if isinstance(outcome, Created):
                yield upkeep.created(object_id, outcome)
            elif end_user_id := self._end_user_id(object_id, outcome):
                matched = outcome if isinstance(outcome, Matched) else None
                yield upkeep.linked(object_id, end_users[end_user_id], matched)
        yield from (upkeep.gone(self._identities.gone[it], end_users[it]) for it in self._missing)

    def _end_user_id(self, object_id: str, outcome: Outcome | None) -> EndUserId | None:
        """The existing End User of a user, from now on."""
        if isinstance(outcome, Matched):
            return outcome.end_user_id
        return self._identities.end_user_of[object_id] if outcome is None else None

    def _wishes(self) -> Iterator[tuple[EndUserId, MailWish]]:
        for object_id, outcome in self._outcomes.items():
            end_user_id = self._end_user_id(object_id, outcome)
            if isinstance(outcome, Created):
                end_user_id, mail = outcome.end_user_id, self._identities.first_mail(object_id)
            elif end_user_id:
                mail = self._identities.mail_wish(object_id, self._inputs.end_users[end_user_id])
            if end_user_id and mail:
                yield end_user_id, MailWish(object_id, mail)

    def _questions(self, upkept: Iterable[Upkept]) -> Iterator[QueueItem]:
        yield from (it for it in self._outcomes.values() if isinstance(it, QueueItem))
        yield from (question for it in upkept for question in it.questions)
        for it in self._router.filters:
            if it.is_on and it.is_broken:
                organization_id, missing = it.organization_id, sorted(set(it.missing_groups()))
                yield QueueItem(kind=QueueKind.FILTER_BROKEN, subject=organization_id, missing_groups=missing)

    def _linked_active(self) -> int:
        linked = {it.end_user_id for it in self._inputs.links.values()}
        return sum(it.is_active for it in self._inputs.end_users.values() if it.id in linked)

    def _emptied(self, changes: Iterable[UserChange]) -> list[OrganizationId]:
        """Organizations that lose End Users since their filter allows nobody.

        Not where the last one of them is deleted or moves: somebody may just leave.
        """
        lost: Counter[OrganizationId] = Counter()
        for it in changes:
            if weight := _weight_of_loss(it):
                end_user = self._inputs.end_users[it.end_user_id]
                lost[self._identities.accepted_organization(it.object_id, end_user)] += weight
        return [
            it.organization_id
            for it in self._router.filters
            if lost[it.organization_id] >= _ALL_OF_THEM and not self._allows(it)
        ]

    def _allows(self, organization: CompiledFilter) -> bool:
        return any(organization.verdict(it).allows is Certainty.YES for it in self._users.values())


def _weight_of_loss(change: UserChange) -> int:
    if change.is_active is False and change.inactive_because is LeftOutReason.UNROUTED:
        return _ALL_OF_THEM
    is_deleted = change.is_active is False and change.inactive_because is LeftOutReason.DELETED
    return int(is_deleted or change.moves_to is not None)
