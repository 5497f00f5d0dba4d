"""Why Entra refused a sign-in: its AADSTS codes in any form, and of its free text nothing but their numbers.

The kind of a refusal follows from the code, or else from the OAuth error; never from the text, which changes without
notice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.microsoft.graph.errors import MicrosoftError, Throttled, Transient
from shared.microsoft.sign_in.codes import KIND_OF_CODE, KIND_OF_OAUTH_ERROR, RefusalKind

_SAFE_TEXT = re.compile(r"[A-Za-z0-9_.:\- ]{1,80}")
_OAUTH_ERROR = re.compile(r"[a-z_]{1,64}")
_CODE = re.compile(r"(?:AADSTS)?([0-9]{4,8})", re.ASCII)
_CODE_IN_TEXT = re.compile(r"\bAADSTS([0-9]{4,8})\b")
_CODE_IN_URL = re.compile(r"[?&]code=([0-9]{4,8})\b")
_MAX_TEXT = 2000  # characters of a text that anybody may have written
_MAX_CODES = 5
_UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Refusal:
    """A refusal by Entra, without its free text."""

    kind: RefusalKind
    error: str
    codes: tuple[int, ...] = ()
    suberror: str = ""
    correlation_id: str = ""
    timestamp: str = ""


class SignInRefused(MicrosoftError):
    """Entra refused the sign-in, and a retry will not help."""

    code = "sign_in_refused"
    title = "Microsoft refused the sign-in"

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(f"Entra refused: {refusal.kind.value}")
        self.refusal = refusal

    def evidence(self) -> dict[str, str]:
        """Codes and ids to look the refusal up with."""
        evidence = {
            "error": self.refusal.error,
            "code": _aadsts_names(self.refusal.codes),
            "suberror": self.refusal.suberror,
            "correlation_id": self.refusal.correlation_id,
            "timestamp": self.refusal.timestamp,
        }
        return {name: value for name, value in evidence.items() if value}


class OperatorFault(SignInRefused):
    """Our own application's credential or request is at fault; no tenant's status may change because of it."""

    code = "operator_fault"


def refusal_from_response(answer: Mapping[str, Any]) -> Refusal:
    """The refusal in an OAuth error response.

    Shape: {"error", "error_codes", "error_description", "suberror", "correlation_id", "timestamp"}, any of them absent.
    """
    return _classified(
        codes_in(answer),
        error=_safe_text(answer.get("error")),
        suberror=_safe_text(answer.get("suberror") or answer.get("classification")),
        correlation_id=_safe_text(answer.get("correlation_id")),
        timestamp=_safe_text(answer.get("timestamp")),
    )


def refusal_from_redirect(answer: Mapping[str, str]) -> Refusal:
    """The refusal in the parameters of a redirect. Anybody may have written them, so only known forms are kept."""
    error, subcode = answer.get("error", ""), answer.get("error_subcode", "")
    return _classified(
        codes_in(answer),
        error=error if _OAUTH_ERROR.fullmatch(error) else _UNREADABLE,
        suberror=subcode if _OAUTH_ERROR.fullmatch(subcode) else "",
    )


def codes_in(answer: Mapping[str, Any]) -> tuple[int, ...]:
    """The AADSTS codes of a response: of its ``error_codes``, else of its description, else of its ``error_uri``."""
    listed = answer.get("error_codes")
    parsed = [_code(it) for it in (listed if isinstance(listed, list) else [listed])]
    codes = [it for it in parsed if it is not None]
    for name, pattern in (("error_description", _CODE_IN_TEXT), ("error_uri", _CODE_IN_URL)):
        text = answer.get(name)
        if not codes and isinstance(text, str):
            codes = [int(it) for it in pattern.findall(text[:_MAX_TEXT])]
    return tuple(dict.fromkeys(codes))[:_MAX_CODES]


def _classified(codes: tuple[int, ...], error: str, **more: str) -> Refusal:
    """A refusal of the kind of its first known code, or else of its OAuth error."""
    by_code = next((KIND_OF_CODE[code] for code in codes if code in KIND_OF_CODE), None)
    return Refusal(kind=by_code or KIND_OF_OAUTH_ERROR.get(error, RefusalKind.OTHER), error=error, codes=codes, **more)


def _code(value: object) -> int | None:
    """A code given as a number or as text; None for anything else."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    match = _CODE.fullmatch(str(value).strip()) if isinstance(value, int | str) else None
    return int(match[1]) if match else None


def error_of_refusal(refusal: Refusal) -> MicrosoftError:
    """The error that a refusal stands for: Throttled, Transient, OperatorFault or SignInRefused."""
    if refusal.kind is RefusalKind.THROTTLED:
        return Throttled("Entra is throttling the tenant", graph_code=_aadsts_names(refusal.codes))
    if refusal.kind is RefusalKind.TRANSIENT:
        return Transient("Entra could not answer for the moment", graph_code=_aadsts_names(refusal.codes))
    if refusal.kind in {RefusalKind.OUR_CREDENTIAL, RefusalKind.OUR_REQUEST}:
        return OperatorFault(refusal)
    return SignInRefused(refusal)


def _aadsts_names(codes: tuple[int, ...]) -> str:
    return ", ".join(f"AADSTS{code}" for code in codes)


def _safe_text(value: object) -> str:
    return value if isinstance(value, str) and _SAFE_TEXT.fullmatch(value) else ""
