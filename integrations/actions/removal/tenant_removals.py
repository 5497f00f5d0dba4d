"""The rows of a removal's tenants: read, changed one by one, and deleted."""

from collections.abc import Iterable
from typing import Any

import msgspec

from integrations.actions.account import Account, Change
from integrations.actions.actors import Actor
from integrations.actions.removal.lease import Lease
from integrations.domain import removal as rules
from integrations.domain.removal import TenantRemoval
from integrations.storage.documents import Stored
from shared.storage.tables import Write, chunks


class TenantRemovals:
    """The tenants of one removal, and the writes that clear away what belonged to them."""

    def __init__(self, account: Account, lease: Lease, actor: Actor) -> None:
        self._account = account
        self._lease = lease
        self._actor = actor

    def list(self) -> list[Stored[TenantRemoval]]:
        return self._account.control.tenant_removals.list(f"{self._lease.removal.id}:")

    def save(self, stored: Stored[TenantRemoval], **changes: Any) -> Stored[TenantRemoval]:
        """Write fields of one tenant's row; returns the row as it is now."""
        changed = msgspec.structs.replace(stored.value, **changes)
        with self._account.change() as change:
            change.write(self._account.control.tenant_removals.saved(stored.now(changed)))
        return Stored(changed, change.etag)

    def save_outcome(self, stored: Stored[TenantRemoval], changed: TenantRemoval, action: str = "") -> None:
        """Write a tenant's outcome, and the removal's totals in the same transaction once they have been counted.

        With an ``action``, an audit entry states the outcome.
        """
        removal = self._lease.removal
        if removal.left_at is None or changed.outcome is stored.value.outcome:
            with self._account.change() as change:
                self._add(change, stored.now(changed), action)
            return
        recounted = rules.recounted(removal, stored.value.outcome, changed.outcome)
        with self._lease.change(outcomes=recounted.outcomes) as change:
            self._add(change, stored.now(changed), action)

    def write_all(self, writes: Iterable[Write]) -> None:
        """Any number of writes, in as many transactions as they need."""
        for part in chunks(list(writes)):
            self._lease.renew()
            with self._account.change() as change:
                change.write(*part)

    def delete(self, *, only_closed: bool = False) -> None:
        """Delete the rows; ``only_closed`` keeps those of tenants in which something is left to do by hand."""
        closed = [it for it in self.list() if not (only_closed and it.value.is_left_over)]
        self.write_all(self._account.control.tenant_removals.removed(it) for it in closed)

    def _add(self, change: Change, changed: Stored[TenantRemoval], action: str) -> None:
        change.write(self._account.control.tenant_removals.saved(changed))
        if action:
            tenant_id, integration_id = changed.value.tenant_id, self._lease.removal.integration_id
            subject = {"tenant_id": tenant_id, "integration_id": integration_id}
            change.audit(self._actor, action, subject, reason=changed.value.outcome.value)
