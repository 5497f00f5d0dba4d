"""App-only tokens that are kept: the tenants last used, until five minutes before a token ends."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

_MOST_TOKENS = 2_000
_RENEW_BEFORE_S = 300.0
_LANES = 64


@dataclass(frozen=True, slots=True)
class _Kept:
    token: str
    asked_at: float
    until: float


class KeptTokens:
    """Tokens by tenant. While one thread fetches a tenant's token, others that want it wait for that one."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._tokens: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = Lock()
        self._lanes = tuple(Lock() for _ in range(_LANES))

    def of(self, tenant_id: str, fetch: Callable[[], tuple[str, float]], *, fresh: bool) -> str:
        """The tenant's token; ``fetch`` gives a new one with its life in seconds.

        A ``fresh`` one was asked for after this call began, by whichever thread.
        """
        since = self._monotonic() if fresh else 0.0
        kept = self._find(tenant_id, since)
        if kept:
            return kept
        with self._lanes[hash(tenant_id) % _LANES]:
            return self._find(tenant_id, since) or self._keep(tenant_id, fetch)

    def forget(self, tenant_id: str) -> None:
        with self._lock:
            self._tokens.pop(tenant_id, None)

    def _find(self, tenant_id: str, since: float) -> str | None:
        with self._lock:
            kept = self._tokens.get(tenant_id)
            if kept is None or kept.until <= self._monotonic() or kept.asked_at < since:
                return None
            self._tokens.move_to_end(tenant_id)
            return kept.token

    def _keep(self, tenant_id: str, fetch: Callable[[], tuple[str, float]]) -> str:
        asked_at = self._monotonic()
        token, life_s = fetch()
        with self._lock:
            self._tokens[tenant_id] = _Kept(token, asked_at, asked_at + life_s - _RENEW_BEFORE_S)
            self._tokens.move_to_end(tenant_id)
            while len(self._tokens) > _MOST_TOKENS:
                self._tokens.popitem(last=False)
        return token
