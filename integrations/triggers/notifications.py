"""Microsoft's door: it proves that it reaches us, and tells that something changed."""

from integrations.actions.sync.change_notifications import Notifications, receive_notifications
from integrations.triggers.routes import HttpRoutes, Need, RequestContext
from shared.errors import Invalid, Problem
from shared.http.responses import ApiResponse

_TEXT = "text/plain; charset=utf-8"
_LONGEST_TOKEN = 1024


def add_doors(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "notifications",
        needs=Need.NOTHING,
        summary="Microsoft Graph's change notifications: a nudge to look, and nothing that is believed.",
        query={"validationToken": "Microsoft's own token, given back as it came"},
        body=Notifications,
        answers={202: None},
        in_api=False,
    )
    def post_notifications(call: RequestContext) -> ApiResponse:
        token = call.query("validationToken")
        if len(token) > _LONGEST_TOKEN:
            told = Problem("/validationToken", f"at most {_LONGEST_TOKEN} characters")
            raise Invalid("The token is too long to be Microsoft's.", problems=[told])
        if token:
            return ApiResponse(200, token.encode(), content_type=_TEXT)
        receive_notifications(call.services, call.body(Notifications).value)
        return ApiResponse(202)
