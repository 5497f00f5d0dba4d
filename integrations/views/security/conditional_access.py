"""A Conditional Access policy as the API shows it: in short, without what only a verdict needs."""

from datetime import datetime

import msgspec

from integrations.domain.policies.conditional_access import (
    ConditionalAccess,
    Conditions,
    Grant,
    PolicyApplications,
    PolicyUsers,
    Selection,
)

_EXTERNAL = "GuestsOrExternalUsers"


class ConditionalAccessView(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Conditional Access policy, in short. Lists hold ids, or "All".

    Attributes:
        id: Microsoft's id of the policy.
        name: The policy's name.
        state: Whether it counts: "enabled", "disabled", "report only" or "unknown".
        demands: The grant controls, such as mfa or block.
        all_demands: Whether all of them are required. Otherwise one is enough.
        users: Users that it applies to: object ids, or "All".
        groups: Groups that it applies to.
        roles: Directory roles that it applies to.
        guests: Whether it applies to guests and external users.
        without_users: Users that it excludes.
        without_groups: Groups that it excludes.
        without_roles: Directory roles that it excludes.
        without_guests: Whether it excludes guests and external users.
        applications: Applications that it applies to: ids, "All", or Microsoft's names of groups of them.
        without_applications: Applications that it excludes.
        client_apps: The kinds of client that it applies to.
        is_narrowed: Whether a condition that is not listed here narrows it further.
        sign_in_risks: The risks of a sign-in at which it applies. Empty: at any.
        user_risks: The risks of a user at which it applies. Empty: at any.
        locations: Named locations that it applies to. Empty: everywhere.
        without_locations: Named locations that it excludes.
        not_understood: What is set in the policy and not understood, by Microsoft's names. Absent if there is nothing.
        strength: The name of the authentication strength that it requires. Null if none.
        changed_at: When it was last changed. Null if Microsoft does not say.
    """

    id: str
    name: str
    state: str
    demands: list[str] = []
    all_demands: bool = False
    users: list[str] = []
    groups: list[str] = []
    roles: list[str] = []
    guests: bool = False
    without_users: list[str] = []
    without_groups: list[str] = []
    without_roles: list[str] = []
    without_guests: bool = False
    applications: list[str] = []
    without_applications: list[str] = []
    client_apps: list[str] = []
    is_narrowed: bool = False
    sign_in_risks: list[str] = []
    user_risks: list[str] = []
    locations: list[str] = []
    without_locations: list[str] = []
    not_understood: list[str] = []
    strength: str | None = None
    changed_at: datetime | None = None


def conditional_access_view(policy: ConditionalAccess) -> ConditionalAccessView:
    """The policy in short."""
    conditions, grant = policy.conditions or Conditions(), policy.grant or Grant()
    who, without = conditions.included, conditions.excluded
    what = conditions.applications or PolicyApplications()
    places = conditions.locations or Selection()
    return ConditionalAccessView(
        id=policy.id,
        name=policy.name,
        state=policy.state,
        demands=_demands(grant),
        all_demands=grant.operator == "AND",
        users=who.users,
        groups=who.groups,
        roles=who.roles,
        guests=_has_guests(who),
        without_users=without.users,
        without_groups=without.groups,
        without_roles=without.roles,
        without_guests=_has_guests(without),
        applications=what.included,
        without_applications=what.excluded,
        client_apps=conditions.client_apps,
        is_narrowed=policy.conditions is None or conditions.is_narrowed,
        sign_in_risks=conditions.sign_in_risks,
        user_risks=conditions.user_risks,
        locations=places.included,
        without_locations=places.excluded,
        not_understood=sorted({*conditions.other, *grant.other}),
        strength=(grant.strength.name or grant.strength.id) if grant.strength else None,
        changed_at=policy.changed_at,
    )


def _has_guests(people: PolicyUsers) -> bool:
    return people.external is not None or _EXTERNAL in people.users


def _demands(grant: Grant) -> list[str]:
    more = (
        ("authenticationStrength", grant.strength),
        ("termsOfUse", grant.terms_of_use),
        ("customAuthenticationFactor", grant.custom_factors),
    )
    return sorted({*grant.controls, *grant.other, *(name for name, there in more if there)})
