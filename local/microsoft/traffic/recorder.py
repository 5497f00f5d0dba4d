"""A record of every request, with secrets masked: what tests read to know what was sent."""

import json
import time
from collections import deque
from typing import Any

from local.microsoft.server import Reply, Request

_MAX_RECORDS = 200_000
_SECRET = frozenset(
    {"client_secret", "client_assertion", "code", "refresh_token", "code_verifier", "password", "newPassword"}
)
_SECRET_HEADERS = frozenset({"authorization", "cookie"})
_MASK = "***"


class Recorder:
    """Keeps the latest requests in memory."""

    def __init__(self) -> None:
        self._records: deque[dict[str, Any]] = deque(maxlen=_MAX_RECORDS)
        self._seq = 0

    def begin(self, request: Request, tenant_id: str, client_id: str) -> dict[str, Any]:
        """Begin a record; status, size and units are filled in when the answer is known."""
        self._seq += 1
        record = {
            "seq": self._seq,
            "at": time.time(),
            "host": request.host,
            "method": request.method,
            "path": request.path,
            "query": request.query,
            "headers": {name: it for name, it in request.headers.items() if name not in _SECRET_HEADERS},
            "form": _masked(request.form),
            "json": _masked(_json(request)),
            "tenant_id": tenant_id,
            "client_id": client_id or request.form.get("client_id", ""),
            "status": 0,
            "bytes": 0,
            "units": 0,
        }
        self._records.append(record)
        return record

    @staticmethod
    def finish(record: dict[str, Any], reply: Reply) -> None:
        record |= {"status": reply.status, "bytes": len(reply.body), "how": reply.failure}

    def requests(
        self, *, since: int = 0, host: str | None = None, tenant_id: str | None = None
    ) -> list[dict[str, Any]]:
        """Records after number ``since``, oldest first."""
        return [
            it
            for it in self._records
            if it["seq"] > since and host in {None, it["host"]} and tenant_id in {None, it["tenant_id"]}
        ]

    def forget_requests(self) -> None:
        self._records.clear()


def _json(request: Request) -> Any:
    if "json" not in request.headers.get("content-type", ""):
        return None
    try:
        return json.loads(request.body)
    except ValueError:
        return None


def _masked(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _MASK if name in _SECRET and it else _masked(it) for name, it in value.items()}
    return [_masked(it) for it in value] if isinstance(value, list) else value
