"""Entra's refusals: an OAuth error word, an AADSTS code, a text, and how they look in an answer.

Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import uuid
from datetime import UTC, datetime
from typing import Any


class EntraError(Exception):
    """A refused request; ``code`` is the number behind AADSTS."""

    def __init__(self, error: str, code: int, text: str, *, suberror: str = "") -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.suberror = error, code, text, suberror

    @property
    def status(self) -> int:
        return 401 if self.error == "invalid_client" else 400

    def description(self, now: float, trace_id: str, correlation_id: str) -> str:
        """The text as Entra writes it, with the ids that support needs."""
        lines = (
            f"AADSTS{self.code}: {self.text}",
            f"Trace ID: {trace_id}",
            f"Correlation ID: {correlation_id}",
            f"Timestamp: {timestamp(now)}",
        )
        return "\r\n".join(lines)

    def body(self, now: float, correlation_id: str, login_url: str) -> dict[str, Any]:
        """The JSON of a refused token request."""
        trace_id = str(uuid.uuid4())
        fields = {
            "error": self.error,
            "error_description": self.description(now, trace_id, correlation_id),
            "error_codes": [self.code],
            "timestamp": timestamp(now),
            "trace_id": trace_id,
            "correlation_id": correlation_id,
            "error_uri": f"{login_url}/error?code={self.code}",
        }
        return fields | ({"suberror": self.suberror} if self.suberror else {})


# The error words that are not invalid_grant, the default of a refused token request.
_ERROR_CODES = {
    "interaction_required": (50076, 50079, 50158, 53000, 53001, 53002, 53003, 530003, 50097, 500121),
    "unauthorized_client": (700016, 700011, 7000112, 70001, 50194),
    "invalid_client": (7000215, 7000222, 700027, 7000229, 650052, 650056, 7000218, 70002, 50012),
    "access_denied": (65004, 90093, 90094, 90095, 500212, 500213, 500021, 500022, 50105),
    "invalid_request": (90002, 90019, 900023, 90038, 900382, 900432, 90013, 90014, 90023, 9001023, 9002313, 900144),
    "invalid_resource": (500011, 500014, 50001),
    "invalid_scope": (70011, 28002, 700022),
    "temporarily_unavailable": (90033, 90006, 90024, 90055, 90090),
    "server_error": (50000, 50033, 90012, 90036),
}
_SUBERRORS = {
    50173: "bad_token",
    65001: "consent_required",
    50076: "basic_action",
    50079: "basic_action",
    53003: "message_only",
}
_AT_AUTHORIZE = frozenset({"access_denied", "invalid_request", "interaction_required", "invalid_resource"})
_AADSTS = range(10_000, 100_000_000)


def error_by_code(code: int, error: str | None = None) -> EntraError:
    """Any error by its AADSTS code, for injected refusals; ``error`` replaces the usual OAuth error word."""
    if code not in _AADSTS:
        raise KeyError(f"AADSTS{code} is no code of Entra's")
    usual = next((word for word, grants in _ERROR_CODES.items() if code in grants), "invalid_grant")
    return EntraError(error or usual, code, "Refused on purpose.", suberror=_SUBERRORS.get(code, ""))


def redirect_error(code: int, error: str | None = None) -> EntraError:
    """The same as it comes back with the browser, where the words of the token endpoint are not used."""
    refusal = error_by_code(code, error)
    if error is None and refusal.error not in _AT_AUTHORIZE | {"server_error", "temporarily_unavailable"}:
        refusal.error = "access_denied"
    return refusal


def timestamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
