"""The Graph host: tokens, permissions, throttling; single requests and batches."""

import time
from typing import Any

from local.microsoft.challenges import demand
from local.microsoft.directory import find
from local.microsoft.faults import Faults
from local.microsoft.garble import Garbles
from local.microsoft.graph import intune
from local.microsoft.graph.ask import VERSION, Ask, Caller, options_of
from local.microsoft.graph.batch import PATH as BATCH
from local.microsoft.graph.batch import Part, answer_batch
from local.microsoft.graph.errors import GraphError, bad, denied, error_reply, new_request_id, signed
from local.microsoft.graph.throttle import Throttle, warning
from local.microsoft.http import Reply, Request
from local.microsoft.tenants import Tenant
from local.microsoft.tokens import Issuer
from local.microsoft.world import World

_CHALLENGE = 'Bearer realm="", authorization_uri="{}/common/oauth2/authorize", client_id="{}"'
_GRAPH_APP = "00000003-0000-0000-c000-000000000000"


class Graph:
    """Everything below /v1.0. ``note`` is the recorder's entry, which learns whose request it was."""

    def __init__(self, world: World, issuer: Issuer, faults: Faults, garbles: Garbles, login: str, graph: str) -> None:
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

    def answer(self, request: Request, note: dict[str, Any]) -> Reply:
        request_id = new_request_id()
        client_request_id = request.headers.get("client-request-id", request_id)
        try:
            reply = self._let_in(request, note)
        except GraphError as error:
            reply = error_reply(error, request_id, client_request_id)
        note["units"] = note.get("units", 0) + int(reply.headers.get("x-ms-resource-unit", "0"))
        return signed(reply, request_id, client_request_id)

    def noted(self, request: Request, tenant_id: str, note: dict[str, Any], at: float, reply: Reply) -> None:
        """Note of a request that a fault answered which service it was for, and what it was told of throttling."""
        tenant = self._world.tenants.get(tenant_id)
        try:
            route, _ = find(request.method, request.path.removeprefix(VERSION))
        except GraphError:
            return
        if tenant is not None:
            self._throttle.arrived(route.service, tenant, at, note)
            if reply.status == 429:
                self._throttle.refused(route.service, tenant, reply.headers)

    def _let_in(self, request: Request, note: dict[str, Any]) -> Reply:
        claims = self._claims(request)
        caller = _caller(claims)
        note |= {"roles": sorted(caller.roles), "scp": claims.get("scp", "")}
        tenant = self._world.tenants.get(claims["tid"])
        if tenant is None or not tenant.exists or not self._is_known(tenant, caller):
            message = "The identity of the calling application could not be established."
            raise GraphError(401, "Authorization_IdentityNotFound", message)
        if not request.path.startswith(f"{VERSION}/"):
            raise bad(f"Invalid version: {request.path.split('/')[1]}.", "BadRequest")
        if request.path == f"{VERSION}{BATCH}":
            self._demand(tenant, claims, request.path)
            return self._batch(request, tenant, claims, note)
        return self._single(request, tenant, claims, note["at"], note)

    def _claims(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        claims = self._issuer.read(token) if scheme.lower() == "bearer" else None
        if claims is None:
            text = "CompactToken parsing failed." if token else "Access token is empty."
            raise self._not_signed_in(text)
        if claims["exp"] <= time.time():
            raise self._not_signed_in("Lifetime validation failed, the token is expired.")
        if claims["aud"] != self._root:
            raise self._not_signed_in("Access token validation failure. Invalid audience.")
        return claims

    def _not_signed_in(self, text: str) -> GraphError:
        headers = {"WWW-Authenticate": _CHALLENGE.format(self._login, _GRAPH_APP)}
        return GraphError(401, "InvalidAuthenticationToken", text, headers=headers)

    def _is_known(self, tenant: Tenant, caller: Caller) -> bool:
        return caller.client_id in tenant.principals or self._world.switches.tokens_outlive_removal

    def _demand(self, tenant: Tenant, claims: dict[str, Any], path: str) -> None:
        demand(tenant.demands, claims, path, self._login, _GRAPH_APP)

    def _single(
        self, request: Request, tenant: Tenant, claims: dict[str, Any], at: float, note: dict[str, Any]
    ) -> Reply:
        self._demand(tenant, claims, request.path)
        path, caller = request.path.removeprefix(VERSION), _caller(claims)
        route, arguments = find(request.method, path)
        self._throttle.arrived(route.service, tenant, at, note)
        if caller.user_id is None and not route.needs.application:
            raise bad("/me request is only valid with delegated authentication flow.", "BadRequest")
        if not caller.may(route.needs):
            raise intune.not_allowed(self._world) if route.service == intune.SERVICE else denied()
        options = options_of(request.query)
        units = route.cost(options)
        if route.method != "GET":
            self._throttle.spend("directory writes", caller.client_id, tenant, 1)
        share = self._throttle.spend(route.service, caller.client_id, tenant, units)
        ask = Ask(self._world, self._root, tenant, caller, path, options, request.headers, request.body)
        reply = route.answer(ask, *arguments)
        reply.headers |= {"x-ms-resource-unit": str(units), **warning(share)}
        return reply

    def _batch(self, request: Request, tenant: Tenant, claims: dict[str, Any], note: dict[str, Any]) -> Reply:
        parts: list[dict[str, Any]] = []
        note["parts"] = parts

        def answer(part: Part, inner: Request) -> Reply:
            told = {"id": part.id, "method": inner.method, "path": inner.path, "query": inner.query}
            reply = self._part(inner, tenant, claims, note["at"], told)
            reply = self._garbles.show(inner, tenant.id, reply, is_part=True)
            units = int(reply.headers.get("x-ms-resource-unit", "0"))
            parts.append(told | {"status": reply.status, "units": units, "body": part.body})
            note["units"] = note.get("units", 0) + units
            return reply

        return answer_batch(request, answer)

    def _part(self, inner: Request, tenant: Tenant, claims: dict[str, Any], at: float, note: dict[str, Any]) -> Reply:
        fault = self._faults.take(inner, tenant.id, {"answer"})
        request_id = new_request_id()
        client_request_id = inner.headers.get("client-request-id", request_id)
        try:
            if fault is not None and fault.status is not None:
                reply = fault.reply("graph")
                self.noted(inner, tenant.id, note, at, reply)
                return reply
            return self._single(inner, tenant, claims, at, note)
        except GraphError as error:
            return error_reply(error, request_id, client_request_id)


def _caller(claims: dict[str, Any]) -> Caller:
    user_id = claims["oid"] if claims.get("idtyp") == "user" else None
    return Caller(
        claims["appid"], user_id, frozenset(claims.get("roles", ())), frozenset(claims.get("scp", "").split())
    )
