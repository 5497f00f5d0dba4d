"""JSON batching: up to twenty requests in one, each answered for itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from local.microsoft.graph.protocol.entity_types import graph_reply
from local.microsoft.graph.protocol.errors import GraphError, bad_request
from local.microsoft.server import Reply, Request

MAX_REQUESTS = 20
PATH = "/$batch"
_RESPONSE_HEADERS = frozenset(
    {
        "content-type", "retry-after", "location", "cache-control", "www-authenticate", "x-ms-resource-unit",
        "x-ms-throttle-limit-percentage",
    }
)  # fmt: skip


class SubRequest(msgspec.Struct, rename="camel"):
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None
    depends_on: list[str] = []


class _Batch(msgspec.Struct):
    requests: list[SubRequest]


def batch_reply(request: Request, answer: Callable[[SubRequest, Request], Reply]) -> Reply:
    """Answer every part; a part whose predecessor failed is not tried."""
    sub_requests = sub_requests_of(request)
    statuses: dict[str, int] = {}
    responses = []
    for sub_request in sub_requests:
        failed = any(not 200 <= statuses[name.lower()] < 300 for name in sub_request.depends_on)
        reply = (
            _dependency_failed()
            if failed
            else answer(sub_request, _request(sub_request, request.path.removesuffix(PATH)))
        )
        statuses[sub_request.id.lower()] = reply.status
        responses.append(_response(sub_request, reply))
    responses.reverse()  # any order is valid, so ours is never that of the requests
    return graph_reply({"responses": responses})


def sub_requests_of(request: Request) -> list[SubRequest]:
    if request.method != "POST":
        raise GraphError(405, "Request_BadRequest", "A batch is sent with POST.")
    try:
        sub_requests = msgspec.json.decode(request.body, type=_Batch).requests
    except msgspec.MsgspecError as error:
        raise bad_request("Invalid batch payload format.", "BadRequest") from error
    if not 1 <= len(sub_requests) <= MAX_REQUESTS:
        raise bad_request(f"Number of batch request steps exceeds the maximum value of {MAX_REQUESTS}.", "BadRequest")
    names = [sub_request.id.lower() for sub_request in sub_requests]
    if (
        len(set(names)) != len(names)
        or not _may_depend(sub_requests)
        or not all(_is_complete(sub_request) for sub_request in sub_requests)
    ):
        raise bad_request("Invalid batch payload format.", "BadRequest")
    return sub_requests


def _is_complete(sub_request: SubRequest) -> bool:
    needs_type = sub_request.body is not None and "content-type" not in {name.lower() for name in sub_request.headers}
    return (
        bool(sub_request.id)
        and sub_request.url.startswith("/")
        and not sub_request.url.startswith(PATH)
        and not needs_type
    )


def _may_depend(sub_requests: Sequence[SubRequest]) -> bool:
    """All at once, one after the other, or all after the same one; nothing else is allowed."""
    dependencies = [[name.lower() for name in sub_request.depends_on] for sub_request in sub_requests]
    if not any(dependencies):
        return True
    names = [sub_request.id.lower() for sub_request in sub_requests]
    in_a_row = not dependencies[0] and all(dependencies[n] == [names[n - 1]] for n in range(1, len(sub_requests)))
    first = names[0]
    return in_a_row or (not dependencies[0] and all(it == [first] for it in dependencies[1:]))


def _request(sub_request: SubRequest, version: str) -> Request:
    headers = {name.lower(): value for name, value in sub_request.headers.items()}
    body = msgspec.json.encode(sub_request.body) if sub_request.body is not None else b""
    return Request("graph", sub_request.method.upper(), f"{version}{sub_request.url}", headers, body)


def _response(sub_request: SubRequest, reply: Reply) -> dict[str, Any]:
    headers = {name: value for name, value in reply.headers.items() if name.lower() in _RESPONSE_HEADERS}
    response: dict[str, Any] = {"id": sub_request.id, "status": reply.status, "headers": headers}
    if not reply.body:
        return response
    is_json = "json" in headers.get("Content-Type", "")
    return response | {"body": msgspec.Raw(reply.body) if is_json else base64.b64encode(reply.body).decode()}


def _dependency_failed() -> Reply:
    message = "One of the requests this one depends on has failed."
    return graph_reply({"error": {"code": "FailedDependency", "message": message, "innerError": {}}}, 424)
