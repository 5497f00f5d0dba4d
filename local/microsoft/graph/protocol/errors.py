"""Graph's error answers.

Source: https://learn.microsoft.com/graph/errors
"""

import uuid
from datetime import UTC, datetime
from typing import Any

from local.microsoft.server import Reply, json_reply

JSON_TYPE = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"

# The code that usually comes with a status, for faults that name no body.
CODES = {
    400: "BadRequest",
    401: "InvalidAuthenticationToken",
    403: "Authorization_RequestDenied",
    404: "Request_ResourceNotFound",
    409: "ConflictingObjects",
    410: "resyncRequired",
    429: "TooManyRequests",
    500: "InternalServerError",
    501: "NotImplemented",
    502: "UnknownError",
    503: "serviceNotAvailable",
    504: "GatewayTimeout",
}


class GraphError(Exception):
    """Graph will not, or cannot."""

    def __init__(self, status: int, code: str, message: str, *, headers: dict[str, str] | None = None) -> None:
        super().__init__(message)
        self.status, self.code, self.message, self.headers = status, code, message, headers or {}


def bad_request(message: str, code: str = "Request_BadRequest") -> GraphError:
    return GraphError(400, code, message)


def unsupported(message: str) -> GraphError:
    return GraphError(400, "Request_UnsupportedQuery", message)


def not_found(what: str) -> GraphError:
    message = f"Resource '{what}' does not exist or one of its queried reference-property objects are not present."
    return GraphError(404, "Request_ResourceNotFound", message)


def forbidden(code: str = "Authorization_RequestDenied") -> GraphError:
    return GraphError(403, code, "Insufficient privileges to complete the operation.")


def premium_required() -> GraphError:
    code = "Authentication_RequestFromNonPremiumTenantOrB2CTenant"
    return GraphError(403, code, "Neither tenant is B2C or tenant doesn't have premium license")


def error_reply(error: GraphError, request_id: str, client_request_id: str) -> Reply:
    inner: dict[str, Any] = {
        "date": datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request_id,
        "client-request-id": client_request_id,
    }
    if error.status == 429:
        inner = {"code": "429", "message": "Please retry after", "status": "429"} | inner
    body = {"error": {"code": error.code, "message": error.message, "innerError": inner}}
    reply = json_reply(body, error.status, JSON_TYPE)
    reply.headers.update(error.headers)
    return reply


def with_request_ids(reply: Reply, request_id: str, client_request_id: str) -> Reply:
    """Every answer of Graph's names its request, whatever came of it."""
    reply.headers = {
        "Cache-Control": "no-cache",
        "request-id": request_id,
        "client-request-id": client_request_id,
        "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Simulated","Slice":"E","Ring":"1","ScaleUnit":"000"}}',
        "OData-Version": "4.0",
        "Date": datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT"),
        **reply.headers,
    }
    return reply


def new_request_id() -> str:
    return str(uuid.uuid4())
