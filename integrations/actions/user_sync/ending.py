"""Delete everything that is stored of a tenant's user sync; End Users stay, and the portal can change all of them.

It ends with the data of its mapping: 30 days after an unmapping or the loss of the plan, unless the tenant was mapped
again meanwhile and its links are in use; and at once when the tenant is removed.
"""

from collections import defaultdict
from collections.abc import Sequence

import msgspec

from integrations.actions.account import Account
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.people.finding import find_end_user
from integrations.actions.people.work import PeopleWork
from integrations.domain.ids import EndUserId, OrganizationId, TenantId, organization_of
from integrations.domain.people.changes import ChangedBy
from integrations.storage.people import PeopleBatch
from integrations.storage.user_sync import UserSyncStore
from shared.errors import NotFound

_A_PAGE = 300  # links
_A_TRANSACTION = 33  # End Users of three rows each


def end_user_sync(account: Account, tenant_id: TenantId, *, through_epoch: int | None = None) -> int:
    """Delete the rows; with ``through_epoch`` only if the links belong to a mapping of that epoch or an earlier one.

    Returns how many rows were deleted.

    Raises:
        VersionConflict: others kept changing the user sync or the people.
    """
    store = account.services.user_sync(account.id, tenant_id)

    def close() -> bool:
        stored = store.find_head()
        if through_epoch is not None and stored is not None and stored.value.epoch > through_epoch:
            return False
        if stored is not None and not stored.value.is_closed:
            batch = store.batch()
            batch.set_head(is_closed=True, is_on=False)
            batch.commit()
        return stored is not None or through_epoch is None

    return delete_rows(account, store) if retry_on_conflict(close) else 0


def delete_rows(account: Account, store: UserSyncStore) -> int:
    """Delete the rows of a user sync that is closed; End Users are freed before their links go."""
    after = ""
    while page := store.links.list(after=after, limit=_A_PAGE):
        _free(account, [it.value.end_user_id for it in page if it.value.end_user_id])
        after = page[-1].value.object_id
    return retry_on_conflict(store.delete_all)


def _free(account: Account, end_user_ids: Sequence[EndUserId]) -> None:
    """Let the portal change every field of these End Users."""
    by_organization: defaultdict[OrganizationId, list[EndUserId]] = defaultdict(list)
    for end_user_id in end_user_ids:
        by_organization[organization_of(end_user_id)].append(end_user_id)
    for organization_id, some in by_organization.items():
        there = account.services.people(account.id, organization_id).end_users.find_all(some)
        for start in range(0, len(there), _A_TRANSACTION):
            free_end_users(
                account, organization_id, [it.value.id for it in there.values()][start : start + _A_TRANSACTION]
            )
        for end_user_id in set(some) - there.keys():
            _free_elsewhere(account, end_user_id)


def _free_elsewhere(account: Account, end_user_id: EndUserId) -> None:
    try:
        person = find_end_user(account.services, account.id, end_user_id)
    except NotFound:
        return
    free_end_users(account, person.organization_id, [end_user_id])


def free_end_users(account: Account, organization_id: OrganizationId, end_user_ids: Sequence[EndUserId]) -> None:
    """Let the portal change every field of at most 33 End Users of one Organization."""
    work = PeopleWork(account, organization_id, by=ChangedBy.SYNC)

    def attempt(batch: PeopleBatch) -> None:
        for stored in work.people.end_users.find_all(end_user_ids).values():
            if stored.value.managed_fields:
                batch.save(
                    stored,
                    msgspec.structs.replace(stored.value, managed_fields=[], changed_at=account.services.clock()),
                )

    try:
        work.carry_out(attempt)
    except NotFound:  # the Organization was deleted, and its people with it
        return
