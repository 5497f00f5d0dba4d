"""Integrations and the tenants they reach: one granted connection, and one row of the page's table."""

from datetime import datetime
from enum import Enum

import msgspec

from integrations.domain.csp.gdap import CspAuth, Finding
from integrations.domain.csp.onboarding import Onboarding
from integrations.domain.ids import (
    AccountId,
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
from integrations.domain.statuses import SyncStatus
from integrations.domain.sync.datasets import Confirmed


class Kind(Enum):
    """How a tenant is reached: by its own admin's consent, or through the partner's CSP tenant."""

    SINGLE = "single"
    CSP = "csp"


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """What entitles an account to a tenant: who signed in there, when, in which flow."""

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
    """A reauthorization that failed and changed nothing; ``reason`` is the journey's failure."""

    at: datetime
    reason: str


class Pause(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Nothing is synced while the account is not on the plan; ``status`` is the one to go on with.

    ``purged_epoch`` is the epoch whose data was given up because the plan stayed lost.
    """

    status: SyncStatus
    purged_epoch: int | None = None


class Csp(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a CSP's integration has besides: its own Sync Status and the run that holds it.

    ``account`` is the signed-in service account; ``shared`` are customers that are in the table another way.
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

    Once ``removal`` is set, the integration and its tenants are out of everybody's sight for good.
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

    def renamed(self, name: str, now: datetime) -> "Integration":
        """The integration under its tenant's present name."""
        if not name or name == self.name:
            return self
        return msgspec.structs.replace(self, name=name, former_names=_with_former(self.former_names, self.name, now))


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A CSP's sealed refresh token.

    It opens at its place only: account, integration, ``epoch`` (the authorization that brought it) and
    ``version``, which grows each time the token is renewed.
    """

    integration_id: IntegrationId
    epoch: int
    version: int
    sealed: str
    kept_at: datetime

    def place(self, account_id: AccountId) -> str:
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
    """The run that holds the tenant. After ``until`` it counts as dead and may be taken over."""

    run_id: RunId
    until: datetime


class CspChild(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a CSP's customer has besides: CSP Auth with its findings, and how far our application is in it.

    ``changes_at`` is when time alone changes the status; ``vanished_at`` when Microsoft stopped listing it.
    """

    auth: CspAuth
    since: datetime
    progress: Onboarding
    findings: list[Finding] = []
    changes_at: datetime | None = None
    vanished_at: datetime | None = None
    is_ignored: bool = False


class Tenant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Microsoft tenant of one account.

    ``epoch`` grows with every mapping and unmapping: data is written and read under the present one only. Its first
    number is never used again, so that a tenant that comes back finds nothing of its old data. ``removal`` is set
    while the tenant is on its way out. ``watch_at`` is when its change notifications are looked at again; None when
    there are none. ``purges_given_up`` are deletions of earlier epochs' data in which our own service failed, by epoch.
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
    purges_given_up: dict[str, GivenUp] = {}

    def renamed(self, name: str, now: datetime) -> "Tenant":
        """The tenant under its present name at Microsoft; the old one goes into its history."""
        if not name or name == self.name:
            return self
        return msgspec.structs.replace(self, name=name, former_names=_with_former(self.former_names, self.name, now))


def _with_former(names: list[NameChange], name: str, now: datetime) -> list[NameChange]:
    return [*names, NameChange(name=name, until=now)][-20:]


class Reservation(msgspec.Struct, frozen=True, kw_only=True):
    """Half of a mapping's 1:1 guard: while the row is there, ``key`` is taken by ``tenant_id``."""

    key: str
    tenant_id: TenantId


def reservations(tenant_id: TenantId, mapping: Mapping) -> tuple[Reservation, Reservation]:
    """Both halves: the tenant is mapped once, and the Syncro Tenant is mapped to once."""
    return (
        Reservation(key=f"tenant:{tenant_id}", tenant_id=tenant_id),
        Reservation(key=f"syncro_tenant:{mapping.syncro_tenant_id}", tenant_id=tenant_id),
    )


def csp_reservation(tenant_id: TenantId) -> Reservation:
    """A CSP's own tenant is integrated once in an account."""
    return Reservation(key=f"csp:{tenant_id}", tenant_id=tenant_id)


class Organization(msgspec.Struct, frozen=True, kw_only=True):
    """The MSP's client. Several may share one Syncro Tenant; each has exactly one."""

    id: OrganizationId
    name: str
    domains: list[str]
    syncro_tenant_id: SyncroTenantId
    created_at: datetime


class SyncroTenant(msgspec.Struct, frozen=True, kw_only=True):
    """What a Microsoft tenant is mapped to; made silently with an Organization of the same name."""

    id: SyncroTenantId
    name: str
    created_at: datetime


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One change, written in the transaction that made it, and never updated.

    ``actor`` is a portal user id or ``system:<function>``; ``subject`` maps kinds of ids to ids.
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
