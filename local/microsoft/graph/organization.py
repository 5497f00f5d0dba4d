"""The tenant itself: organization and domains.

Sources: https://learn.microsoft.com/graph/api/organization-list, https://learn.microsoft.com/graph/api/domain-list
"""

from local.microsoft.graph.ask import Ask
from local.microsoft.graph.errors import missing
from local.microsoft.graph.kinds import Kind, every, one
from local.microsoft.http import Reply
from local.microsoft.objects import Object
from local.microsoft.permissions import ORGANIZATION, Needs
from local.microsoft.skus import PLANS_OF
from local.microsoft.tenants import Licence, Tenant

_ORGANIZATION = Kind(
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
_DOMAIN = Kind(
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
_FULL = Needs(ORGANIZATION.application, ORGANIZATION.delegated - {"User.Read"})
_STATUS = {"Enabled": "Enabled", "Warning": "Warning", "Suspended": "Suspended"}


def organization(ask: Ask) -> Reply:
    return every(ask, _ORGANIZATION, [_organization(ask)], "organization")


def organization_by_id(ask: Ask, key: str) -> Reply:
    if key != ask.tenant.id:
        raise missing(key)
    return one(ask, _ORGANIZATION, _organization(ask), "organization")


def _organization(ask: Ask) -> Object:
    tenant = ask.tenant
    told = {
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
    hides = ask.world.switches.organization_reduced and not ask.caller.may(_FULL)
    return {name: value for name, value in told.items() if not hides or name in _FOR_EVERYBODY}


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


def _verified_domains(tenant: Tenant) -> list[Object]:
    mail = "Email, OfficeCommunicationsOnline"
    return [
        {"capabilities": mail, "isDefault": True, "isInitial": False, "name": tenant.domain, "type": "Managed"},
        {"capabilities": mail, "isDefault": False, "isInitial": True, "name": tenant.initial_domain, "type": "Managed"},
    ]


def domains(ask: Ask) -> Reply:
    return every(ask, _DOMAIN, _domains(ask.tenant), "domains")


def domain(ask: Ask, key: str) -> Reply:
    found = next((it for it in _domains(ask.tenant) if it["id"] == key.lower()), None)
    if found is None:
        raise missing(key)
    return one(ask, _DOMAIN, found, "domains")


def _domains(tenant: Tenant) -> list[Object]:
    shared = {
        "passwordValidityPeriodInDays": 2147483647,
        "passwordNotificationWindowInDays": 14,
        "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    }
    return [
        {"id": tenant.domain, "isDefault": True, **shared},
        {"id": tenant.initial_domain, "isInitial": True, **shared},
    ]
