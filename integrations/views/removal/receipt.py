"""The receipt of a removal: what was removed, what is left to do by hand, and when that was verified."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from jwt.utils import base64url_decode

from integrations.domain.ids import AccountId
from integrations.domain.removal import Removal, TenantRemoval


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt states.

    ``rows`` counts deleted rows by data set, ``microsoft`` counts tenants by what became of our application there:
    removed, no_rights (an entry without any permission remains), unconfirmed (the same, but not visible in our tokens
    yet), absent, kept, by_hand or impossible. Once the removal is verified, ``name`` is blank and ``tenant_id`` is
    SHA-256 of "<salt>|<tenant id>". The receipt is signed again when something that was left over is found to be gone.
    """

    removal_id: str
    account_id: str
    integration_id: str
    kind: str
    name: str
    tenant_id: str
    salt: str
    requested_at: datetime
    requested_by: str
    removed_at: datetime | None
    verified_at: datetime | None
    tenants: int
    rows: dict[str, int]
    late_rows: int
    microsoft: dict[str, int]
    left_over: list[str]


class SignedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt to read, and the same as a compact JWS, signed with the account's key.

    ``state`` is preliminary until the removal is verified, and final from then on.
    """

    state: str
    statement: Receipt
    jws: str


def read_receipt(jws: str) -> SignedReceipt:
    """One of our own receipts; its signature is not checked."""
    payload = base64url_decode(jws.split(".")[1])
    statement = msgspec.json.decode(payload, type=Receipt)
    return SignedReceipt(state="final" if statement.verified_at else "preliminary", statement=statement, jws=jws)


def receipt(account_id: AccountId, removal: Removal, tenant_removals: Sequence[TenantRemoval]) -> Receipt:
    """What the receipt of a removal states at present."""
    return Receipt(
        removal_id=removal.id,
        account_id=account_id,
        integration_id=removal.integration_id,
        kind=removal.kind.value,
        name=removal.name,
        tenant_id=removal.tenant_id,
        salt=removal.salt,
        requested_at=removal.requested_at,
        requested_by=removal.requested_by,
        removed_at=removal.forgotten_at,
        verified_at=removal.verified_at,
        tenants=removal.tenants,
        rows=removal.rows,
        late_rows=removal.late_rows,
        microsoft=removal.outcomes,
        left_over=[it.tenant_id for it in tenant_removals if it.is_left_over],
    )
