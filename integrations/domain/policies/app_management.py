"""Which secrets and certificates applications of a tenant may have, and which permissions are called low-risk.

Sources: https://learn.microsoft.com/graph/api/resources/tenantappmanagementpolicy,
https://learn.microsoft.com/graph/api/resources/appmanagementpolicy,
https://learn.microsoft.com/graph/api/resources/delegatedpermissionclassification
"""

from datetime import datetime

import msgspec
from msgspec import UNSET, UnsetType


class CredentialRestriction(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One restriction on secrets or certificates.

    Attributes:
        kind: Microsoft's word for it, such as passwordAddition.
        state: "enabled" or "disabled". Absent if Microsoft does not say.
        longest: The longest life, as an ISO 8601 duration such as P180D. Null if there is none.
        created_after: It counts for applications that were made later. Null: for all. Absent if Microsoft does not say.
    """

    kind: str
    state: str | UnsetType | None = UNSET
    longest: str | UnsetType | None = UNSET
    created_after: datetime | UnsetType | None = UNSET


class CredentialRestrictions(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Restrictions on secrets (passwords) and certificates (keys).

    Attributes:
        passwords: Restrictions on secrets.
        keys: Restrictions on certificates.
    """

    passwords: list[CredentialRestriction] = []
    keys: list[CredentialRestriction] = []


class DefaultAppManagementPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What counts for every application without a policy of its own.

    Attributes:
        is_enabled: Whether it counts at all. Absent if Microsoft does not say.
        applications: Restrictions on applications. Null if there are none.
        service_principals: Restrictions on service principals. Null if there are none.
    """

    is_enabled: bool | UnsetType | None = UNSET
    applications: CredentialRestrictions | UnsetType | None = UNSET
    service_principals: CredentialRestrictions | UnsetType | None = UNSET


class AppManagementPolicy(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A policy that replaces the default for some applications.

    Attributes:
        id: Microsoft's id of the policy.
        name: The policy's name.
        is_enabled: Whether it counts. Absent if Microsoft does not say.
        restrictions: Its restrictions. Null if there are none.
        applies_to: The object ids of the applications. Null if they are not known.
    """

    id: str
    name: str
    is_enabled: bool | UnsetType | None = UNSET
    restrictions: CredentialRestrictions | None = None
    applies_to: list[str] | None = None


class PermissionClassification(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A delegated permission that the tenant has classified.

    Attributes:
        resource: The object id of the API's service principal.
        permission: The permission's name, such as User.Read.
        classification: "low", "medium" or "high".
    """

    resource: str
    permission: str
    classification: str
