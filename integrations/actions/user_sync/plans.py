"""Plan a user sync without changing anything, at once or, for many users, in the background."""

from typing import NamedTuple

import msgspec

from integrations.actions.actors import Actor
from integrations.actions.directory import StoredDirectory
from integrations.actions.user_sync.inputs import ReadInputs, read_inputs
from integrations.actions.user_sync.synced_tenant import SyncedTenant, find_synced_tenant
from integrations.domain.ids import AccountId, PlanId, TenantId, new_id
from integrations.domain.jobs.given_up import DETAILS
from integrations.domain.jobs.orders import UserSyncPlanOrder
from integrations.domain.retention import USER_SYNC_APPROVALS, USER_SYNC_PLANS
from integrations.domain.user_sync.guard import PlanApproval, approval_of
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.plan import UserSyncPlan, plan_sync
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.domain.user_sync.stored.state import ApprovalRecord, PlanProgress, PlanState, StoredPlan
from integrations.domain.user_sync.validation import problems_of
from integrations.services import Services
from integrations.storage.documents import Stored
from integrations.storage.user_sync import UserSyncStore
from integrations.views.user_sync.plan import OrderedPlan, PlanFailure, PlanView, plan_view
from shared.errors import Conflict, Invalid, NotFound, Problem
from shared.telemetry.log import log

_FAILURE = PlanFailure(
    detail=DETAILS[UserSyncPlanOrder.queue],
    remedy="Ask for the plan again. If it fails again, tell the operator of this service.",
)


class MadePlan(NamedTuple):
    """A plan and what it was made from."""

    read: ReadInputs
    plan: UserSyncPlan


def order_user_sync_plan(
    services: Services, actor: Actor, tenant_id: TenantId, settings: UserSyncSettings
) -> PlanView | OrderedPlan:
    """Plan what a sync with these settings would change now; for many users, have it planned.

    Raises:
        NotFound: there is no such tenant.
        Invalid: the settings make no sense.
        Conflict: ``not_mapped``, or ``users_not_read``.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)
    check_settings(synced, settings)
    directory = require_users(synced)
    clean_plans(synced.store, services)
    if not is_for_many(synced, directory):
        made = make_plan(synced, settings, directory)
        keep_approval(synced.store, made.plan)
        return view_of(synced, made.read.inputs, made.plan)
    plan = StoredPlan(id=PlanId(new_id("plan")), state=PlanState.RUNNING, at=services.clock())
    text = msgspec.json.encode(settings).decode()
    synced.store.put(*synced.store.text_writes(_settings_of(plan.id), text), synced.store.plans.added(plan))
    order = UserSyncPlanOrder(
        account_id=actor.account_id, tenant_id=tenant_id, epoch=synced.tenant.epoch, plan_id=plan.id
    )
    with synced.account.change() as change:
        change.send(order)
    return OrderedPlan(plan_id=plan.id, state=plan.state.value)


def plan_users(services: Services, order: UserSyncPlanOrder) -> None:
    """Make a plan that was ordered; one that is made already, or of an earlier mapping, is left as it is.

    Raises:
        StorageUnavailable: storage does not answer; the message retries.
    """
    try:
        synced = find_synced_tenant(services, order.account_id, order.tenant_id)
    except (NotFound, Conflict):
        return
    store, stored = synced.store, synced.store.plans.find(order.plan_id)
    if stored is None or stored.value.state is not PlanState.RUNNING or synced.tenant.epoch != order.epoch:
        log("dropped order", account_id=order.account_id, tenant_id=order.tenant_id, reason="not asked for any more")
        return
    settings = msgspec.json.decode(store.text(_settings_of(order.plan_id)), type=UserSyncSettings)
    directory = require_users(synced)

    def show(done: int) -> None:
        progress = PlanProgress(done=done, total=max(done, directory.user_count))
        store.put(store.plans.put(msgspec.structs.replace(stored.value, progress=progress)))

    made = make_plan(synced, settings, StoredDirectory(synced.tenant, directory.stored, services.clock(), show))
    keep_approval(store, made.plan)
    view = view_of(synced, made.read.inputs, made.plan)
    total = len(made.read.inputs.directory.users)
    done = msgspec.structs.replace(
        stored.value, state=PlanState.DONE, progress=PlanProgress(done=total, total=total), at=services.clock()
    )
    store.put(*store.text_writes(_text_of(order.plan_id), msgspec.json.encode(view).decode()), store.plans.put(done))


def read_user_sync_plan(services: Services, account_id: AccountId, tenant_id: TenantId, plan_id: PlanId) -> OrderedPlan:
    """A plan that was ordered within the last 24 hours.

    Raises:
        NotFound: there is no such tenant or plan.
        Conflict: ``not_mapped``.
    """
    synced = find_synced_tenant(services, account_id, tenant_id)
    stored = synced.store.plans.find(plan_id)
    if stored is None or services.clock() - stored.value.at > USER_SYNC_PLANS:
        raise NotFound("There is no such plan. Plans are kept for 24 hours.", remedy="Ask for a new plan.")
    it = stored.value
    text = synced.store.text(_text_of(plan_id)) if it.state is PlanState.DONE else ""
    return OrderedPlan(
        plan_id=it.id,
        state=it.state.value,
        progress=it.progress,
        plan=msgspec.json.decode(text, type=PlanView) if text else None,
        failure=_FAILURE if it.state is PlanState.FAILED else None,
    )


def fail_plan(store: UserSyncStore, plan_id: PlanId) -> bool:
    """Mark a plan as failed that is still being made; whether it was."""
    stored = store.plans.find(plan_id)
    if stored is None or stored.value.state is not PlanState.RUNNING:
        return False
    store.put(store.plans.saved(stored.now(msgspec.structs.replace(stored.value, state=PlanState.FAILED))))
    return True


def make_plan(synced: SyncedTenant, settings: UserSyncSettings, directory: StoredDirectory) -> MadePlan:
    read = read_inputs(synced, settings, directory)
    return MadePlan(read, plan_sync(read.inputs))


def view_of(synced: SyncedTenant, inputs: UserSyncInputs, plan: UserSyncPlan) -> PlanView:
    return plan_view(inputs, plan, {it.id: it.name for it in synced.organizations})


def require_users(synced: SyncedTenant) -> StoredDirectory:
    """The tenant's directory.

    Raises:
        Conflict: ``users_not_read``: its users were never read.
    """
    services = synced.account.services
    stored = services.data(synced.account.id, synced.id, synced.tenant.epoch).state()
    directory = StoredDirectory(synced.tenant, stored, services.clock())
    if not directory.users_were_read:
        raise Conflict(
            "The tenant's users have not been read yet.",
            code="users_not_read",
            remedy="Wait for the tenant's first sync to succeed.",
        )
    return directory


def is_for_many(synced: SyncedTenant, directory: StoredDirectory) -> bool:
    """Whether there are so many users that nobody can wait for a plan."""
    return directory.user_count > synced.account.services.users_while_waiting


def check_settings(synced: SyncedTenant, settings: UserSyncSettings) -> None:
    """Raises Invalid with everything that is wrong."""
    if problems := problems_of(settings, synced.organization_ids):
        placed = [Problem(f"/settings{it.pointer}", it.detail) for it in problems]
        raise Invalid("The settings are not valid.", problems=placed)


def keep_approval(store: UserSyncStore, plan: UserSyncPlan) -> PlanApproval:
    """Keep what a plan that is shown does that hurts, so that it can be approved by its hash."""
    approval = approval_of(plan)
    record = ApprovalRecord(
        plan_hash=approval.plan_hash, settings_hash=approval.settings_hash, planned_at=approval.planned_at
    )
    marks = store.text_writes(_marks_of(approval.plan_hash), " ".join(sorted(approval.harm)))
    store.put(*marks, store.approvals.put(record))
    return approval


def read_approval(store: UserSyncStore, plan_hash: str) -> PlanApproval | None:
    """What was kept of a plan that was shown; None if it was not, or too long ago."""
    stored: Stored[ApprovalRecord] | None = store.approvals.find(plan_hash) if plan_hash else None
    if stored is None:
        return None
    return PlanApproval(
        plan_hash=plan_hash,
        settings_hash=stored.value.settings_hash,
        harm=frozenset(store.text(_marks_of(plan_hash)).split()),
        planned_at=stored.value.planned_at,
    )


def clean_plans(store: UserSyncStore, services: Services) -> None:
    """Delete plans that are kept no longer, with the texts that belong to them; not the one that is held."""
    now, head = services.clock(), store.find_head()
    held = head.value.hold.plan_hash if head and head.value.hold else ""
    for plan in store.plans.list():
        if now - plan.value.at > USER_SYNC_PLANS:
            texts = [
                *store.text_writes(_text_of(plan.value.id), ""),
                *store.text_writes(_settings_of(plan.value.id), ""),
            ]
            store.put(*texts, store.plans.removed(plan))
    for approval in store.approvals.list():
        if now - approval.value.planned_at > USER_SYNC_APPROVALS and approval.value.plan_hash != held:
            marks = store.text_writes(_marks_of(approval.value.plan_hash), "")
            store.put(*marks, store.approvals.removed(approval))


def _text_of(plan_id: PlanId) -> str:
    return f"plan.{plan_id}"


def _settings_of(plan_id: PlanId) -> str:
    return f"settings.{plan_id}"


def _marks_of(plan_hash: str) -> str:
    return f"approval.{plan_hash}"
