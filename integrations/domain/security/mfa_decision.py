"""Whether somebody must prove MFA at any ordinary sign-in to any application. Pure.

Three sources can require it: security defaults, the person's legacy state, and Conditional Access. One is enough. For
Conditional Access the policies that apply to somebody must hold every sign-in together.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum

import msgspec

from integrations.domain.policies.conditional_access import ConditionalAccess
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.certainty import Certainty, any_of
from integrations.domain.security.demand import Strengths
from integrations.domain.security.mfa_causes import (
    MfaCause,
    MfaEffect,
    behind_policies_causes,
    defaults_cause,
    per_user_cause,
    unread_policies_cause,
)
from integrations.domain.security.mfa_policies import MfaCoverage, MfaPolicies, PoliciesOutcome
from integrations.domain.security.policy_people import Directory, SignedInPerson
from integrations.domain.security.sign_ins.policies import Locations

DIRECTORY_SYNCHRONIZATION = "d29b2b05-8046-44ba-8758-1e26182fcf32"
# Security defaults require MFA of these at every sign-in, and of everybody else when Microsoft sees fit.
# Source: https://learn.microsoft.com/entra/fundamentals/security-defaults
ROLES_ALWAYS_REQUIRED = frozenset({
    "62e90394-69f5-4237-9190-012177145e10",  # Global Administrator
    "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3",  # Application Administrator
    "c4e39bd9-1100-46d3-8c65-fb160da0071f",  # Authentication Administrator
    "0526716b-113d-4c15-b2c8-68e3c22b9f80",  # Authentication Policy Administrator
    "b0f54661-2d74-4c50-afa3-1ec803f12efe",  # Billing Administrator
    "158c047a-c907-4556-b7ef-446551a6b5f7",  # Cloud Application Administrator
    "b1be1c3e-b65d-4f19-8427-f6fa0d97feb9",  # Conditional Access Administrator
    "29232cdf-9323-42fd-ade2-1d097af3e4de",  # Exchange Administrator
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",  # Helpdesk Administrator
    "45d8d3c5-c802-45c6-b32a-1d70b5e1e86e",  # Identity Governance Administrator
    "966707d0-3269-4727-9be2-8c3a10f19b9d",  # Password Administrator
    "7be44c8a-adaf-4e2a-84d6-ab2649e08a13",  # Privileged Authentication Administrator
    "e8611ab8-c189-46e8-94e1-60213ab1f814",  # Privileged Role Administrator
    "194ae4cb-b126-40b2-bd5b-6091b380977d",  # Security Administrator
    "f28a1f50-f6e7-4571-818b-6a12f2af6b6c",  # SharePoint Administrator
    "69091246-20e8-4a56-aa4d-066075b2a7a8",  # Teams Administrator
    "fe930be7-5e62-47db-91af-98c3a49a38b1",  # User Administrator
})  # fmt: skip


class MfaMode(Enum):
    """How MFA is required."""

    ALWAYS = "always"
    ADAPTIVE = "adaptive"  # when Microsoft sees fit
    BLOCKED = "blocked"  # nobody gets in at all


@dataclass(frozen=True, kw_only=True)
class MfaInputs:
    """What a tenant's decisions depend on; None is what is not known.

    ``per_user`` has the legacy state of everybody for whom it is not "disabled". A tenant without Conditional Access
    for want of a licence has no ``policies``, which is known. ``eligible`` are roles that people may activate.
    ``unread`` says in words why something is not known, by data set.
    """

    security_defaults: bool | None
    per_user: Mapping[str, str | None] | None
    policies: Sequence[ConditionalAccess] | None
    directory: Directory
    locations: Locations | None = None
    strengths: Strengths = field(default_factory=dict)
    eligible: Sequence[RoleSchedule] = ()
    unread: Mapping[str, str] = field(default_factory=dict)


class MfaDecision(msgspec.Struct, frozen=True, kw_only=True):
    """Whether MFA is required of somebody.

    Attributes:
        required: Whether it is required at any ordinary sign-in.
        coverage: Whether it is required at all sign-ins, some, or none.
        mode: How it is required. Null where it is not, or not for sure.
        gap: The first sign-ins at which it is not required, in words. Null where it is required.
        causes: What requires it, or why nothing does.
    """

    required: Certainty
    coverage: MfaCoverage
    mode: MfaMode | None
    gap: str | None
    causes: list[MfaCause]


class MfaDecisions:
    """Decides for the people of one tenant; what many have in common is decided once."""

    def __init__(self, inputs: MfaInputs) -> None:
        self._inputs = inputs
        self._policies = MfaPolicies(
            inputs.policies, inputs.directory, inputs.locations, inputs.strengths, inputs.eligible
        )

    def decide(self, person: SignedInPerson) -> MfaDecision:
        """The decision about one person."""
        defaults, per_user, policies = self._of_defaults(person), self._of_state(person), self._policies.outcome(person)
        required = any_of((defaults[0], per_user[0], policies.required))
        is_required = required is Certainty.YES
        sources = (it for it in (defaults[1], per_user[1]) if it is not None)
        causes = [*sources, *self._not_known(policies), *policies.causes]
        return MfaDecision(
            required=required,
            coverage=MfaCoverage.FULL if is_required else policies.coverage,
            mode=self._mode(person, policies, per_user[0]) if is_required else None,
            gap=None if is_required else policies.gap,
            causes=_deciding(causes) if is_required else causes,
        )

    def missing_groups(self) -> list[tuple[ConditionalAccess, str]]:
        """Policies that name a group that does not exist, each with the group's id. It counts as empty."""
        return self._policies.missing_groups()

    def _not_known(self, policies: PoliciesOutcome) -> Iterator[MfaCause]:
        unread = self._inputs.unread
        if self._inputs.policies is None:
            yield unread_policies_cause(unread.get("conditional_access", "the policies could not be read"))
        elif policies.required is Certainty.UNKNOWN:
            yield from behind_policies_causes(unread)

    def _mode(self, person: SignedInPerson, policies: PoliciesOutcome, per_user: Certainty) -> MfaMode:
        if policies.is_blocked:
            return MfaMode.BLOCKED
        is_always = Certainty.YES in {policies.required, per_user} or self._has_one_of(person, ROLES_ALWAYS_REQUIRED)
        return MfaMode.ALWAYS if is_always else MfaMode.ADAPTIVE

    def _of_defaults(self, person: SignedInPerson) -> tuple[Certainty, MfaCause | None]:
        """Where roles are not known, nobody is taken for the one account that security defaults leave out."""
        is_on = self._inputs.security_defaults
        if is_on is None:
            why = self._inputs.unread.get("security_defaults", "they could not be read")
            return Certainty.UNKNOWN, defaults_cause(MfaEffect.UNKNOWN, why)
        if not is_on:
            return Certainty.NO, None
        if self._has_one_of(person, {DIRECTORY_SYNCHRONIZATION}):
            why = "they leave out the account that synchronizes the directory"
            return Certainty.NO, defaults_cause(MfaEffect.EXCLUDES, why)
        is_always = self._has_one_of(person, ROLES_ALWAYS_REQUIRED)
        why = "at every sign-in, for a role" if is_always else "when Microsoft sees fit"
        return Certainty.YES, defaults_cause(MfaEffect.REQUIRES, why)

    def _of_state(self, person: SignedInPerson) -> tuple[Certainty, MfaCause | None]:
        states = self._inputs.per_user
        if states is None:
            why = self._inputs.unread.get("per_user_mfa", "the states could not be read")
            return Certainty.UNKNOWN, per_user_cause(MfaEffect.UNKNOWN, why)
        state = states.get(person.id, "disabled")
        if state == "disabled":
            return Certainty.NO, None
        if state in {"enabled", "enforced"}:
            return Certainty.YES, per_user_cause(MfaEffect.REQUIRES, f"the state is {state}")
        return Certainty.UNKNOWN, per_user_cause(MfaEffect.UNKNOWN, "the state is not known")

    def _has_one_of(self, person: SignedInPerson, roles: Collection[str]) -> bool:
        return any(person.id in self._inputs.directory.holders(it) for it in roles)


def _deciding(causes: Sequence[MfaCause]) -> list[MfaCause]:
    """What requires MFA, without what does not matter then."""
    return [it for it in causes if it.effect in {MfaEffect.REQUIRES, MfaEffect.BLOCKS}]
