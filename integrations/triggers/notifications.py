"""The HTTP route for Microsoft's change notifications: validation of the address, and notifications."""

from integrations.actions.sync.change_notifications import Notifications, receive_notifications
from integrations.triggers.http.parameters import text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from shared.http.responses import ApiResponse

_TEXT = "text/plain; charset=utf-8"
_VALIDATION_TOKEN = text("validationToken", "Microsoft's validation token, returned unchanged.", most=1024)


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "notifications",
        needs=Need.NOTHING,
        summary="Microsoft Graph's change notifications. They only trigger a sync; their content is not used.",
        query=(_VALIDATION_TOKEN,),
        body=Notifications,
        answers={202: None},
        in_api=False,
    )
    def post_notifications(call: RequestContext) -> ApiResponse:
        token = call.query(_VALIDATION_TOKEN)
        if token:
            return ApiResponse(200, token.encode(), content_type=_TEXT)
        receive_notifications(call.services, call.body(Notifications).value)
        return ApiResponse(202)
