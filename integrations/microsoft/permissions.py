"""The permissions our application requests, each with the feature that needs it.

A fixed list on purpose: a test compares the app registration and every consent with it (reliability.md T30).
Source: https://learn.microsoft.com/graph/permissions-reference
"""

import hashlib
import re
from collections.abc import Collection
from typing import NamedTuple

from integrations.domain.account_settings import Feature
from integrations.domain.ids import FIRST_REGISTRATION, ClientId

GRAPH_APP = "00000003-0000-0000-c000-000000000000"

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


class Use(NamedTuple):
    """What a permission is for: the feature that needs it, and what is read with it."""

    feature: Feature
    reason: str


# Without one of these, what is read with it is unknown, and nothing else. A single tenant grants them when it consents;
# customers of a CSP are granted them once the account has turned the feature on.
FEATURE_PERMISSIONS: dict[str, Use] = {
    "RoleManagement.Read.Directory": Use(Feature.BASELINES, "who has which role, from when until when"),
    "RoleManagementPolicy.Read.Directory": Use(
        Feature.BASELINES, "whether a role needs approval, and who is told when somebody gets it"
    ),
    "RoleManagementPolicy.Read.AzureADGroup": Use(
        Feature.BASELINES, "the same for groups through which somebody gets a role"
    ),
    "PrivilegedEligibilitySchedule.Read.AzureADGroup": Use(
        Feature.BASELINES, "who may become a member of a group that has a role"
    ),
    "Application.Read.All": Use(
        Feature.BASELINES, "which applications have rules of their own, and which permissions are called low-risk"
    ),
}
OPTIONAL_PERMISSIONS: dict[str, Use] = {
    "MailboxSettings.Read": Use(Feature.MAILBOXES, "whether a mailbox belongs to a person, or is shared"),
    "Place.Read.All": Use(Feature.MAILBOXES, "which mailboxes are rooms"),
}
MORE_PERMISSIONS = {**FEATURE_PERMISSIONS, **OPTIONAL_PERMISSIONS}

# Also requested from single tenants, and used only to uninstall our own application. A tenant that has not granted it
# works all the same; there somebody has to remove the application by hand.
OWN_REMOVAL = "Application.ReadWrite.OwnedBy"

# Without these no sync works; without another one, only its own data sets are missing.
CORE_PERMISSIONS = frozenset({"Organization.Read.All", "User.Read.All"})

SIGN_IN_SCOPES = ("User.Read",)

# Delegated Graph permissions of a CSP's service account in its own tenant.
PARTNER_SCOPES: dict[str, str] = {
    "User.Read": "who signed in, and the account's roles",
    "GroupMember.Read.All": "whether the account is in AdminAgents and in the customers' security groups",
    "DelegatedAdminRelationship.Read.All": "customers, admin relationships and access assignments",
}

# Partner Center's only permission: read customers, and consent on their behalf.
PARTNER_CENTER_SCOPE = "user_impersonation"

# Delegated permissions in a customer's tenant, needed to grant our application the permissions above.
CUSTOMER_SCOPES: dict[str, str] = {
    "Application.Read.All": "our application and Graph as they are known in the customer's tenant",
    "AppRoleAssignment.ReadWrite.All": "granting our application its permissions there",
}

# The value of a token's ``amr`` claim that means Entra ID MFA; others (ngcmfa, rsa, fido) are not sufficient alone.
MFA = "mfa"

# The only writes to Graph that we make: grant our own application a role, revoke it, delete our own service principal,
# and subscribe to change notifications.
ROLE_GRANT = re.compile(r"/servicePrincipals/[0-9a-fA-F-]{36}/appRoleAssignedTo")
ROLE_REMOVAL = re.compile(r"/servicePrincipals/[0-9a-fA-F-]{36}/appRoleAssignedTo/[A-Za-z0-9_-]{1,128}")
SUBSCRIPTIONS = re.compile(r"/subscriptions(/[0-9a-fA-F-]{36})?")
OWN_PRINCIPAL = re.compile(r"/servicePrincipals\(appId='[0-9a-fA-F-]{36}'\)")

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"


def missing_in(roles: Collection[str]) -> list[str]:
    """The application permissions that a token with these roles lacks."""
    return sorted((APPLICATION_PERMISSIONS.keys() | MORE_PERMISSIONS.keys()) - set(roles))


def granted_in_customers(features: Collection[Feature]) -> frozenset[str]:
    """The application permissions of a CSP's customers, in an account that has turned these features on."""
    more = {name for name, use in MORE_PERMISSIONS.items() if use.feature in features}
    return frozenset(APPLICATION_PERMISSIONS.keys() | more)


def version_of_permissions(client_id: ClientId, features: Collection[Feature] = ()) -> str:
    """A hash of the current list, and of who it is granted to if that is not the first registration.

    A customer that was granted another version is granted what is missing.
    """
    permissions = " ".join(sorted(granted_in_customers(features))) + "|" + " ".join(sorted(CUSTOMER_SCOPES))
    permissions += f"|{client_id}" if client_id != FIRST_REGISTRATION else ""
    return hashlib.blake2b(permissions.encode(), digest_size=6).hexdigest()
