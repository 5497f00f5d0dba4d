"""What an account has chosen for itself. Pure."""

from collections.abc import Iterable
from datetime import UTC, datetime, tzinfo
from enum import Enum
from zoneinfo import ZoneInfo, available_timezones

import msgspec

from integrations.domain.ids import TenantId

DEFAULT_TIME_ZONE = "UTC"
MOST_EXCEPTIONS = 200


class Feature(Enum):
    """Something that needs more permissions than every tenant grants."""

    BASELINES = "baselines"
    MAILBOXES = "mailboxes"


class Thresholds(msgspec.Struct, frozen=True, kw_only=True):
    """From where on a tenant is listed as needing attention.

    Attributes:
        secure_score: A Secure Score below this percentage is listed, 0 to 100.
        secure_score_drop: So is one that fell by this many percentage points within seven days, more than 0 up to 100.
        unprotected_people: More people than this without protection by MFA are listed, 0 to 1,000,000.
    """

    secure_score: float = 50.0
    secure_score_drop: float = 5.0
    unprotected_people: int = 0


class MfaException(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who is not counted as unprotected by MFA, such as a break-glass account.

    Attributes:
        tenant_id: The Microsoft tenant of the account's table.
        user_id: The user's object id there.
        reason: Why there is an exception.
        until: When it ends. Null if it has no end.
    """

    tenant_id: TenantId
    user_id: str
    reason: str
    until: datetime | None = None

    def is_valid_at(self, now: datetime) -> bool:
        return self.until is None or now < self.until


class AccountSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of an account; one that never changed them has the defaults.

    Attributes:
        features: Features for which customers of the account's CSPs are granted more permissions. Single tenants grant
            them themselves, when they consent.
        time_zone: The time zone in which days of the history begin, by its name in the IANA database.
        thresholds: From where on a tenant is listed as needing attention.
        exceptions: People who are not counted as unprotected by MFA.
    """

    features: list[Feature] = []
    time_zone: str = DEFAULT_TIME_ZONE
    thresholds: Thresholds = Thresholds()
    exceptions: list[MfaException] = []

    def excepted_in(self, tenant_id: TenantId, now: datetime) -> frozenset[str]:
        """The user ids of a tenant's exceptions that are valid."""
        return excepted(self.exceptions, now).get(tenant_id, frozenset())


def excepted(exceptions: Iterable[MfaException], now: datetime) -> dict[TenantId, frozenset[str]]:
    """The user ids of valid exceptions, by tenant."""
    by_tenant: dict[TenantId, set[str]] = {}
    for it in exceptions:
        if it.is_valid_at(now):
            by_tenant.setdefault(it.tenant_id, set()).add(it.user_id)
    return {tenant_id: frozenset(user_ids) for tenant_id, user_ids in by_tenant.items()}


def is_time_zone(name: str) -> bool:
    """Whether a time zone has this name."""
    return name == DEFAULT_TIME_ZONE or name in available_timezones()


def time_zone(name: str) -> tzinfo:
    """The time zone of an account; UTC where this machine does not know the name any more."""
    if name == DEFAULT_TIME_ZONE or not is_time_zone(name):
        return UTC
    return ZoneInfo(name)
