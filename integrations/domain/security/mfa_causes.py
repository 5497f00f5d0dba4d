"""Why MFA is required of somebody or not, by name and in words. Pure."""

from collections.abc import Iterable, Iterator, Mapping
from enum import Enum

import msgspec

from integrations.domain.policies.conditional_access import ConditionalAccess, Conditions, PolicyUsers, Selection
from integrations.domain.security.policy_people import Directory, SignedInPerson, guests_of


class MfaSource(Enum):
    """What can require MFA."""

    SECURITY_DEFAULTS = "security defaults"
    PER_USER = "per-user MFA"
    CONDITIONAL_ACCESS = "Conditional Access"
    REGISTRATION = "registration report"  # says who has registered, and requires nothing


class MfaEffect(Enum):
    """What a source does about somebody's MFA; what matters most comes first."""

    BLOCKS = "blocks"
    REQUIRES = "requires"
    EXCLUDES = "excludes"
    UNKNOWN = "unknown"
    MAY_REQUIRE = "may require"
    REQUIRES_IN_PART = "requires in part"  # at some sign-ins
    REPORTS = "reports only"
    REQUIRES_ELSE = "requires something else"
    ONCE_ACTIVATED = "requires once a role is activated"


_RANK = {effect: rank for rank, effect in enumerate(MfaEffect)}
# On what the reach of policies depends, besides themselves: data sets, and their names in words.
_BEHIND_POLICIES = {
    "groups": "Groups",
    "roles": "Directory roles",
    "named_locations": "Named locations",
    "authentication_strengths": "Authentication strengths",
}


class MfaCause(msgspec.Struct, frozen=True, kw_only=True):
    """One reason of a decision.

    Attributes:
        source: What it is about.
        id: Microsoft's id of the policy. Null for what is not a policy.
        name: The policy's name, or that of the source.
        effect: What it does.
        why: A few words on why, such as "excluded through the group Break glass".
    """

    source: MfaSource
    id: str | None = None
    name: str
    effect: MfaEffect
    why: str


def defaults_cause(effect: MfaEffect, why: str) -> MfaCause:
    return MfaCause(source=MfaSource.SECURITY_DEFAULTS, name="Security defaults", effect=effect, why=why)


def per_user_cause(effect: MfaEffect, why: str) -> MfaCause:
    return MfaCause(source=MfaSource.PER_USER, name="Per-user MFA", effect=effect, why=why)


def unread_policies_cause(why: str) -> MfaCause:
    return _unread("Conditional Access", why)


def behind_policies_causes(unread: Mapping[str, str]) -> list[MfaCause]:
    """Why it is not known what policies do, where that is not their own fault; ``unread`` says why, by data set."""
    return [_unread(name, unread[dataset]) for dataset, name in _BEHIND_POLICIES.items() if dataset in unread]


def registration_cause(why: str) -> MfaCause:
    return MfaCause(source=MfaSource.REGISTRATION, name="Registration report", effect=MfaEffect.UNKNOWN, why=why)


def policy_cause(policy: ConditionalAccess, effect: MfaEffect, why: str) -> MfaCause:
    return MfaCause(source=MfaSource.CONDITIONAL_ACCESS, id=policy.id, name=policy.name, effect=effect, why=why)


def most_telling(causes: Iterable[MfaCause]) -> list[MfaCause]:
    """What matters most first; causes that matter equally stay in their order."""
    return sorted(causes, key=lambda it: _RANK[it.effect])


def why_excluded(excluded: PolicyUsers, person: SignedInPerson, directory: Directory) -> str:
    """By what a policy leaves somebody out whom it includes."""
    return f"excluded {next(_ways(excluded, person, directory), 'with everybody')}"


def why_in_part(conditions: Conditions) -> str:
    """What narrows a policy, in words."""
    applications = conditions.applications
    narrowing = {
        "some applications": applications and ("All" not in applications.included or applications.excluded),
        "filtered applications": applications and applications.filter,
        "some kinds of clients": conditions.client_apps and "all" not in conditions.client_apps,
        "some platforms": _narrows(conditions.platforms),
        "some places": _narrows(conditions.locations),
        "risky sign-ins": conditions.sign_in_risks,
        "people at risk": conditions.user_risks,
        "insiders at risk": conditions.insider_risks,
        "some ways of signing in": conditions.flows,
        "some devices": conditions.devices,
        "a condition that is not known": conditions.other,
    }
    return "only for " + (", ".join(words for words, narrows in narrowing.items() if narrows) or "some sign-ins")


def _unread(name: str, why: str) -> MfaCause:
    return MfaCause(source=MfaSource.CONDITIONAL_ACCESS, name=name, effect=MfaEffect.UNKNOWN, why=why)


def _ways(excluded: PolicyUsers, person: SignedInPerson, directory: Directory) -> Iterator[str]:
    if person.id in excluded.users:
        yield "by name"
    for group_id in excluded.groups:
        if person.id in directory.members(group_id):
            yield f"through the group {(directory.groups or {})[group_id].name}"
    names = {it.role_id: it.role for it in directory.roles or ()}
    for role_id in excluded.roles:
        if person.id in directory.holders(role_id):
            yield f"by the role {names[role_id]}"
    if person.guest_kind is not None and guests_of(excluded):
        yield "as a guest"


def _narrows(selection: Selection | None) -> bool:
    return selection is not None and (bool(selection.excluded) or not {"All", "all"} & set(selection.included))
