"""Create, find, change, merge and erase End Users."""

import secrets
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple, TypeVar

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.conflicts import ignore_conflict
from integrations.actions.lookup import find_organization
from integrations.actions.people.assignments import change_assignments, change_assignments_elsewhere
from integrations.actions.people.finding import find_end_user, no_such_end_user
from integrations.actions.people.microsoft import LinksOfPerson, MicrosoftPeople
from integrations.actions.people.move import finish_moves
from integrations.actions.people.work import Entry, PeopleWork
from integrations.domain.assets.asset import AssetAssignment
from integrations.domain.assets.assignments import after_erasure, after_merge
from integrations.domain.ids import AccountId, EndUserId, OrganizationId, new_end_user_id
from integrations.domain.people.changes import Departure
from integrations.domain.people.end_user import MOST_MERGED, EndUser, new_end_user, with_values
from integrations.domain.people.erasure import ErasureSalt, erasure_keys, erasure_marks
from integrations.domain.people.fields import checked
from integrations.domain.people.merging import merged
from integrations.domain.retry_delays import RETRY_IN_PROGRESS_S
from integrations.services import Services
from integrations.storage.control import CURRENT
from integrations.storage.documents import Stored
from integrations.storage.people import OrganizationPeople, PeopleBatch
from shared.errors import Conflict, Invalid, Problem

T = TypeVar("T")

_SALT_BYTES = 16
_ROWS_OF_AN_ERASURE = 4 + MOST_MERGED
_ROWS_OF_A_MERGE = 2 * (4 + MOST_MERGED)


class Saved(NamedTuple):
    """An End User as it is now, and the managed fields for which another value was sent."""

    end_user: EndUser
    ignored_fields: list[str]


def create_end_user(
    services: Services, actor: Actor, organization_id: OrganizationId, values: Mapping[str, Any]
) -> EndUser:
    """Create an End User from the values of its fields.

    Raises:
        NotFound: there is no such Organization.
        Invalid: a value is not valid.
        Conflict: ``external_id_taken``.
    """
    stored_values, end_user_id = _checked(values), new_end_user_id(organization_id)
    account = Account(services, actor.account_id)
    find_organization(account.control, organization_id)
    subject = {"organization_id": organization_id, "end_user_id": end_user_id}
    work = PeopleWork(account, organization_id, Entry(actor, "created End User", subject))

    def attempt(batch: PeopleBatch) -> EndUser:
        person = new_end_user(end_user_id, organization_id, stored_values, services.clock())
        _refuse_taken(work.people, person)
        return batch.add(person)

    return work.carry_out(attempt)


def change_end_user(services: Services, actor: Actor, end_user_id: EndUserId, values: Mapping[str, Any]) -> Saved:
    """Give an End User these values; a managed field keeps Microsoft's. Nothing is written if nothing is different.

    Raises:
        NotFound: there is no such End User.
        Invalid: a value is not valid.
        Conflict: ``external_id_taken``, or ``moving``.
    """
    stored_values, account = _checked(values), Account(services, actor.account_id)

    def do(_: PeopleWork, batch: PeopleBatch, stored: Stored[EndUser]) -> Saved:
        before = MicrosoftPeople(account, batch.people.organization_id).as_managed(stored.value)
        person, ignored = with_values(before, stored_values, services.clock())
        if person is before:
            return Saved(person, ignored)
        _refuse_taken(batch.people, person)
        return Saved(batch.save(stored, person), ignored)

    return _change(account, Entry(actor, "changed End User"), end_user_id, do)


def merge_end_users(services: Services, actor: Actor, end_user_id: EndUserId, other_id: EndUserId) -> EndUser:
    """Merge another End User of the same Organization into this one; the other one is gone.

    Raises:
        NotFound: there is no such End User.
        Invalid: both are the same.
        Conflict: ``other_organization``, ``too_many_merged``, or ``moving``.
    """
    if other_id == end_user_id:
        problem = Problem("/end_user_id", "another End User")
        raise Invalid("An End User cannot be merged into itself.", problems=[problem])

    account = Account(services, actor.account_id)

    def do(work: PeopleWork, batch: PeopleBatch, stored: Stored[EndUser]) -> EndUser:
        other = _of_same_organization(services, actor.account_id, batch.people, other_id)
        before = MicrosoftPeople(account, batch.people.organization_id).as_managed(stored.value)
        survivor = merged(before, other.value, services.clock())
        if len(survivor.merged_external_ids) > MOST_MERGED:
            raise Conflict(
                f"This End User would have more than {MOST_MERGED} external ids.",
                code="too_many_merged",
                remedy="Remove the external id of the other one first.",
            )

        def hand_on(assignment: AssetAssignment) -> AssetAssignment:
            return after_merge(assignment, other_id, end_user_id)

        change_assignments_elsewhere(work, other.value, hand_on)
        change_assignments(work, batch, other_id, hand_on)
        work.make_room(batch, _ROWS_OF_A_MERGE)
        batch.remove(other, Departure.MERGED, merged_into=end_user_id)
        return batch.save(stored, survivor)

    entry = Entry(actor, "merged End Users", {"merged_end_user_id": other_id})
    return _change(account, entry, end_user_id, do)


def erase_end_user(services: Services, actor: Actor, end_user_id: EndUserId) -> None:
    """Delete an End User. Salted hashes of its addresses remain, so that a sync does not create it again.

    Raises:
        NotFound: there is no such End User.
        Conflict: ``moving``.
    """
    account = Account(services, actor.account_id)

    def do(work: PeopleWork, batch: PeopleBatch, stored: Stored[EndUser]) -> None:
        links = LinksOfPerson(account, stored.value)
        keys = erasure_keys(stored.value, links.object_ids)
        marks = erasure_marks(_salt(account), keys, services.clock())
        with account.change() as change:
            change.write(*map(account.control.erasure_marks.put, marks))
        links.forget()

        def forget(assignment: AssetAssignment) -> AssetAssignment | None:
            return after_erasure(assignment, end_user_id)

        change_assignments_elsewhere(work, stored.value, forget)
        change_assignments(work, batch, end_user_id, forget)
        work.make_room(batch, _ROWS_OF_AN_ERASURE)
        batch.remove(stored, Departure.DELETED)

    _change(account, Entry(actor, "erased End User"), end_user_id, do)


def _change(
    account: Account,
    entry: Entry,
    end_user_id: EndUserId,
    do: Callable[[PeopleWork, PeopleBatch, Stored[EndUser]], T],
) -> T:
    """Change an End User where it is; if it is being moved, the move is finished first."""
    services = account.services
    person = find_end_user(services, account.id, end_user_id)
    if person.moving_to is not None:
        finish_moves(account, person.organization_id, person.moving_to, [end_user_id])
        person = find_end_user(services, account.id, end_user_id)
    subject = {"organization_id": person.organization_id, "end_user_id": end_user_id, **entry.subject}
    work = PeopleWork(account, person.organization_id, entry._replace(subject=subject))

    def attempt(batch: PeopleBatch) -> T:
        return do(work, batch, _unmoved(batch.people, end_user_id))

    return work.carry_out(attempt)


def _unmoved(people: OrganizationPeople, end_user_id: EndUserId) -> Stored[EndUser]:
    """An End User of this Organization that stays there."""
    found = people.locate(end_user_id)
    if found is None:
        raise no_such_end_user()
    if not isinstance(found, Stored) or found.value.moving_to is not None:
        raise Conflict(
            "This End User is being moved to another Organization.",
            code="moving",
            remedy="Send the request again in a moment.",
            wait_s=RETRY_IN_PROGRESS_S,
        )
    return found


def _of_same_organization(
    services: Services, account_id: AccountId, people: OrganizationPeople, end_user_id: EndUserId
) -> Stored[EndUser]:
    if find_end_user(services, account_id, end_user_id).organization_id != people.organization_id:
        raise Conflict(
            "The two End Users are in different Organizations.",
            code="other_organization",
            remedy="Move one of them to the other's Organization first.",
        )
    return _unmoved(people, end_user_id)


def _refuse_taken(people: OrganizationPeople, person: EndUser) -> None:
    if person.external_id is None:
        return
    holder = people.of_external_ids([person.external_id]).get(person.external_id)
    if holder is not None and holder.end_user_id != person.id:
        raise Conflict(
            f"The End User {holder.end_user_id} has this external_id.",
            code="external_id_taken",
            remedy="Change that End User instead, or merge the two.",
        )


def _checked(values: Mapping[str, Any]) -> dict[str, Any]:
    stored_values, problems = checked(values)
    if problems:
        raise Invalid("The End User is not valid.", problems=problems)
    return stored_values


def _salt(account: Account) -> str:
    """The account's salt; it is made when it is needed first."""
    salts = account.control.erasure_salts
    stored = salts.find(CURRENT)
    if stored is None:
        with ignore_conflict("another erasure made the salt", account_id=account.id), account.change() as change:
            change.write(salts.added(ErasureSalt(salt=secrets.token_hex(_SALT_BYTES))))
        stored = salts.find(CURRENT)
    if stored is None:
        raise AssertionError  # it is never deleted
    return stored.value.salt
