"""Who may get assets, and what becomes of those of an End User who is merged into another one or erased."""

import contextlib
from collections.abc import Callable, Collection

from integrations.actions.people.work import PeopleWork
from integrations.domain.assets.asset import AssetAssignment
from integrations.domain.assets.assignments import names
from integrations.domain.ids import EndUserId
from integrations.domain.people.end_user import EndUser
from integrations.storage.people import OrganizationPeople, PeopleBatch
from shared.errors import NotFound

Change = Callable[[AssetAssignment], AssetAssignment | None]

_ROWS_OF_AN_ASSIGNMENT = 4


def assignable(people: OrganizationPeople, end_user_ids: Collection[EndUserId]) -> set[EndUserId]:
    """Those who are in this Organization and stay: only they get its assets."""
    found = people.end_users.find_all(end_user_ids).values()
    return {it.value.id for it in found if it.value.moving_to is None}


def change_assignments(work: PeopleWork, batch: PeopleBatch, end_user_id: EndUserId, change: Change) -> None:
    """Change every assignment in this Organization that names an End User, in as many transactions as it takes."""
    if not batch.head.assets:
        return
    assets = work.people.assets
    named = {it: assignment for it, assignment in assets.all_assignments() if names(assignment, end_user_id)}
    for stored in assets.rows.find_all(named).values():
        work.make_room(batch, _ROWS_OF_AN_ASSIGNMENT)
        batch.assign(stored, change(named[stored.value.id]))


def change_assignments_elsewhere(work: PeopleWork, person: EndUser, change: Change) -> None:
    """The same in Organizations where somebody has been; before anything is changed where the person is now.

    Nobody gets assets where nobody is. So nothing is added there meanwhile, unless somebody returns.
    """
    for organization_id in person.former_organization_ids:
        work.write_entry()
        there = PeopleWork(work.account, organization_id)

        def attempt(batch: PeopleBatch, there: PeopleWork = there) -> None:
            change_assignments(there, batch, person.id, change)

        with contextlib.suppress(NotFound):  # the Organization was deleted, and had no assets
            there.carry_out(attempt)
