"""Create or update many assets by the portal's ids, and mark as gone what a complete snapshot leaves out."""

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.lookup import find_organization
from integrations.actions.people.assignments import assignable
from integrations.actions.people.work import Entry, PeopleWork
from integrations.domain.assets.asset import Asset, AssetAssignment
from integrations.domain.assets.pushing import (
    AssetItem,
    AssetPushResult,
    PushedAsset,
    new_asset,
    pushed_again,
    read_asset_items,
)
from integrations.domain.assets.snapshot import absence_hash, gone, review_snapshot
from integrations.domain.ids import AssetId, EndUserId, OrganizationId, new_asset_id
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.people import OrganizationPeople, PeopleBatch
from shared.errors import Conflict, Problem

MOST_PUSHED_ASSETS = 1000  # in one request
_A_TRANSACTION = 24  # of up to four rows each
_END_USER = "assigned_end_user_id"
_MOST_NAMED = 100  # of the assets that a held snapshot would mark as gone


def push_assets(
    services: Services,
    actor: Actor,
    organization_id: OrganizationId,
    items: Sequence[Mapping[str, Any]],
    *,
    is_complete: bool = False,
    approval: str = "",
) -> tuple[list[PushedAsset], list[AssetId]]:
    """Create or update an asset for each item; a field that an item does not name stays as it is.

    An item that is not valid is rejected, and the others are carried out; the asset that it names is not gone. With
    ``is_complete``, assets that no item names are marked as gone, and their ids are returned too. If the process dies,
    the same request does the rest.

    Raises:
        NotFound: there is no such Organization.
        Conflict: ``snapshot_held``: so many would be gone that somebody has to approve it; nothing was written.
    """
    account = Account(services, actor.account_id)
    find_organization(account.control, organization_id)
    entry = Entry(actor, "pushed assets", {"organization_id": organization_id}, f"{len(items)} items")
    work = PeopleWork(account, organization_id, entry)
    absent = _absent(work.people, items, approval) if is_complete else []
    valid, results = read_asset_items(items)
    for start in range(0, len(valid), _A_TRANSACTION):
        results |= _push(work, valid[start : start + _A_TRANSACTION])
    marked: list[AssetId] = []
    for start in range(0, len(absent), _A_TRANSACTION):
        marked += _mark_gone(work, absent[start : start + _A_TRANSACTION])
    return [results[place] for place in range(len(items))], marked


def _absent(people: OrganizationPeople, items: Sequence[Mapping[str, Any]], approval: str) -> list[Asset]:
    """The assets that a complete snapshot leaves out, if so many may be marked as gone."""
    assets, named = {it.id: it for it in people.assets.all_assets()}, [it["external_id"] for it in items]
    review = review_snapshot(assets.values(), named)
    if approval and approval == absence_hash(review.absent):
        review = review_snapshot(assets.values(), named, review.absent)
    if review.is_held:
        count = len(review.absent)
        raise Conflict(
            f"This snapshot leaves out {count:,} of the {review.there:,} assets that are there.",
            code="snapshot_held",
            remedy="If they are gone, send the same snapshot with absence_hash as its approval. Otherwise complete it.",
            members={
                "absence_hash": absence_hash(review.absent),
                "absent_count": count,
                "absent": [{"id": it, "name": assets[it].name} for it in review.absent[:_MOST_NAMED]],
            },
        )
    return [assets[it] for it in review.gone]


class _StoredNow(NamedTuple):
    """What there is of the items: assets by external id, their assignments, and End Users who may get them."""

    assets: Mapping[str, Stored[Asset]]
    assignments: Mapping[AssetId, AssetAssignment]
    end_user_ids: AbstractSet[EndUserId]


def _push(work: PeopleWork, items: Sequence[AssetItem]) -> dict[int, PushedAsset]:
    def attempt(batch: PeopleBatch) -> dict[int, PushedAsset]:
        known = _known(work.people, items)
        return {it.place: _carry_out(work, batch, it, known) for it in items}

    return work.carry_out(attempt)


def _known(people: OrganizationPeople, items: Sequence[AssetItem]) -> _StoredNow:
    assets = people.assets.of_external_ids([it.external_id for it in items])
    assigning = [it for it in items if _END_USER in it.values]
    ids = [assets[it.external_id].value.id for it in assigning if it.external_id in assets]
    named = {it.values[_END_USER] for it in assigning} - {None}
    return _StoredNow(assets, people.assets.assignments_of(ids), assignable(people, named))


def _carry_out(work: PeopleWork, batch: PeopleBatch, item: AssetItem, known: _StoredNow) -> PushedAsset:
    now, organization_id = work.account.services.clock(), work.people.organization_id
    stored = known.assets.get(item.external_id)
    if stored is not None:
        push = pushed_again(stored.value, known.assignments.get(stored.value.id), item.values, now)
    elif "name" in item.values:
        push = new_asset(new_asset_id(organization_id), organization_id, item.values, now)
    else:
        return item.rejected(Problem("/name", "required for a new asset"))
    if push.assignment and push.assignment.end_user_id not in {None, *known.end_user_ids}:
        return item.rejected(Problem(f"/{_END_USER}", "an End User of this Organization who is not being moved"))
    if stored is None:
        batch.add_asset(push.asset, push.assignment)
    elif push.result is not AssetPushResult.UNCHANGED:
        batch.save_asset(stored, push.asset, push.assignment)
    return PushedAsset(item.external_id, push.result, push.asset.id, push.ignored_fields)


def _mark_gone(work: PeopleWork, assets: Sequence[Asset]) -> list[AssetId]:
    """Mark these assets as gone, except those that somebody else pushed since the snapshot was compared."""

    def attempt(batch: PeopleBatch) -> list[AssetId]:
        stored = work.people.assets.rows.find_all([it.id for it in assets])
        same = [stored[it.id] for it in assets if it.id in stored and _is_same(stored[it.id].value, it)]
        for it in same:
            batch.save_asset(it, gone(it.value, work.account.services.clock()))
        return [it.value.id for it in same]

    return work.carry_out(attempt)


def _is_same(asset: Asset, compared: Asset) -> bool:
    """Whether the portal has said nothing about an asset since; its assignment may have changed."""
    return msgspec.structs.replace(asset, sequence=compared.sequence) == compared
