"""Create or update many End Users by the portal's ids, for a portal that keeps its people itself."""

from collections.abc import Mapping, Sequence
from typing import Any

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_organization
from integrations.actions.people.microsoft import MicrosoftPeople
from integrations.actions.people.work import Entry, PeopleWork
from integrations.domain.ids import OrganizationId, new_end_user_id
from integrations.domain.people.end_user import EndUser, new_end_user, with_values
from integrations.domain.people.pushing import Pushed, PushedItem, PushResult, read_items
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Stored
from integrations.storage.people import PeopleBatch
from shared.errors import Problem

MOST_PUSHED = 1000  # in one request
_A_TRANSACTION = 33  # of three rows each


def push_end_users(
    services: Services, actor: Actor, organization_id: OrganizationId, items: Sequence[Mapping[str, Any]]
) -> list[Pushed]:
    """Create or update an End User for each item; a field that an item does not name stays as it is.

    An item that is not valid is rejected, and the others are carried out. Each transaction has 33 of them. If the
    process dies, the same request does the rest: an item that was carried out is unchanged then.

    Raises:
        NotFound: there is no such Organization.
    """
    account = Account(services, actor.account_id)
    find_organization(account.control, organization_id)
    entry = Entry(actor, "pushed End Users", {"organization_id": organization_id}, f"{len(items)} items")
    work = PeopleWork(account, organization_id, entry)
    valid, results = read_items(items)
    for start in range(0, len(valid), _A_TRANSACTION):
        results |= _push(work, valid[start : start + _A_TRANSACTION])
    return [results[place] for place in range(len(items))]


def _push(work: PeopleWork, items: Sequence[PushedItem]) -> dict[int, Pushed]:
    people, external_ids = work.people, [it.external_id for it in items]
    microsoft = MicrosoftPeople(work.account, people.organization_id)

    def attempt(batch: PeopleBatch) -> dict[int, Pushed]:
        holders = people.of_external_ids(external_ids)
        known = people.end_users.find_all([it.end_user_id for it in holders.values() if not it.is_merged])
        results = {}
        for item in items:
            holder = holders.get(item.external_id)
            if holder is None:
                results[item.place] = _create(work, batch, item)
            elif holder.is_merged:
                results[item.place] = Pushed(item.external_id, PushResult.MERGED, holder.end_user_id)
            else:
                results[item.place] = _update(work, batch, item, known.get(holder.end_user_id), microsoft)
        return results

    return work.carry_out(attempt)


def _create(work: PeopleWork, batch: PeopleBatch, item: PushedItem) -> Pushed:
    if "name" not in item.values:
        return item.rejected(Problem("/name", "required for a new End User"))
    organization_id, now = work.people.organization_id, work.account.services.clock()
    person = batch.add(new_end_user(new_end_user_id(organization_id), organization_id, item.values, now))
    return Pushed(item.external_id, PushResult.CREATED, person.id)


def _update(
    work: PeopleWork, batch: PeopleBatch, item: PushedItem, stored: Stored[EndUser] | None, microsoft: MicrosoftPeople
) -> Pushed:
    if stored is None:
        raise VersionConflict  # somebody else deleted this End User since the external ids were read
    if stored.value.moving_to is not None:
        return item.rejected(Problem("", "this End User is being moved; send it again in a moment"))
    before = microsoft.as_managed(stored.value)
    person, ignored = with_values(before, item.values, work.account.services.clock())
    is_same = person is before
    if not is_same:
        batch.save(stored, person)
    result = PushResult.UNCHANGED if is_same else PushResult.UPDATED
    return Pushed(item.external_id, result, person.id, tuple(ignored))
