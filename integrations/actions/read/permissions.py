"""The permissions that our application asks for, and those that a tenant has not granted."""

from collections.abc import Collection

from integrations.domain.account_settings import Feature
from integrations.domain.integrations import Kind, Tenant
from integrations.microsoft.permissions import (
    APPLICATION_PERMISSIONS,
    FEATURE_PERMISSIONS,
    MORE_PERMISSIONS,
    OPTIONAL_PERMISSIONS,
)
from integrations.views.connect.permissions import (
    FEATURE,
    OPTIONAL,
    REQUIRED,
    MissingPermissions,
    Permission,
    PermissionList,
)

_REAUTHORIZE = (
    "Select Reauthorize in the row's menu, and accept the permissions as a Global Administrator of this tenant."
)
_GRANTED_SOON = "Nothing to do. Our application is granted them through the CSP, within a day."
_TURN_ON = (
    "Turn the feature on here, for all customers of your CSPs. Our application is then granted them through the CSP."
)


def permissions() -> PermissionList:
    """Every application permission that we ask for: required ones first, each kind in the order of its list."""
    names = (*APPLICATION_PERMISSIONS, *FEATURE_PERMISSIONS, *OPTIONAL_PERMISSIONS)
    return PermissionList(items=[_permission(it) for it in names])


def missing_permissions(tenant: Tenant, features: Collection[Feature]) -> MissingPermissions | None:
    """What the tenant has not granted, by its latest token; None if it has granted everything.

    ``features`` are those that the account has turned on for customers of its CSPs.
    """
    missing = [_permission(it) for it in tenant.missing_permissions if it in _KNOWN]
    if not missing:
        return None
    wanted = {it.feature for it in missing if it.feature is not None} if tenant.kind is Kind.CSP else set()
    turn_on = sorted(wanted - set(features), key=lambda it: it.value)
    is_coming = any(it.feature is None or it.feature in features for it in missing)
    remedy = _REAUTHORIZE if tenant.kind is Kind.SINGLE else _GRANTED_SOON if is_coming else _TURN_ON
    return MissingPermissions(items=missing, remedy=remedy, turn_on=turn_on)


_KNOWN = APPLICATION_PERMISSIONS.keys() | MORE_PERMISSIONS.keys()


def _permission(name: str) -> Permission:
    use = MORE_PERMISSIONS.get(name)
    if use is None:
        return Permission(name=name, kind=REQUIRED, feature=None, reason=APPLICATION_PERMISSIONS[name])
    kind = FEATURE if name in FEATURE_PERMISSIONS else OPTIONAL
    return Permission(name=name, kind=kind, feature=use.feature, reason=use.reason)
