"""The Graph host: tokens, permissions, throttling, single requests and batches.

Sources: https://learn.microsoft.com/graph/throttling-limits, https://learn.microsoft.com/graph/json-batching
"""

import json
from collections import deque
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from local.microsoft.asking import Ask, Route
from local.microsoft.directory import ROUTES
from local.microsoft.http import Reply, Request
from local.microsoft.odata import GraphError, answered, bad, error_body, missing, new_request_id
from local.microsoft.tokens import Issuer
from local.microsoft.world import Tenant, World

_VERSION = "/v1.0"
_MOST_PARTS = 20
_WINDOW_S = 10.0
_SIZES = ((50, 3500), (500, 5000))
_LARGE_UNITS = 8000


class Throttle:
    """Resource units per app and tenant in any ten seconds."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._spent: dict[tuple[str, str], deque[tuple[float, int]]] = {}

    def spend(self, client_id: str, tenant: Tenant, units: int) -> tuple[float, float]:
        """The share of the quota that is used, and seconds to wait (0 when let through)."""
        if not self._world.switches.throttling:
            return 0.0, 0.0
        now = self._world.now()
        spent = self._spent.setdefault((client_id, tenant.id), deque())
        while spent and spent[0][0] <= now - _WINDOW_S:
            spent.popleft()
        used = sum(cost for _, cost in spent) + units
        quota = self._world.switches.units_per_10s or next(
            (quota for size, quota in _SIZES if len(tenant.users) < size), _LARGE_UNITS
        )
        spent.append((now, units))
        return used / quota, (spent[0][0] + _WINDOW_S - now) if used > quota else 0.0


class Graph:
    """Everything below /v1.0."""

    def __init__(self, world: World, issuer: Issuer, url: str) -> None:
        self._world = world
        self._issuer = issuer
        self._url = url
        self._throttle = Throttle(world)

    def answer(self, request: Request, note: dict[str, Any]) -> Reply:
        """Answer a request; ``note`` is the recorder's entry, which learns whose request it was."""
        request_id = new_request_id()
        client_request_id = request.headers.get("client-request-id", request_id)
        try:
            claims = self._claims(request)
            note |= {"tenant_id": claims["tid"], "client_id": claims["appid"]}
            note |= {"roles": claims.get("roles", []), "scp": claims.get("scp", "")}
            reply = self._let_in(request, claims, note)
        except GraphError as error:
            reply = answered(error_body(error, request_id, client_request_id), error.status)
            reply.headers.update(error.headers)
        reply.headers |= {
            "request-id": request_id,
            "client-request-id": client_request_id,
            "x-ms-ags-diagnostic": '{"ServerInfo":{"DataCenter":"Simulated"}}',
            "OData-Version": "4.0",
        }
        return reply

    def _claims(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.read(token) if scheme.lower() == "bearer" else None
        if claims is None:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token is empty, invalid or expired.")
        if claims["aud"] != self._url:
            raise GraphError(401, "InvalidAuthenticationToken", "Access token validation failure. Invalid audience.")
        return claims

    def _let_in(self, request: Request, claims: dict[str, Any], note: dict[str, Any]) -> Reply:
        tenant = self._world.tenants.get(claims["tid"])
        if tenant is None or not tenant.exists or claims["appid"] not in tenant.service_principals:
            message = "The identity of the calling application could not be established."
            raise GraphError(401, "Authorization_IdentityNotFound", message)
        if not request.path.startswith(f"{_VERSION}/"):
            raise bad(f"Invalid version: {request.path.split('/')[1]}")
        path = request.path.removeprefix(_VERSION)
        if path == "/$batch":
            return self._batch(request, tenant, claims, note)
        return self._single(request.method, path, request.query, request.headers, tenant, claims)

    def _single(
        self,
        method: str,
        path: str,
        query: dict[str, str],
        headers: dict[str, str],
        tenant: Tenant,
        claims: dict[str, Any],
    ) -> Reply:
        route, arguments = _find(method, path)
        held = set(claims.get("roles", [])) | set(claims.get("scp", "").split())
        if not route.needs & held:
            raise GraphError(403, "Authorization_RequestDenied", "Insufficient privileges to complete the operation.")
        units = max(1, route.units - ("$select" in query))
        share, wait_s = self._throttle.spend(claims["appid"], tenant, units)
        if wait_s:
            raise _throttled(claims, wait_s)
        me = claims["oid"] if claims.get("idtyp") == "user" else None
        ask = Ask(self._world, self._url, tenant, claims["appid"], me, headers, path, query)
        reply = route.answer(ask, *arguments)
        reply.headers["x-ms-resource-unit"] = str(units)
        if share > 0.8:
            reply.headers["x-ms-throttle-limit-percentage"] = f"{share:.1f}"
        return reply

    def _batch(self, request: Request, tenant: Tenant, claims: dict[str, Any], note: dict[str, Any]) -> Reply:
        parts = _parts(request)
        note["parts"] = told = []
        responses = []
        failed: set[str] = set()
        for part in parts:
            waits = not failed.isdisjoint(part.get("dependsOn") or ())
            reply = _after_failure() if waits else self._part(part, tenant, claims)
            if reply.status >= 400:
                failed.add(part["id"])
            told.append({"method": part["method"], "url": part["url"], "status": reply.status})
            content = json.loads(reply.body) if reply.body else None
            responses.append({"id": part["id"], "status": reply.status, "headers": reply.headers, "body": content})
        responses.reverse()  # any order is right, so ours is never the one that was asked in
        return answered({"responses": responses})

    def _part(self, part: dict[str, Any], tenant: Tenant, claims: dict[str, Any]) -> Reply:
        split = urlsplit(part["url"])
        query = dict(parse_qsl(split.query, keep_blank_values=True))
        headers = {name.lower(): str(value) for name, value in part.get("headers", {}).items()}
        try:
            if split.path == "/$batch":
                raise bad("A batch cannot hold a batch.")
            return self._single(part["method"].upper(), split.path, query, headers, tenant, claims)
        except GraphError as error:
            request_id = new_request_id()
            reply = answered(error_body(error, request_id, request_id), error.status)
            reply.headers.update(error.headers)
            return reply


def _after_failure() -> Reply:
    error = GraphError(424, "FailedDependency", "A request that this one depends on has failed.")
    request_id = new_request_id()
    return answered(error_body(error, request_id, request_id), error.status)


def _parts(request: Request) -> list[dict[str, Any]]:
    if request.method != "POST":
        raise GraphError(405, "Request_BadRequest", "A batch is sent with POST.")
    try:
        parts = json.loads(request.body)["requests"]
        names = [str(part["id"]).lower() for part in parts]
        whole = all(isinstance(part["url"], str) and part["url"].startswith("/") and part["method"] for part in parts)
    except (ValueError, KeyError, TypeError) as error:
        raise bad("Invalid batch payload format.", "BadRequest") from error
    if not whole or len(set(names)) != len(names) or not 1 <= len(parts) <= _MOST_PARTS:
        raise bad("Invalid batch payload format.", "BadRequest")
    return list(parts)


def _find(method: str, path: str) -> tuple[Route, tuple[str, ...]]:
    for route in ROUTES:
        found = route.path.fullmatch(path)
        if found and route.method == method:
            return route, found.groups()
    raise missing(path)


def _throttled(claims: dict[str, Any], wait_s: float) -> GraphError:
    headers = {
        "Retry-After": str(max(1, round(wait_s))),
        "x-ms-throttle-scope": f"Tenant_Application/ReadWrite/{claims['appid']}/{claims['tid']}",
        "x-ms-throttle-information": "ResourceUnitLimitExceeded",
    }
    return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers)
