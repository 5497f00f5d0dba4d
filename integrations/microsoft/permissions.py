"""The permissions our application asks of a tenant, and the feature that needs each: no more than this.

Frozen here on purpose: a test compares the app registration and every consent with it (reliability.md T30).
Source: https://learn.microsoft.com/graph/permissions-reference
"""

APPLICATION_PERMISSIONS: dict[str, str] = {
    "Organization.Read.All": "the tenant's name, domains and service plans",
    "User.Read.All": "users, and their licences",
    "LicenseAssignment.Read.All": "bought and assigned licences",
    "Directory.Read.All": "whether the person who connects a tenant is its Global Administrator; domains, directory "
    "roles and groups; and whether the tenant is licensed for sign-in activity",
    "Device.Read.All": "devices and their owners",
    "DeviceManagementManagedDevices.Read.All": "devices that Intune manages, with their serial numbers",
    "SecurityEvents.Read.All": "the Secure Score and what it is made of",
    "AuditLog.Read.All": "who has registered for MFA, and when people last signed in",
    "Policy.Read.All": "Conditional Access, security defaults and other policies",
}

# Without these no sync can work; a missing other one costs only its own data set.
CORE_PERMISSIONS = frozenset({"Organization.Read.All", "User.Read.All"})

SIGN_IN_SCOPES = ("User.Read",)

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
