"""How a simulated tenant is secured: scores, policies, and what its people have registered to prove themselves."""

from dataclasses import dataclass, field
from typing import Any

from local.microsoft.world.collection import Object
from local.microsoft.world.policies.methods import methods, strengths


@dataclass
class Posture:
    """``scores`` holds what was set by hand: (points, most) by day; ``registrations`` properties by user id.

    ``role_assignments`` are properties of active assignments by their id, or assignments of their own; ``role_rules``
    properties of rules by the role's id, or by "group id/member"; ``domains`` properties by the domain's name.
    """

    score_days: int = 90
    scores: dict[str, tuple[float, float]] = field(default_factory=dict)
    registrations: dict[str, Object] = field(default_factory=dict)
    security_defaults: bool = False
    authorization: Object = field(default_factory=dict)
    authentication_methods: Object = field(default_factory=dict)
    methods: dict[str, Object] = field(default_factory=methods)
    strengths: dict[str, Object] = field(default_factory=strengths)
    per_user_mfa: dict[str, str | None] = field(default_factory=dict)
    role_assignments: dict[str, Object] = field(default_factory=dict)
    role_eligibilities: dict[str, Object] = field(default_factory=dict)
    role_rules: dict[str, dict[str, Object]] = field(default_factory=dict)
    default_app_management: Object = field(default_factory=dict)
    app_management: dict[str, Object] = field(default_factory=dict)
    permission_classifications: dict[str, Object] = field(default_factory=dict)
    domains: dict[str, Object] = field(default_factory=dict)
    admin_consent_requests: Object = field(default_factory=dict)
    cross_tenant_access: Object = field(default_factory=dict)
    conditional_access: dict[str, Object] = field(default_factory=dict)
    named_locations: dict[str, Object] = field(default_factory=dict)
    partners: dict[str, Object] = field(default_factory=dict)
    group_settings: dict[str, Object] = field(default_factory=dict)


def posture_of(*, is_premium: bool, mark: str) -> Posture:
    """What tenants begin with: Conditional Access where it is paid for, security defaults where not."""
    if not is_premium:
        return Posture(security_defaults=True)
    seeded = [
        policy(f"{mark}-ca01-4000-8000-0000000000a1", displayName="Require MFA for all users"),
        policy(f"{mark}-ca02-4000-8000-0000000000a2", displayName="Block legacy authentication", **_BLOCK_LEGACY),
    ]
    office: Object = {
        "@odata.type": "#microsoft.graph.ipNamedLocation", "id": f"{mark}-ca03-4000-8000-0000000000a3",
        "displayName": "Office", "isTrusted": True,
        "ipRanges": [{"@odata.type": "#microsoft.graph.iPv4CidrRange", "cidrAddress": "203.0.113.0/24"}],
    }  # fmt: skip
    return Posture(
        conditional_access={it["id"]: it for it in seeded},
        named_locations={office["id"]: office},
        group_settings={it["id"]: it for it in [group_settings(f"{mark}-9500-4000-8000-0000000000b1", **_PASSWORDS)]},
    )


def group_settings(key: str, *, name: str, template: str, values: dict[str, str]) -> Object:
    """Values that a tenant changed from a template's."""
    listed = [{"name": it, "value": value} for it, value in values.items()]
    return {"id": key, "displayName": name, "templateId": template, "values": listed}


def policy(key: str, **more: Any) -> Object:
    """A Conditional Access policy; without more it asks everybody for MFA, everywhere."""
    rule: Object = {
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
    rule.update(more)
    return rule


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
        "agentIdRiskLevels": None,
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


_PASSWORDS: Object = {
    "name": "Password Rule Settings",
    "template": "5cf42378-d67d-4f36-ba46-e8b86229381d",
    "values": {"BannedPasswordList": "Contoso\tAutumn", "LockoutThreshold": "10"},
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
