"""Paths into records, such as ``authentication_methods.migration``: what they lead to, and whether they can exist.

The first name is a data set. Absent, null and empty are three things: ``UNSET``, None, and [] or "".
"""

import types
import typing
from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final, get_args, get_origin, get_type_hints

import msgspec
from msgspec import UNSET

from integrations.domain.baselines.errors import InvalidBaseline
from integrations.domain.policies.app_management import (
    AppManagementPolicy,
    DefaultAppManagementPolicy,
    PermissionClassification,
)
from integrations.domain.policies.authentication_methods import AuthenticationMethods
from integrations.domain.policies.conditional_access import AuthenticationStrength, ConditionalAccess
from integrations.domain.policies.role_management import RolePolicy, RoleSchedule
from integrations.domain.sync.records import Domain, Group, GroupSettings, License, TenantProfile, User
from integrations.domain.sync.security_records import AdminConsentRequests, AuthorizationPolicy, RoleMember

NOT_SENT: Final = object()
_NO_KEY: Final = object()  # a map without this name
ITEM = "."  # the item itself, inside ``every`` and ``some``

# Data sets with one row, and those with many.
SINGLE: Mapping[str, type[msgspec.Struct]] = {
    "organization": TenantProfile,
    "authorization_policy": AuthorizationPolicy,
    "authentication_methods": AuthenticationMethods,
    "beta_authentication_methods": AuthenticationMethods,
    "admin_consent_requests": AdminConsentRequests,
    "default_app_management_policy": DefaultAppManagementPolicy,
    "group_settings": GroupSettings,  # several rows, read as one: the names of their values are unique
}
MANY: Mapping[str, type[msgspec.Struct]] = {
    "licenses": License,
    "domains": Domain,
    "groups": Group,
    "users": User,
    "roles": RoleMember,
    "conditional_access": ConditionalAccess,
    "agent_conditional_access": ConditionalAccess,
    "authentication_strengths": AuthenticationStrength,
    "role_assignments": RoleSchedule,
    "role_eligibilities": RoleSchedule,
    "role_policies": RolePolicy,
    "group_role_policies": RolePolicy,
    "app_management_policies": AppManagementPolicy,
    "permission_classifications": PermissionClassification,
}
DATASETS: Mapping[str, type[msgspec.Struct]] = {**SINGLE, **MANY}

Types = tuple[Any, ...]  # the members of a union


def value_at(root: Any, names: tuple[str, ...]) -> Any:
    """What a path leads to; UNSET if it leads to nothing, NOT_SENT if Microsoft left out something on the way."""
    here = root
    for name in names:
        if here is None or here is _NO_KEY:
            return UNSET
        if here is UNSET:
            return NOT_SENT
        here = here.get(name, _NO_KEY) if isinstance(here, dict) else getattr(here, name)
    return UNSET if here is _NO_KEY else here


def reader(*names: str) -> Callable[[Any], Any]:
    """``value_at`` for one path, by a single call wherever nothing on the way is missing and no map is on it."""
    if not names or any(hasattr(dict, name) for name in names):
        return lambda root: value_at(root, names)
    get = attrgetter(".".join(names))

    def value(root: Any) -> Any:
        try:
            return get(root)
        except AttributeError:
            return value_at(root, names)

    return value


def types_at(root: Types, names: tuple[str, ...]) -> Types:
    """The types that a path can lead to.

    Raises:
        InvalidBaseline: there is nothing by that name.
    """
    here = root
    for name in names:
        here = _below(here, name)
    return here


def item_types(root: Types) -> Types:
    """The types of the items of a list.

    Raises:
        InvalidBaseline: it is no list.
    """
    lists = [it for it in root if _is(it, list)]
    if not lists:
        raise InvalidBaseline("is no list")
    return union(get_args(lists[0])[0])


def union(hint: Any) -> Types:
    is_union = get_origin(hint) in {typing.Union, types.UnionType}
    return get_args(hint) if is_union else (hint,)


def _is(hint: Any, kind: type) -> bool:
    origin: Any = get_origin(hint)
    return origin is kind


def _below(here: Types, name: str) -> Types:
    for it in here:
        if _is(it, dict):
            return union(get_args(it)[1])
        if isinstance(it, type) and issubclass(it, msgspec.Struct):
            hints = get_type_hints(it)
            if name in hints:
                return union(hints[name])
    raise InvalidBaseline(f"unknown path: nothing is called {name} there")
