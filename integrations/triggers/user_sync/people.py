"""HTTP routes of the people of a tenant's user sync: links, and questions that only a person can answer."""

import re

import msgspec

from integrations.actions.user_sync.links import list_links, undo_link
from integrations.actions.user_sync.questions import LATER, OPEN, decide, list_questions
from integrations.domain import ids
from integrations.domain.user_sync.links import Choice, QueueKind
from integrations.triggers.http.parameters import CURSOR, LIMIT, PAGING, one_of, text
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.triggers.people.requests import personal
from integrations.triggers.user_sync.requests import tenant_in_path
from integrations.views.user_sync.links import UserLinkPage
from integrations.views.user_sync.questions import Decided, QuestionPage
from shared.errors import Invalid, NotFound, Problem
from shared.http.responses import ApiResponse, no_content, ok

_KIND = one_of("kind", "Only questions of this kind.", [it.value for it in QueueKind])
_OPEN = one_of("only", "open: only those that nobody put off. later: only those that somebody did.", (OPEN, LATER))
_SEARCH = text("q", "Part of a name, a user name or an address.", example="jane")
_LINKS = one_of(
    "only",
    "Only links whose End User is active or inactive, whose user is gone, or that were undone.",
    ("active", "inactive", "gone", "undone"),
)
_QUESTION = re.compile(r"[a-z_]{1,40}\.[a-z0-9_-]{1,64}")


class DecisionBody(msgspec.Struct, forbid_unknown_fields=True):
    """What somebody decided.

    Attributes:
        choice: One of the choices of the question.
        end_user_id: The End User to link. Only with the choice link.
    """

    choice: Choice
    end_user_id: ids.EndUserId | None = None


def add_routes(routes: HttpRoutes) -> None:
    _add_questions(routes)
    _add_links(routes)


def _add_questions(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/user-sync/queue",
        needs=Need.READ,
        summary="Questions that only a person can answer.",
        query=(_KIND, _OPEN, *PAGING),
        answers={200: QuestionPage},
        refusals=("409",),
    )
    def get_user_sync_queue(call: RequestContext) -> ApiResponse:
        page = list_questions(
            call.services,
            call.actor.account_id,
            tenant_in_path(call),
            kind=call.query(_KIND),
            only=call.query(_OPEN),
            cursor=call.query(CURSOR),
            limit=call.query(LIMIT),
        )
        return ok(page)

    @routes.add(
        "POST",
        "tenants/{tenant_id}/user-sync/queue/{question_id}/decision",
        needs=Need.MANAGE,
        summary="Decide a question. The sync follows at once.",
        body=DecisionBody,
        example={"choice": "link", "end_user_id": "eu_abcdefghijkmnpqrstuvwxyz23456789"},
        answers={200: Decided},
    )
    def post_user_sync_decision(call: RequestContext) -> ApiResponse:
        body, question_id = call.body(DecisionBody), call.param("question_id")
        if not _QUESTION.fullmatch(question_id):
            raise Invalid("The id is malformed.", problems=[Problem("/question_id", "the id of a question")])
        end_user_id = ids.end_user_id(body.end_user_id) if body.end_user_id else None
        item = decide(
            call.services,
            call.actor,
            tenant_in_path(call),
            question_id,
            choice=body.choice,
            end_user_id=end_user_id,
        )
        return personal(ok(Decided(item=item)))


def _add_links(routes: HttpRoutes) -> None:
    @routes.add(
        "GET",
        "tenants/{tenant_id}/user-sync/links",
        needs=Need.READ,
        summary="Which End User each user is.",
        query=(_SEARCH, _LINKS, *PAGING),
        answers={200: UserLinkPage},
        refusals=("409",),
    )
    def get_user_sync_links(call: RequestContext) -> ApiResponse:
        page = list_links(
            call.services,
            call.actor.account_id,
            tenant_in_path(call),
            text=call.query(_SEARCH),
            only=call.query(_LINKS),
            cursor=call.query(CURSOR),
            limit=call.query(LIMIT),
        )
        return ok(page)

    @routes.add(
        "DELETE",
        "tenants/{tenant_id}/user-sync/links/{object_id}",
        needs=Need.MANAGE,
        summary="Undo a link. No sync makes it again, and the End User stays.",
        answers={204: None},
    )
    def delete_user_sync_link(call: RequestContext) -> ApiResponse:
        object_id = call.param("object_id").lower()
        if not ids.is_object_id(object_id):
            raise NotFound("This user is linked to no End User.")
        undo_link(call.services, call.actor, tenant_in_path(call), object_id)
        return no_content()
