"""The secrets and certificates that applications may have, and where they are not restricted."""

import re
from collections.abc import Iterator
from datetime import datetime
from typing import NamedTuple, cast

from msgspec import UNSET, UnsetType

from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.tenant import Unknown
from integrations.domain.policies.app_management import (
    AppManagementPolicy,
    CredentialRestriction,
    CredentialRestrictions,
    DefaultAppManagementPolicy,
)

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_DAYS_ONLY = re.compile(r"P(\d+)D")
_DAYS = (366, 31, 7, 1)  # at most, of a year, a month, a week, a day
_NOT_SAID = "Microsoft did not send whether applications are restricted."


class _Required(NamedTuple):
    """A restriction that a control requires; the arguments of ``credential_gaps``."""

    kind: str
    of: str
    days: int
    missing: str


def credential_gaps(scope: Scope, *, kind: str, of: str, days: int = 0, missing: str = "gap") -> list[str]:
    """Where applications are not restricted, in words; empty if all of them are.

    ScubaGear does not look at whether the policy for all applications is on. Of policies for some applications it only
    sees restrictions that are off, and of the longest life only days. What was not read or sent, it takes for good.

    Args:
        scope: where it is judged.
        kind: the restriction, in Microsoft's word.
        of: "passwords" or "keys".
        days: the longest life that is allowed; 0 if the restriction has none.
        missing: what it means that a restriction does not exist: "gap"; "passes"; or "passes once", if it exists either
            for applications or for service principals.

    Raises:
        Unknown: no gap is known, and something was not read.
    """
    default = cast("DefaultAppManagementPolicy", scope.tenant.root("default_app_management_policy"))
    required = _Required(kind, of, days, missing)
    gaps = list(_default_gaps(scope, default, required))
    if not gaps and scope.is_strict and default.is_enabled is not True:
        raise Unknown(_NOT_SAID, "default_app_management_policy")
    return gaps + list(_custom_gaps(scope, required, is_needed=not gaps))


def _default_gaps(scope: Scope, default: DefaultAppManagementPolicy, required: _Required) -> Iterator[str]:
    if default.is_enabled is False and scope.is_strict:
        yield "The policy for all applications is off."
        return
    restricted = {"applications": default.applications, "service principals": default.service_principals}
    found = {name: _found(restrictions, required) for name, restrictions in restricted.items()}
    passes = required.missing == "passes" or (required.missing == "passes once" and any(found.values()))
    for name, restrictions in found.items():
        if restricted[name] is UNSET and not passes:
            raise Unknown(_NOT_SAID, "default_app_management_policy")
        if not restrictions and not passes:
            yield f"{name}: not restricted."
        yield from (f"{name}: {gap}" for it in restrictions if (gap := _gap(scope, it, required.days)))


def _found(restrictions: CredentialRestrictions | UnsetType | None, required: _Required) -> list[CredentialRestriction]:
    """The restrictions of the required kind."""
    if not isinstance(restrictions, CredentialRestrictions):
        return []
    return [it for it in getattr(restrictions, required.of) if it.kind == required.kind]


def _gap(scope: Scope, restriction: CredentialRestriction, days: int) -> str:
    """What keeps a restriction from counting for everything; "" if nothing does."""
    if scope.is_strict and UNSET in (restriction.state, restriction.created_after):
        raise Unknown(_NOT_SAID, "default_app_management_policy")
    if _is_off(restriction):
        return "the restriction is off."
    if isinstance(restriction.created_after, datetime):
        return "older applications are exempt."
    if days and not _is_short(scope, restriction.longest, days):
        return f"a life of {restriction.longest or 'any length'} is allowed."
    return ""


def _is_off(restriction: CredentialRestriction) -> bool:
    return restriction.state not in {"enabled", UNSET}


def _is_short(scope: Scope, longest: str | UnsetType | None, days: int) -> bool:
    if not scope.is_strict:
        read = _DAYS_ONLY.fullmatch(longest or "")
        return read is None or int(read[1]) <= days
    most = _days(longest)
    return most is not None and most <= days


def _days(duration: str | UnsetType | None) -> int | None:
    """The longest that an ISO 8601 duration can be, in days; None if nothing is restricted."""
    if not isinstance(duration, str):
        return None
    read = _DURATION.fullmatch(duration)
    if read is None:
        raise Unknown("The longest life of a credential is not understood.", "default_app_management_policy")
    return sum(int(number) * days for number, days in zip(read.groups(), _DAYS, strict=True) if number)


def _custom_gaps(scope: Scope, required: _Required, *, is_needed: bool) -> Iterator[str]:
    """Policies for single applications that are laxer than required; what they do not restrict follows the default."""
    is_unread = scope.tenant.valid_until("app_management_policies") is None
    if is_unread and not (is_needed and scope.is_strict):
        return
    for policy in cast("list[AppManagementPolicy]", scope.tenant.rows("app_management_policies")):
        if policy.is_enabled is False or policy.applies_to == []:
            continue
        for it in _found(policy.restrictions, required):
            if (scope.is_strict or _is_off(it)) and (gap := _gap(scope, it, required.days)):
                yield from _of_custom(scope, policy, gap)


def _of_custom(scope: Scope, policy: AppManagementPolicy, gap: str) -> Iterator[str]:
    if policy.applies_to and policy.is_enabled is True:
        yield f"{policy.name} ({len(policy.applies_to)} applications): {gap}"
    elif scope.is_strict:
        raise Unknown("It is not known for which applications a policy counts.", "app_management_policies")
