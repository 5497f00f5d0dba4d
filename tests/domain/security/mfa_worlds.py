"""Tenants in a few words, for tests of the decision about MFA."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from integrations.domain.policies.conditional_access import (
    AuthenticationStrength,
    ConditionalAccess,
    Conditions,
    ExternalUsers,
    Grant,
    PolicyApplications,
    PolicyUsers,
    Selection,
)
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.mfa_decision import MfaDecision, MfaDecisions, MfaInputs
from integrations.domain.security.policy_people import Directory, SignedInPerson
from integrations.domain.sync.records import Group
from integrations.domain.sync.security_records import NamedLocation, RoleMember

EVERYBODY = PolicyUsers(users=["All"])
MFA = Grant(operator="OR", controls=["mfa"])


class World(NamedTuple):
    """One tenant; None is what could not be read."""

    security_defaults: bool | None = False
    per_user: Mapping[str, str | None] | None = {}
    policies: Sequence[ConditionalAccess] | None = ()
    groups: Sequence[Group] | None = ()
    roles: Sequence[RoleMember] | None = ()
    locations: Sequence[NamedLocation] | None = ()
    strengths: Sequence[AuthenticationStrength] = ()
    eligible: Sequence[RoleSchedule] = ()


def decisions(world: World) -> MfaDecisions:
    return MfaDecisions(
        MfaInputs(
            security_defaults=world.security_defaults,
            per_user=world.per_user,
            policies=world.policies,
            directory=Directory(
                groups=None if world.groups is None else {it.id: it for it in world.groups}, roles=world.roles
            ),
            locations=None if world.locations is None else {it.id: it for it in world.locations},
            strengths={it.id: it for it in world.strengths},
            eligible=world.eligible,
        )
    )


def decision(world: World, person: SignedInPerson) -> MfaDecision:
    return decisions(world).decide(person)


def policy(
    *,
    id: str = "p",  # noqa: A002
    state: str = "enabled",
    grant: Grant | None = MFA,
    included: PolicyUsers = EVERYBODY,
    excluded: PolicyUsers = PolicyUsers(),  # noqa: B008
    applications: PolicyApplications | None = PolicyApplications(included=["All"]),  # noqa: B008
    session: dict[str, Any] | None = None,
    **conditions: Any,
) -> ConditionalAccess:
    """A policy that requires MFA of everybody, apart from what is said."""
    when = Conditions(included=included, excluded=excluded, applications=applications, **conditions)
    return ConditionalAccess(id=id, name=f"Policy {id}", state=state, conditions=when, grant=grant, session=session)


def only(*applications: str, excluding: Sequence[str] = (), **more: Any) -> PolicyApplications:
    return PolicyApplications(included=list(applications), excluded=list(excluding), **more)


def asks(*controls: str, **more: Any) -> Grant:
    return Grant(**{"operator": "OR", "controls": list(controls), **more})


def strength(*combinations: str, satisfies: str | None = None) -> AuthenticationStrength:
    return AuthenticationStrength(id="s", combinations=list(combinations) or None, satisfies=satisfies)


def users(*ids: str) -> PolicyUsers:
    return PolicyUsers(users=list(ids))


def groups(*ids: str) -> PolicyUsers:
    return PolicyUsers(groups=list(ids))


def roles(*ids: str) -> PolicyUsers:
    return PolicyUsers(roles=list(ids))


def guests(*kinds: str, tenants: list[str] | None = None) -> PolicyUsers:
    return PolicyUsers(external=ExternalUsers(kinds=list(kinds), tenants=tenants))


def places(*included: str, excluding: Sequence[str] = ()) -> Selection:
    return Selection(included=list(included), excluded=list(excluding))


def group(group_id: str, *members: str, may_hold_roles: bool = False) -> Group:
    return Group(id=group_id, name=f"Group {group_id}", members=list(members), may_hold_roles=may_hold_roles)


def role(role_id: str, member_id: str, kind: str = "user") -> RoleMember:
    return RoleMember(role_id=role_id, role=f"Role {role_id[:4]}", member_id=member_id, kind=kind)
