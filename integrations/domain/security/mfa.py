"""MFA of a tenant: who has registered, and what enforces it for everybody. Pure."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from integrations.domain.policies.conditional_access import ConditionalAccess
from integrations.domain.security.demand import Strengths
from integrations.domain.security.mfa_policies import CompiledPolicy, compiled
from integrations.domain.security.sign_ins.policies import Locations, space_of
from integrations.domain.security.sign_ins.space import Region, SignInSpace
from integrations.domain.sync.security_records import Registration

_EVERYTHING = "All"
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


def covering_everybody(
    policies: Iterable[ConditionalAccess], strengths: Strengths | None = None, locations: Locations | None = None
) -> list[ConditionalAccess]:
    """The policies that require MFA of everybody but those they exclude, at every ordinary sign-in.

    Each of them does so alone if one does; otherwise they do it together. Empty if policies leave a sign-in open, or
    only block.
    """
    present = list(policies)
    space = space_of(present)
    sure = [it for it in compiled(present, space, locations, strengths or {}) if it.is_certain and _is_for_all(it)]
    alone = [it for it in sure if it.sign_ins.surely == space.everything and not it.demand.blocks]
    covering = alone or _necessary(sure, space)
    return [it.policy for it in covering] if any(not it.demand.blocks for it in covering) else []


def demanded_by(
    policies: Iterable[ConditionalAccess],
    *,
    security_defaults: bool | None,
    strengths: Strengths | None = None,
    locations: Locations | None = None,
) -> list[str]:
    """Names of policies that enforce MFA for everybody, alone or together; empty when there are none."""
    defaults = ["Security defaults"] if security_defaults else []
    return defaults + sorted(it.name for it in covering_everybody(policies, strengths, locations))


def _is_for_all(policy: CompiledPolicy) -> bool:
    conditions = policy.policy.conditions
    return conditions is not None and _EVERYTHING in conditions.included.users


def _necessary(policies: Sequence[CompiledPolicy], space: SignInSpace) -> list[CompiledPolicy]:
    """Policies that hold every sign-in together, without those that add nothing; empty if they leave one open."""
    kept = [it for it in policies if it.sign_ins.surely]
    if not space.covered_by(_regions(kept)):
        return []
    for policy in sorted(kept, key=lambda it: (not it.demand.blocks, it.policy.id)):
        others = [it for it in kept if it is not policy]
        kept = others if space.covered_by(_regions(others)) else kept
    return kept


def _regions(policies: Iterable[CompiledPolicy]) -> list[Region]:
    return [it.sign_ins.surely for it in policies if it.sign_ins.surely]
