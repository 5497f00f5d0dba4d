"""Turn a tenant's user sync on and off, change its settings, and release a plan that is held.

The audit entry and a line of the due list are written first: there may be an entry without a change, but never a change
without an entry, and never one that no run follows.
"""

from datetime import timedelta
from typing import Any

import msgspec

from integrations.actions.actors import Actor
from integrations.actions.conflicts import retry_on_conflict
from integrations.actions.user_sync.chip import show_chip
from integrations.actions.user_sync.ending import delete_rows
from integrations.actions.user_sync.plans import (
    check_settings,
    is_for_many,
    keep_approval,
    make_plan,
    read_approval,
    require_users,
    view_of,
)
from integrations.actions.user_sync.synced_tenant import SETTINGS, SyncedTenant, find_synced_tenant
from integrations.domain.ids import TenantId
from integrations.domain.retention import USER_SYNC_APPROVALS
from integrations.domain.user_sync.guard import is_approved, settings_hash
from integrations.domain.user_sync.settings import UserSyncSettings
from integrations.services import Services
from integrations.storage.due import Work
from integrations.storage.lasting import LastingBatch
from integrations.storage.user_sync import HELD_PLAN, UserSyncBatch
from integrations.views.user_sync.plan import PlanView
from shared.errors import Conflict, PreconditionFailed
from shared.http.responses import version_in

_LINE_AFTER = timedelta(minutes=1)  # when a run is ordered whose message was never sent


def change_user_sync(
    services: Services, actor: Actor, tenant_id: TenantId, settings: UserSyncSettings, *, plan_hash: str, if_match: str
) -> None:
    """Turn the user sync on with these settings; the sync follows at once.

    ``if_match`` is the ETag of what was read. Without ``plan_hash``, only whose values count may differ.

    Raises:
        NotFound: there is no such tenant.
        Invalid: the settings make no sense.
        Conflict: ``not_mapped``, ``users_not_read``, ``plan_needed``, or ``plan_changed`` with the plan as it is now.
        PreconditionNeeded: there is no ETag.
        PreconditionFailed: the settings were changed in the meantime.
        VersionConflict: the user sync was changed at the same time.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)
    check_settings(synced, settings)
    batch = _begin(synced, if_match)
    if plan_hash:
        is_compared = _require_approval(synced, settings, plan_hash)
        batch.set_head(approval=plan_hash, is_approval_unchecked=not is_compared)
    elif not _differs_in_authority_only(synced, batch, settings):
        raise Conflict(
            "Nobody has seen what these settings would change.",
            code="plan_needed",
            remedy="Ask for a plan with POST /tenants/{tenant_id}/user-sync/plan, and send its plan_hash.",
        )
    head = batch.head
    was_on = head.is_on and synced.is_in_use(head)
    is_first = head.epoch != synced.tenant.epoch and head.organization_id not in {None, synced.mapping.organization_id}
    batch.write_many(synced.store.text_writes(SETTINGS, msgspec.json.encode(settings).decode()))
    batch.write_many(synced.store.text_writes(HELD_PLAN, ""))
    batch.set_head(
        version=head.version + 1,
        epoch=synced.tenant.epoch,
        organization_id=synced.mapping.organization_id,
        is_on=settings.is_on,
        is_first=head.is_first or is_first,
        hold=None,
    )
    _commit(synced, batch, actor, "changed user sync" if was_on else "turned user sync on")


def turn_user_sync_off(services: Services, actor: Actor, tenant_id: TenantId, if_match: str) -> None:
    """Stop the user sync; End Users and links stay as they are.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``.
        PreconditionNeeded: there is no ETag.
        PreconditionFailed: the settings were changed in the meantime.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)
    batch = _begin(synced, if_match)
    if not batch.head.is_on:
        return
    batch.write_many(synced.store.text_writes(HELD_PLAN, ""))
    batch.set_head(version=batch.head.version + 1, is_on=False, hold=None, failure=None)
    _commit(synced, batch, actor, "turned user sync off")


def release_plan(services: Services, actor: Actor, tenant_id: TenantId, plan_hash: str) -> None:
    """Let the plan that is held be carried out, and any that does no more harm; the sync follows at once.

    Raises:
        NotFound: there is no such tenant.
        Conflict: ``not_mapped``, ``not_held``, or ``plan_changed`` with the plan that is held.
    """
    synced = find_synced_tenant(services, actor.account_id, tenant_id)

    def attempt() -> None:
        batch = synced.store.batch()
        hold = batch.head.hold if synced.is_in_use(batch.head) else None
        if hold is None:
            raise Conflict("No plan is held.", code="not_held", remedy="Reload the page to see what the sync did.")
        if hold.plan_hash != plan_hash:
            text = synced.store.text(HELD_PLAN)
            raise _plan_changed(msgspec.json.decode(text, type=PlanView) if text else None)
        stored = synced.store.approvals.find(plan_hash)
        if stored is None:  # an earlier version of ours deleted it after a day
            raise _plan_changed(None)
        seen = msgspec.structs.replace(stored.value, planned_at=services.clock())
        batch.write(synced.store.approvals.saved(stored.now(seen)))
        batch.set_head(approval=plan_hash, basis="")
        _commit(synced, batch, actor, "released user sync")

    retry_on_conflict(attempt)


def order_run(synced: SyncedTenant, batch: LastingBatch[Any], actor: Actor, action: str, **entry: Any) -> None:
    """Commit a change of what outlives a mapping, with its audit entry, and have the sync run."""
    account, now = synced.account, synced.account.services.clock()
    subject = {"tenant_id": synced.id, **entry.pop("subject", {})}
    with account.change(actor, action, subject, **entry) as change:
        change.due(Work.EVALUATE, synced.id, now + _LINE_AFTER)
    batch.commit()
    account.services.send(synced.order)


def _commit(synced: SyncedTenant, batch: UserSyncBatch, actor: Actor, action: str) -> None:
    order_run(synced, batch, actor, action)
    show_chip(synced, batch.head)


def _begin(synced: SyncedTenant, if_match: str) -> UserSyncBatch:
    """A change of the settings that were read; what an earlier mapping left to delete is deleted first."""
    version, batch = version_in(if_match), synced.store.batch()
    if batch.head.is_closed:
        delete_rows(synced.account, synced.store)
        batch = synced.store.batch()
    if version not in {"*", str(batch.head.version)}:
        raise PreconditionFailed("The user sync was changed since you read it.")
    return batch


def _require_approval(synced: SyncedTenant, settings: UserSyncSettings, plan_hash: str) -> bool:
    """Make sure that somebody saw what a sync with these settings would do now.

    Returns False if there are so many users that this is left to the next run, which is held if it would do more.
    """
    directory, now = require_users(synced), synced.account.services.clock()
    approval = read_approval(synced.store, plan_hash)
    is_valid = (
        approval is not None
        and approval.settings_hash == settings_hash(settings)
        and now - approval.planned_at <= USER_SYNC_APPROVALS
    )
    is_many = is_for_many(synced, directory)
    if is_many and is_valid:
        return False
    if is_many:
        raise _plan_changed(None)
    made = make_plan(synced, settings, directory)
    if not is_valid or not is_approved(made.plan, approval):
        keep_approval(synced.store, made.plan)
        raise _plan_changed(view_of(synced, made.read.inputs, made.plan))
    return True


def _plan_changed(plan: PlanView | None) -> Conflict:
    return Conflict(
        "What the sync would do is not what you have seen.",
        code="plan_changed",
        remedy="Look at the new plan, and send its plan_hash."
        if plan
        else "Ask for a new plan, and send its plan_hash.",
        members={"plan": msgspec.to_builtins(plan)} if plan else {},
    )


def _differs_in_authority_only(synced: SyncedTenant, batch: UserSyncBatch, settings: UserSyncSettings) -> bool:
    if not batch.head.is_on or not synced.is_in_use(batch.head):
        return False
    return msgspec.structs.replace(synced.settings(), authority=settings.authority) == settings
