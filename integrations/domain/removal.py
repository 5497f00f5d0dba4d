"""Removing an integration: the steps, their order, and how removing each tenant ends.

    hidden ──► fenced ──┬─► application uninstalled ──► credential destroyed ──┬─► rows deleted ──► verified
                        └─► data deleted ────────────────────────────────────┘

It only moves forward, and every step may be repeated. Deleting data does not wait for Microsoft. Destroying the
credential does, and the rows of the integration and its tenants are deleted after both (product.md B40-B48).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

import msgspec

from integrations.domain.ids import FIRST_REGISTRATION, ClientId, IntegrationId, RemovalId, TenantId, UserId
from integrations.domain.integrations import Integration, Kind, Running
from integrations.domain.jobs.given_up import GivenUp
from integrations.domain.retention import REMOVAL_RECORDS, UNFINISHED_REMOVAL_RECORDS
from integrations.domain.retry_delays import LEFTOVERS, LEFTOVERS_LATER, UNINSTALL_GIVEN_UP

ALL = "all"  # what is typed to confirm Remove All Integrations; also the key of its row


class AccessPath(Enum):
    """How our application was installed in a tenant, which decides how it is uninstalled."""

    OWN_CONSENT = "own_consent"
    THROUGH_PARTNER = "through_partner"
    PARTNER_ITSELF = "partner_itself"


class UninstallOutcome(Enum):
    """How uninstalling our application from one tenant ended.

    ``NO_RIGHTS``: every permission was revoked; the service principal stays, without rights. ``UNCONFIRMED``: the
    same, but tokens do not show it yet. ``ABSENT``: it was not there. ``KEPT``: another integration still uses it.
    ``BY_HAND``: we never had the right to uninstall it. ``IMPOSSIBLE``: Microsoft refused, or did not answer in time.
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
    """Whether our application is in a tenant, and with which rights, according to a new app-only token."""

    GONE = "gone"
    EMPTY = "empty"
    WITH_ROLES = "with roles"
    UNKNOWN = "unknown"


class TenantRemoval(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Microsoft tenant that is being removed from the account, and the registration that is uninstalled from it.

    A CSP that has gone over to another registration may have two such rows for a tenant; its data belongs to one.
    ``epoch`` is the last one its data was written under (0: no data was written), ``epochs`` are all that were found;
    ``rows`` counts the deleted rows by data set. ``tries`` counts attempts to uninstall that failed at Microsoft.
    ``is_stripped``: all application permissions were revoked. ``is_still_there``: our application still had rights
    in the tenant at the last check. ``seen_at`` is the last check that found our application there. ``done_at`` and
    ``done_by`` are set once somebody marked as done what was left to do by hand.
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
    seen_at: datetime | None = None
    done_at: datetime | None = None
    done_by: UserId | None = None
    client_id: ClientId = FIRST_REGISTRATION

    @property
    def key(self) -> str:
        first = f"{self.removal_id}:{self.tenant_id}"
        return f"{first}:{self.client_id}" if self.client_id else first

    @property
    def is_left_over(self) -> bool:
        """Whether somebody has to remove our application from the tenant by hand."""
        return self.outcome in _BY_HAND or self.is_still_there

    @property
    def is_to_do(self) -> bool:
        """Whether nobody has said yet that this was done; our own checks go on either way."""
        return self.is_left_over and self.done_at is None

    def marked_done(self, by: UserId, now: datetime) -> "TenantRemoval":
        """After somebody marked as done what was left to do by hand; whoever did so first is kept."""
        return msgspec.structs.replace(self, done_at=now, done_by=by) if self.is_to_do else self

    def checked(self, presence: Presence, now: datetime) -> "TenantRemoval":
        """After another check whether our application is still in the tenant."""
        if presence is Presence.UNKNOWN or self.outcome in {UninstallOutcome.WAITING, UninstallOutcome.KEPT}:
            return self
        if self.outcome in _BY_HAND:
            is_gone = presence is Presence.GONE
            return self.closed(UninstallOutcome.ABSENT) if is_gone else msgspec.structs.replace(self, seen_at=now)
        if presence is Presence.WITH_ROLES:
            return msgspec.structs.replace(self, is_still_there=True, seen_at=now)
        if presence is Presence.EMPTY:
            return self.closed(UninstallOutcome.NO_RIGHTS)
        return self.closed(
            UninstallOutcome.ABSENT if self.outcome is UninstallOutcome.ABSENT else UninstallOutcome.REMOVED
        )

    def closed(self, outcome: UninstallOutcome) -> "TenantRemoval":
        """With its final outcome: nothing is left to do in the tenant."""
        return msgspec.structs.replace(self, outcome=outcome, is_still_there=False)


_BY_HAND = frozenset({UninstallOutcome.IMPOSSIBLE, UninstallOutcome.BY_HAND})


class Removal(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One integration that is being removed; kept for 30 days after its verification, and while a step is to do.

    ``client_ids`` are the registrations that it was authorized for, the last one first. ``tries`` counts rounds in a
    row in which Microsoft did not answer. Once verified, ``name`` is blank and
    ``tenant_id`` is a salted hash.
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
    client_ids: tuple[ClientId, ...] = (FIRST_REGISTRATION,)

    @property
    def is_under_way(self) -> bool:
        """Whether rows of the integration are still there: until they are gone, it cannot be connected again."""
        return self.forgotten_at is None

    def must_be_verified(self, now: datetime, quiet: timedelta) -> bool:
        """Whether the final verification is due, after which only counts are kept."""
        return self.verified_at is None and self.forgotten_at is not None and now >= self.forgotten_at + quiet

    def is_kept(self, now: datetime, tenant_removals: Iterable[TenantRemoval]) -> bool:
        """Whether its rows are kept, so that the API still shows the removal."""
        return self.verified_at is None or now < self.verified_at + _kept_for(tenant_removals)

    def gives_up(self, now: datetime) -> bool:
        """Whether uninstalling has taken too long; what is left must be done by hand."""
        return now - self.requested_at >= UNINSTALL_GIVEN_UP


class RemoveAll(msgspec.Struct, frozen=True, kw_only=True):
    """While this row exists, all integrations of the account are being removed and none can be added."""

    id: str
    requested_at: datetime
    requested_by: UserId


def begin(integration: Integration, by: UserId, now: datetime) -> Removal:
    return Removal(
        id=removal_id_of(integration.id),
        integration_id=integration.id,
        kind=integration.kind,
        name=integration.name,
        tenant_id=integration.tenant_id,
        requested_at=now,
        requested_by=by,
        next_at=now,
        client_ids=(integration.client_id, *integration.former_client_ids),
    )


def removal_id_of(integration_id: IntegrationId) -> RemovalId:
    """The removal's id, made from the integration's: an integration is removed once."""
    return RemovalId("rem_" + integration_id.removeprefix("int_"))


def next_check(removal: Removal, tenant_removals: Iterable[TenantRemoval], now: datetime, quiet: timedelta) -> datetime:
    """The next check of a removal that has ended. What is left to do by hand is checked often at first, then daily."""
    tenants = list(tenant_removals)
    verified, since = removal.verified_at, removal.forgotten_at or now
    planned = since + quiet if verified is None else verified + _kept_for(tenants)
    if not any(it.is_left_over for it in tenants):
        return planned
    soon = next((it for it in LEFTOVERS if since + it > now), ((now - since) // LEFTOVERS_LATER + 1) * LEFTOVERS_LATER)
    return min(planned, since + soon)


def _kept_for(tenant_removals: Iterable[TenantRemoval]) -> timedelta:
    return UNFINISHED_REMOVAL_RECORDS if any(it.is_to_do for it in tenant_removals) else REMOVAL_RECORDS


def totals(removal: Removal, tenant_removals: Iterable[TenantRemoval]) -> Removal:
    """The removal with its totals: tenants, deleted rows by data set, and tenants by outcome."""
    tenants = list(tenant_removals)
    rows: Counter[str] = Counter()
    for tenant_removal in tenants:
        rows.update(tenant_removal.rows)
    return msgspec.structs.replace(
        removal,
        tenants=len({it.tenant_id for it in tenants if it.access_path is not AccessPath.PARTNER_ITSELF}),
        rows=dict(sorted(rows.items())),
        outcomes=dict(sorted(Counter(it.outcome.value for it in tenants).items())),
    )


def recounted(removal: Removal, before: UninstallOutcome, after: UninstallOutcome) -> Removal:
    """The removal after the outcome of one of its tenants has changed."""
    counts = Counter(removal.outcomes)
    counts[before.value] -= 1
    counts[after.value] += 1
    return msgspec.structs.replace(removal, outcomes=dict(sorted((+counts).items())))


def tombstone(removal: Removal, salt: str) -> Removal:
    """What is kept after verification: counts, and a salted hash that does not reveal the tenant id."""
    hashed = hashlib.sha256(f"{salt}|{removal.tenant_id}".encode()).hexdigest()
    return msgspec.structs.replace(removal, name="", tenant_id=hashed, salt=salt, running=None)
