"""Managed devices as Intune keeps them: those of the seeded devices that are managed."""

import zlib
from functools import partial

from local.microsoft.world.collection import Collection, Object

_NEVER = "0001-01-01T00:00:00Z"
_NO_SERIAL = ("", "System Serial Number", "Defaultstring")


def managed_of(devices: Collection, people: Collection, prefix: int) -> Collection:
    """Device n is managed device n, if it is managed at all; devices go round the people, in order."""
    managed = Collection(devices.seeded, prefix, partial(_managed, devices, people))
    managed.exclude(n for n in range(devices.seeded) if not (devices.at(n) or {}).get("isManaged"))
    return managed


def _managed(devices: Collection, people: Collection, number: int, key: str) -> Object:
    device = devices.as_seeded(devices.id_of(number)) or {}
    person = people.at(number % people.seeded) or {}
    bits = zlib.crc32(key.encode())
    return managed_device(
        key,
        azureADDeviceId=device["deviceId"],
        deviceName=device["displayName"],
        serialNumber=_NO_SERIAL[bits % 3] if bits % 29 == 0 else f"SN{bits:08X}",
        manufacturer=device["manufacturer"],
        model=device["model"],
        operatingSystem={"MacMDM": "macOS", "IPhone": "iOS"}.get(device["operatingSystem"], "Windows"),
        osVersion=device["operatingSystemVersion"],
        userId=person.get("id", ""),
        userPrincipalName=person.get("userPrincipalName", ""),
        userDisplayName=person.get("displayName", ""),
        emailAddress=person.get("mail") or "",
        complianceState="compliant" if device["isCompliant"] else "noncompliant",
        lastSyncDateTime=device["approximateLastSignInDateTime"],
    )


def managed_device(key: str, **more: object) -> Object:
    """A managed device with every property that lists of them show."""
    device: Object = {
        "id": key,
        "activationLockBypassCode": None,
        "androidSecurityPatchLevel": "",
        "azureADDeviceId": "00000000-0000-0000-0000-000000000000",
        "azureADRegistered": True,
        "complianceGracePeriodExpirationDateTime": "9999-12-31T23:59:59Z",
        "complianceState": "unknown",
        "configurationManagerClientEnabledFeatures": None,
        "deviceActionResults": [],
        "deviceCategoryDisplayName": "Unknown",
        "deviceEnrollmentType": "windowsAzureADJoin",
        "deviceHealthAttestationState": None,
        "deviceName": f"MD-{key[:8]}",
        "deviceRegistrationState": "registered",
        "easActivated": False,
        "easActivationDateTime": _NEVER,
        "easDeviceId": "",
        "emailAddress": "",
        "enrolledDateTime": "2024-03-01T00:00:00Z",
        "enrollmentProfileName": "",
        "ethernetMacAddress": None,
        "exchangeAccessState": "none",
        "exchangeAccessStateReason": "none",
        "exchangeLastSuccessfulSyncDateTime": _NEVER,
        "freeStorageSpaceInBytes": 120_000_000_000,
        "iccid": None,
        "imei": "",
        "isEncrypted": True,
        "isSupervised": False,
        "jailBroken": "Unknown",
        "lastSyncDateTime": "2026-01-04T08:01:00Z",
        "managedDeviceName": f"MD-{key[:8]}",
        "managedDeviceOwnerType": "company",
        "managementAgent": "mdm",
        "managementCertificateExpirationDate": "2027-03-01T00:00:00Z",
        "managementState": "managed",
        "manufacturer": "",
        "meid": "",
        "model": "",
        "notes": None,
        "operatingSystem": "Windows",
        "osVersion": "10.0.26100.2605",
        "partnerReportedThreatState": "unknown",
        "phoneNumber": "",
        "physicalMemoryInBytes": 0,
        "remoteAssistanceSessionErrorDetails": None,
        "remoteAssistanceSessionUrl": None,
        "requireUserEnrollmentApproval": None,
        "serialNumber": "",
        "subscriberCarrier": "",
        "totalStorageSpaceInBytes": 256_000_000_000,
        "udid": None,
        "userDisplayName": "",
        "userId": "",
        "userPrincipalName": "",
        "wiFiMacAddress": "",
    }
    device.update(more)
    return device
