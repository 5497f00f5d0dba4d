"""Authentication methods as a new tenant has them configured, and the authentication strengths Microsoft defines.

Sources: https://learn.microsoft.com/graph/api/resources/authenticationmethodspolicies-overview,
https://learn.microsoft.com/entra/identity/authentication/concept-authentication-strengths
"""

from copy import deepcopy
from typing import Any

from local.microsoft.world.collection import Object

_EVERYBODY: Object = {"targetType": "group", "id": "all_users", "isRegistrationRequired": False}
_NOBODY: Object = {"targetType": "group", "id": "00000000-0000-0000-0000-000000000000"}
_FEATURE: Object = {"state": "default", "includeTarget": {"targetType": "group", "id": "all_users"}}
_SHOWN: Object = {**_FEATURE, "excludeTarget": _NOBODY}


def _method(key: str, word: str, state: str = "disabled", **more: Any) -> Object:
    return {
        "@odata.type": f"#microsoft.graph.{word}AuthenticationMethodConfiguration",
        "id": key,
        "state": state,
        "excludeTargets": [],
        "includeTargets": [_EVERYBODY],
        **more,
    }


_METHODS = (
    _method(
        "Fido2",
        "fido2",
        "enabled",
        isSelfServiceRegistrationAllowed=True,
        isAttestationEnforced=False,
        defaultPasskeyProfile=None,
        keyRestrictions={"isEnforced": False, "enforcementType": "block", "aaGuids": []},
    ),
    _method(
        "MicrosoftAuthenticator",
        "microsoftAuthenticator",
        "enabled",
        isSoftwareOathEnabled=False,
        includeTargets=[{**_EVERYBODY, "authenticationMode": "any"}],
        featureSettings={
            "displayAppInformationRequiredState": _SHOWN,
            "displayLocationInformationRequiredState": _SHOWN,
            "companionAppAllowedState": _SHOWN,
            "numberMatchingRequiredState": _SHOWN | {"state": "enabled"},
        },
    ),
    _method("Sms", "sms", includeTargets=[{**_EVERYBODY, "isUsableForSignIn": False}]),
    _method(
        "TemporaryAccessPass",
        "temporaryAccessPass",
        defaultLifetimeInMinutes=60,
        defaultLength=8,
        minimumLifetimeInMinutes=60,
        maximumLifetimeInMinutes=480,
        isUsableOnce=False,
    ),
    _method("SoftwareOath", "softwareOath"),
    _method("Voice", "voice", isOfficePhoneAllowed=False),
    _method("Email", "email", allowExternalIdToUseEmailOtp="default"),
    _method(
        "X509Certificate",
        "x509Certificate",
        certificateUserBindings=[],
        certificateAuthorityScopes=[],
        issuerHintsConfiguration={"state": "disabled"},
        crlValidationConfiguration={"state": "disabled", "exemptedCertificateAuthoritiesSubjectKeyIdentifiers": []},
        authenticationModeConfiguration={
            "x509CertificateAuthenticationDefaultMode": "x509CertificateSingleFactor",
            "x509CertificateDefaultRequiredAffinityLevel": "low",
            "rules": [],
        },
    ),
)
REPORT_SUSPICIOUS: Object = {**_FEATURE, "voiceReportingCode": 0}

_RESISTANT = ["windowsHelloForBusiness", "fido2", "x509CertificateMultiFactor"]
_PASSWORDLESS = [*_RESISTANT, "deviceBasedPush"]
_MULTIFACTOR = [
    *_PASSWORDLESS, "temporaryAccessPassOneTime", "temporaryAccessPassMultiUse",
    "password,microsoftAuthenticatorPush", "password,softwareOath", "password,hardwareOath", "password,sms",
    "password,voice", "federatedMultiFactor", "microsoftAuthenticatorPush,federatedSingleFactor",
    "softwareOath,federatedSingleFactor", "hardwareOath,federatedSingleFactor", "sms,federatedSingleFactor",
    "voice,federatedSingleFactor",
]  # fmt: skip


def methods() -> dict[str, Object]:
    """The configuration of each method, by its id."""
    return {it["id"]: deepcopy(it) for it in _METHODS}


def strength(key: str, **more: Any) -> Object:
    """An authentication strength; without more a custom one that only security keys satisfy."""
    return {
        "id": key,
        "createdDateTime": "2025-02-01T00:00:00Z",
        "modifiedDateTime": "2025-02-01T00:00:00Z",
        "displayName": "Security keys",
        "description": "",
        "policyType": "custom",
        "requirementsSatisfied": "mfa",
        "allowedCombinations": ["fido2"],
        "combinationConfigurations": [],
        **more,
    }


def strengths() -> dict[str, Object]:
    """The three strengths that Microsoft defines, by their ids."""
    return {it["id"]: it for it in (_built_in(2, "Multifactor authentication", _MULTIFACTOR), *_STRICTER)}


def _built_in(number: int, name: str, combinations: list[str]) -> Object:
    key = f"00000000-0000-0000-0000-{number:012d}"
    return strength(key, displayName=name, policyType="builtIn", allowedCombinations=combinations)


_STRICTER = (
    _built_in(3, "Passwordless MFA", _PASSWORDLESS),
    _built_in(4, "Phishing-resistant MFA", _RESISTANT),
)
