"""Entra's refusals: an OAuth error word, an AADSTS code, a text, and how they look in an answer.

Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import uuid
from datetime import UTC, datetime
from typing import Any


class Refused(Exception):
    """Entra will not; ``code`` is the number behind AADSTS."""

    def __init__(self, error: str, code: int, text: str, *, suberror: str = "") -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.suberror = error, code, text, suberror

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400

    def described(self, now: float, trace_id: str, correlation_id: str) -> str:
        """The text as Entra writes it, with what its support asks for."""
        lines = (
            f"AADSTS{self.code}: {self.text}",
            f"Trace ID: {trace_id}",
            f"Correlation ID: {correlation_id}",
            f"Timestamp: {stamp(now)}",
        )
        return "\r\n".join(lines)

    def body(self, now: float, correlation_id: str, login_url: str) -> dict[str, Any]:
        """The JSON of a refused token request."""
        trace_id = str(uuid.uuid4())
        told = {
            "error": self.error,
            "error_description": self.described(now, trace_id, correlation_id),
            "error_codes": [self.code],
            "timestamp": stamp(now),
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": f"{login_url}/error?code={self.code}",
        }
        return told | ({"suberror": self.suberror} if self.suberror else {})


_NAMED = {
    "invalid_grant": (
        50076, 50074, 50079, 50072, 50078, 50158, 50161, 53000, 53001, 53002, 53003, 53011, 50131, 530032, 530034,
        530035, 50173, 700082, 70008, 70043, 700084, 50133, 50020, 50034, 51004, 50177, 50178, 90072, 50053, 50055,
        50057, 50126, 50144, 50105, 65001, 90099, 50196, 5000224,
    ),
    "unauthorized_client": (700016, 7000112),
    "invalid_client": (7000215, 7000222, 700027, 7000229, 650052, 650056),
    "access_denied": (65004, 90094, 500212, 500213, 500021),
    "invalid_request": (90002, 90019, 900023, 90038, 900382),
    "invalid_resource": (500011, 500014),
    "temporarily_unavailable": (90033, 90006, 90024),
}  # fmt: skip
_SUBERRORS = {50173: "bad_token", 65001: "consent_required", 50076: "basic_action", 50079: "basic_action"}


def named(code: int) -> Refused:
    """Any refusal of Microsoft's table by its code, for when the world is told to refuse."""
    error = next((word for word, codes in _NAMED.items() if code in codes), None)
    if error is None:
        raise KeyError(f"AADSTS{code} is not in the table")
    return Refused(error, code, "Refused on purpose.", suberror=_SUBERRORS.get(code, ""))


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
