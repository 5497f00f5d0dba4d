"""Say on a tenant's row what to know of its user sync: that it is held or fails, or how many questions there are."""

from integrations.actions.conflicts import ignore_conflict
from integrations.actions.user_sync.synced_tenant import SyncedTenant
from integrations.domain.user_sync.stored.state import UserSyncChip, UserSyncHead, UserSyncState

_SHOWN = (UserSyncState.HELD, UserSyncState.FAILED)


def show_chip(synced: SyncedTenant, head: UserSyncHead) -> None:
    """Bring the row's chip in line with the head; one that is late is replaced by the next run."""
    account, chips = synced.account, synced.account.control.user_sync_chips
    stored, wanted = chips.find(synced.id), _chip(synced, head)
    if (stored.value if stored else None) == wanted:
        return
    with ignore_conflict("left a chip to the next run", account_id=account.id), account.change() as change:
        if wanted is not None:
            change.write(chips.put(wanted))
        elif stored is not None:
            change.write(chips.removed(stored))


def _chip(synced: SyncedTenant, head: UserSyncHead) -> UserSyncChip | None:
    state = head.state_at(synced.tenant.epoch, is_paused=False)
    questions = head.counts.queued if head.counts and head.is_on else 0
    if state not in _SHOWN and not questions:
        return None
    return UserSyncChip(tenant_id=synced.id, epoch=synced.tenant.epoch, state=state, questions=questions)
