"""Sign the receipt of a removal: what was removed, what is left to do by hand, and when that was verified."""

from collections.abc import Sequence

import msgspec

from integrations.actions.account import Account
from integrations.actions.audit.signing import sign
from integrations.domain.removal import Removal, TenantRemoval
from integrations.views.removal.receipt import read_receipt, receipt


def signed_receipt(account: Account, removal: Removal, tenant_removals: Sequence[TenantRemoval]) -> str:
    """The receipt as a compact JWS, signed with the account's key.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    return sign(account, msgspec.json.encode(receipt(account.id, removal, tenant_removals)))


def renewed_receipt(account: Account, removal: Removal, tenant_removals: Sequence[TenantRemoval]) -> str:
    """The removal's receipt, signed again if it would state something else by now.

    Raises:
        SealBroken, Unavailable: as ``sign``.
    """
    if read_receipt(removal.receipt).statement == receipt(account.id, removal, tenant_removals):
        return removal.receipt
    return signed_receipt(account, removal, tenant_removals)
