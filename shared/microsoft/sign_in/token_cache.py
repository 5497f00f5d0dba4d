"""A cache of app-only tokens, for the tenants used last, until five minutes before a token expires."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock

_MAX_TOKENS = 2_000
_RENEW_BEFORE_S = 300.0
_LOCK_STRIPES = 64


@dataclass(frozen=True, slots=True)
class _CachedToken:
    token: str
    requested_at: float
    renew_at: float


class TokenCache:
    """Tokens by tenant. While one thread fetches a tenant's token, other threads wait for that token."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._tokens: OrderedDict[str, _CachedToken] = OrderedDict()
        self._lock = Lock()
        self._stripes = tuple(Lock() for _ in range(_LOCK_STRIPES))

    def get(self, tenant_id: str, fetch: Callable[[], tuple[str, float]], *, fresh: bool) -> str:
        """The tenant's token; ``fetch`` returns a new one and its lifetime in seconds.

        With ``fresh`` the token was requested after this call began, by any thread.
        """
        since = self._monotonic() if fresh else 0.0
        cached = self._find(tenant_id, since)
        if cached:
            return cached
        with self._stripes[hash(tenant_id) % _LOCK_STRIPES]:
            return self._find(tenant_id, since) or self._fetch(tenant_id, fetch)

    def forget(self, tenant_id: str) -> None:
        with self._lock:
            self._tokens.pop(tenant_id, None)

    def _find(self, tenant_id: str, since: float) -> str | None:
        with self._lock:
            cached = self._tokens.get(tenant_id)
            if cached is None or cached.renew_at <= self._monotonic() or cached.requested_at < since:
                return None
            self._tokens.move_to_end(tenant_id)
            return cached.token

    def _fetch(self, tenant_id: str, fetch: Callable[[], tuple[str, float]]) -> str:
        requested_at = self._monotonic()
        token, life_s = fetch()
        with self._lock:
            self._tokens[tenant_id] = _CachedToken(token, requested_at, requested_at + life_s - _RENEW_BEFORE_S)
            self._tokens.move_to_end(tenant_id)
            while len(self._tokens) > _MAX_TOKENS:
                self._tokens.popitem(last=False)
        return token
