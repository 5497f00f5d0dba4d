"""List an Organization's End Users, page by page."""

from typing import NamedTuple

from integrations.actions.lookup import find_organization
from integrations.domain.ids import AccountId, OrganizationId
from integrations.domain.people.end_user import EndUser
from integrations.services import Services


class Listed(NamedTuple):
    """One page, how many there are on all pages, and the cursor of the next page."""

    page: list[EndUser]
    total: int
    cursor: str | None


def list_end_users(
    services: Services,
    account_id: AccountId,
    organization_id: OrganizationId,
    *,
    external_id: str,
    cursor: str,
    limit: int,
) -> Listed:
    """End Users in the order of their ids, after the cursor; or only who has an external id.

    Raises:
        NotFound: there is no such Organization.
    """
    find_organization(services.control(account_id), organization_id)
    people = services.people(account_id, organization_id)
    if external_id:
        holders = people.of_external_ids([external_id]).values()
        found = people.end_users.find_all([it.end_user_id for it in holders])
        return Listed([it.value for it in found.values()], len(found), None)
    page = [it.value for it in people.end_users.list(after=cursor, limit=limit + 1)]
    return Listed(page[:limit], people.head().count, page[limit - 1].id if len(page) > limit else None)
