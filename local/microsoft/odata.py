"""OData as Graph speaks it: $select, $top, simple $filter, page tokens, and error bodies.

Sources: https://learn.microsoft.com/graph/query-parameters, https://learn.microsoft.com/graph/errors
"""

import base64
import json
import re
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from local.microsoft.http import Reply, told

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
_EQUALS = re.compile(r"\s*([\w/]+)\s+eq\s+('(?:[^']|'')*'|true|false)\s*")


class GraphError(Exception):
    """An error answer of Graph."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def bad(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(400, code, message)


def missing(what: str) -> GraphError:
    return GraphError(404, "Request_ResourceNotFound", f"Resource '{what}' does not exist or is not accessible.")


def error_body(error: GraphError, request_id: str, client_request_id: str) -> dict[str, Any]:
    inner = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    return {"error": {"code": error.code, "message": error.message, "innerError": inner}}


def answered(value: Any, status: int = 200) -> Reply:
    reply = told(value, status) if status != 204 else Reply(204)
    if status != 204:
        reply.headers["Content-Type"] = JSON_TYPE
    return reply


def selected(thing: dict[str, Any], select: list[str], known: Iterable[str], default: Iterable[str]) -> dict[str, Any]:
    """The chosen properties, or the default ones; id comes always."""
    wanted = select or list(default)
    unknown = set(wanted) - set(known)
    if unknown:
        raise bad(f"Could not find a property named '{min(unknown)}'.")
    return {name: thing.get(name) for name in dict.fromkeys(["id", *wanted])}


def select_of(query: dict[str, str]) -> list[str]:
    return [name.strip() for name in query.get("$select", "").split(",") if name.strip()]


def top_of(query: dict[str, str], default: int, most: int) -> int:
    text = query.get("$top", str(default))
    if not text.isdigit() or not 1 <= int(text) <= most:
        raise bad(
            f"Invalid page size specified: '{text}'. Must be between 1 and {most} inclusive.",
            "Request_UnsupportedQuery",
        )
    return int(text)


def refuse_options(query: dict[str, str], allowed: set[str]) -> None:
    refused = {name for name in query if name.startswith("$")} - allowed
    if refused:
        raise bad(f"The query option '{min(refused)}' is not supported here.", "Request_UnsupportedQuery")


def filtered(things: Iterable[dict[str, Any]], text: str) -> list[dict[str, Any]]:
    """Equalities, joined by "and"; Graph knows far more, we use no more."""
    if not text:
        return list(things)
    tests: list[tuple[str, Any]] = []
    for part in text.split(" and "):
        found = _EQUALS.fullmatch(part)
        if not found:
            raise bad("Unsupported or invalid query filter clause specified.", "Request_UnsupportedQuery")
        name, literal = found.groups()
        tests.append((name, literal == "true" if literal in {"true", "false"} else literal[1:-1].replace("''", "'")))
    return [thing for thing in things if all(thing.get(name) == value for name, value in tests)]


def token_of(state: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(state).encode()).decode().rstrip("=")


def state_of(token: str) -> dict[str, Any]:
    try:
        state = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
    except ValueError as error:
        raise bad("The token is not valid.") from error
    if not isinstance(state, dict):
        raise bad("The token is not valid.")
    return state


def new_request_id() -> str:
    return str(uuid.uuid4())
