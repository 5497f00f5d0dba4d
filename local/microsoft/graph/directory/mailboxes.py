"""Mailboxes: what each is for, one at a time, and the list of rooms.

Sources: https://learn.microsoft.com/graph/api/user-get-mailboxsettings, https://learn.microsoft.com/graph/api/place-list
"""

from local.microsoft.graph.directory.users import find_user
from local.microsoft.graph.protocol.entity_types import EntityType, context_url, graph_reply
from local.microsoft.graph.protocol.errors import GraphError
from local.microsoft.graph.protocol.paging import list_reply
from local.microsoft.graph.protocol.request import GraphRequest
from local.microsoft.server import Reply
from local.microsoft.world.collection import Object

SERVICE = "outlook"
_ROOM = EntityType(
    "room",
    dict.fromkeys(
        (
            "id", "displayName", "address", "geoCoordinates", "phone", "emailAddress", "nickname", "label", "building",
            "floorNumber", "floorLabel", "capacity", "bookingType", "audioDeviceName", "videoDeviceName",
            "displayDeviceName", "isWheelChairAccessible",
        )
    )
    | {"tags": []},
)  # fmt: skip
_MOST_ON_A_PAGE = 100


def exchange_forbidden() -> GraphError:
    """How Exchange refuses a caller without its permission, or one that a policy keeps out of a mailbox."""
    return GraphError(403, "ErrorAccessDenied", "Access is denied. Check credentials and try again.")


def user_purpose(request: GraphRequest, key: str) -> Reply:
    """The purpose of somebody's mailbox; a person's unless something else was set."""
    request.allow()
    person = find_user(request.tenant, key)
    purpose = request.tenant.mailbox_purposes.get(person["id"], "user")
    if not _has_mailbox(person) or purpose is None:
        message = "The mailbox is either inactive, soft-deleted, or is hosted on-premise."
        raise GraphError(404, "MailboxNotEnabledForRESTAPI", message)
    path = f"users('{person['id']}')/mailboxSettings/userPurpose"
    return graph_reply({"@odata.context": context_url(request, path, ""), "value": purpose})


def rooms(request: GraphRequest) -> Reply:
    listed = list(request.tenant.rooms.values())
    options = ("$filter", "$top", "$count", "$skiptoken")
    return list_reply(request, _ROOM, listed, "places/microsoft.graph.room", *options, size=_MOST_ON_A_PAGE)


def _has_mailbox(person: Object) -> bool:
    return bool(person["mail"]) and person["userType"] != "Guest"
