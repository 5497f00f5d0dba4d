"""Queue messages: ids and an epoch, never data or secrets. The table is the truth; these are nudges."""

from datetime import datetime

import msgspec

from integrations.domain.ids import AccountId, FlowId, IntegrationId, RemovalId, RunId, TenantId


class SyncOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Sync one tenant once. The run id names the slot: one slot runs once.

    An order that somebody's action caused holds for that mapping only, so it names the ``epoch``; the
    schedule's order holds for whatever stands when it is carried out. ``then_at`` is what the due list says
    of the tenant meanwhile: the slot after this one. ``is_lifeline`` tells that the run itself put it beforehand: it
    comes when the run's process died.
    """

    account_id: AccountId
    tenant_id: TenantId
    run_id: RunId
    due_at: datetime
    reason: str
    epoch: int | None = None
    then_at: datetime | None = None
    is_lifeline: bool = False


class ConsentOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Look whether a flow's consent has become visible."""

    account_id: AccountId
    flow_id: FlowId


class CspOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Read a CSP's customers once. ``reason`` is "schedule", or what somebody did, which is not put off.

    ``lifeline_of`` is the run that put it beforehand: it comes when the run's process died.
    """

    account_id: AccountId
    integration_id: IntegrationId
    due_at: datetime
    reason: str
    lifeline_of: RunId | None = None


class CustomerOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Take the next step of bringing our application into a CSP customer's tenant, if one is due."""

    account_id: AccountId
    tenant_id: TenantId


class PlanOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Bring an account's rows in line with what is believed of its plan."""

    account_id: AccountId


class RemovalOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Carry a removal on, as far as it goes at present."""

    account_id: AccountId
    removal_id: RemovalId


class PurgeOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Delete what was synced under an epoch that is over; ``is_last`` when nobody can be writing any more."""

    account_id: AccountId
    tenant_id: TenantId
    epoch: int
    is_last: bool


class ShardOrder(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Order everything that is due in one shard of the due list until a time."""

    shard: str
    until: datetime


SHARDS = 16  # of the due list

# Reasons of a sync that rules ask about; others only tell.
SCHEDULED = "schedule"
MANUAL = "manual"
NOTIFIED = "notified"

Order = SyncOrder | ConsentOrder | CspOrder | CustomerOrder | RemovalOrder | PurgeOrder | PlanOrder | ShardOrder

SYNC_QUEUE = "sync-tenant"
CONSENT_QUEUE = "prove-consent"
CSP_QUEUE = "check-csp"
CUSTOMER_QUEUE = "onboard-customer"
PLAN_QUEUE = "apply-plan"
REMOVAL_QUEUE = "remove"
PURGE_QUEUE = "purge-data"
SHARD_QUEUE = "order-due"

QUEUE_OF: dict[type, str] = {
    SyncOrder: SYNC_QUEUE,
    ConsentOrder: CONSENT_QUEUE,
    CspOrder: CSP_QUEUE,
    CustomerOrder: CUSTOMER_QUEUE,
    PlanOrder: PLAN_QUEUE,
    RemovalOrder: REMOVAL_QUEUE,
    PurgeOrder: PURGE_QUEUE,
    ShardOrder: SHARD_QUEUE,
}
