"""The secrets and certificates that applications may have, and where they are not restricted."""

import re
from collections.abc import Iterator
from typing import cast

from msgspec import UNSET, UnsetType

from integrations.domain.baselines.predicates.judging import Scope
from integrations.domain.baselines.tenant import JudgedTenant, Unknown
from integrations.domain.policies.app_management import (
    AppManagementPolicy,
    CredentialRestriction,
    CredentialRestrictions,
    DefaultAppManagementPolicy,
)

_DURATION = re.compile(r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T.*)?")
_DAYS = (366, 31, 7, 1)  # at most, of a year, a month, a week, a day
_NOT_SAID = "Microsoft did not send whether applications are restricted."


def credential_gaps(
    scope: Scope, *, kind: str, of: str, days: int = 0, missing: str = "gap", unread: str = "unknown"
) -> list[str]:
    """Where applications are not restricted, in words; empty if all of them are.

    Args:
        scope: where it is judged.
        kind: the restriction, in Microsoft's word.
        of: "passwords" or "keys".
        days: the longest life that is allowed; 0 if the restriction has none.
        missing: what it means that a restriction does not exist: "gap" or "passes".
        unread: what it means that something was not read or sent, apart from the restrictions: "unknown" or "passes".

    Raises:
        Unknown: no gap is known, and something was not read.
    """
    default = cast("DefaultAppManagementPolicy", scope.tenant.root("default_app_management_policy"))
    gaps = list(_default_gaps(default, kind, of, days, missing))
    if not gaps and unread == "unknown" and default.is_enabled is not True:
        raise Unknown(_NOT_SAID, "default_app_management_policy")
    gaps += _custom_gaps(scope.tenant, kind, of, days, is_needed=unread == "unknown" and not gaps)
    return gaps


def _default_gaps(default: DefaultAppManagementPolicy, kind: str, of: str, days: int, missing: str) -> Iterator[str]:
    if default.is_enabled is False:
        yield "The policy for all applications is off."
        return
    scopes = {"applications": default.applications, "service principals": default.service_principals}
    for name, restrictions in scopes.items():
        if restrictions is UNSET and missing == "gap":
            raise Unknown(_NOT_SAID, "default_app_management_policy")
        for it in _found(restrictions, kind, of):
            if it is None:
                yield from (f"{name}: not restricted.",) if missing == "gap" else ()
            elif gap := _gap(it, days):
                yield f"{name}: {gap}"


def _found(
    restrictions: CredentialRestrictions | UnsetType | None, kind: str, of: str
) -> list[CredentialRestriction] | list[None]:
    """The restrictions of a kind, or None if there is none."""
    if not isinstance(restrictions, CredentialRestrictions):
        return [None]
    return [it for it in getattr(restrictions, of) if it.kind == kind] or [None]


def _gap(restriction: CredentialRestriction, days: int) -> str:
    """What keeps a restriction from counting for everything; "" if nothing does."""
    if restriction.state is UNSET or restriction.created_after is UNSET:
        raise Unknown(_NOT_SAID, "default_app_management_policy")
    if restriction.state != "enabled":
        return "the restriction is off."
    if restriction.created_after is not None:
        return "older applications are exempt."
    if not days:
        return ""
    longest = _days(restriction.longest)
    return (
        ""
        if longest is not None and longest <= days
        else f"a life of {restriction.longest or 'any length'} is allowed."
    )


def _days(duration: str | UnsetType | None) -> int | None:
    """The longest that an ISO 8601 duration can be, in days; None if nothing is restricted."""
    if not isinstance(duration, str):
        return None
    read = _DURATION.fullmatch(duration)
    if read is None:
        raise Unknown("The longest life of a credential is not understood.", "default_app_management_policy")
    return sum(int(number) * days for number, days in zip(read.groups(), _DAYS, strict=True) if number)


def _custom_gaps(tenant: JudgedTenant, kind: str, of: str, days: int, *, is_needed: bool) -> Iterator[str]:
    """Policies for single applications that are laxer than asked; what they do not restrict follows the default."""
    if not is_needed and tenant.valid_until("app_management_policies") is None:
        return
    for policy in cast("list[AppManagementPolicy]", tenant.rows("app_management_policies")):
        if policy.is_enabled is False or policy.applies_to == []:
            continue
        for it in _found(policy.restrictions, kind, of):
            if it is not None and (gap := _gap(it, days)):
                yield from _of_custom(policy, gap)


def _of_custom(policy: AppManagementPolicy, gap: str) -> Iterator[str]:
    if policy.applies_to is None or policy.is_enabled is not True:
        raise Unknown("It is not known for which applications a policy counts.", "app_management_policies")
    yield f"{policy.name} ({len(policy.applies_to)} applications): {gap}"
