"""What the API tells of a tenant's devices and security, made up."""

from tests.browser.told import HOSTILE, ago

DEVICES = [
    {
        "id": "d1",
        "name": "FRONTDESK-01",
        "system": "Windows",
        "system_version": "11",
        "manufacturer": "Contoso",
        "model": "Book 3",
        "is_compliant": True,
        "last_seen_at": ago(hours=3),
    },
    {"id": "d2", "name": HOSTILE, "last_seen_at": None},
]
SECURITY = {
    "mfa": {
        "state": "fresh",
        "as_of": ago(minutes=40),
        "people": {"users": 44, "users_without": 11, "admins": 2, "admins_without": 1},
        "demanded_by": [],
        "without": [
            {
                "user_id": "u1",
                "name": HOSTILE,
                "username": "robin1@tenant20.onmicrosoft.com",
                "is_admin": True,
                "is_guest": False,
                "as_of": ago(hours=5),
            },
            {
                "user_id": "u2",
                "name": "Robin Taylor 2",
                "username": "robin2@tenant20.onmicrosoft.com",
                "is_admin": False,
                "is_guest": True,
                "as_of": ago(hours=5),
            },
        ],
    },
    "administrators": [
        {
            "user_id": "u1",
            "name": "Robin Taylor 1",
            "username": "robin1@x",
            "roles": ["Global Administrator"],
            "through": [],
            "has_mfa": False,
        },
        {
            "user_id": "u9",
            "name": None,
            "username": None,
            "roles": ["User Administrator"],
            "through": ["Helpdesk"],
            "has_mfa": None,
        },
    ],
    "conditional_access": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [
            {
                "id": "p1",
                "name": "Require MFA for all users",
                "state": "enabled",
                "demands": ["mfa"],
                "users": ["All"],
                "without_users": ["u9", "u8"],
                "without_groups": ["g1"],
                "applications": ["All"],
                "locations": ["All"],
                "without_locations": ["l1"],
                "is_narrowed": True,
            },
            {
                "id": "p2",
                "name": HOSTILE,
                "state": "report only",
                "demands": ["authenticationStrength", "compliantDevice"],
                "all_demands": True,
                "strength": "Phishing-resistant MFA",
                "roles": ["r1"],
            },
        ],
    },
    "named_locations": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [
            {"id": "l1", "name": "Office", "kind": "ip", "is_trusted": True, "ranges": ["203.0.113.0/24"]},
            {"id": "l2", "name": "Home", "kind": "country", "countries": ["CA", "US"], "includes_unknown": True},
        ],
    },
    "security_defaults": {"state": "fresh", "as_of": ago(hours=2), "items": [{"is_enabled": False}]},
    "authorization_policy": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [
            {
                "invites_from": "adminsAndGuestInviters",
                "guest_access": "limited",
                "users_may_create_apps": True,
                "users_may_create_groups": True,
                "users_may_create_tenants": False,
                "users_may_consent": ["ManagePermissionGrantsForSelf.microsoft-user-default-low"],
            }
        ],
    },
    "authentication_methods": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [{"enabled": ["Fido2", "MicrosoftAuthenticator"], "disabled": ["Sms", "Voice"]}],
    },
    "admin_consent_requests": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [{"is_enabled": True, "reviewers": 2, "days": 30}],
    },
    "cross_tenant_access": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [
            {"partner_id": "7d1f0000-0000-4000-8000-0000000000c1", "trusts_mfa": True, "collaboration_in": "some"},
            {"collaboration_in": "allowed", "collaboration_out": "allowed", "trusts_mfa": False},
        ],
    },
    "group_settings": {
        "state": "fresh",
        "as_of": ago(hours=2),
        "items": [{"id": "s1", "name": "Password Rule Settings", "values": {"LockoutThreshold": "10"}}],
    },
    "improvements": [
        {
            "id": "MFARegistrationV2",
            "title": "Ensure multifactor authentication is enabled for all users",
            "category": "Identity",
            "service": "AzureAD",
            "points": 3.2,
            "max_points": 9,
            "user_impact": "Moderate",
            "cost": "Low",
        },
    ],
}
