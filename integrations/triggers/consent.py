"""HTTP routes of consent flows: start, callback, status, complete, and reauthorize."""

import dataclasses
from urllib.parse import parse_qsl

import msgspec

from integrations.actions.connect.callback import receive_callback
from integrations.actions.connect.complete import complete
from integrations.actions.connect.consent_screens import consent_screens
from integrations.actions.connect.flows import read_flow
from integrations.actions.connect.integrate import reauthorize, start_csp, start_single
from integrations.domain import ids
from integrations.domain.integrations import Kind
from integrations.triggers.http.routes import PREFIX, HttpRoutes, Need, RequestContext
from integrations.views.connect.consent_screens import ConsentScreens
from integrations.views.connect.flow import Completed, FlowView, JourneyStarted
from shared.errors import AppError, Invalid, Problem, TemporaryFailure
from shared.http.responses import MAX_BODY_BYTES, ApiResponse, created, ok, see_other

_TEXT = "text/plain; charset=utf-8"
# One text for every callback that no flow waits for, so that it reveals nothing.
_NOT_OURS = "This is not a response we are waiting for. Go back to the page and start again from the Integrate button."


class AcceptedPrerequisites(msgspec.Struct, forbid_unknown_fields=True):
    """The CSP prerequisites as they were shown, and that somebody has accepted them.

    Attributes:
        accepted: Whether somebody has accepted them; it must be true.
        version: The version of the text that was shown, from GET /prerequisites/csp.
    """

    accepted: bool
    version: str


class StartIntegration(msgspec.Struct, forbid_unknown_fields=True):
    """Which integration to start: "single", or "csp" with its prerequisites.

    Attributes:
        kind: Whether to integrate a single tenant or a CSP.
        prerequisites: Needed for a CSP. Null or absent for a single tenant.
    """

    kind: Kind
    prerequisites: AcceptedPrerequisites | None = None


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "integrations",
        needs=Need.MANAGE,
        summary="Start to integrate a tenant; send the browser to authorize_url.",
        body=StartIntegration,
        example={"kind": "single"},
        answers={201: JourneyStarted},
    )
    def post_integration(call: RequestContext) -> ApiResponse:
        return _started(_start(call, call.body(StartIntegration)))

    @routes.add(
        "GET",
        "consent-screens",
        needs=Need.READ,
        summary="What Microsoft asks for, screen by screen and why. Show it before integrating.",
        answers={200: ConsentScreens},
    )
    def get_consent_screens(call: RequestContext) -> ApiResponse:
        return ok(consent_screens(call.services))

    @routes.add(
        "POST",
        "integrations/{integration_id}/reauthorize",
        needs=Need.MANAGE,
        summary="Start to reauthorize an integration by signing in to the same tenant again.",
        answers={201: JourneyStarted},
    )
    def post_reauthorize(call: RequestContext) -> ApiResponse:
        integration = ids.integration_id(call.param("integration_id"))
        return _started(reauthorize(call.services, call.actor, integration))

    @routes.add(
        "GET POST",
        "consent/callback/{kind:alpha}",
        needs=Need.NOTHING,
        summary="The redirect URI: the browser brings Microsoft's responses here. Nothing is bound.",
        answers={303: None},
        in_api=False,
    )
    def consent_callback(call: RequestContext) -> ApiResponse:
        return _callback(call)

    @routes.add(
        "GET",
        "consent/{flow_id}",
        needs=Need.MANAGE,
        summary="The state of a consent flow, for the user who started it.",
        answers={200: FlowView},
    )
    def get_flow(call: RequestContext) -> ApiResponse:
        return ok(read_flow(call.services, call.actor, ids.flow_id(call.param("flow_id"))))

    @routes.add(
        "POST",
        "consent/{flow_id}/complete",
        needs=Need.MANAGE,
        summary="Confirm the tenant that a flow has verified. Only this step creates the integration.",
        answers={201: Completed},
    )
    def post_complete(call: RequestContext) -> ApiResponse:
        done = complete(call.services, call.actor, ids.flow_id(call.param("flow_id")))
        return created(Completed(integration_id=done), f"{PREFIX}/integrations/{done}")


def _start(call: RequestContext, body: StartIntegration) -> JourneyStarted:
    if body.kind is Kind.SINGLE:
        return start_single(call.services, call.actor)
    accepted = body.prerequisites
    if accepted is None:
        problem = Problem("/prerequisites", "accept the text of GET /prerequisites/csp and send its version")
        raise Invalid("The CSP prerequisites have not been accepted.", problems=[problem])
    return start_csp(call.services, call.actor, accepted=accepted.accepted, version=accepted.version)


def _started(started: JourneyStarted) -> ApiResponse:
    answer = created(started, f"{PREFIX}/consent/{started.flow_id}")
    return dataclasses.replace(answer, is_secret=True)  # the address holds state and nonce


def _callback(call: RequestContext) -> ApiResponse:
    """Handle Microsoft's callback and redirect the browser to the page; errors are plain text, not problem+json."""
    try:
        flow_id = receive_callback(call.services, _kind(call), _fields(call), call.trace_id)
    except TemporaryFailure:
        text = "We cannot process Microsoft's response at the moment. Reload this page in a few seconds."
        return ApiResponse(503, text.encode(), _TEXT, {"Retry-After": "5"})
    except Invalid:
        return ApiResponse(400, _NOT_OURS.encode(), _TEXT)
    except AppError as error:
        return ApiResponse(409, f"{error.title}. {error.remedy}".encode(), _TEXT)
    return see_other(f"{call.services.settings.portal_url}/#flow={flow_id}")


def _kind(call: RequestContext) -> Kind:
    try:
        return Kind(call.param("kind"))
    except ValueError as error:
        raise Invalid(_NOT_OURS) from error


def _fields(call: RequestContext) -> dict[str, str]:
    if call.request.method != "POST":
        return dict(call.request.params)
    body = call.request.get_body()
    if len(body) > MAX_BODY_BYTES:
        raise Invalid(_NOT_OURS)
    try:
        pairs = parse_qsl(body.decode("ascii"), max_num_fields=50)
    except ValueError as error:
        raise Invalid(_NOT_OURS) from error
    fields = dict(pairs)
    if len(fields) != len(pairs):
        raise Invalid(_NOT_OURS)
    return fields
