"""Faults that a decision about MFA could have. Each makes one, by replacing a part of the product."""

import dataclasses
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from integrations.domain.policies.conditional_access import Conditions, PolicyUsers, Selection
from integrations.domain.security import demand, policy_people
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.mfa_decision import MfaDecisions, MfaInputs
from integrations.domain.security.sign_ins.space import SignInSpace
from integrations.domain.sync.security_records import RoleMember

Mutate = Callable[[pytest.MonkeyPatch], None]


def direct_members_only(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(policy_people, "everybody_in", lambda groups, key: set(groups[key].members))


def any_strength_counts(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(demand, "demand_of_strength", lambda *_: Certainty.YES)


def report_only_counts(patch: pytest.MonkeyPatch) -> None:
    _changing_policies(patch, lambda it: {"state": "enabled"} if it.state == "report only" else {})


def or_taken_for_and(patch: pytest.MonkeyPatch) -> None:
    _changing_policies(patch, lambda it: {"grant": it.grant and msgspec.structs.replace(it.grant, operator="AND")})


def exclusion_forgotten(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda _: {"excluded": PolicyUsers()})


def exclusion_of_roles_forgotten(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda it: {"excluded": msgspec.structs.replace(it.excluded, roles=[])})


def typed_exclusion_ignored(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda it: {"excluded": msgspec.structs.replace(it.excluded, external=None)})


def all_excludes_guests(patch: pytest.MonkeyPatch) -> None:
    masks = policy_people._Audience.masks

    def without_guests(side: Any, person: Any) -> Any:
        return masks(side if person.guest_kind is None else dataclasses.replace(side, everybody=0), person)

    patch.setattr(policy_people._Audience, "masks", without_guests)


def eligible_counts_as_active(patch: pytest.MonkeyPatch) -> None:
    def with_eligible(inputs: MfaInputs) -> MfaInputs:
        eligible = [
            RoleMember(role_id=it.role_id, role="", member_id=it.principal_id, kind="user") for it in inputs.eligible
        ]
        roles = None if inputs.directory.roles is None else [*inputs.directory.roles, *eligible]
        directory = policy_people.Directory(groups=inputs.directory.groups, roles=roles)
        return dataclasses.replace(inputs, directory=directory)

    _changing_inputs(patch, with_eligible)


def unread_groups_taken_for_empty(patch: pytest.MonkeyPatch) -> None:
    def empty(inputs: MfaInputs) -> MfaInputs:
        directory = policy_people.Directory(groups=inputs.directory.groups or {}, roles=inputs.directory.roles)
        return dataclasses.replace(inputs, directory=directory)

    _changing_inputs(patch, empty)


def locations_ignored(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda _: {"locations": None})


def trusted_locations_not_looked_up(patch: pytest.MonkeyPatch) -> None:
    _changing_inputs(patch, lambda inputs: dataclasses.replace(inputs, locations={}))


def client_apps_ignored(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda _: {"client_apps": []})


def excluded_platforms_ignored(patch: pytest.MonkeyPatch) -> None:
    def all_platforms(conditions: Conditions) -> dict[str, Any]:
        platforms = conditions.platforms
        return {"platforms": platforms and Selection(included=platforms.included)}

    _changing_conditions(patch, all_platforms)


def excluded_applications_ignored(patch: pytest.MonkeyPatch) -> None:
    def all_applications(conditions: Conditions) -> dict[str, Any]:
        applications = conditions.applications
        return {"applications": applications and msgspec.structs.replace(applications, excluded=[])}

    _changing_conditions(patch, all_applications)


def unknown_conditions_ignored(patch: pytest.MonkeyPatch) -> None:
    _changing_conditions(patch, lambda _: {"other": {}})


def policies_never_taken_together(patch: pytest.MonkeyPatch) -> None:
    first_gap = SignInSpace.first_gap

    def gap_of_the_widest(space: SignInSpace, regions: Any) -> Any:
        gaps = [first_gap(space, [it]) for it in regions]
        return None if None in gaps else (gaps or [space.everything])[0]

    patch.setattr(SignInSpace, "first_gap", gap_of_the_widest)


MUTATIONS: list[Mutate] = [
    direct_members_only,
    any_strength_counts,
    report_only_counts,
    or_taken_for_and,
    exclusion_forgotten,
    exclusion_of_roles_forgotten,
    typed_exclusion_ignored,
    all_excludes_guests,
    eligible_counts_as_active,
    unread_groups_taken_for_empty,
    locations_ignored,
    trusted_locations_not_looked_up,
    client_apps_ignored,
    excluded_platforms_ignored,
    excluded_applications_ignored,
    unknown_conditions_ignored,
    policies_never_taken_together,
]


def _changing_policies(patch: pytest.MonkeyPatch, changes: Callable[[Any], dict[str, Any]]) -> None:
    def changed(inputs: MfaInputs) -> MfaInputs:
        policies = inputs.policies and [msgspec.structs.replace(it, **changes(it)) for it in inputs.policies]
        return dataclasses.replace(inputs, policies=policies)

    _changing_inputs(patch, changed)


def _changing_conditions(patch: pytest.MonkeyPatch, changes: Callable[[Conditions], dict[str, Any]]) -> None:
    _changing_policies(
        patch, lambda it: {"conditions": msgspec.structs.replace(it.conditions, **changes(it.conditions))}
    )


def _changing_inputs(patch: pytest.MonkeyPatch, change: Callable[[MfaInputs], MfaInputs]) -> None:
    begin = MfaDecisions.__init__
    patch.setattr(MfaDecisions, "__init__", lambda self, inputs: begin(self, change(inputs)))
