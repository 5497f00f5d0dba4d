"""How a simulated tenant is secured: scores, policies, and what its people have registered to prove themselves."""

from dataclasses import dataclass, field
from typing import Any

from local.microsoft.objects import Object


@dataclass
class Posture:
    """``scores`` holds what was set by hand: (points, most) by day; ``registrations`` properties by user id."""

    score_days: int = 90
    scores: dict[str, tuple[float, float]] = field(default_factory=dict)
    registrations: dict[str, Object] = field(default_factory=dict)
    security_defaults: bool = False
    authorization: Object = field(default_factory=dict)
    authentication_methods: Object = field(default_factory=dict)
    conditional_access: dict[str, Object] = field(default_factory=dict)


def posture_of(*, is_premium: bool, mark: str) -> Posture:
    """What tenants begin with: Conditional Access where it is paid for, security defaults where not."""
    if not is_premium:
        return Posture(security_defaults=True)
    seeded = [
        policy(f"{mark}-ca01-4000-8000-0000000000a1", displayName="Require MFA for all users"),
        policy(f"{mark}-ca02-4000-8000-0000000000a2", displayName="Block legacy authentication", **_BLOCK_LEGACY),
    ]
    return Posture(conditional_access={it["id"]: it for it in seeded})


def policy(key: str, **more: Any) -> Object:
    """A Conditional Access policy; without more it asks everybody for MFA, everywhere."""
    made: Object = {
        "id": key,
        "templateId": None,
        "displayName": "Policy",
        "createdDateTime": "2025-02-01T00:00:00Z",
        "modifiedDateTime": None,
        "deletedDateTime": None,
        "description": None,
        "state": "enabled",
        "sessionControls": None,
        "conditions": _conditions(),
        "grantControls": {**_GRANT, "builtInControls": ["mfa"]},
    }
    made.update(more)
    return made


def _conditions(client_apps: tuple[str, ...] = ("all",)) -> Object:
    return {
        "clientAppTypes": list(client_apps),
        "signInRiskLevels": [],
        "userRiskLevels": [],
        "servicePrincipalRiskLevels": [],
        "platforms": None,
        "locations": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "insiderRiskLevels": None,
        "applications": {
            "includeApplications": ["All"],
            "excludeApplications": [],
            "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [],
            "applicationFilter": None,
        },
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": [],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
            "includeGuestsOrExternalUsers": None,
            "excludeGuestsOrExternalUsers": None,
        },
    }


_GRANT: Object = {
    "operator": "OR",
    "builtInControls": [],
    "customAuthenticationFactors": [],
    "termsOfUse": [],
    "authenticationStrength": None,
}
_BLOCK_LEGACY: Object = {
    "conditions": _conditions(("exchangeActiveSync", "other")),
    "grantControls": {**_GRANT, "builtInControls": ["block"]},
}
