"""Why Entra refused: its AADSTS codes, sorted into what each means for the caller.

Codes decide, then the OAuth error word; the text never does, it changes without notice.
Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any

from shared.graph.errors import MicrosoftError, Throttled, Transient


class RefusalKind(Enum):
    CONSENT_MISSING = "consent_missing"
    DECLINED = "declined"
    APP_NOT_FOUND = "app_not_found"
    APP_DISABLED = "app_disabled"
    OUR_CREDENTIAL = "our_credential"
    OUR_REQUEST = "our_request"
    MFA = "mfa"
    POLICY = "policy"
    GRANT_EXPIRED = "grant_expired"
    CODE_UNUSABLE = "code_unusable"
    USER_UNSUITABLE = "user_unsuitable"
    TENANT_NOT_FOUND = "tenant_not_found"
    RESOURCE_MISSING = "resource_missing"
    WRONG_CLOUD = "wrong_cloud"
    PASSING = "passing"
    THROTTLED = "throttled"
    OTHER = "other"


_CODES: dict[RefusalKind, str] = {
    RefusalKind.CONSENT_MISSING: "65001 90094 90095 90099",
    RefusalKind.DECLINED: "65004",
    RefusalKind.APP_NOT_FOUND: "700016 7000229",
    RefusalKind.APP_DISABLED: "7000112 70001",
    RefusalKind.OUR_CREDENTIAL: "7000215 7000222 700027 7000218 70002 50012",
    RefusalKind.OUR_REQUEST: "9002313 90014 900144 90023 90013 501481 50147 9001023 700005",
    RefusalKind.MFA: "50076 50074 50079 50072 50078 50158",
    RefusalKind.POLICY: "53003 53000 53001 53002 53011 50131 530032 530034 530035 500212 500213 500021 500022 50105",
    RefusalKind.GRANT_EXPIRED: "50173 700082 70008 70043 700084",
    RefusalKind.CODE_UNUSABLE: "50133 50132 50089 54005 70000",
    RefusalKind.USER_UNSUITABLE: "50020 50034 51004 50177 50178 90072 50053 50055 50057 50126 50144",
    RefusalKind.TENANT_NOT_FOUND: "90002 50128 50059 90019 900023 5000224",
    RefusalKind.RESOURCE_MISSING: "500011 500014 650052 650054 650056 650057 65005 50001 70011 28002 700022",
    RefusalKind.WRONG_CLOUD: "90038 900382 900432",
    RefusalKind.PASSING: "90033 90006 90024 90090 90012 50033 50087 50000 50088 50196",
    RefusalKind.THROTTLED: "90055",
}
_KIND_OF_CODE = {int(code): kind for kind, codes in _CODES.items() for code in codes.split()}
_KIND_OF_WORD = {
    "invalid_client": RefusalKind.OUR_CREDENTIAL,
    "invalid_tenant": RefusalKind.TENANT_NOT_FOUND,
    "invalid_resource": RefusalKind.RESOURCE_MISSING,
    "access_denied": RefusalKind.DECLINED,
    "consent_required": RefusalKind.CONSENT_MISSING,
    "temporarily_unavailable": RefusalKind.PASSING,
    "server_error": RefusalKind.PASSING,
}
_WORD = re.compile(r"[A-Za-z0-9_.:\- ]{1,80}")


@dataclass(frozen=True, slots=True)
class Refusal:
    """What Entra said, without its free text."""

    kind: RefusalKind
    error: str
    codes: tuple[int, ...] = ()
    suberror: str = ""
    correlation_id: str = ""
    timestamp: str = ""


class SignInRefused(MicrosoftError):
    """Entra refused, and asking again will not change that by itself."""

    code = "sign_in_refused"
    title = "Microsoft refused the sign-in"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"Entra refused: {refusal.kind.value}")
        self.refusal = refusal

    def evidence(self) -> dict[str, str]:
        told = self.refusal
        found = {
            "error": told.error,
            "code": ", ".join(f"AADSTS{code}" for code in told.codes),
            "suberror": told.suberror,
            "correlation_id": told.correlation_id,
            "timestamp": told.timestamp,
        }
        return {name: value for name, value in found.items() if value}


class OperatorFault(SignInRefused):
    """Our own application's credential or request is at fault: no customer's status may suffer for it."""

    code = "operator_fault"


def refusal(told: Mapping[str, Any]) -> Refusal:
    """Read an OAuth error answer."""
    listed = told.get("error_codes")
    codes = tuple(code for code in listed if isinstance(code, int)) if isinstance(listed, list) else ()
    error = _word(told.get("error"))
    by_code = next((_KIND_OF_CODE[code] for code in codes if code in _KIND_OF_CODE), None)
    return Refusal(
        kind=by_code or _KIND_OF_WORD.get(error, RefusalKind.OTHER),
        error=error,
        codes=codes,
        suberror=_word(told.get("suberror") or told.get("classification")),
        correlation_id=_word(told.get("correlation_id")),
        timestamp=_word(told.get("timestamp")),
    )


def raised(told: Refusal) -> MicrosoftError:
    """The error a refusal stands for."""
    if told.kind is RefusalKind.THROTTLED:
        return Throttled("Entra is throttling the tenant")
    if told.kind is RefusalKind.PASSING:
        return Transient("Entra could not answer for the moment")
    if told.kind in {RefusalKind.OUR_CREDENTIAL, RefusalKind.OUR_REQUEST}:
        return OperatorFault(told)
    return SignInRefused(told)


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
