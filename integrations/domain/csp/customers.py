"""A CSP's customers: the access state read for each, and the statuses that follow from it.

A CSP run reads access states, which are stored as they were read. The status is evaluated again whenever the access
state or the progress of our application in the tenant changes, or a relationship ends.
"""

from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.domain.csp import onboarding
from integrations.domain.csp.gdap import (
    Assignment,
    CspAuth,
    GdapInput,
    GroupId,
    Relationship,
    RoleId,
    Verdict,
    effective_from,
    evaluate,
)
from integrations.domain.csp.onboarding import Onboarding
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import CspChild, Kind, Tenant
from integrations.domain.retention import VANISHED_CUSTOMERS
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import UNMAPPED_EVERY
from integrations.domain.sync_status import SyncStatus, begin, move, wait_in_queue

USABLE = frozenset({CspAuth.ACTIVE, CspAuth.EXPIRING})
_PASSES_BY_ITSELF = frozenset({CspAuth.CONSENT_PENDING, CspAuth.GRANTING_ROLES})
TO_FIX = frozenset(CspAuth) - USABLE - _PASSES_BY_ITSELF


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as Microsoft lists it. ``name`` and ``domain`` may be empty."""

    tenant_id: TenantId
    name: str
    domain: str


class AccessState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The partner's access to one customer, as it was read.

    ``account`` is the service account it was read for; ``groups`` are the names, by id, of the assigned groups which
    that account is a member of.
    """

    tenant_id: TenantId
    read_at: datetime
    account: str
    relationships: list[Relationship] = []
    assignments: list[Assignment] = []
    groups: dict[GroupId, str] = {}

    def gdap_input(self, required: frozenset[RoleId], progress: Onboarding) -> GdapInput:
        return GdapInput(
            relationships=self.relationships,
            assignments=self.assignments,
            groups=frozenset(self.groups),
            required=required,
            consent=progress.consent,
        )

    def equals(self, other: "AccessState") -> bool:
        """Whether nothing but the time of reading differs."""
        return msgspec.structs.replace(self, read_at=other.read_at) == other


def access_to_judge(
    read: AccessState, known: AccessState | None, *, is_complete: bool, are_all_listed: bool
) -> AccessState | None:
    """The access state to evaluate; None when too little could be read and nothing was stored.

    ``is_complete``: everything of this customer could be read; ``are_all_listed``: every item of Microsoft's lists
    could be read. Otherwise a relationship that is missing may be an unreadable one, and the stored state is kept.
    """
    if not is_complete:
        return known
    if are_all_listed or known is None:
        return read
    missing = {it.id for it in known.relationships} - {it.id for it in read.relationships}
    return known if missing else read


def discovered(customer: Customer, integration_id: IntegrationId, now: datetime, *, epoch: int) -> Tenant:
    """The row of a newly discovered customer."""
    return Tenant(
        tenant_id=customer.tenant_id,
        integration_id=integration_id,
        kind=Kind.CSP,
        name=customer.name or customer.tenant_id,
        epoch=epoch,
        status=begin(SyncCause.CSP_AUTH_BLOCKS, now),
        added_at=now,
        csp=CspChild(auth=CspAuth.UNKNOWN, since=now, progress=onboarding.begin(now)),
    )


def judge(
    tenant: Tenant, access: AccessState | None, required: frozenset[RoleId], permissions: str, now: datetime
) -> Tenant:
    """The tenant with its CSP Auth, evaluated from access state and progress, and the Sync Status that follows.

    ``permissions`` is the version of our permission list.
    """
    child = child_of(tenant)
    gdap_input = access.gdap_input(required, child.progress) if access else None
    effective_at = effective_from(gdap_input, now) if gdap_input else None
    progress = onboarding.plan(child.progress, now, effective_at=effective_at, permissions=permissions)
    verdict = evaluate(gdap_input, now)
    is_new = verdict.auth is not child.auth
    judged = msgspec.structs.replace(
        child,
        auth=verdict.auth,
        since=now if is_new else child.since,
        findings=verdict.findings,
        changes_at=verdict.changes_at,
        ends_at=verdict.ends_at,
        progress=progress,
    )
    status = _sync_status(tenant, child.auth, verdict, now)
    return msgspec.structs.replace(tenant, csp=judged, status=status)


def _sync_status(tenant: Tenant, before: CspAuth, verdict: Verdict, now: datetime) -> SyncStatus:
    """The Sync Status, which CSP Auth blocks or unblocks."""
    status = tenant.status
    if tenant.paused is not None:
        return status
    if verdict.auth not in USABLE:
        if status.is_auth_error:
            return status
        evidence = {"csp_auth": verdict.auth.value}
        since = status.since if status.cause is SyncCause.CSP_AUTH_BLOCKS else now
        return msgspec.structs.replace(
            status, cause=SyncCause.CSP_AUTH_BLOCKS, since=since, evidence=evidence, next_check_at=None
        )
    is_freed = status.cause is SyncCause.CSP_AUTH_BLOCKS or (status.is_auth_error and before not in USABLE)
    if not is_freed:
        return status
    if tenant.mapping:
        return wait_in_queue(status, now)
    return move(status, SyncCause.NAME_READ, now, next_check_at=now + UNMAPPED_EVERY)


def advance(tenant: Tenant, progress: Onboarding) -> Tenant:
    """The tenant after a step of installing our application; ``judge`` must follow."""
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(child_of(tenant), progress=progress))


def vanish(tenant: Tenant, now: datetime) -> Tenant:
    """Microsoft no longer lists the customer: its row and its mapping stay."""
    child = child_of(tenant)
    gone = msgspec.structs.replace(child, vanished_at=child.vanished_at or now)
    return msgspec.structs.replace(tenant, csp=gone)


def reappear(tenant: Tenant) -> Tenant:
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(child_of(tenant), vanished_at=None))


def ignore(tenant: Tenant, *, is_ignored: bool) -> Tenant:
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(child_of(tenant), is_ignored=is_ignored))


def is_forgotten(tenant: Tenant, now: datetime) -> bool:
    """Whether the row of a vanished customer is old enough to be deleted."""
    vanished_at = child_of(tenant).vanished_at
    return tenant.mapping is None and vanished_at is not None and now - vanished_at > VANISHED_CUSTOMERS


def child_of(tenant: Tenant) -> CspChild:
    """What only a CSP's customer has; the tenant must be one."""
    if tenant.csp is None:
        raise AssertionError  # only a CSP's customers come here
    return tenant.csp


def children(tenants: Iterable[Tenant], integration_id: IntegrationId) -> list[Tenant]:
    return [it for it in tenants if it.csp is not None and it.integration_id == integration_id]


def counted_children(tenants: Iterable[Tenant], integration_id: IntegrationId) -> list[CspChild]:
    """What only customers have, of those that count: ignored ones do not."""
    return [child_of(it) for it in children(tenants, integration_id) if not child_of(it).is_ignored]
