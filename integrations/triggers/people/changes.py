"""The HTTP route of the feed: which End Users and assets of an Organization changed."""

from integrations.actions.people.feed import read_feed
from integrations.domain.people.changes import POSITION, Position, read_position
from integrations.triggers.http.parameters import LIMIT, Parameter, ValidValues
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.triggers.people.requests import organization_in_path
from integrations.views.people.changes import ChangePage, change_page
from shared.http.responses import ApiResponse, ok

_VALID = ValidValues(
    {"type": "string", "pattern": f"^{POSITION.pattern}$"}, "next_after of an earlier answer, unchanged", "42"
)
_AFTER: Parameter[Position | None] = Parameter(
    "after",
    "next_after of an earlier answer, unchanged. Leave it out to read all from the start.",
    lambda: _VALID,
    read_position,
    None,
)


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "organizations/{organization_id}/changes",
        needs=Need.READ,
        summary="The End Users and assets that changed after a position, in the order of their changes.",
        query=(LIMIT, _AFTER),
        answers={200: ChangePage},
        refusals=("410",),
    )
    def get_changes(call: RequestContext) -> ApiResponse:
        page = read_feed(
            call.services,
            call.actor.account_id,
            organization_in_path(call),
            after=call.query(_AFTER),
            limit=call.query(LIMIT),
        )
        return ok(change_page(page.changes, page.position, has_more=page.has_more))
