"""Integrations (granted connections) and the tenants they reach (rows of the page's table)."""

from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.csp.gdap import CspAuth, Finding
from integrations.domain.csp.onboarding import Onboarding
from integrations.domain.ids import (
    FIRST_REGISTRATION,
    AccountId,
    ClientId,
    FlowId,
    IntegrationId,
    OrganizationId,
    RemovalId,
    RunId,
    SyncroTenantId,
    TenantId,
    UserId,
)
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.retention import FORMER_NAMES
from integrations.domain.sync.datasets import Confirmed
from integrations.domain.sync_status import SyncStatus


class Kind(Enum):
    """How a tenant is reached: by its own admin's consent, or through the partner's CSP tenant."""

    SINGLE = "single"
    CSP = "csp"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """Why an account may have a tenant: who signed in there as its administrator, when, and in which flow."""

    tenant_id: TenantId
    object_id: str
    flow_id: FlowId
    proven_at: datetime


class Acceptance(msgspec.Struct, frozen=True, kw_only=True):
    """Who accepted which version of the CSP prerequisites, and when."""

    version: str
    accepted_at: datetime
    accepted_by: UserId


class FailedReauthorizationAttempt(msgspec.Struct, frozen=True, kw_only=True):
    """A reauthorization that failed and changed nothing; ``reason`` is a FlowFailure's value."""

    at: datetime
    reason: str


class Pause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing is synced while the account is not on the plan; ``status`` is restored afterwards.

    ``purged_epoch`` is the epoch whose data was deleted because the account stayed without the plan.
    """

    status: SyncStatus
    purged_epoch: int | None = None


class Csp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What only a CSP's integration has: its own Sync Status and the run that has claimed it.

    ``account`` is the user name of the service account; ``shared`` are customers that another integration reaches.
    """

    status: SyncStatus
    acceptance: Acceptance
    account: str
    running: "Running | None" = None
    shared: list[TenantId] = []
    failed_attempt: FailedReauthorizationAttempt | None = None
    paused: Pause | None = None


class Integration(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One granted connection. ``version`` grows with every reauthorization.

    ``client_id`` is the app registration that it was authorized for last, ``former_client_ids`` those before: a CSP's
    customers may still have them, so that a removal looks for each.
    Once ``removal`` is set, the API no longer shows the integration and its tenants.
    """

    id: IntegrationId
    kind: Kind
    name: str
    tenant_id: TenantId
    proof: Proof
    version: int
    created_at: datetime
    created_by: UserId
    csp: Csp | None = None
    former_names: list["NameChange"] = []
    removal: RemovalId | None = None
    client_id: ClientId = FIRST_REGISTRATION
    former_client_ids: list[ClientId] = []

    def authorized_for(self, client_id: ClientId) -> "Integration":
        """The integration after a reauthorization for a registration."""
        former = dict.fromkeys([*self.former_client_ids, self.client_id])
        former.pop(client_id, None)
        return msgspec.structs.replace(self, client_id=client_id, former_client_ids=list(former))

    def renamed(self, name: str, now: datetime) -> "Integration":
        """The integration with its tenant's current name; the earlier one is added to ``former_names``."""
        if not name or name == self.name:
            return self
        return msgspec.structs.replace(self, name=name, former_names=_with_former(self.former_names, self.name, now))


class Credential(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A CSP's encrypted refresh token, which only the registration ``client_id`` can use.

    It decrypts only together with ``place``: account, integration, ``epoch`` (the authorization it came with) and
    ``version``, which grows each time the token is renewed.
    """

    integration_id: IntegrationId
    epoch: int
    version: int
    sealed: str
    kept_at: datetime
    client_id: ClientId = FIRST_REGISTRATION

    def place(self, account_id: AccountId) -> str:
        """The additional authenticated data of the encryption."""
        return f"credential|{account_id}|{self.integration_id}|{self.epoch}|{self.version}"


class Mapping(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant tied to the Syncro Tenant of an Organization."""

    organization_id: OrganizationId
    syncro_tenant_id: SyncroTenantId
    mapped_at: datetime
    mapped_by: UserId


class NameChange(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    until: datetime


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """The run that works on the tenant. After ``until`` it counts as dead and another run may take over."""

    run_id: RunId
    until: datetime


class CspChild(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What only a CSP's customer has: CSP Auth with its findings, and the progress of installing our application.

    ``changes_at`` is when the status changes by time alone, ``ends_at`` when the first required role ends, and
    ``vanished_at`` when Microsoft stopped listing it.
    """

    auth: CspAuth
    since: datetime
    progress: Onboarding
    findings: list[Finding] = []
    changes_at: datetime | None = None
    ends_at: datetime | None = None
    vanished_at: datetime | None = None
    is_ignored: bool = False


class Tenant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Microsoft tenant of one account.

    ``epoch`` grows with every mapping and unmapping: data is written and read under the current one only. The first
    epoch is random, so that a tenant that is connected again finds nothing of its old data. ``removal`` is set while
    the tenant is being removed. ``watch_at`` is the next check of its change notifications; None when there are none.
    ``purges_given_up`` are failed deletions of earlier epochs' data, by epoch. ``missing_permissions`` are those of our
    permissions that its latest token did not have. ``client_id`` is the app registration whose token reads the tenant;
    a customer's changes once our application is installed for its CSP's newer one.
    """

    tenant_id: TenantId
    integration_id: IntegrationId
    kind: Kind
    name: str
    epoch: int
    status: SyncStatus
    added_at: datetime
    default_domain: str | None = None
    mapping: Mapping | None = None
    running: Running | None = None
    not_before: datetime | None = None
    former_names: list[NameChange] = []
    confirmed: Confirmed | None = None
    paused: Pause | None = None
    watch_at: datetime | None = None
    csp: CspChild | None = None
    removal: RemovalId | None = None
    missing_permissions: list[str] = []
    purges_given_up: dict[str, GivenUp] = {}
    client_id: ClientId = FIRST_REGISTRATION

    def renamed(self, name: str, now: datetime) -> "Tenant":
        """The tenant with its current name at Microsoft; the earlier one is added to ``former_names``."""
        if not name or name == self.name:
            return self
        return msgspec.structs.replace(self, name=name, former_names=_with_former(self.former_names, self.name, now))


def _with_former(names: list[NameChange], name: str, now: datetime) -> list[NameChange]:
    return [*names, NameChange(name=name, until=now)][-FORMER_NAMES:]


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two rows that keep mappings 1:1: while it exists, ``key`` is taken by ``tenant_id``."""

    key: str
    tenant_id: TenantId


def reservations(tenant_id: TenantId, mapping: Mapping) -> tuple[Reservation, Reservation]:
    """Both rows of a mapping: the tenant is mapped once, and its Syncro Tenant is mapped once."""
    return (
        Reservation(key=f"tenant:{tenant_id}", tenant_id=tenant_id),
        Reservation(key=f"syncro_tenant:{mapping.syncro_tenant_id}", tenant_id=tenant_id),
    )


def csp_reservation(tenant_id: TenantId) -> Reservation:
    """The row that keeps a CSP's own tenant from being integrated twice in an account."""
    return Reservation(key=f"csp:{tenant_id}", tenant_id=tenant_id)


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """A client of the MSP. Each has exactly one Syncro Tenant; several may share one.

    Attributes:
        id: The Organization. It never changes.
        name: The client's name.
        domains: The client's domains in lower case.
        syncro_tenant_id: The Syncro Tenant that it is under.
        created_at: When it was created.
    """

    id: OrganizationId
    name: str
    domains: list[str]
    syncro_tenant_id: SyncroTenantId
    created_at: datetime


class SyncroTenant(msgspec.Struct, frozen=True, kw_only=True):
    """What a Microsoft tenant is mapped to; created together with an Organization of the same name.

    ``organization_ids`` are those under it. None if they are too many to list here, or were never listed.
    """

    id: SyncroTenantId
    name: str
    created_at: datetime
    organization_ids: list[OrganizationId] | None = None


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change, written in the same transaction as the change itself, and never updated.

    ``actor`` is a portal user id or ``system:<function>``; ``subject`` maps kinds of ids to ids.

    Attributes:
        id: Unique in the account. Later entries have smaller ids.
        at: When the change was made.
        account_id: The account in which the change was made.
        actor: The portal user id of whoever did it, or "system:" and the name of a background function.
        action: What was done, in a few words such as "mapped tenant".
        subject: What it was done to: ids by their kind, such as tenant_id.
        outcome: "done", or how else it ended.
        reason: Why it ended so, as a code. Absent if nothing went wrong.
        before: The value before the change. Absent if there was none.
        after: The value after the change. Absent if there is none.
        trace_id: Identifies the request or the run in the log. Absent where there was no trace.
    """

    id: str
    at: datetime
    account_id: AccountId
    actor: str
    action: str
    subject: dict[str, str]
    outcome: str
    reason: str = ""
    before: str = ""
    after: str = ""
    trace_id: str = ""
