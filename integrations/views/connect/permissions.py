"""The permissions that our application asks for, and those that a tenant has not granted."""

from typing import Annotated

import msgspec

from integrations.domain.account_settings import Feature
from shared.http.schemas import one_of

REQUIRED, FEATURE, OPTIONAL = "required", "feature", "optional"


class Permission(msgspec.Struct, frozen=True, kw_only=True):
    """One application permission of Microsoft Graph.

    Attributes:
        name: Microsoft's name of it.
        kind: "required": every tenant must grant it. "feature" and "optional": without it, what it is for is not known,
            and everything else works.
        feature: The feature that needs it. Null for a required one.
        reason: What is read with it.
    """

    name: str
    kind: Annotated[str, one_of(REQUIRED, FEATURE, OPTIONAL)]
    feature: Feature | None
    reason: str


class PermissionList(msgspec.Struct, frozen=True, kw_only=True):
    """Every application permission that we ask for.

    Attributes:
        items: The permissions: required ones first.
    """

    items: list[Permission]


class MissingPermissions(msgspec.Struct, frozen=True, kw_only=True):
    """The permissions that a tenant has not granted, and how it can.

    Attributes:
        items: The permissions.
        remedy: How they are granted.
        turn_on: Features to turn on in the account's settings, so that a customer of a CSP is granted them. Empty if
            that would not help.
    """

    items: list[Permission]
    remedy: str
    turn_on: list[Feature]
