"""Why Entra refused: its codes, in whatever form they come, and nothing of its free text but their numbers.

Codes decide, then the OAuth error word; the text never does, it changes without notice.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from shared.microsoft.graph.errors import MicrosoftError, Throttled, Transient
from shared.microsoft.sign_in.codes import KIND_OF_CODE, KIND_OF_WORD, RefusalKind

_WORD = re.compile(r"[A-Za-z0-9_.:\- ]{1,80}")
_PLAIN_WORD = re.compile(r"[a-z_]{1,64}")
_NUMBER = re.compile(r"(?:AADSTS)?([0-9]{4,8})", re.ASCII)
_NUMBER_IN_TEXT = re.compile(r"\bAADSTS([0-9]{4,8})\b")
_NUMBER_IN_ADDRESS = re.compile(r"[?&]code=([0-9]{4,8})\b")
_MOST_TEXT = 2000  # characters of a text that a stranger may have written
_MOST_CODES = 5
_UNREADABLE = "unreadable"


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
            "code": _names(told.codes),
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
    return _sorted(
        codes_in(told),
        error=_word(told.get("error")),
        suberror=_word(told.get("suberror") or told.get("classification")),
        correlation_id=_word(told.get("correlation_id")),
        timestamp=_word(told.get("timestamp")),
    )


def redirected(answer: Mapping[str, str]) -> Refusal:
    """Read a refusal that a browser brought: anybody may have written it, so only words of known form are kept."""
    error, subcode = answer.get("error", ""), answer.get("error_subcode", "")
    return _sorted(
        codes_in(answer),
        error=error if _PLAIN_WORD.fullmatch(error) else _UNREADABLE,
        suberror=subcode if _PLAIN_WORD.fullmatch(subcode) else "",
    )


def codes_in(told: Mapping[str, Any]) -> tuple[int, ...]:
    """The AADSTS numbers of an answer: of its list of codes, else of its text, else of its link to an explanation."""
    listed = told.get("error_codes")
    codes = [_code(it) for it in (listed if isinstance(listed, list) else [listed])]
    found = [it for it in codes if it is not None]
    for name, pattern in (("error_description", _NUMBER_IN_TEXT), ("error_uri", _NUMBER_IN_ADDRESS)):
        text = told.get(name)
        if not found and isinstance(text, str):
            found = [int(it) for it in pattern.findall(text[:_MOST_TEXT])]
    return tuple(dict.fromkeys(found))[:_MOST_CODES]


def _sorted(codes: tuple[int, ...], error: str, **more: str) -> Refusal:
    """A refusal of the kind that its first known code has, or else its word."""
    by_code = next((KIND_OF_CODE[code] for code in codes if code in KIND_OF_CODE), None)
    return Refusal(kind=by_code or KIND_OF_WORD.get(error, RefusalKind.OTHER), error=error, codes=codes, **more)


def _code(value: object) -> int | None:
    """A code as a number, or as a text that is one."""
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    found = _NUMBER.fullmatch(str(value).strip()) if isinstance(value, int | str) else None
    return int(found[1]) if found else None


def raised(told: Refusal) -> MicrosoftError:
    """The error a refusal stands for."""
    if told.kind is RefusalKind.THROTTLED:
        return Throttled("Entra is throttling the tenant", graph_code=_names(told.codes))
    if told.kind is RefusalKind.PASSING:
        return Transient("Entra could not answer for the moment", graph_code=_names(told.codes))
    if told.kind in {RefusalKind.OUR_CREDENTIAL, RefusalKind.OUR_REQUEST}:
        return OperatorFault(told)
    return SignInRefused(told)


def _names(codes: tuple[int, ...]) -> str:
    return ", ".join(f"AADSTS{code}" for code in codes)


def _word(value: object) -> str:
    return value if isinstance(value, str) and _WORD.fullmatch(value) else ""
