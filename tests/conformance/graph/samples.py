"""Answers as Microsoft's documentation shows them, with whole ids where the documentation abbreviates."""

import json
from typing import Any

from tests.conformance.graph.exchange import Exchange, Granted

ROOT = "https://graph.microsoft.com"
TENANT = "9f1c0e3a-0000-4000-8000-00000000aa01"
ANA = "5b0f4f0e-0000-4000-8000-0000000000b1"
SKU = "cbdc14ab-d96c-4c30-b9f4-6ada7cdc1d46"
PREMIUM = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
RELATIONSHIP = "5d027261-d21f-4aa9-b7db-7fa1f56fb163-8777b240-c6f0-4469-9e98-a3205431b836"
ROLE = {"roleDefinitionId": "158c047a-c907-4556-b7ef-446551a6b5f7"}
REQUEST_ID = "0aaa0aaa-0000-4000-8000-000000000001"

HEADERS = {
    "request-id": REQUEST_ID,
    "client-request-id": REQUEST_ID,
    "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"West Europe"}}',
    "date": "Mon, 05 Jan 2026 10:17:06 GMT",
    "odata-version": "4.0",
    "content-type": "application/json;odata.metadata=minimal;odata.streaming=true;"
    "IEEE754Compatible=false;charset=utf-8",
    "x-ms-resource-unit": "1",
}
EVERYTHING = Granted(
    roles=frozenset(
        {
            "Organization.Read.All", "Domain.Read.All", "User.Read.All", "Directory.Read.All", "AuditLog.Read.All",
            "LicenseAssignment.Read.All", "Policy.Read.All", "SecurityEvents.Read.All", "Device.Read.All",
            "DeviceManagementManagedDevices.Read.All", "RoleManagement.Read.Directory", "Application.Read.All",
            "DelegatedAdminRelationship.Read.All", "Application.ReadWrite.OwnedBy",
        }
    )
)  # fmt: skip


def exchange(target: str, answer: Any = None, **changes: Any) -> Exchange:
    """A good exchange of Microsoft's Graph; ``changes`` spoil it."""
    told = changes.pop("told", {})
    sent = changes.pop("sent", b"")
    details: dict[str, Any] = {
        "method": "GET",
        "url": f"{ROOT}/v1.0{target}",
        "status": 200,
        "told": {name: value for name, value in {**HEADERS, **told}.items() if value is not None},
        "sent": sent if isinstance(sent, bytes) else json.dumps(sent).encode(),
        "received": answer if isinstance(answer, bytes) else json.dumps(answer).encode(),
        "granted": EVERYTHING,
        **changes,
    }
    return Exchange(**details)


def error(code: str, message: str = "It failed.", /, **inner: Any) -> dict[str, Any]:
    told = {"date": "2026-01-04T10:17:06", "request-id": REQUEST_ID, "client-request-id": REQUEST_ID, **inner}
    return {"error": {"code": code, "message": message, "innerError": told}}


def context(tail: str) -> str:
    return f"{ROOT}/v1.0/$metadata#{tail}"


USER = {
    "id": ANA,
    "displayName": "Ana Ruiz",
    "givenName": "Ana",
    "surname": "Ruiz",
    "userPrincipalName": "ana@northwind.example",
    "mail": "ana@northwind.example",
    "accountEnabled": True,
    "userType": "Member",
    "externalUserState": None,
    "createdDateTime": "2023-02-01T10:00:00Z",
    "usageLocation": "US",
    "onPremisesSyncEnabled": None,
    "assignedLicenses": [{"disabledPlans": [], "skuId": SKU}],
    "licenseAssignmentStates": [
        {
            "skuId": SKU,
            "assignedByGroup": None,
            "disabledPlans": [],
            "state": "Active",
            "error": "None",
            "lastUpdatedDateTime": "2024-05-01T12:00:00Z",
        }
    ],
}
ORGANIZATION = {
    "id": TENANT,
    "displayName": "Northwind Dental",
    "tenantType": "AAD",
    "countryLetterCode": "US",
    "createdDateTime": "2019-04-02T08:11:09Z",
    "defaultUsageLocation": "US",
    "onPremisesSyncEnabled": None,
    "onPremisesLastSyncDateTime": None,
    "partnerTenantType": None,
    "mobileDeviceManagementAuthority": "intune",
    "technicalNotificationMails": ["it@northwind.example"],
    "verifiedDomains": [
        {
            "capabilities": "Email, OfficeCommunicationsOnline",
            "isDefault": True,
            "isInitial": False,
            "name": "northwind.example",
            "type": "Managed",
        },
    ],
    "assignedPlans": [
        {
            "assignedDateTime": "2024-01-05T00:00:00Z",
            "capabilityStatus": "Enabled",
            "service": "AADPremiumService",
            "servicePlanId": PREMIUM,
        }
    ],
    "provisionedPlans": [],
}
DOMAIN = {
    "id": "northwind.example",
    "authenticationType": "Managed",
    "isDefault": True,
    "isInitial": False,
    "isVerified": True,
    "isAdminManaged": True,
    "isRoot": True,
    "passwordValidityPeriodInDays": 2147483647,
    "passwordNotificationWindowInDays": 14,
    "supportedServices": ["Email", "OfficeCommunicationsOnline"],
    "state": None,
    "availabilityStatus": None,
}
SUBSCRIBED_SKU = {
    "id": f"{TENANT}_{SKU}",
    "accountId": TENANT,
    "accountName": "nwdental",
    "appliesTo": "User",
    "capabilityStatus": "Enabled",
    "consumedUnits": 23,
    "prepaidUnits": {"enabled": 25, "suspended": 0, "warning": 0, "lockedOut": 0},
    "servicePlans": [
        {
            "appliesTo": "User",
            "provisioningStatus": "Success",
            "servicePlanId": PREMIUM,
            "servicePlanName": "AAD_PREMIUM",
        }
    ],
    "skuId": SKU,
    "skuPartNumber": "SPB",
    "subscriptionIds": ["a1000000-0000-4000-8000-000000000001"],
}
REGISTRATION = {
    "id": ANA,
    "userPrincipalName": "ana@northwind.example",
    "userDisplayName": "Ana Ruiz",
    "userType": "member",
    "isAdmin": False,
    "isMfaRegistered": True,
    "isMfaCapable": True,
    "isPasswordlessCapable": False,
    "isSsprRegistered": True,
    "isSsprEnabled": True,
    "isSsprCapable": True,
    "isSystemPreferredAuthenticationMethodEnabled": True,
    "systemPreferredAuthenticationMethods": ["push"],
    "userPreferredMethodForSecondaryAuthentication": "push",
    "methodsRegistered": ["microsoftAuthenticatorPush", "softwareOneTimePasscode"],
    "lastUpdatedDateTime": "2026-01-04T19:15:41.6195833Z",
}
SECURE_SCORE = {
    "id": f"{TENANT}_2026-01-04",
    "azureTenantId": TENANT,
    "createdDateTime": "2026-01-04T00:00:00Z",
    "currentScore": 52.4,
    "maxScore": 118.0,
    "activeUserCount": 21,
    "licensedUserCount": 25,
    "enabledServices": ["HasExchange", "HasSharePoint", "HasInTune"],
    "averageComparativeScores": [{"basis": "AllTenants", "averageScore": 41.3}],
    "controlScores": [
        {
            "controlCategory": "Identity",
            "controlName": "MFARegistrationV2",
            "description": "...",
            "score": 7.2,
            "scoreInPercentage": 80.0,
            "on": "true",
            "lastSynced": "2026-01-04T00:00:00Z",
        }
    ],
    "vendorInformation": {
        "provider": "SecureScore",
        "providerVersion": None,
        "subProvider": None,
        "vendor": "Microsoft",
    },
}
DEVICE = {
    "id": "d0d00000-0000-4000-8000-000000000001",
    "deviceId": "1f7e6a52-0000-4000-8000-0000000000d1",
    "displayName": "NW-LT-014",
    "operatingSystem": "Windows",
    "operatingSystemVersion": "10.0.26100.2605",
    "trustType": "AzureAd",
    "profileType": "RegisteredDevice",
    "isManaged": True,
    "isCompliant": True,
    "managementType": "MDM",
    "accountEnabled": True,
    "approximateLastSignInDateTime": "2026-01-04T07:50:00Z",
    "registeredOwners": [{"@odata.type": "#microsoft.graph.user", "id": ANA}],
}
MANAGED_DEVICE = {
    "id": "9a9a0000-0000-4000-8000-000000000071",
    "azureADDeviceId": "1f7e6a52-0000-4000-8000-0000000000d1",
    "deviceName": "NW-LT-014",
    "serialNumber": "5CD1234XYZ",
    "operatingSystem": "Windows",
    "userId": ANA,
    "complianceState": "compliant",
    "managedDeviceOwnerType": "company",
    "managementAgent": "mdm",
    "deviceEnrollmentType": "windowsAzureADJoin",
    "enrolledDateTime": "2024-03-01T00:00:00Z",
    "isEncrypted": True,
}
POLICY = {
    "id": "c0c00000-0000-4000-8000-0000000000a1",
    "displayName": "Require MFA for all",
    "state": "enabled",
    "createdDateTime": "2025-02-01T00:00:00Z",
    "modifiedDateTime": None,
    "templateId": None,
    "conditions": {
        "clientAppTypes": ["all"],
        "signInRiskLevels": [],
        "userRiskLevels": [],
        "servicePrincipalRiskLevels": [],
        "platforms": None,
        "locations": None,
        "devices": None,
        "clientApplications": None,
        "authenticationFlows": None,
        "insiderRiskLevels": None,
        "applications": {
            "includeApplications": ["All"],
            "excludeApplications": [],
            "includeUserActions": [],
            "includeAuthenticationContextClassReferences": [],
            "applicationFilter": None,
        },
        "users": {
            "includeUsers": ["All"],
            "excludeUsers": [ANA],
            "includeGroups": [],
            "excludeGroups": [],
            "includeRoles": [],
            "excludeRoles": [],
            "includeGuestsOrExternalUsers": None,
            "excludeGuestsOrExternalUsers": None,
        },
    },
    "grantControls": {
        "operator": "OR",
        "builtInControls": ["mfa"],
        "customAuthenticationFactors": [],
        "termsOfUse": [],
        "authenticationStrength": None,
    },
    "sessionControls": None,
}
CUSTOMER = {
    "@odata.type": "#microsoft.graph.delegatedAdminCustomer",
    "@odata.etag": 'W/"JyIx"',
    "id": TENANT,
    "tenantId": TENANT,
    "displayName": "Northwind Dental",
}
ADMIN_RELATIONSHIP = {
    "@odata.type": "#microsoft.graph.delegatedAdminRelationship",
    "@odata.etag": 'W/"1"',
    "id": RELATIONSHIP,
    "displayName": "Northwind 2026",
    "duration": "P730D",
    "autoExtendDuration": "P180D",
    "status": "active",
    "customer": {"tenantId": TENANT, "displayName": "Northwind Dental"},
    "accessDetails": {"unifiedRoles": [ROLE]},
    "createdDateTime": "2025-02-10T11:24:42.3148266Z",
    "lastModifiedDateTime": "2025-02-10T11:26:44Z",
    "activatedDateTime": "2025-02-10T11:26:44Z",
    "endDateTime": "2027-02-10T11:26:44Z",
}
ASSIGNMENT = {
    "@odata.type": "#microsoft.graph.delegatedAdminAccessAssignment",
    "@odata.etag": 'W/"2"',
    "id": "84c50000-0000-4000-8000-0000000000d5",
    "status": "active",
    "createdDateTime": "2025-02-10T11:30:00Z",
    "lastModifiedDateTime": "2025-02-10T11:30:00Z",
    "accessContainer": {
        "accessContainerId": "77770000-0000-4000-8000-0000000000e1",
        "accessContainerType": "securityGroup",
    },
    "accessDetails": {"unifiedRoles": [ROLE]},
}
