"""One run of a tenant's user sync, after the evaluations of what was synced.

It plans as soon as anything changed: rows from Microsoft, people, settings, decisions, or which data are current. Where
only rows of a few linked users did, it plans these; otherwise, and once a day, everybody. A plan that would hurt more
than it may is held until somebody has seen it.
"""

from collections import Counter
from collections.abc import Iterable

import msgspec

from integrations.actions.account import Account
from integrations.actions.actors import Actor
from integrations.actions.directory import USERS, StoredDirectory
from integrations.actions.failures import record_failure
from integrations.actions.user_sync.chip import is_shown, show_chip
from integrations.actions.user_sync.inputs import ReadInputs, read_inputs, read_some, seen_now
from integrations.actions.user_sync.plans import keep_approval, read_approval, view_of
from integrations.actions.user_sync.synced_tenant import SETTINGS, SyncedTenant
from integrations.actions.user_sync.writing import PlanWriter
from integrations.domain.ids import EndUserId
from integrations.domain.integrations import Tenant
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.retry_delays import EVERYBODY_PLANNED
from integrations.domain.sync.changed_keys import ALL, NONE
from integrations.domain.user_sync.guard import approval_of, review
from integrations.domain.user_sync.incremental import plan_incrementally
from integrations.domain.user_sync.links import UserLink
from integrations.domain.user_sync.plan import UserSyncPlan, plan_sync
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.scope.routing import DirectoryData
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.domain.user_sync.stored.state import PlanHold, UserSyncCounts
from integrations.services import Services
from integrations.storage.control import VersionConflict
from integrations.storage.data.store import StoredData, Superseded
from integrations.storage.user_sync import HELD_PLAN, UserSyncBeginning
from shared.storage.tables import StorageUnavailable


def sync_users(services: Services, order: EvaluateOrder, stored: StoredData, known: Tenant) -> None:
    """Bring the tenant's End Users in line with its users; ``stored`` holds the changes no plan has seen yet.

    ``known`` is the tenant as it was lately: enough to find what its mapping names.

    A fault of ours is recorded, and the next run plans anew.

    Raises:
        Superseded: somebody else changed the user sync meanwhile; what is pending must stay so.
        StorageUnavailable: storage does not answer.
    """
    account = Account(services, order.account_id)
    users = stored.pending[USERS].keys if USERS in stored.pending else NONE
    begun = services.user_sync(account.id, order.tenant_id).begin(SETTINGS, NONE if users is ALL else users)
    batch = begun.batch
    if known.mapping is None:
        return
    if not batch.head.is_on or batch.head.is_closed:
        if not batch.is_new:  # a process may have died before it took the chip away
            show_chip(SyncedTenant(account, known, known.mapping), batch.head)
        return
    control = account.control
    tenant, syncro_tenant, chip = control.find_several(
        (control.tenants, order.tenant_id),
        (control.syncro_tenants, known.mapping.syncro_tenant_id),
        (control.user_sync_chips, order.tenant_id),
    )
    if tenant is None or tenant.value.mapping is None or tenant.value.epoch != order.epoch:
        return
    synced = SyncedTenant(account, tenant.value, tenant.value.mapping, syncro_tenant)
    try:
        _UserSyncRun(synced, begun, stored).run()
        if not is_shown(synced, batch.head, chip.value if chip else None):
            show_chip(synced, synced.head())
    except (StorageUnavailable, Superseded):
        raise
    except VersionConflict as error:
        raise Superseded from error
    except Exception as error:  # noqa: BLE001 - a bug of ours fails the user sync, and no evaluation
        failing = synced.store.batch()
        record_failure(account, order, failing, "the user sync failed", error)
        show_chip(synced, failing.head)


class _UserSyncRun:
    def __init__(self, synced: SyncedTenant, begun: UserSyncBeginning, stored: StoredData) -> None:
        self._synced = synced
        self._batch = batch = begun.batch
        self._rows = begun.rows
        self._now = synced.account.services.clock()
        self._settings = synced.settings_in(begun.text)
        self._directory = StoredDirectory(synced.tenant, stored, self._now)
        self._basis = _basis(synced.tenant, self._settings, self._directory)
        self._is_first = batch.head.is_first or self._is_of_another_mapping

    def run(self) -> None:
        if not self._settings.is_on or not self._directory.users_were_read or self._is_up_to_date():
            return
        if not self._plan_changed():
            self._plan_everybody()

    def _plan_changed(self) -> bool:
        """Plan the users whose rows changed; False if that is not enough."""
        changed, head = self._directory.changed_users(self._settings), self._batch.head
        is_due = head.planned_at is None or self._now - head.planned_at >= EVERYBODY_PLANNED
        if changed is ALL or is_due or not self._is_basis_as_planned:
            return False
        rows = self._synced.store.rows_of(changed) if self._rows is None else self._rows
        read = read_some(self._synced, self._settings, self._directory, changed, rows)
        if read.seen != head.seen or not self._are_surroundings_as_planned(read.inputs.directory):
            return False
        plan = plan_incrementally(read.inputs, changed)
        if plan is None:
            return False
        self._carry_out(read, plan)
        return True

    def _plan_everybody(self) -> None:
        read = read_inputs(self._synced, self._settings, self._directory)
        plan = plan_sync(read.inputs)
        if self._is_of_another_mapping:  # what was approved there says nothing of this one
            self._batch.set_head(approval="", is_first=True)
        approval = read_approval(self._synced.store, self._batch.head.approval)
        reviewed = review(
            plan,
            approval,
            is_first_after_mapping=self._is_first and bool(read.inputs.links),
            is_approval_unchecked=self._batch.head.is_approval_unchecked,
        )
        if reviewed.is_held:
            self._hold(
                read, plan, PlanHold(since=self._now, reasons=reviewed.reasons, plan_hash=approval_of(plan).plan_hash)
            )
            return
        self._carry_out(
            read,
            plan,
            counts=_counts(read, plan),
            skipped={it.value: number for it, number in sorted(plan.skipped.items(), key=lambda it: it[0].value)},
            planned_at=self._now,
            is_approval_unchecked=False,
            directory_hash=read.inputs.directory.hash_besides_users(),
            purposes_hash=read.inputs.directory.mailboxes.purposes_hash(),
        )

    @property
    def _is_of_another_mapping(self) -> bool:
        """Whether the links are those of a mapping to another Organization."""
        head, mapping = self._batch.head, self._synced.mapping
        return head.epoch != self._synced.tenant.epoch and head.organization_id != mapping.organization_id

    def _is_up_to_date(self) -> bool:
        if self._directory.has_changes(self._settings) or not self._is_basis_as_planned:
            return False
        return self._batch.head.seen == seen_now(self._synced)

    @property
    def _is_basis_as_planned(self) -> bool:
        """Whether all but rows from Microsoft and people is as it was for the last plan, which was applied."""
        head = self._batch.head
        is_applied = head.applied_version == head.version and not head.hold and not head.failure
        return is_applied and head.basis == self._basis

    def _are_surroundings_as_planned(self, directory: DirectoryData) -> bool:
        """Whether all that is known besides users and groups is as it was when everybody was planned."""
        head = self._batch.head
        if self._directory.have_purposes_changed and directory.mailboxes.purposes_hash() != head.purposes_hash:
            return False
        return not self._directory.have_surroundings_changed or directory.hash_besides_users() == head.directory_hash

    def _hold(self, read: ReadInputs, plan: UserSyncPlan, hold: PlanHold) -> None:
        before = self._batch.head.hold
        store, batch = self._synced.store, self._batch
        is_same = before is not None and before.plan_hash == hold.plan_hash and before.reasons == hold.reasons
        if is_same and store.approvals.find(hold.plan_hash):
            return
        keep_approval(store, plan)
        if is_same:  # an earlier version of ours deleted what can be approved
            return
        text = msgspec.json.encode(view_of(self._synced, read.inputs, plan)).decode()
        batch.write_many(store.text_writes(HELD_PLAN, text))
        hold = msgspec.structs.replace(hold, since=before.since if before else hold.since)
        batch.set_head(hold=hold, failure=None, is_first=self._is_first, **self._present())
        batch.commit()
        subject = {"tenant_id": self._synced.id}
        with self._synced.account.change(self._actor, "held user sync", subject, reason=hold.reasons[0].value):
            pass

    def _carry_out(self, read: ReadInputs, plan: UserSyncPlan, **in_head: object) -> None:
        """Write what changes, and then ``in_head`` into the head."""
        batch, store = self._batch, self._synced.store
        writer = PlanWriter(self._synced, read, plan, batch)
        if not writer.is_empty:
            self._audit(plan)
            batch.set_head(run=batch.head.run + 1, basis="")
            batch.commit()  # from here on nobody else's run can write links, and settings are still those of the plan
            writer.write()
        if batch.head.hold:
            batch.write_many(store.text_writes(HELD_PLAN, ""))
        batch.set_head(
            basis="" if writer.left else self._basis,
            seen=writer.seen,
            applied_version=batch.head.version,
            is_first=False,
            hold=None,
            failure=None,
            **in_head,
            **self._present(),
        )
        if not batch.is_empty:
            batch.set_head(synced_at=self._now)
            batch.commit()
        if writer.left:
            raise Superseded

    def _present(self) -> dict[str, object]:
        """Links are in use under the present mapping from now on."""
        return {"epoch": self._synced.tenant.epoch, "organization_id": self._synced.mapping.organization_id}

    @property
    def _actor(self) -> Actor:
        return self._synced.account.system_actor("sync_users")

    def _audit(self, plan: UserSyncPlan) -> None:
        counts = ", ".join(f"{kind.value}: {number}" for kind, number in plan.counts().items())
        questions = f"questions: {len(plan.opened)}" if plan.opened else ""
        after = ", ".join(filter(None, [counts, questions]))
        with self._synced.account.change(self._actor, "synced users", {"tenant_id": self._synced.id}, after=after):
            pass


def _basis(tenant: Tenant, settings: UserSyncSettings, directory: StoredDirectory) -> str:
    organizations = " ".join(it.organization_id for it in settings.organizations)
    return f"{tenant.epoch}:{organizations}:{directory.basis(settings)}"


def _counts(read: ReadInputs, plan: UserSyncPlan) -> UserSyncCounts:
    active = {it.id: it.is_active for it in read.inputs.end_users.values()}
    links = dict(read.inputs.links)
    for it in plan.changes:
        if it.created_in or it.is_active is not None:
            active[it.end_user_id] = it.is_active is not False
        if it.unlinked_object_id:
            links.pop(it.unlinked_object_id, None)
        if it.link:
            links[it.object_id] = it.link
    is_active = Counter(active[it] for it in _linked(links.values()) if it in active)
    is_later = Counter(it.is_later for it in plan.queue.values())
    return UserSyncCounts(
        linked=is_active.total(),
        active=is_active[True],
        inactive=is_active[False],
        undone=sum(it.end_user_id is None for it in links.values()),
        queued=is_later[False],
        later=is_later[True],
        unrouted=plan.skipped[LeftOutReason.UNROUTED],
    )


def _linked(links: Iterable[UserLink]) -> set[EndUserId]:
    return {it.end_user_id for it in links if it.end_user_id}
