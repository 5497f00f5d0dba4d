"""The tenant itself: organization and domains.

Sources: https://learn.microsoft.com/graph/api/organization-list, https://learn.microsoft.com/graph/api/domain-list
"""

from local.microsoft.graph.protocol.entity_types import EntityType, collection_reply, entity_reply
from local.microsoft.graph.protocol.errors import not_found
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object
from local.microsoft.world.permissions import ORGANIZATION, RequiredPermissions
from local.microsoft.world.skus import PLANS_OF
from local.microsoft.world.tenants import Licence, TenantState

_ORGANIZATION = EntityType(
    "organization",
    {
        "id": None, "deletedDateTime": None, "businessPhones": [], "city": None, "country": None,
        "countryLetterCode": None, "createdDateTime": None, "defaultUsageLocation": None, "displayName": None,
        "marketingNotificationEmails": [], "onPremisesLastSyncDateTime": None, "onPremisesSyncEnabled": None,
        "partnerTenantType": None, "postalCode": None, "preferredLanguage": None,
        "securityComplianceNotificationMails": [], "securityComplianceNotificationPhones": [], "state": None,
        "street": None, "technicalNotificationMails": [], "tenantType": None, "assignedPlans": [],
        "provisionedPlans": [], "verifiedDomains": [], "mobileDeviceManagementAuthority": "unknown",
    },
)  # fmt: skip
_DOMAIN = EntityType(
    "domain",
    {
        "id": None, "authenticationType": "Managed", "availabilityStatus": None, "isAdminManaged": True,
        "isDefault": False, "isInitial": False, "isRoot": True, "isVerified": True, "manufacturer": None,
        "model": None, "passwordNotificationWindowInDays": None, "passwordValidityPeriodInDays": None,
        "state": None, "supportedServices": [],
    },
)  # fmt: skip
# What a person without a right to read the organization still sees of it.
_FOR_EVERYBODY = frozenset({"id", "displayName", "verifiedDomains"})
_FULL = RequiredPermissions(ORGANIZATION.application, ORGANIZATION.delegated - {"User.Read"})
_STATUS = {"Enabled": "Enabled", "Warning": "Warning", "Suspended": "Suspended"}


def organization(request: GraphRequest) -> Reply:
    return collection_reply(request, _ORGANIZATION, [_organization(request)], "organization")


def organization_by_id(request: GraphRequest, key: str) -> Reply:
    if key != request.tenant.id:
        raise not_found(key)
    return entity_reply(request, _ORGANIZATION, _organization(request), "organization")


def _organization(request: GraphRequest) -> Object:
    tenant = request.tenant
    properties = {
        "id": tenant.id,
        "displayName": tenant.name,
        "tenantType": "AAD",
        "countryLetterCode": "US",
        "country": "US",
        "city": "Boston",
        "createdDateTime": "2019-04-02T08:11:09Z",
        "defaultUsageLocation": "US",
        "preferredLanguage": "en",
        "partnerTenantType": tenant.partner_type,
        "technicalNotificationMails": [f"it@{tenant.domain}"],
        "verifiedDomains": _verified_domains(tenant),
        "assignedPlans": [plan for licence in tenant.licences.values() for plan in _plans(licence)],
        "mobileDeviceManagementAuthority": "intune",
    }
    hides = request.world.switches.organization_reduced and not request.caller.may(_FULL)
    return {name: value for name, value in properties.items() if not hides or name in _FOR_EVERYBODY}


def _plans(licence: Licence) -> list[Object]:
    plans = PLANS_OF.get(licence.sku.id, ())
    status = _STATUS.get(licence.status, "Deleted")
    return [
        {
            "assignedDateTime": "2024-01-05T00:00:00Z",
            "capabilityStatus": status,
            "service": plan.service,
            "servicePlanId": plan.id,
        }
        for plan in plans
    ]


def _verified_domains(tenant: TenantState) -> list[Object]:
    mail = "Email, OfficeCommunicationsOnline"
    return [
        {"capabilities": mail, "isDefault": True, "isInitial": False, "name": tenant.domain, "type": "Managed"},
        {"capabilities": mail, "isDefault": False, "isInitial": True, "name": tenant.initial_domain, "type": "Managed"},
    ]


def domains(request: GraphRequest) -> Reply:
    return collection_reply(request, _DOMAIN, _domains(request.tenant), "domains")


def domain(request: GraphRequest, key: str) -> Reply:
    verified = next((it for it in _domains(request.tenant) if it["id"] == key.lower()), None)
    if verified is None:
        raise not_found(key)
    return entity_reply(request, _DOMAIN, verified, "domains")


def _domains(tenant: TenantState) -> list[Object]:
    shared = {
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }
    changed = tenant.posture.domains
    seeded: dict[str, Object] = {
        tenant.domain: {"isDefault": True, **shared}, tenant.initial_domain: {"isInitial": True, **shared},
    }  # fmt: skip
    return [{"id": key, **seeded.get(key, {}), **changed.get(key, {})} for key in {**seeded, **changed}]
