"""Carry out a plan of a user sync, in an order in which a crash at any point heals with the next run.

The End User comes first and its link afterwards: whoever was made for a user has an id that follows from the user's,
by which the next plan finds it again. An End User that somebody else changed since it was read is left to the next run.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import count

import msgspec

from integrations.actions.people.move import move_synced
from integrations.actions.people.work import PeopleWork
from integrations.actions.user_sync.inputs import ReadInputs
from integrations.actions.user_sync.synced_tenant import SyncedTenant
from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.people.changes import ChangedBy
from integrations.domain.people.end_user import EndUser
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.fields import FIELD_NAMES
from integrations.domain.user_sync.links import UserLink
from integrations.domain.user_sync.plan import UserSyncPlan
from integrations.domain.user_sync.stored.end_users import synced_end_user
from integrations.domain.user_sync.stored.state import LinkedEndUser, OpenQuestion, question_id
from integrations.storage.people import PeopleBatch
from integrations.storage.user_sync import UserSyncBatch
from shared.errors import NotFound
from shared.storage.tables import MAX_OPERATIONS, Write

_ROWS_MADE, _ROWS_CHANGED = 2, 3  # of an End User: no run gives it an external id or takes one away


class PlanWriter:
    """One plan that is carried out; ``batch`` holds the head as it was when the inputs were read."""

    def __init__(self, synced: SyncedTenant, read: ReadInputs, plan: UserSyncPlan, batch: UserSyncBatch) -> None:
        self._synced = synced
        self._read = read
        self._plan = plan
        self._batch = batch
        self._changes = [*plan.changes, *self._newly_managed()]
        self._links = self._links_after()
        self._linked = {it.end_user_id for it in self._links.values()}
        self._works: dict[OrganizationId, PeopleWork] = {}
        self._heads, self._stored = dict(read.heads), read.end_users  # until somebody else is faster
        self.seen = dict(read.seen)
        self.left: list[UserChange] = []

    @property
    def is_empty(self) -> bool:
        return not self._changes and self._plan.is_empty

    def write(self) -> None:
        """Write everything but the state in the head.

        ``left`` are changes of End Users that others changed meanwhile.

        Raises:
            VersionConflict: somebody else changes the tenant's user sync, or kept changing the people.
        """
        for changes in self._transactions():
            self._write(changes)
        self._write_questions()

    def _transactions(self) -> Iterator[list[UserChange]]:
        """The changes in parts whose End Users fit one transaction beside the head of their Organization."""
        part: list[UserChange] = []
        room = MAX_OPERATIONS - 1
        for it in self._changes:
            rows = _ROWS_MADE if it.created_in else _ROWS_CHANGED
            if rows > room:
                yield part
                part, room = [], MAX_OPERATIONS - 1
            part.append(it)
            room -= rows
        if part:
            yield part

    def _newly_managed(self) -> list[UserChange]:
        """End Users for which nothing changes but which fields are managed."""
        changed = {it.end_user_id for it in self._plan.changes}
        unchanged = (it for it in self._read.inputs.end_users if it not in changed)
        different = (it for it in unchanged if self._managed(it) != self._read.managed.get(it, []))
        return [UserChange(object_id="", end_user_id=it) for it in different]

    def _managed(self, end_user_id: EndUserId) -> list[str]:
        """The fields of an End User that are managed from now on."""
        return [FIELD_NAMES[it] for it in self._plan.managed.get(end_user_id, ())]

    def _links_after(self) -> dict[str, UserLink]:
        links = dict(self._read.inputs.links)
        for it in self._plan.changes:
            if it.unlinked_object_id:
                links.pop(it.unlinked_object_id, None)
            if it.link:
                links[it.object_id] = it.link
        return links

    def _write(self, changes: Sequence[UserChange]) -> None:
        done: set[EndUserId] = set()
        by_organization: defaultdict[OrganizationId, list[UserChange]] = defaultdict(list)
        for it in changes:
            by_organization[self._organization_of(it)].append(it)
        for organization_id, some in by_organization.items():
            done |= self._write_end_users(organization_id, some)
        stayed = self._move([it for it in changes if it.moves_to and it.end_user_id in done])
        self.left += [it for it in changes if it.end_user_id not in done]
        self._batch.write_many(list(self._link_writes([it for it in changes if it.end_user_id in done], stayed)))

    def _organization_of(self, change: UserChange) -> OrganizationId:
        return change.created_in or self._read.inputs.end_users[change.end_user_id].organization_id

    def _write_end_users(self, organization_id: OrganizationId, changes: Sequence[UserChange]) -> set[EndUserId]:
        """One transaction; returns the End Users that are as the plan has them."""
        work = self._work_in(organization_id)
        now = self._read.inputs.as_of

        tries = count()

        def attempt(batch: PeopleBatch) -> tuple[set[EndUserId], int, int]:
            before, done = batch.head.end_users_sequence, set()
            is_first = next(tries) == 0  # whoever is to be made is taken to be absent, until a conflict says otherwise
            wanted = [it.end_user_id for it in changes if not (is_first and it.created_in)]
            if not is_first:
                self._stored = {}
            found = self._stored or work.people.end_users.find_all(wanted)
            for it in changes:
                stored, managed = found.get(it.end_user_id), self._plan.managed.get(it.end_user_id, ())
                if stored is None and it.created_in:
                    batch.add(synced_end_user(it, managed, None, now))
                elif stored is None or not self._is_as_read(stored.value):
                    continue
                elif (after := synced_end_user(it, managed, stored.value, now)) is not stored.value:
                    batch.save(stored, after)
                done.add(it.end_user_id)
            return done, before, batch.head.end_users_sequence

        try:
            done, before, after = work.carry_further(attempt)
        except NotFound:  # the Organization was deleted
            return set()
        if self.seen.get(organization_id) == before:
            self.seen[organization_id] = after
        return done

    def _work_in(self, organization_id: OrganizationId) -> PeopleWork:
        work = self._works.get(organization_id)
        if work is None:
            work = self._works[organization_id] = PeopleWork(self._synced.account, organization_id, by=ChangedBy.SYNC)
            if organization_id in self._heads:
                work.continue_from(self._heads.pop(organization_id))
        return work

    def _is_as_read(self, person: EndUser) -> bool:
        return person.moving_to is None and self._read.sequences.get(person.id) == person.sequence

    def _move(self, changes: Iterable[UserChange]) -> set[EndUserId]:
        """Move End Users; returns those that cannot be, such as for an external id that somebody has there."""
        moves: defaultdict[tuple[OrganizationId, OrganizationId], list[EndUserId]] = defaultdict(list)
        for it in changes:
            if it.moves_to:
                moves[self._organization_of(it), it.moves_to].append(it.end_user_id)
        stayed: set[EndUserId] = set()
        for (source_id, target_id), some in moves.items():
            are_known = {it for it in (source_id, target_id) if self.seen.get(it) == self._sequence_of(it)}
            stayed |= set(some) - set(move_synced(self._synced.account, source_id, target_id, some))
            self.seen |= {it: self._sequence_of(it) for it in are_known}
            self._works.clear()  # the heads are others now
        return stayed

    def _sequence_of(self, organization_id: OrganizationId) -> int:
        account = self._synced.account
        return account.services.people(account.id, organization_id).head().end_users_sequence

    def _link_writes(self, changes: Sequence[UserChange], stayed: set[EndUserId]) -> Iterator[Write]:
        store, before, linked = self._synced.store, self._read.inputs.links, self._linked
        former = {before[it.object_id].end_user_id for it in changes if it.link and it.object_id in before}
        known = store.linked_end_users.find_all([it for it in former - linked if it])
        yield from map(store.linked_end_users.removed, known.values())
        for it in changes:
            gone = it.unlinked_object_id
            if gone and gone in before and gone not in self._links:
                yield store.links.dropped(gone)
        for it in changes:
            link = it.link
            if link is None:
                continue
            if it.end_user_id in stayed:
                accepted = before[it.object_id].organization_id if it.object_id in before else link.organization_id
                link = msgspec.structs.replace(link, organization_id=accepted)
            yield store.links.put(link)
            if it.linked_by:
                yield store.linked_end_users.put(
                    LinkedEndUser(
                        end_user_id=it.end_user_id, object_id=it.object_id, linked_by=link.linked_by, since=link.since
                    )
                )

    def _write_questions(self) -> None:
        questions, now = self._synced.store.questions, self._read.inputs.as_of
        opened = [OpenQuestion(item=it, since=now) for it in self._plan.opened]
        closed = [question_id(it.kind, it.subject) for it in self._plan.closed]
        known = questions.find_all([it.id for it in opened])
        since = {key: it.value.since for key, it in known.items()}
        kept = [msgspec.structs.replace(it, since=since.get(it.id, now)) for it in opened]
        self._batch.write_many([*map(questions.put, kept), *map(questions.dropped, closed)])
