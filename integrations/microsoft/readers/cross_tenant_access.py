"""How a tenant deals with other organizations: its default, and one row for each organization with terms of its own.

Sources: https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationdefault-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicy-list-partners
"""

from typing import Any

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import CrossTenantAccess
from integrations.domain.text import key_from
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext

_POLICY = "/policies/crossTenantAccessPolicy"
_DEFAULT = "default"
_ALL = {"AllUsers", "AllApplications"}


class _Target(msgspec.Struct, rename="camel"):
    target: str | None = None


class _Targets(msgspec.Struct, rename="camel"):
    access_type: str | None = None
    targets: list[_Target] = []


class _Setting(msgspec.Struct, rename="camel"):
    users_and_groups: _Targets | None = None
    applications: _Targets | None = None


class _Trust(msgspec.Struct):
    mfa: bool | None = msgspec.field(name="isMfaAccepted", default=None)
    compliant: bool | None = msgspec.field(name="isCompliantDeviceAccepted", default=None)
    joined: bool | None = msgspec.field(name="isHybridAzureADJoinedDeviceAccepted", default=None)


class _Terms(msgspec.Struct, kw_only=True):
    collaboration_in: _Setting | None = msgspec.field(name="b2bCollaborationInbound", default=None)
    collaboration_out: _Setting | None = msgspec.field(name="b2bCollaborationOutbound", default=None)
    direct_connect_in: _Setting | None = msgspec.field(name="b2bDirectConnectInbound", default=None)
    direct_connect_out: _Setting | None = msgspec.field(name="b2bDirectConnectOutbound", default=None)
    trust: _Trust | None = msgspec.field(name="inboundTrust", default=None)


class _Default(_Terms, kw_only=True):
    is_service_default: bool | None = msgspec.field(name="isServiceDefault")


class _Partner(_Terms, kw_only=True):
    """What it leaves out is as the default says."""

    tenant_id: str = msgspec.field(name="tenantId")
    is_service_provider: bool | None = msgspec.field(name="isServiceProvider", default=None)


def _read(asked: ReadContext) -> Reading:
    default: _Default = asked.page.items[0]
    partners = {it.tenant_id: it for it in asked.graph.items(f"{_POLICY}/partners", type=_Partner)}
    told = CrossTenantAccess(is_service_default=bool(default.is_service_default), **_terms(default))
    return Reading(
        records=[Record(key=_DEFAULT, body=told), *(_record(it) for it in partners.values())], is_complete=True
    )


def _record(it: _Partner) -> Record:
    told = CrossTenantAccess(partner_id=it.tenant_id, is_service_provider=bool(it.is_service_provider), **_terms(it))
    return Record(key=key_from(it.tenant_id), body=told)


def _terms(it: _Terms) -> dict[str, Any]:
    trust = it.trust or _Trust()
    return {
        "collaboration_in": _reach(it.collaboration_in),
        "collaboration_out": _reach(it.collaboration_out),
        "direct_connect_in": _reach(it.direct_connect_in),
        "direct_connect_out": _reach(it.direct_connect_out),
        "trusts_mfa": trust.mfa,
        "trusts_compliant_devices": trust.compliant,
        "trusts_joined_devices": trust.joined,
    }


def _reach(it: _Setting | None) -> str | None:
    """Whom it lets through: all, none, or some. Blocking everybody, or every application, blocks."""
    if it is None:
        return None
    sides = [side for side in (it.users_and_groups, it.applications) if side is not None]
    if any(side.access_type == "blocked" and _is_all(side) for side in sides):
        return "blocked"
    return "allowed" if sides and all(side.access_type == "allowed" and _is_all(side) for side in sides) else "some"


def _is_all(it: _Targets) -> bool:
    return any(target.target in _ALL for target in it.targets)


CROSS_TENANT_ACCESS = Dataset(
    name="cross_tenant_access",
    permission="Policy.Read.All",
    record=CrossTenantAccess,
    source=FirstRequest(first=f"{_POLICY}/default", page=_Default, is_single=True),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
