"""What few tenants change: named locations, requests for consent, terms for others, settings of the directory.

Sources: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations,
https://learn.microsoft.com/graph/api/adminconsentrequestpolicy-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationdefault-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicy-list-partners,
https://learn.microsoft.com/graph/api/group-list-settings
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.kinds import Kind, answered, context_of, every, one
from local.microsoft.graph.policies import check_licence
from local.microsoft.http import Reply
from local.microsoft.objects import Object

_PLACE: Object = {
    "id": "", "displayName": "Place", "createdDateTime": "2025-02-01T00:00:00Z", "modifiedDateTime": None,
    "deletedDateTime": None,
}  # fmt: skip
_PLACES = {
    "#microsoft.graph.ipNamedLocation": Kind("ipNamedLocation", {**_PLACE, "isTrusted": False, "ipRanges": []}),
    "#microsoft.graph.countryNamedLocation": Kind(
        "countryNamedLocation",
        {
            **_PLACE, "countriesAndRegions": [], "countryLookupMethod": "clientIpAddress",
            "includeUnknownCountriesAndRegions": False,
        },
    ),
}  # fmt: skip
_REQUESTS = Kind(
    "adminConsentRequestPolicy",
    {
        "id": "adminConsentRequestPolicy", "isEnabled": False, "notifyReviewers": False, "remindersEnabled": False,
        "requestDurationInDays": 0, "version": 0, "reviewers": [],
    },
)  # fmt: skip


def _everybody(access: str) -> Object:
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": access,
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }


_TERMS: Object = dict.fromkeys(
    (
        "appServiceConnectInbound", "automaticUserConsentSettings", "b2bCollaborationInbound",
        "b2bCollaborationOutbound", "b2bDirectConnectInbound", "b2bDirectConnectOutbound", "inboundTrust",
        "m365CollaborationInbound", "m365CollaborationOutbound", "tenantRestrictions",
    )
)  # fmt: skip
_DEFAULT = Kind(
    "crossTenantAccessPolicyConfigurationDefault",
    {
        "id": "00000000-0000-0000-0000-000000000000",
        **_TERMS,
        "isServiceDefault": True,
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
        "b2bCollaborationInbound": _everybody("allowed"),
        "b2bCollaborationOutbound": _everybody("allowed"),
        "b2bDirectConnectInbound": _everybody("blocked"),
        "b2bDirectConnectOutbound": _everybody("blocked"),
        "inboundTrust": {
            "isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "invitationRedemptionIdentityProviderConfiguration": None,
    },
)  # fmt: skip
_PARTNER = Kind(
    "crossTenantAccessPolicyConfigurationPartner",
    {"tenantId": "", **_TERMS, "isServiceProvider": None, "isInMultiTenantOrganization": False},
)
_SETTINGS = Kind("groupSetting", dict.fromkeys(("id", "displayName", "templateId", "values")))


def named_locations(ask: Ask) -> Reply:
    """Each as its own kind, which it names; nothing is selected of them here."""
    check_licence(ask)
    ask.allow("$filter", "$top", "$skip", "$count")
    value = [_place(ask, it) for it in ask.tenant.posture.named_locations.values() if ask.tenant.is_premium()]
    where = "identity/conditionalAccess/namedLocations"
    return answered({"@odata.context": context_of(ask, where, ""), "value": value})


def _place(ask: Ask, it: Object) -> Object:
    kind = _PLACES[it["@odata.type"]]
    return {"@odata.type": it["@odata.type"], **kind.shown(ask, it, kind.names(ask))}


def admin_consent_requests(ask: Ask) -> Reply:
    return one(ask, _REQUESTS, ask.tenant.posture.admin_consent_requests, "policies/adminConsentRequestPolicy")


def cross_tenant_default(ask: Ask) -> Reply:
    told = ask.tenant.posture.cross_tenant_access
    return one(ask, _DEFAULT, told, "policies/crossTenantAccessPolicy/default")


def cross_tenant_partners(ask: Ask) -> Reply:
    value = list(ask.tenant.posture.partners.values())
    return every(ask, _PARTNER, value, "policies/crossTenantAccessPolicy/partners", "$filter", "$top", "$skip")


def group_settings(ask: Ask) -> Reply:
    return every(ask, _SETTINGS, list(ask.tenant.posture.group_settings.values()), "groupSettings", "$top")
