"""Controls about Conditional Access: whom a policy must reach, and what narrows it."""

from typing import Any

from integrations.domain.baselines.tenant import Exclusions
from tests.baselines.cases.case import (
    MET,
    NARROWED,
    NOT_MET,
    UNKNOWN,
    Case,
    case,
)
from tests.baselines.changing import policies, put
from tests.baselines.tenants import (
    AGENT_CA,
    AGENTS,
    CA,
    DEVICES,
    ROLES,
    STRONG,
    Change,
    policy,
    strength,
)

# What a policy must be for each control about one: conditions and requirements.
LEGACY = {"clientAppTypes": ["exchangeActiveSync", "other"]}
_REGISTER = {"includeApplications": [], "includeUserActions": ["urn:user:registersecurityinfo"]}
_ADMINS = {"includeUsers": [], "includeRoles": list(ROLES)}
_AGENTS = {"clientApplications": AGENTS, "agentIdRiskLevels": "high", "users": {}}
POLICY_CONTROLS: dict[str, dict[str, Any]] = {
    "MS.AAD.1.1v1": LEGACY,
    "MS.AAD.2.1v1": {"userRiskLevels": ["high"]},
    "MS.AAD.2.3v1": {"signInRiskLevels": ["high"]},
    "MS.AAD.3.1v1": {"grant": strength(*STRONG)},
    "MS.AAD.3.2v2": {"grant": {"builtInControls": ["mfa"]}},
    "MS.AAD.3.6v1": {"grant": strength(*STRONG), "users": _ADMINS},
    "MS.AAD.3.7v1": {"grant": DEVICES},
    "MS.AAD.3.8v1": {"grant": DEVICES, "applications": _REGISTER},
    "MS.AAD.3.9v1": {"authenticationFlows": {"transferMethods": "deviceCodeFlow"}},
    "MS.AAD.9.1v1": _AGENTS,
}
_BETA = {"MS.AAD.9.1v1"}
_WITHOUT_APPLICATIONS = {"MS.AAD.3.8v1"}
# The condition that each control asks for itself, so that it narrows nothing there.
_ASKS = {
    "MS.AAD.1.1v1": {"clients"}, "MS.AAD.2.1v1": {"user risk"}, "MS.AAD.2.3v1": {"sign-in risk"},
    "MS.AAD.3.8v1": {"user actions", "contexts", "application filter"}, "MS.AAD.3.9v1": {"flows"},
    "MS.AAD.9.1v1": {"agents", "workloads", "clients"},
}  # fmt: skip
_FOREIGN: dict[str, dict[str, Any]] = {
    "user risk": {"userRiskLevels": ["medium"]},
    "sign-in risk": {"signInRiskLevels": ["low"]},
    "insider risk": {"insiderRiskLevels": "elevated"},
    "application risk": {"servicePrincipalRiskLevels": ["high"]},
    "platforms": {"platforms": {"includePlatforms": ["android"], "excludePlatforms": []}},
    "platforms left out": {"platforms": {"includePlatforms": ["all"], "excludePlatforms": ["macOS"]}},
    "locations": {"locations": {"includeLocations": ["AllTrusted"], "excludeLocations": []}},
    "locations left out": {"locations": {"includeLocations": ["All"], "excludeLocations": ["AllTrusted"]}},
    "devices": {"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}},
    "flows": {"authenticationFlows": {"transferMethods": "authenticationTransfer"}},
    "clients": {"clientAppTypes": ["browser", "mobileAppsAndDesktopClients"]},
    "workloads": {"clientApplications": {"includeServicePrincipals": ["ServicePrincipalsInMyTenant"]}},
    "agents": {"agentIdRiskLevels": "high"},
    "something new": {"moonPhases": ["full"]},
}
_FOREIGN_APPLICATIONS: dict[str, dict[str, Any]] = {
    "application filter": {"applicationFilter": {"mode": "include", "rule": "CustomSecurityAttribute.a -eq 'b'"}},
    "contexts": {"includeAuthenticationContextClassReferences": ["c1"]},
    "user actions": {"includeUserActions": ["urn:user:registerdevice"]},
}
_NEUTRAL: dict[str, dict[str, Any]] = {
    "every platform": {"platforms": {"includePlatforms": ["all"], "excludePlatforms": []}},
    "every location": {"locations": {"includeLocations": ["All"], "excludeLocations": []}},
    "empty conditions": {"userRiskLevels": [], "signInRiskLevels": [], "platforms": None, "devices": None},
}


def only(control: str, name: str = "The only one", **changes: Any) -> Change:
    """Only one policy exists: the one that the control asks for, with these changes."""
    made = policy(name, **{**POLICY_CONTROLS[control], **changes})
    return policies(made, path=AGENT_CA if control in _BETA else CA)


def edited(control: str, *keys: str, to: Any) -> Change:
    """Only the policy that the control asks for exists, with one thing changed."""
    path = AGENT_CA if control in _BETA else CA

    def change(answers: dict[str, Any]) -> None:
        only(control)(answers)
        put(path, 0, *keys, to=to)(answers)

    return change


def _about_policies(control: str) -> list[Case]:
    made = [
        case(control, "no policy", policies(path=AGENT_CA if control in _BETA else CA), is_=NOT_MET),
        case(control, "the policy alone", only(control), is_=MET),
        case(control, "report only", edited(control, "state", to="enabledForReportingButNotEnforced"), is_=NOT_MET),
        case(control, "switched off", edited(control, "state", to="disabled"), is_=NOT_MET),
        case(control, "an unknown state", edited(control, "state", to="soon"), is_=UNKNOWN, scuba=NOT_MET),
        case(control, "it requires nothing", edited(control, "grantControls", to=None), is_=NOT_MET),
        case(control, "it requires terms of use only",
             edited(control, "grantControls", to={"operator": "OR", "termsOfUse": ["t"]}), is_=NOT_MET),
        case(control, "conditions that cannot be read",
             edited(control, "conditions", "applications", to="what?"), is_=UNKNOWN, scuba=NOT_MET),
    ]  # fmt: skip
    made += _about_people(control) if control not in _BETA else []
    made += _about_applications(control) if control not in _WITHOUT_APPLICATIONS else []
    return made + _about_conditions(control)


def _about_people(control: str) -> list[Case]:
    excluded = {"users": "excludeUsers", "groups": "excludeGroups"}
    guests = {"guestOrExternalUserTypes": "serviceProvider", "externalTenants": {"membershipKind": "all"}}
    made = [
        case(control, "roles left out", users(control, excludeRoles=["r"]), is_=NOT_MET),
        case(control, "guests left out", users(control, excludeGuestsOrExternalUsers=guests), is_=NOT_MET),
        case(control, "guests left out by an old word", users(control, excludeUsers=["GuestsOrExternalUsers"]),
             is_=NOT_MET),
        case(control, "guests named as an exception", users(control, excludeGuestsOrExternalUsers=guests), is_=MET,
             exclusions=Exclusions(guest_types=["serviceProvider"])),
        case(control, "more guests than named",
             users(control, excludeGuestsOrExternalUsers={"guestOrExternalUserTypes": "serviceProvider,internalGuest"}),
             is_=NOT_MET, exclusions=Exclusions(guest_types=["serviceProvider"])),
    ]  # fmt: skip
    for kind, key in excluded.items():
        some: Any = Exclusions(**{kind: ["x", "y"]})
        made += [
            case(control, f"{kind} left out", users(control, **{key: ["x"]}), is_=NOT_MET),
            case(control, f"{kind} named as exceptions", users(control, **{key: ["x"]}), is_=MET, exclusions=some),
            case(control, f"more {kind} than named", users(control, **{key: ["x", "z"]}), is_=NOT_MET, exclusions=some),
        ]
    if control != "MS.AAD.3.6v1":
        made.append(case(control, "some users only", users(control, includeUsers=["x"]), is_=NOT_MET))
        made.append(case(control, "a group only", users(control, includeUsers=[], includeGroups=["g"]), is_=NOT_MET))
        made.append(case(control, "all and somebody", users(control, includeUsers=["All", "x"]), is_=MET))
    return made


def users(control: str, **changes: Any) -> Change:
    before = POLICY_CONTROLS[control].get("users", {"includeUsers": ["All"]})
    return only(control, users={**before, **changes})


def _about_applications(control: str) -> list[Case]:
    def applications(**changes: Any) -> Change:
        return only(control, applications={"includeApplications": ["All"], **changes})

    some = Exclusions(applications=["a", "b"])
    return [
        case(control, "some applications only", applications(includeApplications=["Office365"]), is_=NOT_MET),
        case(control, "all applications and one", applications(includeApplications=["All", "a"]), is_=MET),
        case(control, "no applications", only(control, applications=None), is_=NOT_MET),
        case(control, "applications left out", applications(excludeApplications=["a"]), is_=NOT_MET),
        case(control, "applications named as exceptions", applications(excludeApplications=["a"]), is_=MET,
             exclusions=some),
        case(control, "more applications than named", applications(excludeApplications=["a", "c"]), is_=NOT_MET,
             exclusions=some),
    ]  # fmt: skip


def _about_conditions(control: str) -> list[Case]:
    asks = _ASKS.get(control, set())
    made = [
        case(control, f"narrowed: {name}", only(control, **changes), is_=NARROWED, scuba=MET)
        for name, changes in _FOREIGN.items()
        if not any(name.startswith(it) for it in asks)
    ]
    before = POLICY_CONTROLS[control].get("applications", {"includeApplications": ["All"]})
    made += [
        case(control, f"narrowed: {name}", only(control, applications={**before, **changes}), is_=NARROWED, scuba=MET)
        for name, changes in _FOREIGN_APPLICATIONS.items()
        if name not in asks
    ]
    made += [case(control, name, only(control, **changes), is_=MET) for name, changes in _NEUTRAL.items()
             if not (set(changes) & set(POLICY_CONTROLS[control]))]  # fmt: skip
    return made


def _parts(control: str, *parts: dict[str, Any]) -> Change:
    """The policy that the control asks for in several parts, each under other conditions."""
    wanted = POLICY_CONTROLS[control]
    made = (policy(f"Part {number}", **{**wanted, **part}) for number, part in enumerate(parts))
    return policies(*made, path=AGENT_CA if control in _BETA else CA)


def _together(control: str) -> list[Case]:
    def place(included: str, *excluded: str) -> dict[str, Any]:
        return {"locations": {"includeLocations": [included], "excludeLocations": list(excluded)}}

    def platform(included: str, *excluded: str) -> dict[str, Any]:
        return {"platforms": {"includePlatforms": [included], "excludePlatforms": list(excluded)}}

    browser, others = {"clientAppTypes": ["browser"]}, {"clientAppTypes": ["mobileAppsAndDesktopClients", "other"]}
    sync = {"clientAppTypes": ["exchangeActiveSync", "other"]}
    opaque = {"devices": {"deviceFilter": {"mode": "include", "rule": "device.isCompliant -eq True"}}}
    rest = {"devices": {"deviceFilter": {"mode": "exclude", "rule": "device.isCompliant -eq True"}}}
    every = [("trusted places and all others", (place("AllTrusted"), place("All", "AllTrusted")), MET),
             ("a place and all others", (place("hq"), place("All", "hq")), MET),
             ("a place, and all but another", (place("hq"), place("All", "branch")), NARROWED),
             ("two places that can overlap", (place("hq", "branch"), place("All", "hq")), NARROWED),
             ("one platform and all others", (platform("iOS"), platform("all", "iOS")), MET),
             ("two platforms", (platform("iOS"), platform("android")), NARROWED),
             ("a filter and its opposite", (opaque, rest), NARROWED),
             ("one part twice", (place("hq"), place("hq")), NARROWED),
             ("many places", tuple(place(f"l{number}") for number in range(9)), NARROWED)]  # fmt: skip
    risks = [
        ("every risk", ({"signInRiskLevels": ["none", "low"]}, {"signInRiskLevels": ["medium", "high"]}), MET),
        ("some risks", ({"signInRiskLevels": ["low"]}, {"signInRiskLevels": ["medium", "high"]}), NARROWED),
        ("every risk of users", ({"userRiskLevels": ["none", "low"]}, {"userRiskLevels": ["medium", "high"]}), MET),
        ("some risks of users", ({"userRiskLevels": ["none"]}, {"userRiskLevels": ["low", "high"]}), NARROWED),
    ]
    clients = [("every client", (browser, others, sync), MET), ("most clients", (browser, others), NARROWED)]
    asks = _ASKS.get(control, set())
    parts = every + (clients if "clients" not in asks else []) + (risks if not any("risk" in it for it in asks) else [])
    return [case(control, f"together: {name}", _parts(control, *some), is_=verdict, scuba=MET)
            for name, some, verdict in parts]  # fmt: skip


CASES = [it for control in POLICY_CONTROLS for it in (*_about_policies(control), *_together(control))]
