"""MFA of a tenant: who has registered, and what demands it of everybody. Pure."""

from collections.abc import Iterable, Mapping

import msgspec

from integrations.domain.sync.records import ConditionalAccess, Registration

_EVERYTHING = "All"
_PROVES = frozenset({"mfa", "authenticationStrength"})
_ADMIN, _USER, _GUEST = "admin", "user", "guest"
_WITH, _WITHOUT = "registered", "unregistered"


class Registered(msgspec.Struct, frozen=True, kw_only=True):
    """People by whether they have registered for MFA; administrators are people, too. Guests count apart."""

    users: int
    users_without: int
    admins: int
    admins_without: int
    guests: int
    guests_without: int


def kind_of_registration(it: Registration) -> str:
    """The kind a registration is counted as; counts of these kinds make ``Registered``."""
    who = _ADMIN if it.is_admin else _GUEST if it.is_guest else _USER
    return f"{who} {_WITH if it.is_mfa_registered else _WITHOUT}"


def registered(counts_by_kind: Mapping[str, int]) -> Registered:
    def count(*who: str, how: tuple[str, ...] = (_WITH, _WITHOUT)) -> int:
        return sum(counts_by_kind.get(f"{kind} {way}", 0) for kind in who for way in how)

    return Registered(
        users=count(_USER, _ADMIN),
        users_without=count(_USER, _ADMIN, how=(_WITHOUT,)),
        admins=count(_ADMIN),
        admins_without=count(_ADMIN, how=(_WITHOUT,)),
        guests=count(_GUEST),
        guests_without=count(_GUEST, how=(_WITHOUT,)),
    )


def demands_mfa_of_everybody(policy: ConditionalAccess) -> bool:
    """Whether this policy alone makes everybody prove themselves everywhere, but for those it leaves out by name.

    A policy that only reports does not count, nor one that holds in some places, or offers MFA among other ways.
    """
    proves = bool(_PROVES & set(policy.demands))
    is_only_way = policy.all_demands or set(policy.demands) <= _PROVES
    reaches_all = _EVERYTHING in policy.users and _EVERYTHING in policy.applications
    any_client = not policy.client_apps or "all" in policy.client_apps
    return (
        policy.state == "enabled" and proves and is_only_way and reaches_all and any_client and not policy.is_narrowed
    )


def demanded_by(policies: Iterable[ConditionalAccess], *, security_defaults: bool | None) -> list[str]:
    """Names of what makes MFA a must for everybody; empty when nothing does."""
    defaults = ["Security defaults"] if security_defaults else []
    return defaults + sorted(it.name for it in policies if demands_mfa_of_everybody(it))
