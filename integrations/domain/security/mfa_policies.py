"""Whether the Conditional Access policies of a tenant require MFA of somebody at every sign-in. Pure.

Policies that can matter are compiled once; people to whom the same policies apply share what these hold together.
"""

from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import NamedTuple

from integrations.domain.policies.conditional_access import ConditionalAccess, Conditions, PolicyUsers
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.demand import Demand, Strengths, demand_of
from integrations.domain.security.mfa_causes import (
    MfaCause,
    MfaEffect,
    policy_cause,
    why_excluded,
    why_in_part,
)
from integrations.domain.security.policy_people import Audiences, Directory, Reach, SignedInPerson, numbers_in
from integrations.domain.security.sign_ins.policies import (
    Locations,
    PolicySignIns,
    is_about_sign_ins,
    is_readable,
    sign_ins_of,
    space_of,
)
from integrations.domain.security.sign_ins.space import Region, SignInSpace
from integrations.domain.security.sign_ins.words import gap_in_words


class MfaCoverage(Enum):
    """At how many sign-ins MFA is required."""

    FULL = "full"
    CONDITIONAL = "conditional"
    NONE = "none"


class PoliciesOutcome(NamedTuple):
    """What all policies together mean for somebody. ``gap`` are the first sign-ins that they leave open, in words."""

    required: Certainty
    coverage: MfaCoverage
    gap: str | None = None
    is_blocked: bool = False
    causes: Sequence[MfaCause] = ()


class CompiledPolicy(NamedTuple):
    """A policy that may require MFA, with what was found out about it.

    ``is_certain`` tells whether it is switched on, readable, and surely demands MFA of those it applies to; ``in_part``
    is the cause that it is where it does not hold every sign-in.
    """

    policy: ConditionalAccess
    demand: Demand
    is_certain: bool
    sign_ins: PolicySignIns
    in_part: MfaCause


def compiled(
    policies: Sequence[ConditionalAccess], space: SignInSpace, locations: Locations | None, strengths: Strengths
) -> list[CompiledPolicy]:
    """The policies that may require MFA of people who sign in."""
    found = []
    for policy in policies:
        demand = demand_of(policy.grant, strengths)
        conditions = policy.conditions
        is_about_people = conditions is None or is_about_sign_ins(conditions)
        if policy.state in {"enabled", "unknown"} and demand.certainty is not Certainty.NO and is_about_people:
            is_understood = demand.certainty is Certainty.YES and conditions is not None and is_readable(conditions)
            is_certain = policy.state == "enabled" and is_understood
            in_part = policy_cause(policy, MfaEffect.REQUIRES_IN_PART, why_in_part(conditions or Conditions()))
            sign_ins = sign_ins_of(conditions, space, locations)
            found.append(CompiledPolicy(policy, demand, is_certain, sign_ins, in_part))
    return found


class MfaPolicies:
    """The policies of one tenant, None if they are not known."""

    def __init__(
        self,
        policies: Sequence[ConditionalAccess] | None,
        directory: Directory,
        locations: Locations | None,
        strengths: Strengths,
        eligible: Sequence[RoleSchedule],
    ) -> None:
        self._is_known = policies is not None
        self._directory = directory
        self._locations = locations
        self._space = space_of(policies or ())
        self._compiled = compiled(policies or (), self._space, locations, strengths)
        self._certain = sum(1 << number for number, it in enumerate(self._compiled) if it.is_certain)
        self._audiences = _audiences([it.policy for it in self._compiled], directory)
        self._without_effect = _WithoutEffect(policies or (), directory, strengths)
        self._once_activated = _OnceActivated([it.policy for it in self._compiled], eligible)
        self._known_outcomes: dict[tuple[int, int], PoliciesOutcome] = {}

    def outcome(self, person: SignedInPerson) -> PoliciesOutcome:
        """What the policies mean for somebody."""
        if not self._is_known:
            return PoliciesOutcome(Certainty.UNKNOWN, MfaCoverage.NONE)
        reach = self._audiences.reach(person)
        surely = reach.surely & self._certain
        possibly = (reach.surely | reach.possibly) & ~surely
        if (surely, possibly) not in self._known_outcomes:
            self._known_outcomes[surely, possibly] = self._together(surely, possibly)
        outcome = self._known_outcomes[surely, possibly]
        if outcome.required is Certainty.YES:
            return outcome
        return outcome._replace(causes=[*outcome.causes, *self._why_not(person, reach)])

    def missing_groups(self) -> list[tuple[ConditionalAccess, str]]:
        """Policies that may matter, each with the id of a group that it names and that does not exist."""
        named = ((it.policy, it.policy.conditions) for it in self._compiled)
        return [
            (policy, group_id)
            for policy, conditions in named
            for group_id in ([*conditions.included.groups, *conditions.excluded.groups] if conditions else ())
            if self._directory.is_missing(group_id)
        ]

    def _together(self, surely: int, possibly: int) -> PoliciesOutcome:
        sure, unsure = self._numbered(surely), self._numbered(possibly)
        gap = self._space.first_gap(_surely(sure))
        if gap is None:
            return self._full(sure)
        is_open = _possibly(sure + unsure) == _surely(sure) or not self._space.covered_by(_possibly(sure + unsure))
        causes = [*(it.in_part for it in sure), *(_may_require(it) for it in unsure)]
        return PoliciesOutcome(
            Certainty.NO if is_open else Certainty.UNKNOWN,
            MfaCoverage.CONDITIONAL if sure else MfaCoverage.NONE,
            gap=self._in_words(gap, sure),
            causes=causes,
        )

    def _full(self, sure: Sequence[CompiledPolicy]) -> PoliciesOutcome:
        alone = [it for it in sure if it.sign_ins.surely == self._space.everything]
        blocking = [it for it in sure if it.demand.blocks]
        return PoliciesOutcome(
            Certainty.YES,
            MfaCoverage.FULL,
            is_blocked=self._space.covered_by(_surely(blocking)),
            causes=[_requires(it, is_alone=bool(alone)) for it in alone or sure if it.sign_ins.surely],
        )

    def _in_words(self, gap: Region, sure: Sequence[CompiledPolicy]) -> str:
        if gap == self._space.everything and sure:
            return "sign-ins that no condition names"
        return gap_in_words(gap, self._space, self._locations)

    def _why_not(self, person: SignedInPerson, reach: Reach) -> Iterator[MfaCause]:
        for it in self._numbered(reach.excluded & self._certain):
            excluded = (it.policy.conditions or Conditions()).excluded
            yield policy_cause(it.policy, MfaEffect.EXCLUDES, why_excluded(excluded, person, self._directory))
        yield from self._once_activated.causes(person)
        yield from self._without_effect.causes(person)

    def _numbered(self, mask: int) -> list[CompiledPolicy]:
        return [self._compiled[number] for number in numbers_in(mask)]


class _WithoutEffect:
    """Policies that apply to somebody and look as if they required MFA, but do not."""

    def __init__(self, policies: Sequence[ConditionalAccess], directory: Directory, strengths: Strengths) -> None:
        effects = [(it, _looks_like(it, strengths)) for it in policies]
        self._effects = [(it, effect) for it, effect in effects if effect is not None]
        self._audiences = _audiences([it for it, _ in self._effects], directory)
        self._known: dict[int, list[MfaCause]] = {}

    def causes(self, person: SignedInPerson) -> list[MfaCause]:
        mask = self._audiences.reach(person).surely
        if mask not in self._known:
            applying = [self._effects[number] for number in numbers_in(mask)]
            self._known[mask] = [policy_cause(policy, *effect) for policy, effect in applying]
        return self._known[mask]


class _OnceActivated:
    """Policies that will apply to people once they activate a role."""

    def __init__(self, policies: Sequence[ConditionalAccess], eligible: Iterable[RoleSchedule]) -> None:
        by_role: dict[str, list[ConditionalAccess]] = {}
        for policy in policies:
            for role_id in policy.conditions.included.roles if policy.conditions else ():
                by_role.setdefault(role_id, []).append(policy)
        self._by_person: dict[str, dict[str, ConditionalAccess]] = {}
        for it in eligible:
            policies_of_role = {policy.id: policy for policy in by_role.get(it.role_id, ())}
            if it.scope == "/" and policies_of_role:
                self._by_person.setdefault(it.principal_id, {}).update(policies_of_role)

    def causes(self, person: SignedInPerson) -> list[MfaCause]:
        policies = self._by_person.get(person.id, {}).values()
        return [policy_cause(it, MfaEffect.ONCE_ACTIVATED, "a role is eligible, not active") for it in policies]


def _looks_like(policy: ConditionalAccess, strengths: Strengths) -> tuple[MfaEffect, str] | None:
    """What a policy does instead of requiring MFA, where somebody may take it for one that does."""
    grant, conditions = policy.grant, policy.conditions
    if grant is None or conditions is None or not is_about_sign_ins(conditions):
        return None
    demand = demand_of(grant, strengths).certainty
    if policy.state == "report only" and demand is Certainty.YES:
        return MfaEffect.REPORTS, "the policy only reports"
    if policy.state != "enabled" or demand is not Certainty.NO:
        return None
    if grant.custom_factors:
        return MfaEffect.REQUIRES_ELSE, "an external factor that Microsoft does not count as MFA"
    if "mfa" in grant.controls:
        return MfaEffect.REQUIRES_ELSE, "something else is enough instead of MFA"
    return (MfaEffect.REQUIRES_ELSE, "the strength accepts one factor") if grant.strength else None


def _audiences(policies: Sequence[ConditionalAccess], directory: Directory) -> Audiences:
    anybody = Conditions(included=PolicyUsers(users=["All"]))
    conditions = [it.conditions if it.conditions and is_readable(it.conditions) else anybody for it in policies]
    return Audiences([it.included for it in conditions], [it.excluded for it in conditions], directory)


def _surely(policies: Iterable[CompiledPolicy]) -> list[Region]:
    return [it.sign_ins.surely for it in policies if it.sign_ins.surely]


def _possibly(policies: Iterable[CompiledPolicy]) -> list[Region]:
    return [it.sign_ins.possibly for it in policies if it.sign_ins.possibly]


def _requires(compiled_policy: CompiledPolicy, *, is_alone: bool) -> MfaCause:
    effect = MfaEffect.BLOCKS if compiled_policy.demand.blocks else MfaEffect.REQUIRES
    narrowed = f"together with others, {why_in_part(compiled_policy.policy.conditions or Conditions())}"
    return policy_cause(compiled_policy.policy, effect, "at every sign-in" if is_alone else narrowed)


def _may_require(compiled_policy: CompiledPolicy) -> MfaCause:
    if compiled_policy.is_certain:
        return policy_cause(compiled_policy.policy, MfaEffect.MAY_REQUIRE, "it is not known whether it applies")
    return policy_cause(compiled_policy.policy, MfaEffect.MAY_REQUIRE, "not all of it could be understood")
