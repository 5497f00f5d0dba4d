"""A Conditional Access policy as it is stored: everything that decides whom it applies to, when, and what it requires.

Names are ours, values are Microsoft's: ids, "All", or its words. What this version does not know, or could not read,
is kept under ``other`` by Microsoft's name, so that nobody takes a narrowed policy for one that applies to everything.
Source: https://learn.microsoft.com/graph/api/resources/conditionalaccesspolicy
"""

from datetime import datetime
from typing import Any

import msgspec


class ExternalUsers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Guests and external users.

    Attributes:
        kinds: Their kinds in Microsoft's words, such as b2bCollaborationGuest.
        tenants: The ids of the organizations they come from. Null: from any.
    """

    kinds: list[str] = []
    tenants: list[str] | None = None


class PolicyUsers(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The people that a policy includes or excludes.

    Attributes:
        users: Object ids, or "All", "None", or "GuestsOrExternalUsers".
        groups: Object ids of groups.
        roles: Ids of role templates.
        external: Kinds of guests and external users. Null if none are named.
    """

    users: list[str] = []
    groups: list[str] = []
    roles: list[str] = []
    external: ExternalUsers | None = None


class PolicyApplications(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What people sign in to.

    Attributes:
        included: Ids of applications, "All", "None", or Microsoft's names of groups of them, such as Office365.
        excluded: The same.
        user_actions: Actions instead of applications, such as urn:user:registersecurityinfo.
        contexts: Authentication contexts instead of applications, such as c1.
        filter: A rule that selects applications. Null if there is none.
    """

    included: list[str] = []
    excluded: list[str] = []
    user_actions: list[str] = []
    contexts: list[str] = []
    filter: dict[str, Any] | None = None


class Selection(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Platforms or named locations.

    Attributes:
        included: Ids or words, or "All".
        excluded: The same; "AllTrusted" are all trusted locations.
    """

    included: list[str] = []
    excluded: list[str] = []


_EVERYWHERE = Selection(included=["All"])


class Conditions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """When a policy applies. An empty list and null mean that there is no such condition.

    Attributes:
        included: The people it applies to.
        excluded: The people it does not apply to, even if they are included.
        applications: What they sign in to. Null for policies about something else.
        client_apps: Kinds of clients, such as browser; "all" are all.
        platforms: Kinds of devices, such as windows.
        locations: Named locations.
        sign_in_risks: Risks of the sign-in, such as high.
        user_risks: Risks of the user.
        service_principal_risks: Risks of an application's own sign-in.
        insider_risks: Levels of insider risk.
        flows: Ways of signing in, such as deviceCodeFlow.
        devices: The rule for devices, as Microsoft has it. Null if there is none.
        workloads: The applications whose own sign-ins it is about, as Microsoft has them. Null if it is about people.
        agent_risks: Risks of an agent (beta only).
        other: Conditions that are set and not understood, by Microsoft's name.
    """

    included: PolicyUsers = PolicyUsers()
    excluded: PolicyUsers = PolicyUsers()
    applications: PolicyApplications | None = None
    client_apps: list[str] = []
    platforms: Selection | None = None
    locations: Selection | None = None
    sign_in_risks: list[str] = []
    user_risks: list[str] = []
    service_principal_risks: list[str] = []
    insider_risks: list[str] = []
    flows: list[str] = []
    devices: dict[str, Any] | None = None
    workloads: dict[str, Any] | None = None
    agent_risks: list[str] = []
    other: dict[str, Any] = {}

    @property
    def is_narrowed(self) -> bool:
        """Whether it applies only at some places, on some devices, at some risk, or to filtered applications."""
        narrowing = (
            self.sign_in_risks, self.user_risks, self.service_principal_risks, self.insider_risks, self.agent_risks,
            self.flows, self.platforms, self.devices, self.workloads, self.other,
            self.applications is not None and self.applications.filter,
            self.locations not in (None, Selection(), _EVERYWHERE),
        )  # fmt: skip
        return any(narrowing)


class AuthenticationStrength(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An authentication strength: combinations of methods, of which one is enough.

    Attributes:
        id: Microsoft's id of the strength.
        name: Its name. Null if Microsoft does not say; it proves nothing.
        combinations: Combinations of methods, such as "password,softwareOath". Null if they are not known.
        satisfies: "mfa" or "none", Microsoft's own word on whether it is MFA. Null if it does not say.
    """

    id: str
    name: str | None = None
    combinations: list[str] | None = None
    satisfies: str | None = None


class Grant(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a policy requires before it lets somebody in.

    Attributes:
        operator: "AND" if all of it is required, "OR" if one is enough. Null if Microsoft does not say.
        controls: Built-in controls, such as mfa, compliantDevice or block.
        custom_factors: Ids of custom controls.
        terms_of_use: Ids of terms of use.
        strength: The authentication strength. Null if none is required.
        other: Requirements that are set and not understood, by Microsoft's name.
    """

    operator: str | None = None
    controls: list[str] = []
    custom_factors: list[str] = []
    terms_of_use: list[str] = []
    strength: AuthenticationStrength | None = None
    other: dict[str, Any] = {}


class ConditionalAccess(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A Conditional Access policy.

    Attributes:
        id: Microsoft's id of the policy.
        name: The policy's name.
        state: "enabled", "disabled", "report only", or "unknown".
        conditions: When it applies. Null if that could not be read: nothing can be said about it.
        grant: What it requires. Null if it requires nothing.
        session: Session controls, as Microsoft has them. Null if there are none.
        changed_at: When it was last changed. Null if Microsoft does not say.
        other: Properties that are set and not understood, by Microsoft's name.
    """

    id: str
    name: str
    state: str
    conditions: Conditions | None = None
    grant: Grant | None = None
    session: dict[str, Any] | None = None
    changed_at: datetime | None = None
    other: dict[str, Any] = {}
