"""A CSP's customers: what is known of each, and what follows from it for the tenant's row.

Facts come from a CSP run and are kept as they were read; the status is judged anew from them whenever the
facts, our application's progress in the tenant, or the time changes it.
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
    evaluate,
    works_from,
)
from integrations.domain.csp.onboarding import Onboarding
from integrations.domain.ids import IntegrationId, TenantId
from integrations.domain.integrations import CspChild, Kind, Tenant
from integrations.domain.retention import VANISHED_CUSTOMERS
from integrations.domain.statuses import SyncCause, SyncStatus, begin, move, wait_in_queue
from integrations.domain.sync.schedule import UNMAPPED_EVERY

USABLE = frozenset({CspAuth.ACTIVE, CspAuth.EXPIRING})


class Customer(msgspec.Struct, frozen=True, kw_only=True):
    """A customer as Microsoft's lists name it. ``name`` and ``domain`` may be empty."""

    tenant_id: TenantId
    name: str
    domain: str


class AccessState(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was read of one customer. ``groups`` are names of the assigned groups the account is in, by id."""

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

    def says_the_same(self, other: "AccessState") -> bool:
        """Whether nothing but the time of reading differs."""
        return msgspec.structs.replace(self, read_at=other.read_at) == other


def access_to_judge(
    found: AccessState, known: AccessState | None, *, is_whole: bool, are_all_listed: bool
) -> AccessState | None:
    """The facts to judge a customer by; None when too little could be read, and nothing was known.

    ``is_whole``: everything of this customer could be read; ``are_all_listed``: no list has lost an item. A
    relationship that is missed where items were lost may be one of them, so what was known stands.
    """
    if not is_whole:
        return known
    if are_all_listed or known is None:
        return found
    is_missed = {it.id for it in known.relationships} - {it.id for it in found.relationships}
    return known if is_missed else found


def discovered(customer: Customer, integration_id: IntegrationId, now: datetime, *, epoch: int) -> Tenant:
    """The row of a customer that was not there before."""
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
    tenant: Tenant, facts: AccessState | None, required: frozenset[RoleId], permissions: str, now: datetime
) -> Tenant:
    """The tenant with the CSP Auth that its facts and our progress amount to, and the Sync Status that follows."""
    child = of(tenant)
    gdap_input = facts.gdap_input(required, child.progress) if facts else None
    works = works_from(gdap_input, now) if gdap_input else None
    progress = onboarding.plan(child.progress, now, works_from=works, permissions=permissions)
    verdict = evaluate(gdap_input, now)
    is_new = verdict.auth is not child.auth
    judged = msgspec.structs.replace(
        child,
        auth=verdict.auth,
        since=now if is_new else child.since,
        findings=verdict.findings,
        changes_at=verdict.changes_at,
        progress=progress,
    )
    status = _sync_status(tenant, child.auth, verdict, now)
    return msgspec.structs.replace(tenant, csp=judged, status=status)


def _sync_status(tenant: Tenant, before: CspAuth, verdict: Verdict, now: datetime) -> SyncStatus:
    """What CSP Auth does to the Sync Status: it blocks, or it lets go again."""
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
    """The tenant with our application's progress in it; ``judge`` it afterwards."""
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(of(tenant), progress=progress))


def vanish(tenant: Tenant, now: datetime) -> Tenant:
    """Microsoft lists the customer no more: its row and its mapping stay."""
    child = of(tenant)
    gone = msgspec.structs.replace(child, vanished_at=child.vanished_at or now)
    return msgspec.structs.replace(tenant, csp=gone)


def reappear(tenant: Tenant) -> Tenant:
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(of(tenant), vanished_at=None))


def ignore(tenant: Tenant, *, is_ignored: bool) -> Tenant:
    return msgspec.structs.replace(tenant, csp=msgspec.structs.replace(of(tenant), is_ignored=is_ignored))


def is_forgotten(tenant: Tenant, now: datetime) -> bool:
    """Whether a vanished customer may leave the table by itself."""
    vanished_at = of(tenant).vanished_at
    return tenant.mapping is None and vanished_at is not None and now - vanished_at > VANISHED_CUSTOMERS


def of(tenant: Tenant) -> CspChild:
    if tenant.csp is None:
        raise AssertionError  # only a CSP's customers come here
    return tenant.csp


def children(tenants: Iterable[Tenant], integration_id: IntegrationId) -> list[Tenant]:
    return [it for it in tenants if it.csp is not None and it.integration_id == integration_id]
