"""Cross-tenant access settings: the default, and one row for each organization with settings of its own.

Sources: https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationdefault-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicy-list-partners
"""

from typing import Any

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import CrossTenantAccess
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


class _PartnerSettings(_Terms, kw_only=True):
    """A partner's settings; missing ones are as in the default."""

    tenant_id: str = msgspec.field(name="tenantId")
    is_service_provider: bool | None = msgspec.field(name="isServiceProvider", default=None)


def _read(context: ReadContext) -> Reading:
    default: _Default = context.page.items[0]
    partners = {it.tenant_id: it for it in context.graph.items(f"{_POLICY}/partners", type=_PartnerSettings)}
    record = CrossTenantAccess(is_service_default=bool(default.is_service_default), **_terms(default))
    return Reading(
        records=[Record(key=_DEFAULT, body=record), *(_record(it) for it in partners.values())], is_complete=True
    )


def _record(partner: _PartnerSettings) -> Record:
    record = CrossTenantAccess(
        partner_id=partner.tenant_id, is_service_provider=bool(partner.is_service_provider), **_terms(partner)
    )
    return Record(key=key_from(partner.tenant_id), body=record)


def _terms(terms: _Terms) -> dict[str, Any]:
    trust = terms.trust or _Trust()
    return {
        "collaboration_in": _reach(terms.collaboration_in),
        "collaboration_out": _reach(terms.collaboration_out),
        "direct_connect_in": _reach(terms.direct_connect_in),
        "direct_connect_out": _reach(terms.direct_connect_out),
        "trusts_mfa": trust.mfa,
        "trusts_compliant_devices": trust.compliant,
        "trusts_joined_devices": trust.joined,
    }


def _reach(setting: _Setting | None) -> str | None:
    """Whether everybody is allowed, blocked, or some are. Blocking all users, or all applications, blocks everybody."""
    if setting is None:
        return None
    sides = [side for side in (setting.users_and_groups, setting.applications) if side is not None]
    if any(side.access_type == "blocked" and _is_all(side) for side in sides):
        return "blocked"
    return "allowed" if sides and all(side.access_type == "allowed" and _is_all(side) for side in sides) else "some"


def _is_all(side: _Targets) -> bool:
    return any(target.target in _ALL for target in side.targets)


CROSS_TENANT_ACCESS = Dataset(
    name="cross_tenant_access",
    permission="Policy.Read.All",
    record=CrossTenantAccess,
    first_request=FirstRequest(path=f"{_POLICY}/default", page=_Default, is_single=True),
    read=_read,
    cadence=Cadence.SIX_HOURS,
)
