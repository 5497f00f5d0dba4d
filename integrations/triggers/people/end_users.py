"""HTTP routes of an Organization's End Users."""

from typing import Annotated

import msgspec

from integrations.actions.people import end_users as actions
from integrations.actions.people.finding import find_end_user
from integrations.actions.people.listing import list_end_users
from integrations.actions.people.microsoft import shown_people, shown_person
from integrations.actions.people.move import MOST_MOVED, move_end_users
from integrations.domain import ids
from integrations.domain.people.end_user import EndUser, EndUserFields
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, text
from integrations.triggers.http.routes import PREFIX, HttpRoutes, Need, RequestContext
from integrations.triggers.people.requests import organization_in_path, personal
from integrations.views.people.end_users import (
    EndUserPage,
    EndUserView,
    MovedEndUsers,
    SavedEndUser,
)
from shared.http.responses import ApiResponse, created, no_content, ok

_EXTERNAL_ID = text("external_id", "Only who has this id in the portal, or had it before a merge.", example="4711")


class EndUserBody(EndUserFields, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An End User. PUT replaces all fields: one that is left out gets its default."""


class MergeBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who is the same person.

    Attributes:
        end_user_id: The End User that is merged into the one of the path, and is then gone.
    """

    end_user_id: ids.EndUserId


class MoveBody(msgspec.Struct, forbid_unknown_fields=True):
    """Who is to be moved where.

    Attributes:
        organization_id: The Organization to which they are moved.
        end_user_ids: Who is moved. Null moves everybody, at most 1,000 at once: repeat it until nobody remains.
    """

    organization_id: ids.OrganizationId
    end_user_ids: Annotated[list[ids.EndUserId], msgspec.Meta(max_length=MOST_MOVED)] | None = None


_EXAMPLE = {
    "name": "Jane Doe",
    "given_name": "Jane",
    "surname": "Doe",
    "mail": "jane@contoso.example",
    "phone": "+1 206 555 0100",
    "external_id": "4711",
}


def add_routes(routes: HttpRoutes) -> None:
    _add_collection(routes)
    _add_single(routes)


def _add_collection(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "organizations/{organization_id}/end-users",
        needs=Need.READ,
        summary="The End Users of an Organization.",
        query=(*PAGING, _EXTERNAL_ID),
        answers={200: EndUserPage},
    )
    def get_end_users(call: RequestContext) -> ApiResponse:
        found = list_end_users(
            call.services,
            call.actor.account_id,
            organization_in_path(call),
            external_id=call.query(_EXTERNAL_ID),
            cursor=call.query(CURSOR),
            limit=call.query(LIMIT),
        )
        items = shown_people(call.services, call.actor.account_id, found.page)
        return ok(EndUserPage(items=items, total=found.total, next_cursor=found.cursor))

    @routes.add(
        "POST",
        "organizations/{organization_id}/end-users",
        needs=Need.MANAGE,
        summary="Create an End User.",
        body=EndUserBody,
        example=_EXAMPLE,
        answers={201: EndUserView},
    )
    def post_end_user(call: RequestContext) -> ApiResponse:
        values = msgspec.structs.asdict(call.body(EndUserBody))
        person = actions.create_end_user(call.services, call.actor, organization_in_path(call), values)
        return personal(created(_shown(call, person), f"{PREFIX}/end-users/{person.id}"))

    @routes.add(
        "POST",
        "organizations/{organization_id}/end-users/move",
        needs=Need.MANAGE,
        summary="Move End Users to another Organization. Their ids stay.",
        body=MoveBody,
        example={"organization_id": "org_abcdefghijkmnpqrstuv"},
        answers={200: MovedEndUsers},
    )
    def post_move(call: RequestContext) -> ApiResponse:
        body = call.body(MoveBody)
        chosen = body.end_user_ids
        moved = move_end_users(
            call.services,
            call.actor,
            organization_in_path(call),
            ids.organization_id(body.organization_id),
            None if chosen is None else [ids.end_user_id(it, f"/end_user_ids/{n}") for n, it in enumerate(chosen)],
        )
        return ok(MovedEndUsers(moved=moved.moved, not_moved=moved.not_moved, remaining=moved.remaining))


def _add_single(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "end-users/{end_user_id}",
        needs=Need.READ,
        summary="One End User.",
        answers={200: EndUserView},
    )
    def get_end_user(call: RequestContext) -> ApiResponse:
        return ok(_shown(call, find_end_user(call.services, call.actor.account_id, _end_user(call))))

    @routes.add(
        "PUT",
        "end-users/{end_user_id}",
        needs=Need.MANAGE,
        summary="Replace the fields of an End User that Microsoft does not manage.",
        body=EndUserBody,
        example=_EXAMPLE,
        answers={200: SavedEndUser},
    )
    def put_end_user(call: RequestContext) -> ApiResponse:
        values = msgspec.structs.asdict(call.body(EndUserBody))
        saved = actions.change_end_user(call.services, call.actor, _end_user(call), values)
        return personal(ok(SavedEndUser.of(_shown(call, saved.end_user), saved.ignored_fields)))

    @routes.add(
        "DELETE",
        "end-users/{end_user_id}",
        needs=Need.REMOVE,
        summary="Erase an End User. Only salted hashes remain, so that no sync creates the person again.",
        answers={204: None},
    )
    def delete_end_user(call: RequestContext) -> ApiResponse:
        actions.erase_end_user(call.services, call.actor, _end_user(call))
        return no_content()

    @routes.add(
        "POST",
        "end-users/{end_user_id}/merge",
        needs=Need.MANAGE,
        summary="Merge another End User of the same Organization into this one.",
        body=MergeBody,
        example={"end_user_id": "eu_abcdefghijkmnpqrstuvwxyz23456789"},
        answers={200: EndUserView},
    )
    def post_merge(call: RequestContext) -> ApiResponse:
        other_id = ids.end_user_id(call.body(MergeBody).end_user_id)
        person = actions.merge_end_users(call.services, call.actor, _end_user(call), other_id)
        return personal(ok(_shown(call, person)))


def _shown(call: RequestContext, person: EndUser) -> EndUserView:
    return shown_person(call.services, call.actor.account_id, person)


def _end_user(call: RequestContext) -> ids.EndUserId:
    return ids.end_user_id(call.param("end_user_id"))
