"""Removing an integration: what is done in which order, how each tenant's part ends, and what is told of it.

    hidden ──► fenced ──┬─► Microsoft's side ended ──► credential destroyed ──┬─► forgotten ──► looked at again
                        └─► data deleted ───────────────────────────────────┘

It only moves forward, and every step may be repeated. The data does not wait for Microsoft; the credential
does, and everything that keeps the tenant's place in the account waits for both (product.md B40-B48).
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from enum import Enum
from typing import NamedTuple

import msgspec

from integrations.domain.connections import Integration, Kind, Running
from integrations.domain.ids import IntegrationId, RemovalId, TenantId, UserId

ALL = "all"  # the word that confirms Remove All Integrations, and the key of its row
GIVE_UP_AFTER = timedelta(hours=24)  # so long Microsoft is asked again
TOLD_FOR = timedelta(days=30)  # so long what is left of a removal can be read
_PAUSES = tuple(timedelta(seconds=it) for it in (30, 60, 120))
_LAST_PAUSE = timedelta(minutes=5)


class Way(Enum):
    """How our application came into a tenant, and so how it leaves."""

    OWN_CONSENT = "own_consent"
    THROUGH_PARTNER = "through_partner"
    PARTNER_ITSELF = "partner_itself"


class Outcome(Enum):
    """How Microsoft's side of one tenant ended."""

    WAITING = "waiting"
    REMOVED = "removed"
    ABSENT = "absent"
    KEPT = "kept"
    IMPOSSIBLE = "impossible"


class Parting(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One Microsoft tenant on its way out of the account.

    ``epoch`` is the last one its data was written under (0: none ever was), ``epochs`` are all that were found;
    ``rows`` counts the rows that were deleted, by data set. ``is_still_there`` tells that our application still
    worked in the tenant when it was looked at for the last time.
    """

    removal_id: RemovalId
    tenant_id: TenantId
    name: str
    way: Way
    epoch: int = 0
    epochs: list[int] = []
    outcome: Outcome = Outcome.WAITING
    evidence: dict[str, str] = {}
    is_swept: bool = False
    rows: dict[str, int] = {}
    is_still_there: bool = False

    @property
    def key(self) -> str:
        return f"{self.removal_id}:{self.tenant_id}"

    @property
    def is_left_over(self) -> bool:
        """Whether somebody has to take our application out of the tenant by hand."""
        return self.outcome is Outcome.IMPOSSIBLE or self.is_still_there


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

    @property
    def is_under_way(self) -> bool:
        """Whether the integration still has its place: until then it cannot be connected again."""
        return self.forgotten_at is None

    def gives_up(self, now: datetime) -> bool:
        return now - self.requested_at >= GIVE_UP_AFTER


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


def pause(tries: int) -> timedelta:
    """How long to wait before Microsoft is asked again: 30 s, 1 min, 2 min, then every 5 minutes."""
    return _PAUSES[tries] if tries < len(_PAUSES) else _LAST_PAUSE


def ended(parting: Parting, outcome: Outcome, evidence: Mapping[str, str]) -> Parting:
    return msgspec.structs.replace(parting, outcome=outcome, evidence=dict(evidence))


def totals(removal: Removal, partings: Iterable[Parting]) -> Removal:
    """The removal with what its tenants came to."""
    told = list(partings)
    rows: Counter[str] = Counter()
    for parting in told:
        rows.update(parting.rows)
    return msgspec.structs.replace(
        removal,
        tenants=sum(it.way is not Way.PARTNER_ITSELF for it in told),
        rows=dict(sorted(rows.items())),
        outcomes=dict(sorted(Counter(it.outcome.value for it in told).items())),
    )


def tombstone(removal: Removal, salt: str) -> Removal:
    """What is kept when all is done: counts, and a hash by which a tenant id can be recognized but not read."""
    hashed = hashlib.sha256(f"{salt}|{removal.tenant_id}".encode()).hexdigest()
    return msgspec.structs.replace(removal, name="", tenant_id=hashed, salt=salt, running=None)


class Step(NamedTuple):
    """One step as the page shows it; ``state`` is waiting, running, done, skipped or failed."""

    name: str
    label: str
    state: str
    detail: str
    at: datetime | None


def steps(removal: Removal, partings: Iterable[Parting], quiet: timedelta) -> list[Step]:
    """Every step of a removal, done and to come."""
    told = list(partings)
    return [
        Step("hidden", "Hidden in your account", "done", "", removal.requested_at),
        _step("fenced", "Syncing stopped", removal.fenced_at, is_next=True),
        _data(removal, told),
        _microsoft(removal, told),
        _credential(removal),
        _forgotten(removal),
        _verified(removal, quiet),
    ]


def _step(name: str, label: str, at: datetime | None, *, is_next: bool, detail: str = "") -> Step:
    return Step(name, label, "done" if at else "running" if is_next else "waiting", detail, at)


def _data(removal: Removal, partings: list[Parting]) -> Step:
    deleted = sum(removal.rows.values()) if removal.swept_at else sum(sum(it.rows.values()) for it in partings)
    open_ = sum(not it.is_swept for it in partings) if removal.fenced_at else 0
    detail = f"{deleted} rows deleted."
    if removal.swept_at is None and open_:
        detail += f" {open_} of {len(partings)} tenants still to go."
    return _step(
        "data", "Microsoft data deleted", removal.swept_at, is_next=removal.fenced_at is not None, detail=detail
    )


def _microsoft(removal: Removal, partings: list[Parting]) -> Step:
    label = "Application removed at Microsoft"
    if removal.left_at is None:
        waiting = sum(it.outcome is Outcome.WAITING for it in partings)
        detail = f"{waiting} of {len(partings)} tenants still to go." if removal.fenced_at else ""
        if removal.tries:
            detail = f"Microsoft does not answer; we ask again by ourselves. {detail}"
        return _step("microsoft", label, None, is_next=removal.swept_at is not None, detail=detail)
    counts = Counter(removal.outcomes)
    said = [
        (counts[Outcome.REMOVED.value], "Removed from {} {}."),
        (counts[Outcome.ABSENT.value], "Not there any more in {} {}."),
        (counts[Outcome.KEPT.value], "Left as it is in {} {}."),
        (counts[Outcome.IMPOSSIBLE.value], "To be removed by hand in {} {}."),
    ]
    detail = " ".join(text.format(number, "tenant" if number == 1 else "tenants") for number, text in said if number)
    state = "failed" if counts[Outcome.IMPOSSIBLE.value] else "done"
    return Step("microsoft", label, state, detail, removal.left_at)


def _credential(removal: Removal) -> Step:
    if removal.kind is Kind.SINGLE:
        detail = "A single tenant's connection holds no sign-in of its own."
        return Step("credential", "Sign-in destroyed", "skipped", detail, None)
    return _step("credential", "Sign-in destroyed", removal.destroyed_at, is_next=removal.left_at is not None)


def _forgotten(removal: Removal) -> Step:
    is_next = removal.destroyed_at is not None and removal.swept_at is not None
    detail = "The tenant can be connected again." if removal.forgotten_at else ""
    return _step("forgotten", "Connection and mappings forgotten", removal.forgotten_at, is_next=is_next, detail=detail)


def _verified(removal: Removal, quiet: timedelta) -> Step:
    label = "Looked at again"
    if removal.verified_at:
        detail = "Nothing was found." if not removal.late_rows else f"{removal.late_rows} late rows found and deleted."
        return Step("verified", label, "done", detail, removal.verified_at)
    minutes = round(quiet.total_seconds() / 60)
    detail = f"{minutes} minutes after the last step we make sure that nothing came back."
    return Step("verified", label, "waiting", detail, None)


class Leftover(NamedTuple):
    """What somebody has to do by hand, in which tenant, and how."""

    tenant_id: str
    what: str
    how: str


def leftover(parting: Parting, client_id: str) -> Leftover:
    what = f"Our application could not be taken out of {parting.name or parting.tenant_id} ({parting.tenant_id})."
    if parting.is_still_there and parting.outcome is not Outcome.IMPOSSIBLE:
        what = f"Our application was removed from {parting.tenant_id}, but Microsoft still lets it in."
    how = (
        "A Global Administrator of that tenant opens Enterprise applications in the Microsoft Entra admin center, "
        f"searches for the application id {client_id} and deletes it."
    )
    return Leftover(parting.tenant_id, what, how)


def effects(integration: Integration, tenants: int, mapped: int, product: str) -> list[str]:
    """What a removal does, in sentences, told before anybody confirms it (F57)."""
    if integration.kind is Kind.CSP:
        count = "no tenants" if tenants == 0 else f"its {tenants} {'tenant' if tenants == 1 else 'tenants'}"
        first = f"Disconnects the Cloud Solution Provider {integration.name} and {count}."
    else:
        first = f"Disconnects the Microsoft tenant {integration.name}."
    return [first, *_common(mapped, product)]


def effects_of_all(integrations: int, tenants: int, mapped: int, product: str) -> list[str]:
    """What Remove All Integrations does."""
    connections = f"{integrations} {'integration' if integrations == 1 else 'integrations'}"
    reached = f"{tenants} Microsoft {'tenant' if tenants == 1 else 'tenants'}"
    return [f"Disconnects all {connections} with {reached}.", *_common(mapped, product)]


def _common(mapped: int, product: str) -> list[str]:
    mappings = f"{mapped} {'mapping' if mapped == 1 else 'mappings'} to {product} Tenants"
    return [
        f"Removes {mappings}; nothing is synced any more." if mapped else "Nothing is synced any more.",
        "Removes our application at Microsoft where that is ours to do, and tells what is left to do by hand.",
        f"Deletes the Microsoft data that {product} has stored: users, devices, licenses, MFA, Secure Score, policies.",
        "Keeps your End Users; they are no longer updated.",
        "Deletes nothing in the Microsoft accounts themselves.",
        "You can integrate again at any time, after a few minutes.",
    ]
