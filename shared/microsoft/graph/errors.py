"""What Microsoft's answers mean. Branches on status and code, never on text.

MicrosoftError
├── Transient           it may pass: try again later; ``wait_s`` when Microsoft named a time
│   ├── Throttled       429
│   └── ServiceDown     our own pause: it failed too often in a row to be asked again in this run
├── TokenRejected       401: our sign-in does not hold for this tenant
├── Denied              403: not granted to us
├── NotLicensed         the tenant has not bought what this data needs
├── ResyncRequired      a kept link is no longer honoured: read whole
├── MissingInMicrosoft  404
├── RequestRefused      any other 4xx, or 501
├── HostileLink         a link that leads elsewhere than to Microsoft Graph
├── WriteNotAllowed     our own refusal: a write that is on nobody's list
├── OutOfTime           our own pause: the reading goes on in another part
└── UnexpectedAnswer    not the form that was promised

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
        self.claims = claims  # what a new token must answer for; JSON

    def evidence(self) -> dict[str, str]:
        """Codes and ids to look the matter up with."""
        told = {"error": self.stable_code, "code": self.graph_code, "request_id": self.request_id}
        if self.status:
            told["http_status"] = str(self.status)
        return {name: value for name, value in told.items() if value}


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
    """The time of this part is over between two pages; the next one goes on behind them."""

    code = "still_reading"
    title = "It is being read in several parts"
