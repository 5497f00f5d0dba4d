"""Ids, checked once where a request comes in; from then on they have one canonical spelling.

A Microsoft tenant id is a lower-case GUID; our own ids are a prefix and 20 random characters, and 12 more for
an End User or an asset.
"""

import hashlib
import re
import secrets
from typing import Any, NewType, TypeGuard

from shared.errors import Invalid, Problem

AccountId = NewType("AccountId", str)
UserId = NewType("UserId", str)
TenantId = NewType("TenantId", str)
IntegrationId = NewType("IntegrationId", str)
FlowId = NewType("FlowId", str)
OrganizationId = NewType("OrganizationId", str)
SyncroTenantId = NewType("SyncroTenantId", str)
RunId = NewType("RunId", str)
RemovalId = NewType("RemovalId", str)
ClientId = NewType("ClientId", str)
EndUserId = NewType("EndUserId", str)
AssetId = NewType("AssetId", str)
PlanId = NewType("PlanId", str)

# The app registration of the setting MICROSOFT_CLIENT_ID. Rows name only the other one, for CSPs, by its client id.
FIRST_REGISTRATION = ClientId("")

# An id becomes a storage key: nothing that a key may not hold, and nothing that needs escaping.
PORTAL_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:@|-]{0,127}")
_GUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
_RUN = re.compile(r"[0-9]{15}-[a-z0-9]{8}")
_ALPHABET = "abcdefghijkmnpqrstuvwxyz23456789"  # no letters that are misread on a screen
_PAIRS = [first + second for second in _ALPHABET for first in _ALPHABET]
_LENGTH = 20
_LENGTH_IN_ORGANIZATION = 12
_BYTES_OF_LETTERS = 8  # 32 letters to choose from are 5 bits each

EXAMPLE_TENANT = "9f1c0e3a-0000-4000-8000-00000000aa01"
EXAMPLE_END_USER = "eu_abcdefghijkmnpqrstuvwxyz23456789"
TENANT_ID_EXPECTED = f"a Microsoft tenant id is a GUID such as {EXAMPLE_TENANT}"

# What each kind of id looks like, as JSON Schema.
SCHEMAS: dict[Any, dict[str, str]] = {
    TenantId: {"format": "uuid"},
    RunId: {"pattern": f"^{_RUN.pattern}$"},
    **{
        kind: {"pattern": f"^{prefix}_[{_ALPHABET}]{{{_LENGTH}}}$"}
        for kind, prefix in (
            (IntegrationId, "int"),
            (FlowId, "flow"),
            (OrganizationId, "org"),
            (SyncroTenantId, "st"),
            (RemovalId, "rem"),
            (PlanId, "plan"),
        )
    },
    **{
        kind: {"pattern": f"^{prefix}_[{_ALPHABET}]{{{_LENGTH + _LENGTH_IN_ORGANIZATION}}}$"}
        for kind, prefix in ((EndUserId, "eu"), (AssetId, "ast"))
    },
}


def is_portal_id(text: str) -> bool:
    """Whether the portal may give an account or a user this id."""
    return PORTAL_ID.fullmatch(text) is not None


def new_epoch() -> int:
    """The first epoch of a tenant's row: random, so that it was never used before; leaves room for 1,000 mappings."""
    return secrets.randbelow(10**9) * 1000 + 1


def new_id(prefix: str) -> str:
    return f"{prefix}_{_random(_LENGTH)}"


def new_end_user_id(organization_id: OrganizationId) -> EndUserId:
    """An End User's id begins with that of the Organization it is created in, where it is looked up first."""
    return EndUserId(f"eu_{organization_id.removeprefix('org_')}{_random(_LENGTH_IN_ORGANIZATION)}")


def end_user_id_for(organization_id: OrganizationId, *key: str) -> EndUserId:
    """The id of the End User that is made for something with this key: the same whenever it is asked for."""
    digest = hashlib.sha256("|".join([organization_id, *key]).encode()).digest()
    number = int.from_bytes(digest[-_BYTES_OF_LETTERS:])
    letters = []
    for _ in range(_LENGTH_IN_ORGANIZATION // 2):
        number, place = divmod(number, len(_PAIRS))
        letters.append(_PAIRS[place])
    return EndUserId(f"eu_{organization_id.removeprefix('org_')}{''.join(letters)}")


def new_asset_id(organization_id: OrganizationId) -> AssetId:
    """An asset's id begins with that of the Organization it is created in, where it is looked up."""
    return AssetId(f"ast_{organization_id.removeprefix('org_')}{_random(_LENGTH_IN_ORGANIZATION)}")


def organization_of(created_there: EndUserId | AssetId) -> OrganizationId:
    """The Organization in which an End User or an asset was created."""
    return OrganizationId(f"org_{created_there.partition('_')[2][:_LENGTH]}")


def _random(length: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(length))


def tenant_id(text: str, pointer: str = "/tenant_id") -> TenantId:
    """A Microsoft tenant id in its one canonical spelling.

    Raises:
        Invalid: it is not a GUID (a domain name, braces and spaces are refused, not guessed at).
    """
    lowered = text.lower()
    if not _GUID.fullmatch(lowered):
        raise _bad(pointer, TENANT_ID_EXPECTED)
    return TenantId(lowered)


def is_tenant_id(text: str) -> bool:
    """Whether this is a Microsoft tenant id in its canonical spelling, and not the nil GUID."""
    return _GUID.fullmatch(text) is not None and text.strip("0-") != ""


def is_object_id(text: str) -> bool:
    """Whether this is the object id of somebody or something in a tenant, in its canonical spelling."""
    return _GUID.fullmatch(text) is not None


def integration_id(text: str) -> IntegrationId:
    return IntegrationId(_ours(text, "int", "/integration_id"))


def flow_id(text: str) -> FlowId:
    return FlowId(_ours(text, "flow", "/flow_id"))


def organization_id(text: str, pointer: str = "/organization_id") -> OrganizationId:
    return OrganizationId(_ours(text, "org", pointer))


def is_organization_id(text: str) -> TypeGuard[OrganizationId]:
    return re.fullmatch(rf"org_[{_ALPHABET}]{{{_LENGTH}}}", text) is not None


def syncro_tenant_id(text: str, pointer: str = "/syncro_tenant_id") -> SyncroTenantId:
    return SyncroTenantId(_ours(text, "st", pointer))


def removal_id(text: str) -> RemovalId:
    return RemovalId(_ours(text, "rem", "/removal_id"))


def end_user_id(text: str, pointer: str = "/end_user_id") -> EndUserId:
    return EndUserId(_ours(text, "eu", pointer, _LENGTH + _LENGTH_IN_ORGANIZATION))


def is_end_user_id(text: str) -> TypeGuard[EndUserId]:
    return re.fullmatch(rf"eu_[{_ALPHABET}]{{{_LENGTH + _LENGTH_IN_ORGANIZATION}}}", text) is not None


def asset_id(text: str, pointer: str = "/asset_id") -> AssetId:
    return AssetId(_ours(text, "ast", pointer, _LENGTH + _LENGTH_IN_ORGANIZATION))


def plan_id(text: str) -> PlanId:
    return PlanId(_ours(text, "plan", "/plan_id"))


def run_id(text: str) -> RunId:
    if not _RUN.fullmatch(text):
        raise _bad("/run_id", "a run id is 15 digits, a dash and 8 characters")
    return RunId(text)


def _ours(text: str, prefix: str, pointer: str, length: int = _LENGTH) -> str:
    if not re.fullmatch(rf"{prefix}_[{_ALPHABET}]{{{length}}}", text):
        raise _bad(pointer, f"this id is '{prefix}_' and {length} characters, as this API gave it out")
    return text


def _bad(pointer: str, detail: str) -> Invalid:
    return Invalid("An id is malformed.", problems=[Problem(pointer, detail)])
