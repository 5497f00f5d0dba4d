"""The errors that Microsoft's responses stand for. They depend on status and code, never on text.

MicrosoftError
├── Transient           it may pass: retry later, after ``wait_s`` seconds when Microsoft sent a Retry-After
│   ├── Throttled       429
│   └── ServiceDown     our circuit breaker: it failed too often in a row to be asked again in this run
├── TokenRejected       401: our token is not valid for this tenant
├── Denied              403: not granted to us
├── NotLicensed         the tenant lacks the license that this data needs
├── ResyncRequired      a stored link has expired: read everything again
├── MissingInMicrosoft  404
├── RequestRefused      any other 4xx, or 501
├── HostileLink         a link leads elsewhere than to Microsoft Graph
├── WriteNotAllowed     our own refusal: this client may not write there
├── OutOfTime           our own pause: the read resumes from its checkpoint
└── UnexpectedAnswer    the response is not what the API documents

Source: https://learn.microsoft.com/graph/errors
"""

from shared.errors import AppError


class MicrosoftError(AppError):
    code = "microsoft_error"
    title = "Microsoft did not do what we asked"

    def __init__(
        self,
        detail: str = "",
        *,
        status: int = 0,
        graph_code: str = "",
        request_id: str = "",
        wait_s: float | None = None,
        claims: str = "",
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.graph_code = graph_code
        self.request_id = request_id
        self.wait_s = wait_s
        self.claims = claims  # the claims to request a new token with, as JSON (continuous access evaluation)

    def evidence(self) -> dict[str, str]:
        """Codes and ids to look the error up with, without Microsoft's free text."""
        evidence = {"error": self.stable_code, "code": self.graph_code, "request_id": self.request_id}
        if self.status:
            evidence["http_status"] = str(self.status)
        return {name: value for name, value in evidence.items() if value}


class Transient(MicrosoftError):
    code = "microsoft_unavailable"


class Throttled(Transient):
    code = "throttled"


class ServiceDown(Transient):
    code = "service_down"


class TokenRejected(MicrosoftError):
    code = "token_rejected"


class Denied(MicrosoftError):
    code = "denied"


class NotLicensed(MicrosoftError):
    code = "not_licensed"


class ResyncRequired(MicrosoftError):
    code = "resync_required"


class MissingInMicrosoft(MicrosoftError):
    code = "missing_in_microsoft"


class RequestRefused(MicrosoftError):
    code = "request_refused"


class HostileLink(MicrosoftError):
    code = "hostile_link"


class WriteNotAllowed(MicrosoftError):
    code = "write_not_allowed"


class UnexpectedAnswer(MicrosoftError):
    code = "unexpected_answer"


class OutOfTime(MicrosoftError):
    """The time of this part of the read ended between two pages; the next part resumes there."""

    code = "still_reading"
    title = "It is being read in several parts"
