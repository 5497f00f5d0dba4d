"""Read what linking knows of assets, with the devices and people that it is about."""

from collections.abc import Iterable, Sequence

from integrations.actions.account import Account
from integrations.actions.asset_links.device_views import DeviceViews
from integrations.actions.asset_links.linked_tenant import LinkedTenant, linked_tenant_of
from integrations.actions.assets.assets import AssetOfSomebody, ListedAssets
from integrations.actions.lookup import find_organization
from integrations.actions.people.finding import find_end_user
from integrations.domain.assets.asset import Asset
from integrations.domain.assets.links import CONFLICTS, AssetLink, AssetStatus, ReviewItem
from integrations.domain.ids import AccountId, AssetId, EndUserId, OrganizationId, organization_of
from integrations.services import Services
from integrations.views.people.asset_links import (
    AssetLinking,
    AssetLinkView,
    AssetReviewView,
    RivalAsset,
    no_end_user_view,
)
from integrations.views.people.assets import AssetView, asset_view
from integrations.views.status import to_second
from integrations.views.user_sync.links import LinkedPerson
from shared.errors import NotFound

LINKED, NONE, REVIEW, CONFLICT = "linked", "none", "review", "conflict"


def shown_assets(
    services: Services, account_id: AccountId, organization_id: OrganizationId, assets: Sequence[AssetOfSomebody]
) -> list[AssetView]:
    """Assets of one Organization as the API shows them, in the same order."""
    linked = linked_tenant_of(Account(services, account_id), organization_id) if assets else None
    found = linkings(linked, [it.asset for it in assets]) if linked and linked.is_in_use else {}
    return [asset_view(it.asset, it.assignment, found.get(it.asset.id)) for it in assets]


def list_by_link(
    services: Services,
    account_id: AccountId,
    organization_id: OrganizationId,
    *,
    link: str,
    end_user_id: EndUserId | None,
    cursor: str,
    limit: int,
) -> ListedAssets:
    """Assets in use that are linked, in question or neither, in the order of their ids, after the cursor.

    Raises:
        NotFound: there is no such Organization.
    """
    account = Account(services, account_id)
    find_organization(account.control, organization_id)
    linked = linked_tenant_of(account, organization_id)
    rows = linked.store.statuses.list() if linked and linked.is_in_use else []
    statuses = {it.value.asset_id: it.value for it in rows}
    assets = services.people(account_id, organization_id).assets
    assignments = dict(assets.all_assignments())
    found = [
        AssetOfSomebody(it, assignments.get(it.id))
        for it in assets.all_assets()
        if it.is_living and _is_wanted(statuses.get(it.id), link)
    ]
    if end_user_id:
        found = [it for it in found if it.assignment and it.assignment.end_user_id == end_user_id]
    later = [it for it in found if it.asset.id > cursor]
    return ListedAssets(later[:limit], len(found), later[limit - 1].asset.id if len(later) > limit else None)


def _is_wanted(status: AssetStatus | None, link: str) -> bool:
    is_linked = status is not None and status.link is not None
    review = status.review if status else None
    is_conflict = review is not None and review.kind in CONFLICTS
    return {
        LINKED: is_linked,
        NONE: not is_linked and review is None,
        REVIEW: review is not None and not is_conflict,
        CONFLICT: is_conflict,
    }[link]


def linkings(linked: LinkedTenant, assets: Iterable[Asset]) -> dict[AssetId, AssetLinking]:
    """What linking knows of these assets, of those that it has compared."""
    found = linked.store.statuses.find_all([it.id for it in assets if it.is_living])
    statuses = [it.value for it in found.values()]
    devices = DeviceViews(linked, statuses)
    return {it.asset_id: _linking(linked, devices, it) for it in statuses}


def _linking(linked: LinkedTenant, devices: DeviceViews, status: AssetStatus) -> AssetLinking:
    return AssetLinking(
        tenant_id=linked.id,
        link=_link(devices, status.link, status.person_id) if status.link else None,
        review=_review(linked, devices, status.review) if status.review else None,
        reason=no_end_user_view(status.reason) if status.reason else None,
        findings=[it.value for it in status.findings],
    )


def _link(devices: DeviceViews, link: AssetLink, person_id: str | None) -> AssetLinkView:
    return AssetLinkView(
        device_id=link.device_id,
        device=devices.device(link.device_id),
        how=link.how.value,
        evidence=link.evidence,
        confidence=link.confidence,
        since=link.since.replace(microsecond=0),
        by=link.by,
        stale_since=to_second(link.stale_since),
        stale_ids=link.stale_ids,
        person=devices.user(person_id),
    )


def _review(linked: LinkedTenant, devices: DeviceViews, review: ReviewItem) -> AssetReviewView:
    return AssetReviewView(
        kind=review.kind.value,
        is_conflict=review.kind in CONFLICTS,
        key=review.key.value if review.key else None,
        confidence=review.confidence,
        candidates=[it for it in map(devices.device, review.device_ids) if it],
        rivals=[RivalAsset(asset_id=it, name=name) for it in review.rivals if (name := _name(linked, it)) is not None],
        end_user=_end_user(linked, review.end_user_id) if review.end_user_id else None,
    )


def _name(linked: LinkedTenant, asset_id: AssetId) -> str | None:
    people = linked.account.services.people(linked.account.id, organization_of(asset_id))
    stored = people.assets.rows.find(asset_id)
    return stored.value.name if stored else None


def _end_user(linked: LinkedTenant, end_user_id: EndUserId) -> LinkedPerson | None:
    account = linked.account
    try:
        person = find_end_user(account.services, account.id, end_user_id)
    except NotFound:
        return None
    organization = account.control.organizations.find(person.organization_id)
    return LinkedPerson(
        id=person.id,
        name=person.name,
        organization_id=person.organization_id,
        organization_name=organization.value.name if organization else "",
        is_active=person.is_active,
    )
