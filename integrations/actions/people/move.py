"""Move End Users to another Organization; their ids stay.

An Organization's people are one partition, so that a move takes three transactions: those who move are marked; they
are added where they go; they are taken away where they were, and a row there says where they are. Each step looks at
what is stored, so that any of them can be repeated, and a line of the due list finishes what a dead process began.
Who is marked will move, whoever finishes it, unless the other Organization is deleted.
"""

import contextlib
import secrets
from collections.abc import Collection, Sequence
from typing import NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_organization
from integrations.actions.people.finding import find_end_user
from integrations.actions.people.work import Entry, PeopleWork
from integrations.domain.ids import EndUserId, OrganizationId, organization_of
from integrations.domain.people.changes import ChangedBy, Departure
from integrations.domain.people.end_user import EndUser
from integrations.domain.retry_delays import MOVE_LOST
from integrations.services import Services
from integrations.storage.due import Due, Work
from integrations.storage.people import OrganizationPeople, PeopleBatch
from integrations.storage.people_rows import MovedEndUser
from shared.errors import Invalid, NotFound, Problem

MOST_MOVED = 1000  # in one request
_A_ROUND = 100


class Moved(NamedTuple):
    """Who was moved, who could not be, and how many End Users the Organization still has."""

    moved: list[EndUserId]
    not_moved: list[EndUserId]
    remaining: int


def move_end_users(
    services: Services,
    actor: Actor,
    source_id: OrganizationId,
    target_id: OrganizationId,
    end_user_ids: Sequence[EndUserId] | None,
) -> Moved:
    """Move these End Users, or the first MOST_MOVED of all.

    Who is not there, or has an external id that somebody has where it is to go, is not moved.

    Raises:
        NotFound: there is no such Organization.
        Invalid: both are the same.
    """
    account = Account(services, actor.account_id)
    find_organization(account.control, source_id)
    if target_id == source_id:
        raise Invalid("This is the same Organization.", problems=[Problem("/organization_id", "another Organization")])
    find_organization(account.control, target_id)
    people = services.people(account.id, source_id)
    listed = end_user_ids if end_user_ids is not None else _first(people)
    line = Due(Work.MOVE, account.id, f"{source_id}:{secrets.token_hex(8)}", services.clock() + MOVE_LOST)
    services.due.put(line)
    subject = {"organization_id": source_id, "to_organization_id": target_id}
    work = PeopleWork(account, source_id, Entry(actor, "moved End Users", subject))
    moved = carry_out_moves(work, target_id, listed)
    services.due.complete(line)
    return Moved(moved, [it for it in listed if it not in set(moved)], people.head().count)


def move_synced(
    account: Account, source_id: OrganizationId, target_id: OrganizationId, end_user_ids: Sequence[EndUserId]
) -> list[EndUserId]:
    """Move End Users for the user sync, whose audit entry says so already; returns who was moved."""
    line = Due(Work.MOVE, account.id, f"{source_id}:{secrets.token_hex(8)}", account.services.clock() + MOVE_LOST)
    account.services.due.put(line)
    moved = carry_out_moves(PeopleWork(account, source_id, by=ChangedBy.SYNC), target_id, end_user_ids)
    account.services.due.complete(line)
    return moved


def carry_out_moves(work: PeopleWork, target_id: OrganizationId, end_user_ids: Sequence[EndUserId]) -> list[EndUserId]:
    """Move End Users from the Organization of the work; returns who was moved. A line of the due list stands for it."""
    moved: list[EndUserId] = []
    source_id = work.people.organization_id
    for start in range(0, len(end_user_ids), _A_ROUND):
        some = end_user_ids[start : start + _A_ROUND]
        _finish_arrivals(work.account, source_id, some)
        marked = _mark(work, target_id, some)
        moved += finish_moves(work.account, source_id, target_id, marked, by=work.by)
    return moved


def finish_moves(
    account: Account,
    source_id: OrganizationId,
    target_id: OrganizationId,
    end_user_ids: Sequence[EndUserId],
    *,
    by: ChangedBy = ChangedBy.PORTAL,
) -> list[EndUserId]:
    """Finish the move of those who are marked for it; returns who was moved. The others stay, unmarked."""
    source = PeopleWork(account, source_id, by=by)
    arrived = _arrive(source, target_id, end_user_ids)

    def attempt(batch: PeopleBatch) -> set[str]:
        found = source.people.end_users.find_all(end_user_ids)
        for stored in found.values():
            person = stored.value
            if person.moving_to != target_id:
                continue
            source.make_room(batch, 4 + len(person.external_ids))
            if person.id in arrived:
                batch.remove(stored, Departure.MOVED, moved_to=target_id)
                batch.write(source.people.moved.put(MovedEndUser(end_user_id=person.id, moved_to=target_id)))
            else:
                stays = msgspec.structs.replace(person, moving_to=None)
                batch.write(source.people.end_users.saved(stored.now(stays)))
        return set(found) - arrived

    stayed = source.carry_out(attempt)
    return [it for it in end_user_ids if it not in stayed]


def finish_lost_moves(services: Services, due: Due) -> None:
    """Finish what a dead process left of a move; the line's item is ``<organization>:<a random text>``."""
    if due.at > services.clock():
        return
    account, source_id = Account(services, due.account_id), OrganizationId(due.item_id.partition(":")[0])
    by_target: dict[OrganizationId, list[EndUserId]] = {}
    for it in services.people(account.id, source_id).end_users.all():
        if it.moving_to is not None:
            by_target.setdefault(it.moving_to, []).append(it.id)
    for target_id, end_user_ids in by_target.items():
        for start in range(0, len(end_user_ids), _A_ROUND):
            finish_moves(account, source_id, target_id, end_user_ids[start : start + _A_ROUND])
    services.due.complete(due)


def _first(people: OrganizationPeople) -> list[EndUserId]:
    return [it.value.id for it in people.end_users.list(limit=MOST_MOVED)]


def _found(people: OrganizationPeople, end_user_ids: Collection[EndUserId]) -> list[EndUser]:
    return [it.value for it in people.end_users.find_all(end_user_ids).values()]


def _finish_arrivals(account: Account, organization_id: OrganizationId, end_user_ids: Sequence[EndUserId]) -> None:
    """Finish the moves by which these came here: nobody leaves who is still marked where they were."""
    for end_user_id in end_user_ids:
        if organization_of(end_user_id) == organization_id:
            continue
        with contextlib.suppress(NotFound):
            person = find_end_user(account.services, account.id, end_user_id)
            if person.moving_to == organization_id:
                finish_moves(account, person.organization_id, organization_id, [end_user_id])


def _mark(work: PeopleWork, target_id: OrganizationId, end_user_ids: Sequence[EndUserId]) -> list[EndUserId]:
    """Mark who is to move; returns those who are here, are not moving elsewhere, and meet no external id of theirs."""
    target = work.account.services.people(work.account.id, target_id)

    def attempt(batch: PeopleBatch) -> list[EndUserId]:
        found = work.people.end_users.find_all(end_user_ids).values()
        taken = target.of_external_ids([key for it in found for key in it.value.external_ids])
        marked = []
        for stored in found:
            is_free = taken.keys().isdisjoint(stored.value.external_ids)
            if stored.value.moving_to not in {None, target_id} or not is_free:
                continue
            marked.append(stored.value.id)
            work.make_room(batch, 1)
            moving = msgspec.structs.replace(stored.value, moving_to=target_id)
            batch.write(work.people.end_users.saved(stored.now(moving)))
        return marked

    return work.carry_out(attempt)


def _arrive(work: PeopleWork, target_id: OrganizationId, end_user_ids: Collection[EndUserId]) -> set[EndUserId]:
    """Add those who are marked for it and not there yet; returns everybody of them who is there then.

    Nobody is, if the Organization was deleted in the meantime. Somebody who came there with the same external id since
    they were marked keeps it. The marks are read after the head: nobody whose move others have finished since is added
    again, as they may have left or have been erased by now.
    """
    account, target = work.account, PeopleWork(work.account, target_id, by=work.by)

    def attempt(batch: PeopleBatch) -> set[EndUserId]:
        find_organization(account.control, target_id)
        leaving = [it for it in _found(work.people, end_user_ids) if it.moving_to == target_id]
        there = {it.id for it in _found(target.people, [it.id for it in leaving])}
        arriving = [it for it in leaving if it.id not in there]
        taken = target.people.of_external_ids([key for it in arriving for key in it.external_ids])
        was_here = target.people.moved.find_all([it.id for it in arriving])
        for it in arriving:
            target.make_room(batch, 4 + len(it.external_ids))
            batch.add(_arriving(it, target_id, taken))
            batch.write(*(target.people.moved.removed(was_here[key]) for key in [it.id] if key in was_here))
        return {it.id for it in leaving}

    try:
        return target.carry_out(attempt)
    except NotFound:
        return set()


def _arriving(person: EndUser, target_id: OrganizationId, taken: Collection[str]) -> EndUser:
    """An End User as it is in the other Organization, without external ids that somebody has there."""
    return msgspec.structs.replace(
        person,
        organization_id=target_id,
        moving_to=None,
        former_organization_ids=sorted({*person.former_organization_ids, person.organization_id} - {target_id}),
        external_id=None if person.external_id in taken else person.external_id,
        merged_external_ids=[it for it in person.merged_external_ids if it not in taken],
    )
