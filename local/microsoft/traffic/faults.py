"""Injected faults: which requests fail, how, and how often; and requests that are held until released."""

import asyncio
import json
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from local.microsoft.graph.protocol.errors import (
    CODES,
    JSON_TYPE,
    GraphError,
    error_reply,
    new_request_id,
    with_request_ids,
)
from local.microsoft.partner_center import partner_error
from local.microsoft.server import Reply, Request

KINDS = frozenset({"answer", "reset", "reset_after", "hang", "drip", "truncate", "html", "flood", "bomb"})
_PAGE = b"<!doctype html><html><body><h1>Our services aren't available right now</h1></body></html>"


@dataclass
class Fault:
    """One fault for the requests that match; ``path`` is a regular expression searched in the decoded path and query.

    ``answer`` replaces the answer, or with no status only adds to the real one; ``reset`` breaks the connection
    before the work is done and ``reset_after`` when it is; ``hang``, ``drip`` and ``truncate`` spoil how the
    answer travels; ``html`` answers with a page, ``flood`` with 50 MB of JSON, and ``bomb`` with 256 MB in 250 kB.
    """

    id: int
    host: str | None = None
    method: str | None = None
    path: str | None = None
    tenant_id: str | None = None
    status: int | None = None
    headers: dict[str, str] = field(default_factory=dict)
    body: Any = None
    kind: str = "answer"
    delay_s: float = 0.0
    times: int | None = 1
    skip: int = 0

    def matches(self, request: Request, tenant_id: str) -> bool:
        query = "&".join(f"{name}={value}" for name, value in request.query.items())
        target = f"{request.path}?{query}" if query else request.path
        return (
            self.times != 0
            and self.host in {None, request.host}
            and self.method in {None, request.method}
            and self.tenant_id in {None, tenant_id}
            and (self.path is None or re.search(self.path, target) is not None)
        )

    @property
    def replaces(self) -> bool:
        """Whether the request never reaches the cloud behind it."""
        return self.kind in {"reset", "hang", "html", "flood", "bomb"} or (
            self.kind == "answer" and self.status is not None
        )

    def reply(self, host: str) -> Reply:
        if self.kind == "html":
            return Reply(self.status or 200, _PAGE, {"Content-Type": "text/html; charset=utf-8", **self.headers})
        if self.kind in {"flood", "bomb"}:
            packed = {"Content-Encoding": "gzip"} if self.kind == "bomb" else {}
            return Reply(200, _bomb() if packed else _flood(), {"Content-Type": JSON_TYPE, **packed})
        if self.kind in {"reset", "hang"}:
            return Reply(failure=self.kind)
        reply = _usual(host, self.status or 503)
        if self.body is not None:
            reply.body = (self.body if isinstance(self.body, str) else json.dumps(self.body)).encode()
        reply.headers |= self.headers
        return reply

    def degrade(self, reply: Reply) -> Reply:
        """The real reply, spoiled on its way back."""
        reply.failure = {"reset_after": "reset", "drip": "drip", "truncate": "truncate"}.get(self.kind, "")
        reply.headers |= self.headers
        return reply


def _usual(host: str, status: int) -> Reply:
    """What Microsoft answers with such a status."""
    if host == "partner":
        return partner_error(status, str(status * 100), "Injected.")
    if host == "graph":
        request_id = new_request_id()
        error = GraphError(status, CODES.get(status, "UnknownError"), "Injected.")
        return with_request_ids(error_reply(error, request_id, request_id), request_id, request_id)
    code = 90055 if status == 429 else 90033
    body = {
        "error": "temporarily_unavailable",
        "error_description": f"AADSTS{code}: A transient error has occurred. Please try again.",
        "error_codes": [code],
    }
    return Reply(status, json.dumps(body).encode(), {"Content-Type": "application/json; charset=utf-8"})


@cache
def _flood() -> bytes:
    return b'{"responses":["' + b"x" * (50 << 20) + b'"]}'


@cache
def _bomb() -> bytes:
    packer, megabyte = zlib.compressobj(1, wbits=31), b" " * (1 << 20)
    return b"".join(packer.compress(megabyte) for _ in range(256)) + packer.flush()


class Faults:
    """All faults that are set; the first that fits a request is taken."""

    def __init__(self) -> None:
        self._faults: list[Fault] = []
        self._next = 1

    def add(self, **service_principal_json: Any) -> int:
        fault = Fault(self._next, **service_principal_json)
        if fault.kind not in KINDS:
            raise KeyError(f"there is no fault of kind {fault.kind}")
        re.compile(fault.path or "")
        self._faults.append(fault)
        self._next += 1
        return fault.id

    def clear(self) -> None:
        self._faults.clear()

    def match(self, request: Request, tenant_id: str, kinds: Collection[str] = KINDS) -> Fault | None:
        """The fault for this request; it is used up by one."""
        for fault in self._faults:
            if fault.kind not in kinds or not fault.matches(request, tenant_id):
                continue
            if fault.skip:
                fault.skip -= 1
                continue
            if fault.times is not None:
                fault.times -= 1
            return fault
        return None


class HeldRequests:
    """Requests that wait until they are released, so that a test can act in between."""

    def __init__(self) -> None:
        self._held_requests: list[tuple[Fault, asyncio.Event]] = []
        self._count = 0

    def hold(self, path: str, tenant_id: str | None = None) -> None:
        self._held_requests.append((Fault(0, path=path, tenant_id=tenant_id), asyncio.Event()))

    def release(self) -> None:
        for _, released in self._held_requests:
            released.set()
        self._held_requests.clear()

    def held(self) -> int:
        """How many requests wait now."""
        return self._count

    async def wait(self, request: Request, tenant_id: str) -> None:
        for which, released in list(self._held_requests):
            if which.matches(request, tenant_id):
                self._count += 1
                try:
                    await released.wait()
                finally:
                    self._count -= 1
