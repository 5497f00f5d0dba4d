"""Verify a removal once no worker can be writing any more: look everywhere again, then keep only the counts."""

import secrets

import msgspec

from integrations.actions.removal.completion import rows_of_tenants
from integrations.actions.removal.data import delete_data, delete_late_rows, delete_rows_of, detach_tenants
from integrations.actions.removal.microsoft import uninstall_late_ones, with_presence
from integrations.actions.removal.receipts import signed_receipt
from integrations.actions.removal.work import RemovalWork
from integrations.domain import removal as rules


def verify(work: RemovalWork) -> None:
    """Repeat every deletion and count what was found, then blank the names in the removal's rows.

    Raises:
        SealBroken, Unavailable: the receipt cannot be signed now.
    """
    detach_tenants(work)
    delete_data(work)
    uninstall_late_ones(work)
    late_rows = 0
    for stored in work.tenants.list():
        work.lease.renew()
        late_rows += delete_late_rows(work, stored.value)
        delete_rows_of(work, stored.value)
        work.tenants.save_outcome(stored, msgspec.structs.replace(with_presence(work, stored.value), name=""))
    work.tenants.write_all(rows_of_tenants(work))
    work.tenants.delete(only_closed=True)
    _close(work, late_rows)


def _close(work: RemovalWork, late_rows: int) -> None:
    tombstone = rules.tombstone(work.removal, secrets.token_hex(16))
    now, tenant_removals = work.now, [it.value for it in work.tenants.list()]
    verified = msgspec.structs.replace(tombstone, verified_at=now, late_rows=late_rows)
    work.lease.rest(
        rules.next_check(verified, tenant_removals, now, work.services.settings.removal_quiet),
        name="",
        tenant_id=tombstone.tenant_id,
        salt=tombstone.salt,
        verified_at=now,
        late_rows=late_rows,
        receipt=signed_receipt(work.account, verified, tenant_removals),
    )
