"""Queue messages: ids and an epoch, never data or secrets. The table is the truth; these are nudges."""

from datetime import datetime, timedelta
from typing import Annotated, ClassVar, NamedTuple

import msgspec

from integrations.domain.ids import AccountId, FlowId, IntegrationId, PlanId, RemovalId, RunId, TenantId

SHARDS = 16  # of the due list


class Ahead(NamedTuple):
    """How far ahead of now a time in a message may lie; without it, as far as clocks differ."""

    longest: timedelta


Epoch = Annotated[int, msgspec.Meta(gt=0, le=2**63 - 1)]
NextDue = Annotated[datetime, Ahead(timedelta(days=31))]  # the next slot
Reason = Annotated[str, msgspec.Meta(pattern=r"\A[a-z][a-z_ -]{0,39}\Z")]
Shard = Annotated[str, msgspec.Meta(pattern=r"\A(0[0-9]|1[0-5])\Z")]  # a partition of the due list

# Reasons of a sync that rules depend on; others are for display only.
SCHEDULED = "schedule"
MANUAL = "manual"
NOTIFIED = "notified"


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message of a job, and its queue.

    Every field has a type that limits it: an id of ``ids``, a time, a bool, or a type with limits of its own.
    """

    queue: ClassVar[str]


class AccountOrder(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The message of a job for one account."""

    account_id: AccountId


class SyncOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sync one tenant once. The run id names the slot: one slot runs once.

    An order caused by somebody's action is valid for that mapping only, so it names the ``epoch``; a scheduled order
    is valid for whatever mapping exists when it is carried out. ``then_at`` is the next slot, which the due list holds
    meanwhile. ``is_recovery``: the run itself sent the message before it began, for the case that its process dies.
    """

    queue: ClassVar[str] = "sync-tenant"

    tenant_id: TenantId
    run_id: RunId
    due_at: datetime
    reason: Reason
    epoch: Epoch | None = None
    then_at: NextDue | None = None
    is_recovery: bool = msgspec.field(default=False, name="is_lifeline")  # the name that earlier versions send


class ConsentOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Check whether a flow's consent has become visible."""

    queue: ClassVar[str] = "prove-consent"

    flow_id: FlowId


class CspOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read a CSP's customers once. ``reason`` is "schedule", or somebody's action, which is not postponed.

    ``recovers`` is the run that sent the message before it began, for the case that its process dies.
    """

    queue: ClassVar[str] = "check-csp"

    integration_id: IntegrationId
    due_at: datetime
    reason: Reason
    recovers: RunId | None = msgspec.field(default=None, name="lifeline_of")


class CustomerOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the next step of installing our application in a CSP customer's tenant, if one is due."""

    queue: ClassVar[str] = "onboard-customer"

    tenant_id: TenantId


class PlanOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Update an account's rows to its plan."""

    queue: ClassVar[str] = "apply-plan"


class RemovalOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Continue a removal as far as possible now."""

    queue: ClassVar[str] = "remove"

    removal_id: RemovalId


class PurgeOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delete the data synced under an epoch that has ended; ``is_last`` when nobody can still be writing it."""

    queue: ClassVar[str] = "purge-data"

    tenant_id: TenantId
    epoch: Epoch
    is_last: bool


class EvaluateOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Update the derived rows of one tenant, under one epoch of its mapping, to its synced rows."""

    queue: ClassVar[str] = "evaluate-tenant"

    tenant_id: TenantId
    epoch: Epoch


class UserSyncPlanOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Make a plan of one tenant's user sync, under one epoch of its mapping, that somebody waits for."""

    queue: ClassVar[str] = "plan-users"

    tenant_id: TenantId
    epoch: Epoch
    plan_id: PlanId


class ShardOrder(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Order everything that is due in one shard of the due list at ``until``."""

    queue: ClassVar[str] = "order-due"

    shard: Shard
    until: datetime
