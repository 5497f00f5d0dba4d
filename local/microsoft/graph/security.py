"""Secure Score: one score a day, and the controls it is made of.

Sources: https://learn.microsoft.com/graph/api/security-list-securescores,
https://learn.microsoft.com/graph/api/security-list-securescorecontrolprofiles
"""

import zlib
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, TypeVar

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, answered, context_of, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object

T = TypeVar("T")

_MOST_ON_A_PAGE = 999
_VENDOR = {"provider": "SecureScore", "providerVersion": None, "subProvider": None, "vendor": "Microsoft"}


class _Control(NamedTuple):
    name: str
    title: str
    category: str
    service: str
    most: float
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
_SCORE = Kind(
    "secureScore",
    {
        "id": None, "activeUserCount": None, "averageComparativeScores": [], "azureTenantId": None,
        "controlScores": [], "createdDateTime": None, "currentScore": None, "enabledServices": [],
        "licensedUserCount": None, "maxScore": None, "vendorInformation": None,
    },
)  # fmt: skip
_PROFILE = Kind(
    "secureScoreControlProfile",
    {
        "id": None, "actionType": "Config", "actionUrl": None, "azureTenantId": None, "complianceInformation": [],
        "controlCategory": None, "controlStateUpdates": [], "deprecated": False, "implementationCost": "Low",
        "lastModifiedDateTime": None, "maxScore": None, "rank": None, "remediation": None,
        "remediationImpact": None, "service": None, "threats": [], "tier": "Core", "title": None,
        "userImpact": "Low", "vendorInformation": None,
    },
)  # fmt: skip


def secure_scores(ask: Ask) -> Reply:
    """Newest first, one a day, at most 90 of them. A page that $top cuts short has a next link."""
    ask.allow("$top", "$skip", "$filter", "$count")
    today = datetime.fromtimestamp(ask.world.now(), UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    days = [today - timedelta(days=back) for back in range(ask.tenant.posture.score_days)]
    return _paged(ask, _SCORE, [_score(ask, day) for day in _slice(ask, days)], len(days), "security/secureScores")


def control_profiles(ask: Ask) -> Reply:
    ask.allow("$top", "$skip", "$filter", "$count", "$select")
    told = [_profile(ask, it) for it in _slice(ask, list(_CONTROLS))]
    return _paged(ask, _PROFILE, told, len(_CONTROLS), "security/secureScoreControlProfiles")


def control_profile(ask: Ask, key: str) -> Reply:
    found = next((it for it in _CONTROLS if it.name == key), None)
    if found is None:
        raise missing(key)
    return one(ask, _PROFILE, _profile(ask, found), "security/secureScoreControlProfiles")


def _slice(ask: Ask, things: list[T]) -> list[T]:
    skip = int(ask.options.get("$skip", "0") or 0)
    return things[skip : skip + ask.top(ask.world.switches.security_page_size, _MOST_ON_A_PAGE)]


def _paged(ask: Ask, kind: Kind, value: list[Object], whole: int, where: str) -> Reply:
    names = kind.names(ask)
    body: Object = {"@odata.context": context_of(ask, where, ask.options.get("$select", ""))}
    if ask.options.get("$count") == "true":
        body["@odata.count"] = whole
    place = int(ask.options.get("$skip", "0") or 0) + len(value)
    if value and place < whole:
        body["@odata.nextLink"] = ask.link({"$skip": str(place)})
    return answered({**body, "value": [kind.shown(ask, it, names) for it in value]})


def _score(ask: Ask, day: datetime) -> Object:
    tenant = ask.tenant
    points, most = tenant.posture.scores.get(f"{day:%Y-%m-%d}") or _grown(tenant.id, day)
    people = len(tenant.users)
    share = points / most if most else 0.0
    return {
        "id": f"{tenant.id}_{day:%Y-%m-%d}",
        "azureTenantId": tenant.id,
        "createdDateTime": f"{day:%Y-%m-%dT%H:%M:%SZ}",
        "currentScore": points,
        "maxScore": most,
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
    most = sum(it.most for it in _CONTROLS)
    share = 0.35 + zlib.crc32(tenant_id.encode()) % 30 / 100 + day.timetuple().tm_yday / 3650
    return round(most * share, 2), most


def _control_score(it: _Control, share: float, day: datetime) -> Object:
    """Extra properties come as text, as they do from Microsoft."""
    return {
        "controlCategory": it.category,
        "controlName": it.name,
        "description": f"{it.title}.",
        "score": round(it.most * share, 2),
        "scoreInPercentage": round(share * 100, 2),
        "implementationStatus": f"{round(share * 100)} % done.",
        "on": "true",
        "count": "20",
        "total": "25",
        "lastSynced": f"{day:%Y-%m-%dT%H:%M:%SZ}",
    }


def _profile(ask: Ask, it: _Control) -> Object:
    return {
        "id": it.name,
        "azureTenantId": ask.tenant.id,
        "actionUrl": f"https://security.example/actions/{it.name}",
        "controlCategory": it.category,
        "maxScore": it.most,
        "rank": it.rank,
        "remediation": f"<p>{it.title}.</p>",
        "remediationImpact": "Users may notice.",
        "service": it.service,
        "threats": ["Account breach"],
        "title": it.title,
        "lastModifiedDateTime": "2025-11-01T00:00:00Z",
        "vendorInformation": _VENDOR,
    }
