"""JSON batching: up to twenty requests in one, each answered for itself.

Source: https://learn.microsoft.com/graph/json-batching
"""

import base64
from collections.abc import Callable, Sequence
from typing import Any

import msgspec

from local.microsoft.graph.errors import GraphError, bad
from local.microsoft.graph.kinds import answered
from local.microsoft.http import Reply, Request

MOST_PARTS = 20
PATH = "/$batch"
_TOLD_HEADERS = frozenset(
    {
        "content-type", "retry-after", "location", "cache-control", "www-authenticate", "x-ms-resource-unit",
        "x-ms-throttle-limit-percentage",
    }
)  # fmt: skip


class Part(msgspec.Struct, rename="camel"):
    """One request of a batch."""

    id: str
    method: str
    url: str
    headers: dict[str, str] = {}
    body: Any = None
    depends_on: list[str] = []


class _Batch(msgspec.Struct):
    requests: list[Part]


def answer_batch(request: Request, answer: Callable[[Part, Request], Reply]) -> Reply:
    """Answer every part; a part whose predecessor failed is not tried."""
    parts = parts_of(request)
    statuses: dict[str, int] = {}
    responses = []
    for part in parts:
        failed = any(not 200 <= statuses[name.lower()] < 300 for name in part.depends_on)
        reply = _dependency_failed() if failed else answer(part, _request(part))
        statuses[part.id.lower()] = reply.status
        responses.append(_told(part, reply))
    responses.reverse()  # any order is right, so ours is never the one that was asked in
    return answered({"responses": responses})


def parts_of(request: Request) -> list[Part]:
    if request.method != "POST":
        raise GraphError(405, "Request_BadRequest", "A batch is sent with POST.")
    try:
        parts = msgspec.json.decode(request.body, type=_Batch).requests
    except msgspec.MsgspecError as error:
        raise bad("Invalid batch payload format.", "BadRequest") from error
    if not 1 <= len(parts) <= MOST_PARTS:
        raise bad(f"Number of batch request steps exceeds the maximum value of {MOST_PARTS}.", "BadRequest")
    names = [part.id.lower() for part in parts]
    if len(set(names)) != len(names) or not _may_depend(parts) or not all(_is_whole(part) for part in parts):
        raise bad("Invalid batch payload format.", "BadRequest")
    return parts


def _is_whole(part: Part) -> bool:
    needs_type = part.body is not None and "content-type" not in {name.lower() for name in part.headers}
    return bool(part.id) and part.url.startswith("/") and not part.url.startswith(PATH) and not needs_type


def _may_depend(parts: Sequence[Part]) -> bool:
    """All at once, one after the other, or all after the same one; nothing else is allowed."""
    wanted = [[name.lower() for name in part.depends_on] for part in parts]
    if not any(wanted):
        return True
    names = [part.id.lower() for part in parts]
    in_a_row = not wanted[0] and all(wanted[n] == [names[n - 1]] for n in range(1, len(parts)))
    first = names[0]
    return in_a_row or (not wanted[0] and all(it == [first] for it in wanted[1:]))


def _request(part: Part) -> Request:
    headers = {name.lower(): value for name, value in part.headers.items()}
    body = msgspec.json.encode(part.body) if part.body is not None else b""
    return Request("graph", part.method.upper(), f"/v1.0{part.url}", headers, body)


def _told(part: Part, reply: Reply) -> dict[str, Any]:
    headers = {name: value for name, value in reply.headers.items() if name.lower() in _TOLD_HEADERS}
    told: dict[str, Any] = {"id": part.id, "status": reply.status, "headers": headers}
    if not reply.body:
        return told
    is_json = "json" in headers.get("Content-Type", "")
    return told | {"body": msgspec.Raw(reply.body) if is_json else base64.b64encode(reply.body).decode()}


def _dependency_failed() -> Reply:
    message = "One of the requests this one depends on has failed."
    return answered({"error": {"code": "FailedDependency", "message": message, "innerError": {}}}, 424)
