"""List, find and delete assets."""

from typing import NamedTuple

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_organization
from integrations.actions.people.work import Entry, PeopleWork
from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.ids import AccountId, AssetId, EndUserId, OrganizationId, organization_of
from integrations.services import Services
from integrations.storage.people import PeopleBatch
from integrations.storage.people_assets import OrganizationAssets
from shared.errors import NotFound


class AssetOfSomebody(NamedTuple):
    """An asset, and whom it belongs to. None if nobody has decided that."""

    asset: Asset
    assignment: AssetAssignment | None

    @property
    def end_user_id(self) -> EndUserId | None:
        return self.assignment.end_user_id if self.assignment else None


class ListedAssets(NamedTuple):
    """One page, how many there are on all pages, and the cursor of the next page."""

    page: list[AssetOfSomebody]
    total: int
    cursor: str | None


def list_assets(
    services: Services,
    account_id: AccountId,
    organization_id: OrganizationId,
    *,
    external_id: str,
    end_user_id: EndUserId | None,
    cursor: str,
    limit: int,
) -> ListedAssets:
    """Assets in the order of their ids, after the cursor; or only those with an external id, or of an End User.

    Raises:
        NotFound: there is no such Organization.
    """
    find_organization(services.control(account_id), organization_id)
    people = services.people(account_id, organization_id)
    assets = people.assets
    if external_id:
        found = [it.value for it in assets.of_external_ids([external_id]).values()]
        page = [it for it in _with_assignments(assets, found) if not end_user_id or it.end_user_id == end_user_id]
        return ListedAssets(page, len(page), None)
    if end_user_id:
        return _of_end_user(assets, end_user_id, cursor, limit)
    some = [it.value for it in assets.rows.list(after=cursor, limit=limit + 1)]
    next_cursor = some[limit - 1].id if len(some) > limit else None
    return ListedAssets(_with_assignments(assets, some[:limit]), people.head().assets, next_cursor)


def find_asset(services: Services, account_id: AccountId, asset_id: AssetId) -> AssetOfSomebody:
    """An asset of the account.

    Raises:
        NotFound: there is none.
    """
    assets = services.people(account_id, organization_of(asset_id)).assets
    stored = assets.rows.find(asset_id)
    if stored is None:
        raise _no_such_asset()
    return _with_assignments(assets, [stored.value])[0]


def delete_asset(services: Services, actor: Actor, asset_id: AssetId) -> None:
    """Delete an asset; if the portal pushes it again, it is a new one.

    Raises:
        NotFound: there is no such asset.
    """
    account, organization_id = Account(services, actor.account_id), organization_of(asset_id)
    find_asset(services, actor.account_id, asset_id)
    subject = {"organization_id": organization_id, "asset_id": asset_id}
    work = PeopleWork(account, organization_id, Entry(actor, "deleted asset", subject))

    def attempt(batch: PeopleBatch) -> None:
        assets = work.people.assets
        stored = assets.rows.find(asset_id)
        if stored is None:
            raise _no_such_asset()
        batch.remove_asset(stored, is_assigned=asset_id in assets.assignments_of([asset_id]))

    work.carry_out(attempt)


def _of_end_user(assets: OrganizationAssets, end_user_id: EndUserId, cursor: str, limit: int) -> ListedAssets:
    """Every assignment is read: an Organization has few, and an index would have to change with each of them."""
    ids = [it for it, assignment in assets.all_assignments() if assignment.end_user_id == end_user_id]
    later = [it for it in ids if it > cursor]
    stored = assets.rows.find_all(later[:limit])
    found = [stored[it].value for it in later[:limit] if it in stored]
    next_cursor = later[limit - 1] if len(later) > limit else None
    return ListedAssets(_with_assignments(assets, found), len(ids), next_cursor)


def _with_assignments(assets: OrganizationAssets, some: list[Asset]) -> list[AssetOfSomebody]:
    assignments = assets.assignments_between(some[0].id, some[-1].id) if some else {}
    return [AssetOfSomebody(it, assignments.get(it.id)) for it in some]


def _no_such_asset() -> NotFound:
    return NotFound("There is no such asset in your account.")
