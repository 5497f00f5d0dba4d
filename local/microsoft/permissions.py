"""Graph permissions by name, with the ids of their app roles, and what each request needs.

Source: https://learn.microsoft.com/graph/permissions-reference
"""

ROLE_IDS = {
    "Organization.Read.All": "498476ce-e0fe-48b0-b801-37ba7e2685c6",
    "Domain.Read.All": "dbb9058a-0e50-45d7-ae91-66909b5d4664",
    "User.Read.All": "df021288-bdef-4463-88db-98f22de89214",
    "Directory.Read.All": "7ab1d382-f21e-4acd-a863-ba3e13f7da61",
    "LicenseAssignment.Read.All": "e2f98668-2877-4f38-a2f4-8202e0717aa1",
    "AuditLog.Read.All": "b0afded3-3588-46d8-8b3d-9842eff778da",
    "UserAuthenticationMethod.Read.All": "38d9df27-64da-44fd-b7c5-a6fbac20248f",
    "Policy.Read.All": "246dd0d5-5bd0-4def-940b-0421030a5b68",
    "SecurityEvents.Read.All": "bf394140-e372-4bf9-a898-299cfc7564e5",
    "Device.Read.All": "7438b122-aefc-4978-80ed-43db9fcc7715",
    "DeviceManagementManagedDevices.Read.All": "2f51be20-0bb4-4fed-bf7b-db946066c75e",
    "RoleManagement.Read.Directory": "483bed4a-2ad3-4361-a73b-c83ccdbdc53c",
    "GroupMember.Read.All": "98830695-27a2-44f7-8c18-0c3ebc9698f6",
    "Application.Read.All": "9a5d68dd-52b0-4cc2-bd40-abcf44ac3a30",
    "Application.ReadWrite.OwnedBy": "18a4783c-866b-4cc7-a460-3d5e5662c884",
    "Application.ReadWrite.All": "1bfefb4e-e0b5-418b-a88f-73c46d2cc8e9",
}

# Any one of these lets a request pass; delegated tokens may also hold User.Read for /me.
DIRECTORY = frozenset({"Directory.Read.All"})
ORGANIZATION = frozenset({"Organization.Read.All", "User.Read.All", "User.Read"}) | DIRECTORY
USERS = frozenset({"User.Read.All"}) | DIRECTORY
LICENCES = frozenset({"LicenseAssignment.Read.All", "Organization.Read.All"}) | DIRECTORY
DEVICES = frozenset({"Device.Read.All"}) | DIRECTORY
DOMAINS = frozenset({"Domain.Read.All"}) | DIRECTORY
ROLES = frozenset({"RoleManagement.Read.Directory"}) | DIRECTORY
MEMBERSHIPS = frozenset({"Directory.Read.All", "User.Read.All", "GroupMember.Read.All"})
MYSELF = frozenset({"User.Read", "User.Read.All"}) | DIRECTORY
APPLICATIONS = frozenset({"Application.Read.All", "Application.ReadWrite.All"}) | DIRECTORY
OWN_APPLICATION = frozenset({"Application.ReadWrite.OwnedBy", "Application.ReadWrite.All"})
