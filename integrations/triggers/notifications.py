"""The HTTP route for Microsoft's change notifications: validation of the address, and notifications."""

from integrations.actions.sync.change_notifications import Notifications, receive_notifications
from integrations.triggers.routes import HttpRoutes, Need, RequestContext
from shared.errors import Invalid, Problem
from shared.http.responses import ApiResponse

_TEXT = "text/plain; charset=utf-8"
_LONGEST_TOKEN = 1024


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "notifications",
        needs=Need.NOTHING,
        summary="Microsoft Graph's change notifications. They only trigger a sync; their content is not used.",
        query={"validationToken": "Microsoft's validation token, returned unchanged"},
        body=Notifications,
        answers={202: None},
        in_api=False,
    )
    def post_notifications(call: RequestContext) -> ApiResponse:
        token = call.query("validationToken")
        if len(token) > _LONGEST_TOKEN:
            problem = Problem("/validationToken", f"at most {_LONGEST_TOKEN} characters")
            raise Invalid("The validation token is too long.", problems=[problem])
        if token:
            return ApiResponse(200, token.encode(), content_type=_TEXT)
        receive_notifications(call.services, call.body(Notifications).value)
        return ApiResponse(202)
