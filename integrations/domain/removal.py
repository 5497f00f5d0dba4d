"""Removing an integration: what is done in which order, and how each tenant's part of it ends.

    hidden ──► fenced ──┬─► Microsoft's side ended ──► credential destroyed ──┬─► forgotten ──► looked at again
                        └─► data deleted ───────────────────────────────────┘

It only moves forward, and every step may be repeated. The data does not wait for Microsoft; the credential
does, and everything that keeps the tenant's place in the account waits for both (product.md B40-B48).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.ids import IntegrationId, RemovalId, TenantId, UserId
from integrations.domain.integrations import Integration, Kind, Running
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.retention import REMOVAL_RECORDS
from integrations.domain.retry_delays import LEFTOVERS, LEFTOVERS_LATER, UNINSTALL_GIVEN_UP

ALL = "all"  # the word that confirms Remove All Integrations, and the key of its row


class AccessPath(Enum):
    """How our application came into a tenant, and so how it leaves."""

    OWN_CONSENT = "own_consent"
    THROUGH_PARTNER = "through_partner"
    PARTNER_ITSELF = "partner_itself"


class UninstallOutcome(Enum):
    """How Microsoft's side of one tenant ended.

    ``NO_RIGHTS``: every permission was taken away, and an entry without rights stays; ``UNCONFIRMED``: the same,
    but a token of ours does not show it yet. ``BY_HAND``: it was known from the start that somebody has to do it.
    """

    WAITING = "waiting"
    REMOVED = "removed"
    NO_RIGHTS = "no_rights"
    UNCONFIRMED = "unconfirmed"
    ABSENT = "absent"
    KEPT = "kept"
    BY_HAND = "by_hand"
    IMPOSSIBLE = "impossible"


class Presence(Enum):
    """What our application is in a tenant, as a fresh token of its own tells it."""

    GONE = "gone"
    EMPTY = "empty"
    WITH_ROLES = "with roles"
    UNKNOWN = "unknown"


class TenantRemoval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Microsoft tenant on its way out of the account.

    ``epoch`` is the last one its data was written under (0: none ever was), ``epochs`` are all that were found;
    ``rows`` counts the rows that were deleted, by data set. ``tries`` counts how often Microsoft could not do it,
    ``is_stripped`` tells that our application holds no permission of its own there any more, and ``is_still_there``
    that it still worked in the tenant when it was looked at for the last time.
    """

    removal_id: RemovalId
    tenant_id: TenantId
    name: str
    access_path: AccessPath = msgspec.field(name="way")
    epoch: int = 0
    epochs: list[int] = []
    outcome: UninstallOutcome = UninstallOutcome.WAITING
    evidence: dict[str, str] = {}
    is_swept: bool = False
    rows: dict[str, int] = {}
    tries: int = 0
    is_stripped: bool = False
    is_still_there: bool = False

    @property
    def key(self) -> str:
        return f"{self.removal_id}:{self.tenant_id}"

    @property
    def is_left_over(self) -> bool:
        """Whether somebody has to take our application out of the tenant by hand."""
        return self.outcome in _BY_HAND or self.is_still_there

    def seen(self, presence: Presence) -> "TenantRemoval":
        """After another look at what our application is in the tenant."""
        if presence is Presence.UNKNOWN or self.outcome in {UninstallOutcome.WAITING, UninstallOutcome.KEPT}:
            return self
        if self.outcome in _BY_HAND:
            return self.closed(UninstallOutcome.ABSENT) if presence is Presence.GONE else self
        if presence is Presence.WITH_ROLES:
            return msgspec.structs.replace(self, is_still_there=True)
        if presence is Presence.EMPTY:
            return self.closed(UninstallOutcome.NO_RIGHTS)
        return self.closed(
            UninstallOutcome.ABSENT if self.outcome is UninstallOutcome.ABSENT else UninstallOutcome.REMOVED
        )

    def closed(self, outcome: UninstallOutcome) -> "TenantRemoval":
        """Nothing is left to do in the tenant."""
        return msgspec.structs.replace(self, outcome=outcome, is_still_there=False)


_BY_HAND = frozenset({UninstallOutcome.IMPOSSIBLE, UninstallOutcome.BY_HAND})


class Removal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One integration being removed, and for 30 days what is left to tell of it.

    ``tries`` counts rounds in a row in which Microsoft did not answer. ``name`` is blank and ``tenant_id`` is a
    salted hash once all is done.
    """

    id: RemovalId
    integration_id: IntegrationId
    kind: Kind
    name: str
    tenant_id: str
    requested_at: datetime
    requested_by: UserId
    next_at: datetime
    running: Running | None = None
    tries: int = 0
    fenced_at: datetime | None = None
    swept_at: datetime | None = None
    left_at: datetime | None = None
    destroyed_at: datetime | None = None
    forgotten_at: datetime | None = None
    verified_at: datetime | None = None
    tenants: int = 0
    rows: dict[str, int] = {}
    late_rows: int = 0
    outcomes: dict[str, int] = {}
    salt: str = ""
    receipt: str = ""
    given_up: GivenUp | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether the integration still has its place: until then it cannot be connected again."""
        return self.forgotten_at is None

    def must_be_verified(self, now: datetime, quiet: timedelta) -> bool:
        """Whether it is time for the look after which nothing but counts is kept."""
        return self.verified_at is None and self.forgotten_at is not None and now >= self.forgotten_at + quiet

    def is_told(self, now: datetime) -> bool:
        """Whether the removal can be read still."""
        return self.verified_at is None or now < self.verified_at + REMOVAL_RECORDS

    def gives_up(self, now: datetime) -> bool:
        return now - self.requested_at >= UNINSTALL_GIVEN_UP


class RemoveAll(msgspec.Struct, frozen=True, kw_only=True):
    """While this stands, every integration of the account is being removed and no new one is begun."""

    id: str
    requested_at: datetime
    requested_by: UserId


def begin(integration: Integration, by: UserId, now: datetime) -> Removal:
    return Removal(
        id=removal_of(integration.id),
        integration_id=integration.id,
        kind=integration.kind,
        name=integration.name,
        tenant_id=integration.tenant_id,
        requested_at=now,
        requested_by=by,
        next_at=now,
    )


def removal_of(integration_id: IntegrationId) -> RemovalId:
    """An integration is removed once, so that its removal has its name."""
    return RemovalId("rem_" + integration_id.removeprefix("int_"))


def next_look(removal: Removal, tenant_removals: Iterable[TenantRemoval], now: datetime, quiet: timedelta) -> datetime:
    """When a removal that has ended is looked at next: what is left to do by hand first often, then once a day."""
    verified, since = removal.verified_at, removal.forgotten_at or now
    planned = since + quiet if verified is None else verified + REMOVAL_RECORDS
    if not any(it.is_left_over for it in tenant_removals):
        return planned
    soon = next((it for it in LEFTOVERS if since + it > now), ((now - since) // LEFTOVERS_LATER + 1) * LEFTOVERS_LATER)
    return min(planned, since + soon)


def totals(removal: Removal, tenant_removals: Iterable[TenantRemoval]) -> Removal:
    """The removal with what its tenants came to."""
    told = list(tenant_removals)
    rows: Counter[str] = Counter()
    for tenant_removal in told:
        rows.update(tenant_removal.rows)
    return msgspec.structs.replace(
        removal,
        tenants=sum(it.access_path is not AccessPath.PARTNER_ITSELF for it in told),
        rows=dict(sorted(rows.items())),
        outcomes=dict(sorted(Counter(it.outcome.value for it in told).items())),
    )


def recounted(removal: Removal, before: UninstallOutcome, after: UninstallOutcome) -> Removal:
    """The removal once one of its tenants has come to something else than was counted."""
    counts = Counter(removal.outcomes)
    counts[before.value] -= 1
    counts[after.value] += 1
    return msgspec.structs.replace(removal, outcomes=dict(sorted((+counts).items())))


def tombstone(removal: Removal, salt: str) -> Removal:
    """What is kept when all is done: counts, and a hash by which a tenant id can be recognized but not read."""
    hashed = hashlib.sha256(f"{salt}|{removal.tenant_id}".encode()).hexdigest()
    return msgspec.structs.replace(removal, name="", tenant_id=hashed, salt=salt, running=None)
