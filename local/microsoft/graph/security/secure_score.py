"""Secure Score: one score a day, and the controls it is made of.

Sources: https://learn.microsoft.com/graph/api/security-list-securescores,
https://learn.microsoft.com/graph/api/security-list-securescorecontrolprofiles
"""

import zlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from local.microsoft.graph.protocol.entity_types import EntityType, context_url, entity_reply, graph_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object

T = TypeVar("T")

_MAX_PAGE_SIZE = 999
_VENDOR = {"provider": "SecureScore", "providerVersion": None, "subProvider": None, "vendor": "Microsoft"}


class _Control(NamedTuple):
    name: str
    title: str
    category: str
    service: str
    max_score: float
    rank: int


_CONTROLS = (
    _Control("MFARegistrationV2", "Ensure all users can complete multifactor sign-in", "Identity", "AzureAD", 9, 1),
    _Control("AdminMFAV2", "Require multifactor authentication for administrative roles", "Identity", "AzureAD", 10, 2),
    _Control("BlockLegacyAuthentication", "Block legacy authentication", "Identity", "AzureAD", 8, 3),
    _Control("OneAdmin", "Designate more than one Global Administrator", "Identity", "AzureAD", 1, 12),
    _Control("SigninRiskPolicy", "Enable sign-in risk policies", "Identity", "AzureAD", 7, 8),
    _Control("scid_2010", "Turn on real-time protection", "Device", "MDATP", 9, 20),
    _Control("scid_91", "Encrypt all fixed drives", "Device", "MDATP", 9, 21),
    _Control("mdo_safelinks", "Create Safe Links policies for email messages", "Apps", "MDO", 9, 5),
    _Control("mdo_safeattachments", "Turn on Safe Attachments in block mode", "Apps", "MDO", 8, 6),
    _Control("exo_mailboxaudit", "Ensure mailbox auditing is enabled for all users", "Apps", "EXO", 5, 15),
    _Control("spo_legacy_auth", "Ensure legacy SharePoint authentication is blocked", "Data", "SPO", 5, 30),
    _Control("dlp_datalossprevention", "Ensure DLP policies are enabled", "Data", "MIP", 5, 25),
)  # fmt: skip
_SCORE = EntityType(
    "secureScore",
    {
        "id": None, "activeUserCount": None, "averageComparativeScores": [], "azureTenantId": None,
        "controlScores": [], "createdDateTime": None, "currentScore": None, "enabledServices": [],
        "licensedUserCount": None, "maxScore": None, "vendorInformation": None,
    },
)  # fmt: skip
_PROFILE = EntityType(
    "secureScoreControlProfile",
    {
        "id": None, "actionType": "Config", "actionUrl": None, "azureTenantId": None, "complianceInformation": [],
        "controlCategory": None, "controlStateUpdates": [], "deprecated": False, "implementationCost": "Low",
        "lastModifiedDateTime": None, "maxScore": None, "rank": None, "remediation": None,
        "remediationImpact": None, "service": None, "threats": [], "tier": "Core", "title": None,
        "userImpact": "Low", "vendorInformation": None,
    },
)  # fmt: skip


def secure_scores(request: GraphRequest) -> Reply:
    """Newest first, one a day, at most 90 of them. A page that $top cuts short has a next link."""
    request.allow("$top", "$skip", "$filter", "$count")
    today = datetime.fromtimestamp(request.world.now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(request.tenant.posture.score_days)]
    return _paged(
        request, _SCORE, [_score(request, day) for day in _slice(request, days)], len(days), "security/secureScores"
    )


def control_profiles(request: GraphRequest) -> Reply:
    request.allow("$top", "$skip", "$filter", "$count", "$select")
    profiles = [_profile(request, it) for it in _slice(request, list(_CONTROLS))]
    return _paged(request, _PROFILE, profiles, len(_CONTROLS), "security/secureScoreControlProfiles")


def control_profile(request: GraphRequest, key: str) -> Reply:
    control = next((it for it in _CONTROLS if it.name == key), None)
    if control is None:
        raise not_found(key)
    return entity_reply(request, _PROFILE, _profile(request, control), "security/secureScoreControlProfiles")


def _slice(request: GraphRequest, entities: list[T]) -> list[T]:
    skip = int(request.options.get("$skip", "0") or 0)
    return entities[skip : skip + request.top(request.world.switches.security_page_size, _MAX_PAGE_SIZE)]


def _paged(request: GraphRequest, entity_type: EntityType, value: list[Object], total: int, path: str) -> Reply:
    names = entity_type.names(request)
    body: Object = {"@odata.context": context_url(request, path, request.options.get("$select", ""))}
    if request.options.get("$count") == "true":
        body["@odata.count"] = total
    place = int(request.options.get("$skip", "0") or 0) + len(value)
    if value and place < total:
        body["@odata.nextLink"] = request.link({"$skip": str(place)})
    return graph_reply({**body, "value": [entity_type.render(request, it, names) for it in value]})


def _score(request: GraphRequest, day: datetime) -> Object:
    tenant = request.tenant
    points, max_score = tenant.posture.scores.get(f"{day:%Y-%m-%d}") or _grown(tenant.id, day)
    people = len(tenant.users)
    share = points / max_score if max_score else 0.0
    return {
        "id": f"{tenant.id}_{day:%Y-%m-%d}",
        "azureTenantId": tenant.id,
        "createdDateTime": f"{day:%Y-%m-%dT%H:%M:%SZ}",
        "currentScore": points,
        "maxScore": max_score,
        "activeUserCount": max(1, people * 9 // 10),
        "licensedUserCount": people,
        "enabledServices": ["HasExchange", "HasSharePoint", *(["HasIntune"] if tenant.has_intune() else [])],
        "averageComparativeScores": [
            {"basis": "AllTenants", "averageScore": 41.3},
            {"basis": "TotalSeats", "averageScore": 44.0, "SeatSizeRangeLowerValue": "6"},
        ],
        "controlScores": [_control_score(it, share, day) for it in _CONTROLS],
        "vendorInformation": _VENDOR,
    }  # fmt: skip


def _grown(tenant_id: str, day: datetime) -> tuple[float, float]:
    """Reproducible, and a little better from month to month."""
    max_score = sum(it.max_score for it in _CONTROLS)
    share = 0.35 + zlib.crc32(tenant_id.encode()) % 30 / 100 + day.timetuple().tm_yday / 3650
    return round(max_score * share, 2), max_score


def _control_score(control: _Control, share: float, day: datetime) -> Object:
    """Extra properties come as text, as they do from Microsoft."""
    return {
        "controlCategory": control.category,
        "controlName": control.name,
        "description": f"{control.title}.",
        "score": round(control.max_score * share, 2),
        "scoreInPercentage": round(share * 100, 2),
        "implementationStatus": f"{round(share * 100)} % done.",
        "on": "true",
        "count": "20",
        "total": "25",
        "lastSynced": f"{day:%Y-%m-%dT%H:%M:%SZ}",
    }


def _profile(request: GraphRequest, control: _Control) -> Object:
    return {
        "id": control.name,
        "azureTenantId": request.tenant.id,
        "actionUrl": f"https://security.example/actions/{control.name}",
        "controlCategory": control.category,
        "maxScore": control.max_score,
        "rank": control.rank,
        "remediation": f"<p>{control.title}.</p>",
        "remediationImpact": "Users may notice.",
        "service": control.service,
        "threats": ["Account breach"],
        "title": control.title,
        "lastModifiedDateTime": "2025-11-01T00:00:00Z",
        "vendorInformation": _VENDOR,
    }
