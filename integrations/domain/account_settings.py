"""What an account has chosen for itself. Pure."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from datetime import UTC, datetime, tzinfo
from enum import Enum
from functools import cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from integrations.domain.ids import TenantId, is_object_id
from shared.errors import Problem

DEFAULT_TIME_ZONE = "UTC"
MOST_EXCEPTIONS = 200
MOST_OF_A_REASON = 128  # characters: two hundred exceptions must fit into the body of a request
EXCEPTIONS_A_PAGE = 50
EXCEPTION_PAGES = range(0, MOST_EXCEPTIONS, EXCEPTIONS_A_PAGE)  # their numbers
MOST_CHANGED_TENANTS = 30  # whose exceptions change: everything is written in one transaction

MOST_PEOPLE = 1_000_000


class Feature(Enum):
    """Something that needs more permissions than every tenant grants."""

    BASELINES = "baselines"
    MAILBOXES = "mailboxes"


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """From where on a tenant is listed as needing attention.

    Attributes:
        secure_score: A Secure Score below this percentage is low.
        secure_score_drop: A Secure Score has dropped if it fell by this many percentage points within seven days.
        unprotected_people: A tenant is listed if more people than this are not protected by MFA.
    """

    secure_score: float = 50.0
    secure_score_drop: float = 5.0
    unprotected_people: int = 0


class MfaException(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is not counted as unprotected by MFA, such as a break-glass account.

    Attributes:
        tenant_id: The Microsoft tenant.
        user_id: The user's object id there.
        reason: Why there is an exception, in at most 128 characters.
        until: When it ends. Null or absent if it has no end.
    """

    tenant_id: TenantId
    user_id: str
    reason: str
    until: datetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        return self.until is None or now < self.until


class ExceptionPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of an account's exceptions; a row holds many."""

    number: int
    items: list[MfaException]


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account; one that never changed them has the defaults.

    Attributes:
        features: Features for which customers of the account's CSPs are granted more permissions. Single tenants grant
            them themselves, when they consent.
        time_zone: The time zone in which the days of a history begin, by its name in the IANA database.
        thresholds: From where on a tenant is listed as needing attention.
    """

    features: list[Feature] = []
    time_zone: str = DEFAULT_TIME_ZONE
    thresholds: Thresholds = Thresholds()


class SettingsChange(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody wants to change; None stays as it is, as do thresholds that are not named."""

    features: list[Feature] | None = None
    time_zone: str | None = None
    thresholds: Mapping[str, float] = {}
    exceptions: list[MfaException] | None = None

    def applied(self, settings: AccountSettings) -> AccountSettings:
        """The settings after the change."""
        features = settings.features if self.features is None else self.features
        return AccountSettings(
            features=sorted(set(features), key=lambda it: it.value),
            time_zone=settings.time_zone if self.time_zone is None else self.time_zone,
            thresholds=Thresholds(**{**msgspec.structs.asdict(settings.thresholds), **self.thresholds}),
        )


def excepted(exceptions: Iterable[MfaException], now: datetime) -> Mapping[TenantId, frozenset[str]]:
    """The user ids of exceptions that are valid, by tenant."""
    by_tenant: dict[TenantId, set[str]] = {}
    for it in exceptions:
        if it.is_valid_at(now):
            by_tenant.setdefault(it.tenant_id, set()).add(it.user_id)
    return {tenant_id: frozenset(user_ids) for tenant_id, user_ids in by_tenant.items()}


class ExceptionsChange(NamedTuple):
    """The exceptions of one tenant that are no longer there, and those that are new."""

    tenant_id: TenantId
    gone: list[MfaException]
    added: list[MfaException]


def changes_of_exceptions(before: list[MfaException], after: list[MfaException]) -> list[ExceptionsChange]:
    """What changes, by tenant."""
    changes: dict[TenantId, ExceptionsChange] = {}
    for it in before:
        if it not in after:
            changes.setdefault(it.tenant_id, ExceptionsChange(it.tenant_id, [], [])).gone.append(it)
    for it in after:
        if it not in before:
            changes.setdefault(it.tenant_id, ExceptionsChange(it.tenant_id, [], [])).added.append(it)
    return list(changes.values())


def paged(exceptions: list[MfaException]) -> list[ExceptionPage]:
    """The exceptions as they are stored."""
    return [
        ExceptionPage(number=it, items=exceptions[it : it + EXCEPTIONS_A_PAGE])
        for it in EXCEPTION_PAGES
        if it < len(exceptions)
    ]


def is_time_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    return name == DEFAULT_TIME_ZONE or name in _time_zones()


@cache
def _time_zones() -> frozenset[str]:
    return frozenset(available_timezones())


def time_zone(name: str) -> tzinfo:
    """The time zone of an account; UTC where this machine does not know the name any more."""
    if name == DEFAULT_TIME_ZONE or not is_time_zone(name):
        return UTC
    return ZoneInfo(name)


def problems_of(settings: AccountSettings) -> Iterator[Problem]:
    """What is wrong with settings that somebody wants to have."""
    if not is_time_zone(settings.time_zone):
        yield Problem("/time_zone", "a time zone of the IANA database, such as Europe/Berlin")
    limits = settings.thresholds
    for name, value in (("secure_score", limits.secure_score), ("secure_score_drop", limits.secure_score_drop)):
        if not 0 <= value <= 100:
            yield Problem(f"/thresholds/{name}", "a number from 0 to 100")
    if not 0 <= limits.unprotected_people <= MOST_PEOPLE:
        yield Problem("/thresholds/unprotected_people", f"a whole number from 0 to {MOST_PEOPLE:,}")


def problems_of_exceptions(
    exceptions: list[MfaException], known: list[MfaException], tenants: Collection[TenantId], now: datetime
) -> Iterator[Problem]:
    """What is wrong with exceptions that somebody wants to have; ``known`` ones may stay as they are.

    ``tenants`` are those of the account.
    """
    if len(exceptions) > MOST_EXCEPTIONS:
        yield Problem("/exceptions", f"at most {MOST_EXCEPTIONS} items")
    elif len(changes_of_exceptions(known, exceptions)) > MOST_CHANGED_TENANTS:
        yield Problem("/exceptions", f"changes in at most {MOST_CHANGED_TENANTS} tenants at once")
    seen: set[tuple[str, str]] = set()
    for place, it in enumerate(exceptions):
        problems = _problems_of(it, tenants, now) if it not in known else ()
        yield from (Problem(f"/exceptions/{place}/{name}", detail) for name, detail in problems)
        if (it.tenant_id, it.user_id) in seen:
            yield Problem(f"/exceptions/{place}/user_id", "each person once")
        seen.add((it.tenant_id, it.user_id))


def _problems_of(exception: MfaException, tenants: Collection[TenantId], now: datetime) -> Iterator[tuple[str, str]]:
    if exception.tenant_id not in tenants:
        yield "tenant_id", "a Microsoft tenant of the account"
    if not is_object_id(exception.user_id):
        yield "user_id", "the object id of a user, which is a GUID"
    if not 1 <= len(exception.reason) <= MOST_OF_A_REASON:
        yield "reason", f"1 to {MOST_OF_A_REASON} visible characters"
    if exception.until is not None and exception.until.tzinfo is None:
        yield "until", "a time with its zone, such as 2030-01-31T00:00:00Z"
    elif not exception.is_valid_at(now):
        yield "until", "a time to come"
