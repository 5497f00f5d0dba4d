"""MFA of a tenant: who has registered, and what enforces it for everybody. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from integrations.domain.policies.conditional_access import ConditionalAccess
from integrations.domain.sync.security_records import Registration

_EVERYTHING = "All"
_MFA_CONTROLS = frozenset({"mfa", "authenticationStrength"})
_ADMIN, _USER, _GUEST = "admin", "user", "guest"
_WITH, _WITHOUT = "registered", "unregistered"


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of people with and without a registration for MFA; users include administrators, but not guests.

    Attributes:
        users: How many members are in the report, administrators included, guests not.
        users_without: How many of them have not registered.
        admins: How many of them are administrators.
        admins_without: How many administrators have not registered.
        guests: How many guests are in the report.
        guests_without: How many of them have not registered.
    """

    users: int
    users_without: int
    admins: int
    admins_without: int
    guests: int
    guests_without: int


def kind_of_registration(registration: Registration) -> str:
    """The kind a registration is counted as; ``registered`` adds these counts up."""
    who = _ADMIN if registration.is_admin else _GUEST if registration.is_guest else _USER
    return f"{who} {_WITH if registration.is_mfa_registered else _WITHOUT}"


def registered(counts_by_kind: Mapping[str, int]) -> Registered:
    """The totals, from counts of the kinds of ``kind_of_registration``."""

    def count(*who: str, states: tuple[str, ...] = (_WITH, _WITHOUT)) -> int:
        return sum(counts_by_kind.get(f"{kind} {state}", 0) for kind in who for state in states)

    return Registered(
        users=count(_USER, _ADMIN),
        users_without=count(_USER, _ADMIN, states=(_WITHOUT,)),
        admins=count(_ADMIN),
        admins_without=count(_ADMIN, states=(_WITHOUT,)),
        guests=count(_GUEST),
        guests_without=count(_GUEST, states=(_WITHOUT,)),
    )


def demands_mfa_of_everybody(policy: ConditionalAccess) -> bool:
    """Whether this policy alone enforces MFA for everybody and every application, except for listed exclusions.

    A report-only policy does not count, nor one for some locations, nor one that accepts something else than MFA.
    """
    conditions, grant = policy.conditions, policy.grant
    if policy.state != "enabled" or conditions is None or grant is None or conditions.applications is None:
        return False
    ways = [*grant.controls, *grant.other, *grant.terms_of_use, *grant.custom_factors]
    if grant.strength:
        ways.append("authenticationStrength")
    demands_mfa = bool(_MFA_CONTROLS & set(ways)) and (grant.operator == "AND" or set(ways) <= _MFA_CONTROLS)
    reaches_all = _EVERYTHING in conditions.included.users and _EVERYTHING in conditions.applications.included
    any_client = not conditions.client_apps or "all" in conditions.client_apps
    return demands_mfa and reaches_all and any_client and not conditions.is_narrowed


def demanded_by(policies: Iterable[ConditionalAccess], *, security_defaults: bool | None) -> list[str]:
    """Names of policies that enforce MFA for everybody; empty when there are none."""
    defaults = ["Security defaults"] if security_defaults else []
    return defaults + sorted(it.name for it in policies if demands_mfa_of_everybody(it))
