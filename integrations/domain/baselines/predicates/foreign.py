"""What narrows a Conditional Access policy: conditions under which it does not apply, and weaker ways to satisfy it.

A control asks for some conditions itself, such as a risk; the others are foreign to it. A policy that meets a control
only under foreign conditions does not protect every sign-in.
"""

from collections.abc import Callable, Collection, Mapping

from integrations.domain.policies.conditional_access import ConditionalAccess, Conditions, Grant, Selection

CLIENTS = frozenset({"browser", "mobileAppsAndDesktopClients", "exchangeActiveSync", "other"})


def _is_partial(selection: Selection | None, everything: str) -> bool:
    if selection is None or not (selection.included or selection.excluded):
        return False
    return bool(selection.excluded) or everything not in selection.included


def _leaves_out_clients(conditions: Conditions) -> bool:
    clients = set(conditions.client_apps)
    return bool(clients) and "all" not in clients and not clients >= CLIENTS


def _leaves_out_agents(conditions: Conditions) -> bool:
    return any(value for name, value in (conditions.workloads or {}).items() if not name.startswith("include"))


# By the names that controls use under ``asks``; the words finish the sentence "It only applies ...".
CONDITIONS: Mapping[str, tuple[str, Callable[[Conditions], bool]]] = {
    "user_risk": ("at certain risks of the user", lambda it: bool(it.user_risks)),
    "sign_in_risk": ("at certain risks of the sign-in", lambda it: bool(it.sign_in_risks)),
    "insider_risk": ("at certain insider risks", lambda it: bool(it.insider_risks)),
    "service_principal_risk": ("at certain risks of applications", lambda it: bool(it.service_principal_risks)),
    "agent_risk": ("at certain risks of agents", lambda it: bool(it.agent_risks)),
    "platforms": ("on certain kinds of devices", lambda it: _is_partial(it.platforms, "all")),
    "locations": ("at certain locations", lambda it: _is_partial(it.locations, "All")),
    "devices": ("to devices that match a filter", lambda it: bool(it.devices)),
    "flows": ("to certain ways of signing in", lambda it: bool(it.flows)),
    "client_apps": ("to certain kinds of client applications", _leaves_out_clients),
    "application_filter": (
        "to applications that match a filter",
        lambda it: bool(it.applications and it.applications.filter),
    ),
    "contexts": (
        "in certain authentication contexts",
        lambda it: bool(it.applications and it.applications.contexts),
    ),
    "user_actions": ("to certain user actions", lambda it: bool(it.applications and it.applications.user_actions)),
    "workloads": ("to sign-ins of applications", lambda it: bool(it.workloads)),
    "agents": ("to some agents", _leaves_out_agents),
}

# Conditions without which nothing can be said about a policy, by Microsoft's names.
_DECISIVE = frozenset({"users", "applications", "clientAppTypes"})


def is_unreadable(policy: ConditionalAccess) -> bool:
    """Whether what decides about a policy could not be read: whether it is on, or whom it applies to."""
    conditions = policy.conditions
    return policy.state == "unknown" or conditions is None or bool(_DECISIVE & conditions.other.keys())


def foreign_conditions(policy: ConditionalAccess, asks: Collection[str], accepts: Collection[str]) -> list[str]:
    """What narrows a policy apart from what the control ``asks`` for, in words.

    ``accepts`` are requirements that are as good as the control's, where one of several is enough.
    """
    conditions = policy.conditions or Conditions()
    found = [
        f"It only applies {words}."
        for name, (words, applies) in CONDITIONS.items()
        if name not in asks and applies(conditions)
    ]
    found += [f"It has a condition that is not understood: {name}." for name in sorted(conditions.other)]
    return found + [f"It also accepts something weaker: {name}." for name in foreign_ways(policy, accepts)]


def foreign_ways(policy: ConditionalAccess, accepts: Collection[str]) -> list[str]:
    """Requirements that are enough by themselves, and that the control does not accept."""
    if policy.grant is None or policy.grant.operator == "AND":
        return []
    return sorted(_ways(policy.grant) - set(accepts))


def _ways(grant: Grant) -> set[str]:
    """The requirements of which one is enough, by Microsoft's words for controls, and ours for everything else."""
    more = {
        "authentication strength": grant.strength,
        "terms of use": grant.terms_of_use,
        "custom control": grant.custom_factors,
        **grant.other,
    }
    return {*grant.controls, *(name for name, value in more.items() if value)}
