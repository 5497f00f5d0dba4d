"""One run that links a tenant's devices with assets, after its users were synced.

It plans from everything that is stored, as soon as anything changed: rows from Microsoft, assets, End Users, links of
users, decisions, or which data are current.
"""

from collections import Counter

from integrations.actions.account import Account
from integrations.actions.asset_links.devices import StoredDevices
from integrations.actions.asset_links.inputs import ReadAssets, SeenNow, read_inputs, seen_now
from integrations.actions.asset_links.linked_tenant import LinkedTenant
from integrations.actions.asset_links.writing import LinkWriter
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.failures import record_failure
from integrations.domain.assets.inputs import AssetInputs
from integrations.domain.assets.links import AssetStatus
from integrations.domain.assets.plan import AssetChange, AssetPlan, plan_links
from integrations.domain.assets.stored.state import counts_after
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.services import Services
from integrations.storage.asset_links import AssetLinkBatch
from integrations.storage.control import VersionConflict
from integrations.storage.data.store import StoredData, Superseded
from shared.storage.tables import StorageUnavailable


def link_assets(services: Services, order: EvaluateOrder, stored: StoredData, known: Tenant) -> None:
    """Bring the links of the tenant's devices in line; ``stored`` holds the changes no plan has seen yet.

    ``known`` is the tenant as it was lately: enough to see that there are no assets, as for most tenants.

    A fault of ours is recorded, and the next run plans anew.

    Raises:
        Superseded: somebody else changed the links meanwhile; what is pending must stay so.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, order.account_id)
    if known.mapping is None or not _has_assets_or_links(LinkedTenant(account, known, known.mapping)):
        return
    tenant = account.control.tenants.find(order.tenant_id)
    if tenant is None or tenant.value.mapping is None or tenant.value.epoch != order.epoch:
        return
    linked = LinkedTenant(account, tenant.value, tenant.value.mapping)
    try:
        batch = linked.store.batch()
        if batch.head.is_closed:  # what an earlier mapping left to delete
            retry_on_conflict(linked.store.delete_all)
            batch = linked.store.batch()
        _LinkRun(linked, batch, stored).run()
    except (StorageUnavailable, Superseded):
        raise
    except VersionConflict as error:
        raise Superseded from error
    except Exception as error:  # noqa: BLE001 - a bug of ours fails the links, and no evaluation
        failing = linked.store.batch()
        record_failure(account, order, failing, "linking assets failed", error)
        linked.show_counts(failing.head)


def _has_assets_or_links(linked: LinkedTenant) -> bool:
    if linked.store.find_head() is not None:
        return True
    people = linked.account.services.people
    return any(people(linked.account.id, it).head().assets for it in linked.synced.organization_ids)


class _LinkRun:
    def __init__(self, linked: LinkedTenant, batch: AssetLinkBatch, stored: StoredData) -> None:
        self._linked = linked
        self._batch = batch
        self._now = linked.account.services.clock()
        self._devices = StoredDevices(linked.tenant, stored, self._now)
        self._basis = _basis(linked, self._devices)

    def run(self) -> None:
        seen = seen_now(self._linked)
        if not self._devices.is_current:
            self._forget_basis()
        elif not self._is_up_to_date(seen):
            read = read_inputs(self._linked, self._devices)
            self._carry_out(read, plan_links(read.inputs), seen)
        self._linked.show_counts(self._batch.head)

    def _is_up_to_date(self, seen: SeenNow) -> bool:
        head = self._batch.head
        if head.basis != self._basis or head.failure or self._devices.has_changes:
            return False
        if head.next_at is not None and head.next_at <= self._now:
            return False
        return (head.seen, head.users_seen) == (seen.sequences, seen.users)

    def _forget_basis(self) -> None:
        """Have the first run with current data plan anew: changes that come until then are not pending any more."""
        if self._batch.head.basis:
            self._batch.set_head(basis="")
            self._batch.commit()

    def _carry_out(self, read: ReadAssets, plan: AssetPlan, seen: SeenNow) -> None:
        batch, inputs = self._batch, read.inputs
        writer = LinkWriter(self._linked, read, plan, batch, seen.sequences)
        if not writer.is_empty:
            self._audit(inputs, plan)
            batch.set_head(run=batch.head.run + 1, basis="")
            batch.commit()  # from here on nobody else's run can write links
            writer.write()
        batch.set_head(
            epoch=self._linked.tenant.epoch,
            organization_id=self._linked.mapping.organization_id,
            basis="" if writer.left else self._basis,
            seen=writer.seen,
            users_seen=seen.users,
            next_at=plan.next_at,
            counts=counts_after(inputs, plan),
            failure=None,
        )
        if not batch.is_empty:
            batch.set_head(linked_at=self._now)
            batch.commit()
        if writer.left:
            raise Superseded

    def _audit(self, inputs: AssetInputs, plan: AssetPlan) -> None:
        counts = Counter(name for it in plan.changes for name in _changes(inputs.statuses.get(it.asset_id), it))
        after = ", ".join(f"{name}: {number}" for name, number in sorted(counts.items()))
        account, subject = self._linked.account, {"tenant_id": self._linked.id}
        with account.change(account.system_actor("link_assets"), "linked assets", subject, after=after):
            pass


def _basis(linked: LinkedTenant, devices: StoredDevices) -> str:
    return f"{linked.tenant.epoch}:{' '.join(linked.synced.organization_ids)}:{devices.intune_state.value}"


def _changes(before: AssetStatus | None, change: AssetChange) -> list[str]:
    """What an audit entry counts of a change."""
    link, was = change.status.link if change.status else None, before.link if before else None
    review, earlier = change.status.review if change.status else None, before.review if before else None
    changes = {
        "linked": link is not None and (was is None or was.device_id != link.device_id),
        "unlinked": link is None and was is not None,
        "assigned": change.assignment is not None,
        "questions": review is not None and review != earlier,
    }
    return [name for name, is_so in changes.items() if is_so]
