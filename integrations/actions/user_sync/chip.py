"""Say on a tenant's row what to know of its user sync: that it is held or fails, or how many questions there are."""

from integrations.actions.conflicts import ignore_conflict, retry_on_conflict
from integrations.actions.user_sync.synced_tenant import SyncedTenant
from integrations.domain.user_sync.stored.state import UserSyncChip, UserSyncHead, UserSyncState

_SHOWN = (UserSyncState.HELD, UserSyncState.FAILED)


def is_shown(synced: SyncedTenant, head: UserSyncHead, chip: UserSyncChip | None) -> bool:
    """Whether this chip of the row, if any, is in line with the head."""
    return chip == _chip(synced, head)


def show_chip(synced: SyncedTenant, head: UserSyncHead) -> None:
    """Bring the row's chip in line with the head; a tenant that was unmapped or removed meanwhile gets none.

    The tenant's row is written with it, so that whoever ends the mapping at this moment deletes the chip, or it fails.
    """
    account, control = synced.account, synced.account.control
    wanted = _chip(synced, head)

    def attempt() -> None:
        stored = control.user_sync_chips.find(synced.id)
        if (stored.value if stored else None) == wanted:
            return
        tenant = control.tenants.find(synced.id)
        if tenant is None or tenant.value.removal or tenant.value.epoch != synced.tenant.epoch:
            return
        with account.change() as change:
            if wanted is not None:
                change.write(control.user_sync_chips.put(wanted), control.tenants.saved(tenant))
            elif stored is not None:
                change.write(control.user_sync_chips.removed(stored))

    with ignore_conflict("left a chip to the next run", account_id=account.id):
        retry_on_conflict(attempt)


def _chip(synced: SyncedTenant, head: UserSyncHead) -> UserSyncChip | None:
    state = head.state_at(synced.tenant.epoch, is_paused=False)
    questions = head.counts.queued if head.counts and head.is_on else 0
    if state not in _SHOWN and not questions:
        return None
    return UserSyncChip(tenant_id=synced.id, epoch=synced.tenant.epoch, state=state, questions=questions)
