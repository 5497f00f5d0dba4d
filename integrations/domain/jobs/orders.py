"""Queue messages: ids and an epoch, never data or secrets. The table is the truth; these are nudges."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, NamedTuple

import msgspec

from integrations.domain.ids import AccountId, FlowId, IntegrationId, RemovalId, RunId, TenantId

SHARDS = 16  # of the due list


class Ahead(NamedTuple):
    """How far ahead of now a time in a message may lie; without it, as far as clocks differ."""

    longest: timedelta


Epoch = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
NextDue = Annotated[datetime, Ahead(timedelta(days=31))]  # the slot that comes after this one
Reason = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z_ -]{0,39}\Z")]
Shard = Annotated[str, msgspec.Meta(pattern=r"\A(0[0-9]|1[0-5])\Z")]  # a partition of the due list

# Reasons of a sync that rules ask about; others only tell.
SCHEDULED = "schedule"
MANUAL = "manual"
NOTIFIED = "notified"


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message of a job, and the queue it waits in.

    What a field may hold follows from its type: an id of ``ids``, a time, a bool, or a type with limits of its own.
    """

    queue: ClassVar[str]


class AccountOrder(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message of a job that is one account's."""

    account_id: AccountId


class SyncOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sync one tenant once. The run id names the slot: one slot runs once.

    An order that somebody's action caused holds for that mapping only, so it names the ``epoch``; the
    schedule's order holds for whatever stands when it is carried out. ``then_at`` is what the due list says
    of the tenant meanwhile: the slot after this one. ``is_recovery`` tells that the run itself put it beforehand: it
    comes when the run's process died.
    """

    queue: ClassVar[str] = "sync-tenant"

    tenant_id: TenantId
    run_id: RunId
    due_at: datetime
    reason: Reason
    epoch: Epoch | None = None
    then_at: NextDue | None = None
    is_recovery: bool = msgspec.field(default=False, name="is_lifeline")  # as versions before this one send it


class ConsentOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look whether a flow's consent has become visible."""

    queue: ClassVar[str] = "prove-consent"

    flow_id: FlowId


class CspOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read a CSP's customers once. ``reason`` is "schedule", or what somebody did, which is not put off.

    ``recovers`` is the run that put it beforehand: it comes when the run's process died.
    """

    queue: ClassVar[str] = "check-csp"

    integration_id: IntegrationId
    due_at: datetime
    reason: Reason
    recovers: RunId | None = msgspec.field(default=None, name="lifeline_of")


class CustomerOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the next step of bringing our application into a CSP customer's tenant, if one is due."""

    queue: ClassVar[str] = "onboard-customer"

    tenant_id: TenantId


class PlanOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring an account's rows in line with what is believed of its plan."""

    queue: ClassVar[str] = "apply-plan"


class RemovalOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carry a removal on, as far as it goes at present."""

    queue: ClassVar[str] = "remove"

    removal_id: RemovalId


class PurgeOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delete what was synced under an epoch that is over; ``is_last`` when nobody can be writing any more."""

    queue: ClassVar[str] = "purge-data"

    tenant_id: TenantId
    epoch: Epoch
    is_last: bool


class EvaluateOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring the derived rows of one tenant, under one epoch of its mapping, in line with its synced rows."""

    queue: ClassVar[str] = "evaluate-tenant"

    tenant_id: TenantId
    epoch: Epoch


class ShardOrder(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Order everything that is due in one shard of the due list until a time."""

    queue: ClassVar[str] = "order-due"

    shard: Shard
    until: datetime
