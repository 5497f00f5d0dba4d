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


def stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).strftime("%Y-%m-%d %H:%M:%SZ")
