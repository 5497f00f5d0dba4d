"""The receipt of a removal: what was removed, what is left to do by hand, and when that was verified."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec
from jwt.utils import base64url_decode

from integrations.domain.ids import AccountId, IntegrationId, RemovalId, TenantId
from integrations.domain.integrations import Kind
from integrations.domain.removal import Removal, TenantRemoval
from integrations.views.status import to_second
from shared.http.schemas import one_of


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """What a receipt states.

    ``rows`` counts deleted rows by data set, ``microsoft`` counts tenants by what became of our application there:
    removed, no_rights (an entry without any permission remains), unconfirmed (the same, but not visible in our tokens
    yet), absent, kept, by_hand or impossible. Once the removal is verified, ``name`` is blank and ``tenant_id`` is
    SHA-256 of "<salt>|<tenant id>". The receipt is signed again when something that was left over is found to be gone.

    Attributes:
        removal_id: The removal that this is the receipt of.
        account_id: The account that the integration belonged to.
        integration_id: The integration that was removed.
        kind: Whether it was a single tenant or a CSP.
        name: The tenant's name. Empty once the removal is verified.
        tenant_id: The tenant. SHA-256 of "<salt>|<tenant id>" once the removal is verified.
        salt: The salt of that hash. It lets whoever knows the tenant id compare.
        requested_at: When somebody asked for the removal.
        requested_by: The portal user id of whoever did.
        removed_at: When everything was removed. Null before that.
        verified_at: When it was verified that no data came back. Null before that.
        tenants: How many tenants were removed with the integration.
        rows: How many rows were deleted, by data set.
        late_rows: How many rows were found and deleted at the verification.
        microsoft: In how many tenants our application ended how.
        left_over: The tenants in which somebody has to remove something by hand.
    """

    removal_id: RemovalId
    account_id: AccountId
    integration_id: IntegrationId
    kind: Annotated[str, one_of(Kind)]
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
    left_over: list[TenantId]


class SignedReceipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt to read, and the same as a compact JWS, signed with the account's key.

    Attributes:
        state: "preliminary" until the removal is verified, "final" from then on.
        statement: The receipt to read.
        jws: The same as a compact JWS, to be verified with a key of GET /audit/keys.
    """

    state: Annotated[str, one_of("preliminary", "final")]
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
        requested_at=removal.requested_at.replace(microsecond=0),
        requested_by=removal.requested_by,
        removed_at=to_second(removal.forgotten_at),
        verified_at=to_second(removal.verified_at),
        tenants=removal.tenants,
        rows=removal.rows,
        late_rows=removal.late_rows,
        microsoft=removal.outcomes,
        left_over=[it.tenant_id for it in tenant_removals if it.is_left_over],
    )
