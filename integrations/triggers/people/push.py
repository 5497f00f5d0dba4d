"""The HTTP route by which a portal pushes the people that it keeps itself."""

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, UnsetType

from integrations.actions.people.push import MOST_PUSHED, push_end_users
from integrations.domain.people.end_user import MOST_ALIASES
from integrations.triggers.http.routes import HttpRoutes, Need, RequestContext
from integrations.triggers.people.requests import organization_in_path, personal
from integrations.views.people.pushed import PushedEndUsers, pushed_end_users
from shared.http.responses import MAX_BULK_BODY_BYTES, ApiResponse, ok


class EndUserItem(msgspec.Struct, forbid_unknown_fields=True):
    """An End User to create or update. A field that is left out stays as it is; null removes its value.

    Attributes:
        external_id: The portal's own id of this person, by which it is found. Only once in a request.
        name: The full name. Required for a new End User.
        given_name: The first name, or null.
        surname: The family name, or null.
        mail: The mail address, or null. Two End Users may share one.
        username: The name to sign in with at Microsoft (UPN).
        aliases: Further mail addresses. They replace all of those that are stored.
        phone: The phone number in any spelling, or null.
        mobile_phone: The mobile phone number in any spelling, or null.
        job_title: What the person does, or null.
        notes: Free text of at most 2,000 characters.
        is_active: Whether the person still belongs to the Organization.
        keep_active: Whether nothing but the portal may make this End User inactive.
    """

    external_id: Annotated[str, msgspec.Meta(min_length=1)]
    name: Annotated[str, msgspec.Meta(min_length=1)] | UnsetType = UNSET
    given_name: str | UnsetType | None = UNSET
    surname: str | UnsetType | None = UNSET
    mail: str | UnsetType | None = UNSET
    username: str | UnsetType | None = UNSET
    aliases: Annotated[list[str], msgspec.Meta(max_length=MOST_ALIASES)] | UnsetType = UNSET
    phone: str | UnsetType | None = UNSET
    mobile_phone: str | UnsetType | None = UNSET
    job_title: str | UnsetType | None = UNSET
    notes: str | UnsetType | None = UNSET
    is_active: bool | UnsetType = UNSET
    keep_active: bool | UnsetType = UNSET


class PushBody(msgspec.Struct, forbid_unknown_fields=True):
    """End Users of one Organization.

    Attributes:
        items: The End Users, at most 1,000.
    """

    items: Annotated[list[EndUserItem], msgspec.Meta(max_length=MOST_PUSHED)]


_EXAMPLE = {
    "items": [
        {"external_id": "4711", "name": "Jane Doe", "mail": "jane@contoso.example"},
        {"external_id": "4712", "name": "John Roe", "is_active": False},
    ]
}


def add_routes(routes: HttpRoutes) -> None:
    @routes.add(
        "POST",
        "organizations/{organization_id}/end-users/bulk",
        needs=Need.MANAGE,
        summary="Create or update up to 1,000 End Users by the portal's ids, with a result for each.",
        body=PushBody,
        example=_EXAMPLE,
        answers={200: PushedEndUsers},
        max_body_bytes=MAX_BULK_BODY_BYTES,
    )
    def post_bulk(call: RequestContext) -> ApiResponse:
        items = [_values(it) for it in call.body(PushBody).items]
        results = push_end_users(call.services, call.actor, organization_in_path(call), items)
        return personal(ok(pushed_end_users(results)))


def _values(item: EndUserItem) -> dict[str, Any]:
    """The fields that the item names."""
    return {name: value for name, value in msgspec.structs.asdict(item).items() if value is not UNSET}
