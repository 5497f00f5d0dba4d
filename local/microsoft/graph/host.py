"""The Graph host: tokens, permissions, throttling; single requests and batches."""

import time
from typing import Any

from local.microsoft.entra.tokens.challenges import check_demands
from local.microsoft.entra.tokens.issuer import Issuer
from local.microsoft.graph.directory import mailboxes
from local.microsoft.graph.protocol.batch import PATH as BATCH
from local.microsoft.graph.protocol.batch import SubRequest, batch_reply
from local.microsoft.graph.protocol.errors import (
    GraphError,
    bad_request,
    error_reply,
    forbidden,
    new_request_id,
    with_request_ids,
)
from local.microsoft.graph.protocol.request import Caller, GraphRequest, options_of, version_of
from local.microsoft.graph.protocol.throttle import Throttle, warning
from local.microsoft.graph.routes import find
from local.microsoft.graph.security import managed_devices
from local.microsoft.server import Reply, Request
from local.microsoft.traffic.faults import Faults
from local.microsoft.traffic.garble import Garbles
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

_CHALLENGE = 'Bearer realm="", authorization_uri="{}/common/oauth2/authorize", client_id="{}"'
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class Graph:
    """Everything below /v1.0, and a little below /beta.

    ``record`` is the recorder's entry, which learns whose request it was.
    """

    def __init__(
        self, world: WorldState, issuer: Issuer, faults: Faults, garbles: Garbles, login: str, graph: str
    ) -> None:
        self._world = world
        self._issuer = issuer
        self._faults = faults
        self._garbles = garbles
        self._login = login
        self._root = graph
        self._throttle = Throttle(world)

    @property
    def memories(self) -> list[object]:
        """What every tenant has used of its quota."""
        return [self._throttle]

    def handle(self, request: Request, record: dict[str, Any]) -> Reply:
        request_id = new_request_id()
        client_request_id = request.headers.get("client-request-id", request_id)
        try:
            reply = self._authorized(request, record)
        except GraphError as error:
            reply = error_reply(error, request_id, client_request_id)
        record["units"] = record.get("units", 0) + int(reply.headers.get("x-ms-resource-unit", "0"))
        return with_request_ids(reply, request_id, client_request_id)

    def record_faulted(self, request: Request, tenant_id: str, record: dict[str, Any], at: float, reply: Reply) -> None:
        """Record the service of a request that a fault replaced, and the Retry-After of a 429."""
        tenant = self._world.tenants.get(tenant_id)
        try:
            version = version_of(request.path) or ""
            route, _ = find(request.method, request.path.removeprefix(version), version)
        except GraphError:
            return
        if tenant is not None:
            self._throttle.record_request(route.service, tenant, at, record)
            if reply.status == 429:
                self._throttle.record_refusal(route.service, tenant, reply.headers)

    def _authorized(self, request: Request, record: dict[str, Any]) -> Reply:
        claims = self._claims(request)
        caller = _caller(claims)
        record |= {"roles": sorted(caller.roles), "scp": claims.get("scp", "")}
        tenant = self._world.tenants.get(claims["tid"])
        if tenant is None or not tenant.exists or not self._is_known(tenant, caller):
            message = "The identity of the calling application could not be established."
            raise GraphError(401, "Authorization_IdentityNotFound", message)
        version = version_of(request.path)
        if version is None:
            raise bad_request(f"Invalid version: {request.path.split('/')[1]}.", "BadRequest")
        if request.path == f"{version}{BATCH}":
            self._check_claims(tenant, claims, request.path)
            return self._batch(request, tenant, claims, record)
        return self._single(request, tenant, claims, record["at"], record)

    def _claims(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.verify(token) if scheme.lower() == "bearer" else None
        if claims is None:
            text = "CompactToken parsing failed." if token else "Access token is empty."
            raise self._unauthorized(text)
        if claims["exp"] <= time.time():
            raise self._unauthorized("Lifetime validation failed, the token is expired.")
        if claims["aud"] != self._root:
            raise self._unauthorized("Access token validation failure. Invalid audience.")
        return claims

    def _unauthorized(self, text: str) -> GraphError:
        headers = {"WWW-Authenticate": _CHALLENGE.format(self._login, _GRAPH_APP)}
        return GraphError(401, "InvalidAuthenticationToken", text, headers=headers)

    def _is_known(self, tenant: TenantState, caller: Caller) -> bool:
        return caller.client_id in tenant.principals or self._world.switches.tokens_outlive_removal

    def _check_claims(self, tenant: TenantState, claims: dict[str, Any], path: str) -> None:
        check_demands(tenant.demands, claims, path, self._login, _GRAPH_APP)

    def _single(
        self, request: Request, tenant: TenantState, claims: dict[str, Any], at: float, record: dict[str, Any]
    ) -> Reply:
        self._check_claims(tenant, claims, request.path)
        version, caller = version_of(request.path) or "", _caller(claims)
        path = request.path.removeprefix(version)
        route, arguments = find(request.method, path, version)
        self._throttle.record_request(route.service, tenant, at, record)
        if caller.user_id is None and not route.needs.application:
            raise bad_request("/me request is only valid with delegated authentication flow.", "BadRequest")
        if not caller.may(route.needs):
            raise self._forbidden(route.service)
        options = options_of(request.query)
        units = route.cost(options)
        if route.method != "GET":
            self._throttle.spend("directory writes", caller.client_id, tenant, 1)
        share = self._throttle.spend(route.service, caller.client_id, tenant, units)
        graph_request = GraphRequest(
            self._world, self._root, tenant, caller, path, options, request.headers, request.body, version
        )
        reply = route.handle(graph_request, *arguments)
        reply.headers |= {"x-ms-resource-unit": str(units), **warning(share)}
        return reply

    def _forbidden(self, service: str) -> GraphError:
        if service == managed_devices.SERVICE:
            return managed_devices.intune_forbidden(self._world)
        return mailboxes.exchange_forbidden() if service == mailboxes.SERVICE else forbidden()

    def _batch(self, request: Request, tenant: TenantState, claims: dict[str, Any], record: dict[str, Any]) -> Reply:
        sub_requests: list[dict[str, Any]] = []
        record["parts"] = sub_requests

        def handle(sub_request: SubRequest, inner: Request) -> Reply:
            sub_record = {"id": sub_request.id, "method": inner.method, "path": inner.path, "query": inner.query}
            reply = self._sub_reply(inner, tenant, claims, record["at"], sub_record)
            reply = self._garbles.apply(inner, tenant.id, reply, is_part=True)
            units = int(reply.headers.get("x-ms-resource-unit", "0"))
            sub_requests.append(sub_record | {"status": reply.status, "units": units, "body": sub_request.body})
            record["units"] = record.get("units", 0) + units
            return reply

        return batch_reply(request, handle)

    def _sub_reply(
        self, inner: Request, tenant: TenantState, claims: dict[str, Any], at: float, record: dict[str, Any]
    ) -> Reply:
        fault = self._faults.match(inner, tenant.id, {"answer"})
        request_id = new_request_id()
        client_request_id = inner.headers.get("client-request-id", request_id)
        try:
            if fault is not None and fault.status is not None:
                reply = fault.reply("graph")
                self.record_faulted(inner, tenant.id, record, at, reply)
                return reply
            return self._single(inner, tenant, claims, at, record)
        except GraphError as error:
            return error_reply(error, request_id, client_request_id)


def _caller(claims: dict[str, Any]) -> Caller:
    user_id = claims["oid"] if claims.get("idtyp") == "user" else None
    return Caller(
        claims["appid"], user_id, frozenset(claims.get("roles", ())), frozenset(claims.get("scp", "").split())
    )
