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
