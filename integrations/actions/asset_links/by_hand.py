"""What people decide about an asset: which device it is, which it is not, and whom it belongs to.

The run that follows at once sees to everything else: the device's person, and assets that may be the same device.
"""

from datetime import timedelta

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.asset_links.devices import StoredDevices
from integrations.actions.asset_links.linked_tenant import LinkedTenant, linked_tenant_of
from integrations.actions.assets.assets import find_asset
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.people.assignments import assignable
from integrations.actions.people.work import Entry, PeopleWork
from integrations.actions.user_sync.change import order_run
from integrations.domain.assets.asset import Asset, AssetAssignment, AssignedBy, assigned
from integrations.domain.assets.devices.fleet import TenantDevice, fleet_of
from integrations.domain.assets.links import (
    AssetLink,
    AssetStatus,
    LinkKey,
    ManualLink,
    ReviewItem,
    ReviewKind,
    UndoneLink,
    serials_of,
    undo,
)
from integrations.domain.assets.reasons import NoEndUserReason
from integrations.domain.ids import AssetId, EndUserId, OrganizationId
from integrations.services import Services
from integrations.storage.due import Due, Work
from integrations.storage.people import PeopleBatch
from shared.errors import Conflict, Invalid, NotFound, Problem

_LINE_AFTER = timedelta(minutes=1)  # when a run is ordered whose message was never sent


def link_asset(services: Services, actor: Actor, asset_id: AssetId, device_id: str) -> None:
    """Link an asset with a device of its tenant, whatever they have in common.

    ``device_id`` is any id by which Microsoft knows the device.

    Raises:
        NotFound: there is no such asset.
        Invalid: the tenant has no such device.
        Conflict: ``not_mapped``, ``not_compared``, or ``asset_not_in_use``.
    """
    account = Account(services, actor.account_id)
    asset = find_asset(services, account.id, asset_id).asset
    if not asset.is_living:
        raise Conflict(
            f"{asset.name!r} is archived or gone.",
            code="asset_not_in_use",
            remedy="Let the portal send the asset again, in use, then link it.",
        )
    linked = _linked(account, asset.organization_id)
    device = _device(linked, device_id)
    manual, link = _manual(asset, device, actor, services)

    def attempt() -> None:
        batch = linked.store.batch()
        if not batch.is_new and not batch.head.is_in_use(linked.tenant.epoch):
            raise not_compared("link the asset")
        stored = linked.store.statuses.find(asset_id)
        before = stored.value if stored else AssetStatus(asset_id=asset_id)
        after = msgspec.structs.replace(before, link=link, review=None, person_id=None, reason=None)
        batch.write(linked.store.manual.put(manual), linked.store.statuses.put(after))
        batch.set_head(basis="", epoch=linked.tenant.epoch, organization_id=linked.mapping.organization_id)
        order_run(linked.synced, batch, actor, "linked asset", subject=_subject(asset, device_id=link.device_id))

    retry_on_conflict(attempt)


def unlink_asset(services: Services, actor: Actor, asset_id: AssetId) -> None:
    """Undo a link, or dismiss the device that is proposed since its name fits: neither comes back by itself.

    Without link and proposal nothing changes. Whom the asset belongs to stays.

    Raises:
        NotFound: there is no such asset.
        Conflict: ``not_mapped``.
    """
    account = Account(services, actor.account_id)
    found = find_asset(services, account.id, asset_id)
    asset, linked = found.asset, _linked(account, found.asset.organization_id)

    def attempt() -> None:
        batch, store = linked.store.batch(), linked.store
        stored = store.statuses.find(asset_id) if batch.head.is_in_use(linked.tenant.epoch) else None
        undone = _undone(asset, stored.value, actor, services) if stored else None
        if stored is None or undone is None:
            return
        has_end_user = found.assignment is not None and found.assignment.end_user_id is not None
        after = AssetStatus(asset_id=asset_id, reason=None if has_end_user else NoEndUserReason.UNDONE)
        batch.write(store.undone.put(undone), store.statuses.saved(stored.now(after)))
        if manual := store.manual.find(asset_id):
            batch.write(store.manual.removed(manual))
        batch.set_head(basis="")
        subject = _subject(asset, device_id=undone.device_ids[0])
        order_run(linked.synced, batch, actor, "undid link of asset", subject=subject)

    retry_on_conflict(attempt)


def assign_asset(
    services: Services, actor: Actor, asset_id: AssetId, end_user_id: EndUserId | None, *, is_automatic: bool = False
) -> None:
    """Say whom an asset belongs to; None if to nobody. With ``is_automatic`` it follows its device's person again.

    Raises:
        NotFound: there is no such asset.
        Invalid: its Organization has no such End User.
    """
    account = Account(services, actor.account_id)
    asset = find_asset(services, account.id, asset_id).asset
    action = "let Microsoft assign asset" if is_automatic else "assigned asset"
    entry = Entry(actor, action, _subject(asset, **({"end_user_id": end_user_id} if end_user_id else {})))
    work = PeopleWork(account, asset.organization_id, entry)

    def attempt(batch: PeopleBatch) -> None:
        if end_user_id and not assignable(work.people, [end_user_id]):
            problem = Problem("/end_user_id", "an End User of the asset's Organization")
            raise Invalid("The asset's Organization has no such End User.", problems=[problem])
        stored = work.people.assets.rows.find(asset_id)
        if stored is None:
            raise NotFound("There is no such asset in your account.")
        before = work.people.assets.assignments_of([asset_id]).get(asset_id)
        after = _assignment(before, end_user_id, work, is_automatic=is_automatic)
        if after != before and after is not None:
            batch.assign(stored, after)

    work.carry_out(attempt)
    order_linking(account, asset.organization_id)


def order_linking(account: Account, organization_id: OrganizationId) -> None:
    """Have the assets of an Organization linked soon, if a tenant is mapped."""
    linked = linked_tenant_of(account, organization_id)
    if linked is not None:
        at = account.services.clock() + _LINE_AFTER
        account.services.due.put(Due(Work.EVALUATE, account.id, linked.id, at))
        account.services.send(linked.synced.order)


def _linked(account: Account, organization_id: OrganizationId) -> LinkedTenant:
    linked = linked_tenant_of(account, organization_id)
    if linked is None:
        raise Conflict(
            "No Microsoft tenant is mapped to this asset's Organization.",
            code="not_mapped",
            remedy="Map the tenant to an Organization under the same Syncro Tenant first.",
        )
    return linked


def not_compared(what: str) -> Conflict:
    """Why links that are frozen cannot be changed; ``what`` somebody wants to do."""
    return Conflict(
        "The tenant's devices were not compared with assets since it was mapped.",
        code="not_compared",
        remedy=f"Wait for the tenant's first sync to finish, then {what}.",
    )


def _subject(asset: Asset, **more: str) -> dict[str, str]:
    return {"organization_id": asset.organization_id, "asset_id": asset.id, **more}


def _device(linked: LinkedTenant, device_id: str) -> TenantDevice:
    services = linked.account.services
    stored = services.data(linked.account.id, linked.id, linked.tenant.epoch).state(linked.tenant.confirmed)
    devices = StoredDevices(linked.tenant, stored, services.clock())
    settings = linked.store.settings()
    fleet = fleet_of(devices.directory(), devices.intune(), settings.junk_serials, settings.good_serials)
    device = fleet.by_id.get(device_id)
    if device is None:
        problem = Problem("/device_id", "an id of one of the tenant's devices")
        raise Invalid(f"{linked.tenant.name!r} has no such device.", problems=[problem])
    return device


def _manual(asset: Asset, device: TenantDevice, actor: Actor, services: Services) -> tuple[ManualLink, AssetLink]:
    """The decision, and the link as it is until the run has looked at both."""
    record, now = device.current or device.records()[0], services.clock()
    manual = ManualLink(
        asset_id=asset.id,
        device_id=record.id,
        record_ids=record.ids,
        serial=device.serial,
        at=now,
        by=actor.name,
    )
    link = AssetLink(
        device_id=record.id,
        how=LinkKey.MANUAL,
        confidence=1.0,
        since=now,
        by=actor.name,
        serial=device.serial,
        record_ids=record.ids,
    )
    return manual, link


def _undone(asset: Asset, status: AssetStatus, actor: Actor, services: Services) -> UndoneLink | None:
    now = services.clock()
    if status.link is not None:
        return undo(asset, status.link, now, actor.name)
    review: ReviewItem | None = status.review
    if review is None or review.kind is not ReviewKind.NAME_ONLY or not review.device_ids:
        return None
    return UndoneLink(
        asset_id=asset.id,
        asset_serials=serials_of(asset),
        device_ids=sorted(review.device_ids),
        at=now,
        by=actor.name,
    )


def _assignment(
    before: AssetAssignment | None, end_user_id: EndUserId | None, work: PeopleWork, *, is_automatic: bool
) -> AssetAssignment | None:
    now = work.account.services.clock()
    if not is_automatic:
        if before and (before.end_user_id, before.by) == (end_user_id, AssignedBy.MANUAL):
            return before
        return assigned(before, end_user_id, AssignedBy.MANUAL, now)
    if before is None or before.by is AssignedBy.MICROSOFT:
        return before
    return assigned(before, before.end_user_id, AssignedBy.MICROSOFT, now)
