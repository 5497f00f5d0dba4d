"""What few tenants change: named locations, requests for consent, terms for others, settings of the directory.

Sources: https://learn.microsoft.com/graph/api/conditionalaccessroot-list-namedlocations,
https://learn.microsoft.com/graph/api/adminconsentrequestpolicy-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicyconfigurationdefault-get,
https://learn.microsoft.com/graph/api/crosstenantaccesspolicy-list-partners,
https://learn.microsoft.com/graph/api/group-list-settings
"""

from local.microsoft.graph.protocol.entity_types import (
    EntityType,
    collection_reply,
    context_url,
    entity_reply,
    graph_reply,
)
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.graph.security.policies import check_licence
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object

_LOCATION: Object = {
    "id": "", "displayName": "Place", "createdDateTime": "2025-02-01T00:00:00Z", "modifiedDateTime": None,
    "deletedDateTime": None,
}  # fmt: skip
_LOCATIONS = {
    "#microsoft.graph.ipNamedLocation": EntityType(
        "ipNamedLocation", {**_LOCATION, "isTrusted": False, "ipRanges": []}
    ),
    "#microsoft.graph.countryNamedLocation": EntityType(
        "countryNamedLocation",
        {
            **_LOCATION, "countriesAndRegions": [], "countryLookupMethod": "clientIpAddress",
            "includeUnknownCountriesAndRegions": False,
        },
    ),
}  # fmt: skip
_CONSENT_REQUESTS = EntityType(
    "adminConsentRequestPolicy",
    {
        "id": "adminConsentRequestPolicy", "isEnabled": False, "notifyReviewers": False, "remindersEnabled": False,
        "requestDurationInDays": 0, "version": 0, "reviewers": [],
    },
)  # fmt: skip


def _all_users(access: str) -> Object:
    return {
        "usersAndGroups": {"accessType": access, "targets": [{"target": "AllUsers", "targetType": "user"}]},
        "applications": {
            "accessType": access,
            "targets": [{"target": "AllApplications", "targetType": "application"}],
        },
    }


_ACCESS_SETTINGS: Object = dict.fromkeys(
    (
        "appServiceConnectInbound", "automaticUserConsentSettings", "b2bCollaborationInbound",
        "b2bCollaborationOutbound", "b2bDirectConnectInbound", "b2bDirectConnectOutbound", "inboundTrust",
        "m365CollaborationInbound", "m365CollaborationOutbound", "tenantRestrictions",
    )
)  # fmt: skip
_DEFAULT = EntityType(
    "crossTenantAccessPolicyConfigurationDefault",
    {
        "id": "00000000-0000-0000-0000-000000000000",
        **_ACCESS_SETTINGS,
        "isServiceDefault": True,
        "automaticUserConsentSettings": {"inboundAllowed": False, "outboundAllowed": False},
        "b2bCollaborationInbound": _all_users("allowed"),
        "b2bCollaborationOutbound": _all_users("allowed"),
        "b2bDirectConnectInbound": _all_users("blocked"),
        "b2bDirectConnectOutbound": _all_users("blocked"),
        "inboundTrust": {
            "isMfaAccepted": False, "isCompliantDeviceAccepted": False, "isHybridAzureADJoinedDeviceAccepted": False,
        },
        "invitationRedemptionIdentityProviderConfiguration": None,
    },
)  # fmt: skip
_PARTNER = EntityType(
    "crossTenantAccessPolicyConfigurationPartner",
    {"tenantId": "", **_ACCESS_SETTINGS, "isServiceProvider": None, "isInMultiTenantOrganization": False},
)
_SETTINGS = EntityType("groupSetting", dict.fromkeys(("id", "displayName", "templateId", "values")))


def named_locations(request: GraphRequest) -> Reply:
    """Each as its own kind, which it names; nothing is selected of them here."""
    check_licence(request)
    request.allow("$filter", "$top", "$skip", "$count")
    value = [
        _location(request, it) for it in request.tenant.posture.named_locations.values() if request.tenant.is_premium()
    ]
    path = "identity/conditionalAccess/namedLocations"
    return graph_reply({"@odata.context": context_url(request, path, ""), "value": value})


def _location(request: GraphRequest, location: Object) -> Object:
    entity_type = _LOCATIONS[location["@odata.type"]]
    return {"@odata.type": location["@odata.type"], **entity_type.render(request, location, entity_type.names(request))}


def admin_consent_requests(request: GraphRequest) -> Reply:
    return entity_reply(
        request, _CONSENT_REQUESTS, request.tenant.posture.admin_consent_requests, "policies/adminConsentRequestPolicy"
    )


def cross_tenant_default(request: GraphRequest) -> Reply:
    properties = request.tenant.posture.cross_tenant_access
    return entity_reply(request, _DEFAULT, properties, "policies/crossTenantAccessPolicy/default")


def cross_tenant_partners(request: GraphRequest) -> Reply:
    value = list(request.tenant.posture.partners.values())
    return collection_reply(
        request, _PARTNER, value, "policies/crossTenantAccessPolicy/partners", "$filter", "$top", "$skip"
    )


def group_settings(request: GraphRequest) -> Reply:
    return collection_reply(
        request, _SETTINGS, list(request.tenant.posture.group_settings.values()), "groupSettings", "$top"
    )
