"""Graph permissions: their ids, and which of them let a request in.

Sources: https://learn.microsoft.com/graph/permissions-reference, and the permission tables of each request.
"""

from collections.abc import Collection
from typing import NamedTuple

GRAPH_APP = "00000003-0000-0000-c000-000000000000"
# Partner Center's one delegated permission; no name of Graph's is like it.
PARTNER_CENTER = "user_impersonation"

# Name: id as an application permission (app role), id as a delegated permission (scope).
_IDS: dict[str, tuple[str, str]] = {
    "Organization.Read.All": ("498476ce-e0fe-48b0-b801-37ba7e2685c6", "4908d5b9-3fb2-4b1e-9336-1888b7937185"),
    "Domain.Read.All": ("dbb9058a-0e50-45d7-ae91-66909b5d4664", "2f9ee017-59c1-4f1d-9472-bd5529a7b311"),
    "User.Read.All": ("df021288-bdef-4463-88db-98f22de89214", "a154be20-db9c-4678-8ab7-66f6cc099a59"),
    "Directory.Read.All": ("7ab1d382-f21e-4acd-a863-ba3e13f7da61", "06da0dbc-49e2-44d2-8312-53f166ab848a"),
    "LicenseAssignment.Read.All": ("e2f98668-2877-4f38-a2f4-8202e0717aa1", "f395577a-0960-456b-979f-7228de0c5996"),
    "AuditLog.Read.All": ("b0afded3-3588-46d8-8b3d-9842eff778da", "e4c9e354-4dc5-45b8-9e7c-e1393b0b1a20"),
    "UserAuthenticationMethod.Read.All": (
        "38d9df27-64da-44fd-b7c5-a6fbac20248f",
        "aec28ec7-4d02-4e8c-b864-50163aea77eb",
    ),
    "Policy.Read.All": ("246dd0d5-5bd0-4def-940b-0421030a5b68", "572fea84-0151-49b2-9301-11cb16974376"),
    "SecurityEvents.Read.All": ("bf394140-e372-4bf9-a898-299cfc7564e5", "64733abd-851e-478a-bffb-e47a14b18235"),
    "Device.Read.All": ("7438b122-aefc-4978-80ed-43db9fcc7715", "951183d1-1a61-466f-a6d1-1fde911bfd95"),
    "DeviceManagementManagedDevices.Read.All": (
        "2f51be20-0bb4-4fed-bf7b-db946066c75e",
        "314874da-47d6-4978-88dc-cf0d37f0bb82",
    ),
    "DeviceManagementConfiguration.Read.All": (
        "dc377aa6-52d8-4e23-b271-2a7ae04cedf3",
        "f1493658-876a-4c87-8fa7-edb559b3476a",
    ),
    "RoleManagement.Read.Directory": ("483bed4a-2ad3-4361-a73b-c83ccdbdc53c", "741c54c3-0c1e-44a1-818b-3f97ab4e8c83"),
    "RoleManagementPolicy.Read.Directory": (
        "fdc4c997-9942-4479-bfcb-75a36d1138df",
        "3de2cdbe-0ff5-47d5-bdee-7f45b4749ead",
    ),
    "RoleManagementPolicy.Read.AzureADGroup": (
        "69e67828-780e-47fd-b28c-7b27d14864e6",
        "7e26fdff-9cb1-4e56-bede-211fe0e420e8",
    ),
    "PrivilegedEligibilitySchedule.Read.AzureADGroup": (
        "edb419d6-7edc-42a3-9345-509bfdf5d87c",
        "8f44f93d-ecef-46ae-a9bf-338508d44d6b",
    ),
    "MailboxSettings.Read": ("40f97065-369a-49f4-947c-6a255697ae91", "87f447af-9fa4-4c32-9dfa-4a57a73d18ce"),
    "Place.Read.All": ("913b9306-0ce1-42b8-9137-6a7df690a760", "cb8f45a0-5c2e-4ea1-b803-84b870a7d7ec"),
    "GroupSettings.Read.All": ("f3c4f514-c65a-43f5-bfce-1735872258dd", "2eb2bc92-94ef-4c6b-b4ab-2a09bc975e0e"),
    "GroupMember.Read.All": ("98830695-27a2-44f7-8c18-0c3ebc9698f6", "bc024368-1153-4739-b217-4326f2e966d0"),
    "Application.Read.All": ("9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30", "c79f8feb-a9db-4090-85f9-90d820caa0eb"),
    "AppRoleAssignment.ReadWrite.All": (
        "06b708a9-e830-4db3-a914-8e69da51d44f",
        "84bccea3-f856-4a8a-967b-dbe0a3d53a64",
    ),
    "DelegatedPermissionGrant.ReadWrite.All": (
        "8e8e4742-1d95-4f68-9d56-6ee75648c72a",
        "41ce6ca6-6826-4807-84f1-1c82854f7ee5",
    ),
    "Application.ReadWrite.All": ("1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9", "bdfbf15f-ee85-4955-8675-146e8e5296b5"),
    "DelegatedAdminRelationship.Read.All": (
        "f6e9e124-4586-492f-adc0-c6f96e4823fd",
        "0c0064ea-477b-4130-82a5-4c2cc4ff68aa",
    ),
}
OPENID_SCOPES = frozenset({"openid", "profile", "email", "offline_access"})
_PLAIN_SCOPES = {
    PARTNER_CENTER: "1cebfa2a-fb4d-419e-b5f9-839b4383e05a",
    "User.Read": "e1fe6dd8-ba31-4d61-89e7-88639da4683d",
    "openid": "37f7f235-527c-4136-accd-4a02d197296e",
    "profile": "14dad69e-099b-42c9-810b-d002981feec1",
    "email": "64a6cdd6-aab1-4aaf-94b8-3cc8405e90d0",
    "offline_access": "7427e0e9-2fba-42fe-b0c0-848c9e6a8182",
}
ROLE_IDS = {name: role for name, (role, _) in _IDS.items()} | {
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884"
}
SCOPE_IDS = {name: scope for name, (_, scope) in _IDS.items()} | _PLAIN_SCOPES
# What anybody may accept for himself; everything else takes an administrator.
USER_CONSENTABLE = frozenset(_PLAIN_SCOPES) - {PARTNER_CENTER}


class RequiredPermissions(NamedTuple):
    """Permissions of which any one lets a request in: as an application, or on behalf of a person."""

    application: frozenset[str]
    delegated: frozenset[str]

    def satisfied_by(self, roles: Collection[str], scopes: Collection[str]) -> bool:
        return not self.application.isdisjoint(roles) or not self.delegated.isdisjoint(scopes)


def _any_of(*names: str, person: tuple[str, ...] = ()) -> RequiredPermissions:
    """The same names for both kinds; ``person`` names those that only work on behalf of a person."""
    both = frozenset(names)
    return RequiredPermissions(both, both | set(person))


_DIRECTORY = "Directory.Read.All"
ORGANIZATION = _any_of("Organization.Read.All", "User.Read.All", _DIRECTORY, person=("User.Read",))
DOMAINS = _any_of("Domain.Read.All", _DIRECTORY)
GROUP_CHANGES = _any_of("Group.Read.All", _DIRECTORY)
USERS = _any_of("User.Read.All", _DIRECTORY)
LICENCES = _any_of("LicenseAssignment.Read.All", "Organization.Read.All", _DIRECTORY)
LICENCE_DETAILS = _any_of("LicenseAssignment.Read.All", "User.Read.All", _DIRECTORY)
DEVICES = _any_of("Device.Read.All", _DIRECTORY)
DEVICE_CHANGES = _any_of("Device.Read.All")
ROLES = _any_of("RoleManagement.Read.Directory", _DIRECTORY)
ROLE_SCHEDULES = _any_of("RoleManagement.Read.Directory")
# Which of them it takes depends on the kind of scope that the filter names.
ROLE_POLICIES = _any_of("RoleManagementPolicy.Read.Directory", "RoleManagementPolicy.Read.AzureADGroup")
DIRECTORY_ROLE_POLICIES = _any_of("RoleManagementPolicy.Read.Directory")
GROUP_ROLE_POLICIES = _any_of("RoleManagementPolicy.Read.AzureADGroup")
SIGNED_IN_USER = RequiredPermissions(frozenset(), frozenset({"User.Read", "User.Read.All", _DIRECTORY}))
OWN_GROUPS = RequiredPermissions(frozenset(), frozenset({"User.Read", "GroupMember.Read.All", _DIRECTORY}))
OWN_TRANSITIVE_GROUPS = RequiredPermissions(frozenset(), OWN_GROUPS.delegated | {"User.Read.All"})
USER_GROUPS = RequiredPermissions(frozenset({_DIRECTORY}), frozenset({"GroupMember.Read.All", _DIRECTORY}))
USER_TRANSITIVE_GROUPS = _any_of("User.Read.All", "GroupMember.Read.All", _DIRECTORY)
# Group names and the like are only shown to those who may read groups.
GROUP_DETAILS = _any_of("GroupMember.Read.All", _DIRECTORY)
APPLICATIONS = RequiredPermissions(
    frozenset({"Application.Read.All", "Application.ReadWrite.All", "Application.ReadWrite.OwnedBy", _DIRECTORY}),
    frozenset({"Application.Read.All", "Application.ReadWrite.All", _DIRECTORY}),
)
APPLICATION_REMOVAL = RequiredPermissions(
    frozenset({"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"}), frozenset({"Application.ReadWrite.All"})
)
CLASSIFICATIONS = _any_of("Policy.Read.PermissionGrant", "Application.Read.All", _DIRECTORY)
GROUPS = _any_of("GroupMember.Read.All", _DIRECTORY)
SCORES = _any_of("SecurityEvents.Read.All")
REGISTRATIONS = _any_of("AuditLog.Read.All")
GROUP_SETTINGS = _any_of("GroupSettings.Read.All", "Group.Read.All", _DIRECTORY)
POLICIES = _any_of("Policy.Read.All")
MAILBOX_SETTINGS = _any_of("MailboxSettings.Read", "MailboxSettings.ReadWrite")
PLACES = _any_of("Place.Read.All")
MANAGED_DEVICES = _any_of("DeviceManagementManagedDevices.Read.All", "DeviceManagementConfiguration.Read.All")
SUBSCRIPTIONS = _any_of("Organization.Read.All", _DIRECTORY)
RELATIONSHIPS = _any_of("DelegatedAdminRelationship.Read.All")
CONTRACTS = _any_of(_DIRECTORY)
# Granting takes both; which roles the person holds is looked at as well.
ROLE_GRANTS = RequiredPermissions(frozenset(), frozenset({"AppRoleAssignment.ReadWrite.All"}))
GRANTS = _any_of("DelegatedPermissionGrant.ReadWrite.All", _DIRECTORY)
