"""The state of a removal: its steps, what is left to do by hand, and its receipt."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from integrations.domain.ids import ClientId, IntegrationId, RemovalId
from integrations.domain.integrations import Kind
from integrations.domain.removal import Removal, TenantRemoval
from integrations.views.removal.leftovers import LeftoverView, leftover_view
from integrations.views.removal.receipt import SignedReceipt, read_receipt
from integrations.views.removal.steps import StepView, steps
from integrations.views.status import ReadTime, StatusView, given_up_view, to_second
from shared.http.schemas import one_of


class RemovalView(msgspec.Struct, frozen=True, kw_only=True):
    """The state of a removal: ``state`` is removing, removed or verified; ``receipt`` is there from removed on.

    ``given_up`` is set while our own service fails to continue it.

    Attributes:
        id: The removal.
        integration_id: The integration that is removed.
        kind: Whether it is a single tenant or a CSP.
        name: The name of the tenant. Empty once the removal is verified.
        state: "removing", then "removed" once everything is gone, then "verified".
        requested_at: When somebody asked for it.
        requested_by: The portal user id of whoever did.
        removed_at: When the integration was gone. Null until then.
        verification_at: When that will be verified. Null until the integration is gone, and once it is verified.
        verified_at: When it was verified. Null until then.
        next_at: When its next step is due. Null when nothing is left to do.
        overdue_since: Since when that step is overdue. Null while it is on time.
        given_up: Set while our own service fails to continue it.
        steps: Every step, done or to come, in order.
        leftovers: What somebody has to do by hand. Empty if there is nothing.
        receipt: The signed receipt. Null until the integration is removed.
    """

    id: RemovalId
    integration_id: IntegrationId
    kind: Annotated[str, one_of(Kind)]
    name: str
    state: Annotated[str, one_of("removing", "removed", "verified")]
    requested_at: datetime
    requested_by: str
    removed_at: datetime | None
    verification_at: datetime | None
    verified_at: datetime | None
    next_at: datetime | None
    overdue_since: datetime | None
    given_up: StatusView | None
    steps: list[StepView]
    leftovers: list[LeftoverView]
    receipt: SignedReceipt | None


def removal_view(
    removal: Removal,
    tenant_removals: Sequence[TenantRemoval],
    read_time: ReadTime,
    *,
    quiet: timedelta,
    app_id: Callable[[ClientId], str],
) -> RemovalView:
    """The state of a removal; ``quiet`` as for ``steps``, ``app_id`` gives the client id of a registration."""
    next_at = removal.next_at if removal.verified_at is None else None
    is_unverified = removal.forgotten_at is not None and removal.verified_at is None
    return RemovalView(
        id=removal.id,
        integration_id=removal.integration_id,
        kind=removal.kind.value,
        name=removal.name,
        state=removal_state(removal),
        requested_at=removal.requested_at.replace(microsecond=0),
        requested_by=removal.requested_by,
        removed_at=to_second(removal.forgotten_at),
        verification_at=to_second(removal.forgotten_at + quiet) if removal.forgotten_at and is_unverified else None,
        verified_at=to_second(removal.verified_at),
        next_at=to_second(next_at),
        overdue_since=read_time.overdue_since(next_at, removal.running),
        given_up=given_up_view(removal.given_up, read_time),
        steps=steps(removal, tenant_removals, quiet),
        leftovers=[leftover_view(it, app_id(it.client_id)) for it in tenant_removals if it.is_left_over],
        receipt=read_receipt(removal.receipt) if removal.receipt else None,
    )


def removal_state(removal: Removal) -> str:
    """How far a removal is: removing, removed or verified."""
    if removal.is_under_way:
        return "removing"
    return "verified" if removal.verified_at else "removed"
