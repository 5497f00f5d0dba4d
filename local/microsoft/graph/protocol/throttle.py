"""Throttling: how many resource units an app may spend in a tenant, by service.

Source: https://learn.microsoft.com/graph/throttling-limits
"""

import time
from collections import Counter, deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any, NamedTuple

from local.microsoft.graph.protocol.errors import GraphError
from local.microsoft.world.state import WorldState
from local.microsoft.world.tenants import TenantState

_SIZES = ((50, 3500), (500, 5000))
_LARGE = 8000
_WARN_FROM = 0.8


class Limit(NamedTuple):
    """Units in a window of seconds. ``per_tenant``: all apps together; some services send no Retry-After."""

    units: int
    window_s: float
    per_tenant: bool = False
    sends_retry_after: bool = True


# The directory's limit depends on the size of the tenant; see Throttle.limit.
_LIMITS = {
    "directory writes": Limit(3000, 150.0),
    "reports": Limit(5, 10.0),
    "conditional access": Limit(1, 1.0, per_tenant=True, sends_retry_after=False),
    "intune": Limit(2000, 20.0),
    "secure score": Limit(150, 60.0),
    "outlook": Limit(10_000, 600.0),  # of one mailbox, of which nobody asks more than once
}


@dataclass
class _Usage:
    """Units spent within the window."""

    entries: deque[tuple[float, int]] = field(default_factory=deque)
    units: int = 0

    def add(self, now: float, units: int, window_s: float) -> int:
        while self.entries and self.entries[0][0] <= now - window_s:
            self.units -= self.entries.popleft()[1]
        self.entries.append((now, units))
        self.units += units
        return self.units


class Throttle:
    """Counts every request, throttled ones included."""

    def __init__(self, world: WorldState) -> None:
        self._world = world
        self._usage: dict[tuple[str, str, str], _Usage] = {}
        self._request_counts: Counter[tuple[str, str]] = Counter()
        self._refused_until: dict[tuple[str, str], tuple[float, float]] = {}

    def record_request(self, service: str, tenant: TenantState, at: float, record: dict[str, Any]) -> None:
        """Record which service a request is for, and how long after the 429 when it came within its Retry-After."""
        record["service"] = service
        since, until = self._refused_until.get((service, tenant.id), (0.0, 0.0))
        if since < at < until:
            record["early_s"] = at - since

    def spend(self, service: str, client_id: str, tenant: TenantState, units: int) -> float:
        """Count a request; returns the share of the limit that is used, or raises the 429."""
        if not self._world.switches.throttling:
            return 0.0
        limit, now = self._limit(service, tenant), self._world.now()
        self._request_counts[service, tenant.id] += 1
        nth = self._world.switches.throttle_every
        if nth and self._request_counts[service, tenant.id] % nth == 0:
            retry_after_s = self._world.switches.throttle_wait_s
            raise self._refusal(service, Limit(0, 0.0), client_id, tenant, retry_after_s - 0.5)
        usage = self._usage.setdefault((service, "" if limit.per_tenant else client_id, tenant.id), _Usage())
        used = usage.add(now, units, limit.window_s)
        if used > limit.units:
            wait_s = usage.entries[0][0] + limit.window_s - now
            raise self._refusal(service, limit, client_id, tenant, wait_s)
        return used / limit.units

    def _limit(self, service: str, tenant: TenantState) -> Limit:
        if service in self._world.switches.limits:
            units, window_s = self._world.switches.limits[service]
            return Limit(units, window_s)
        if service == "directory":
            fixed = self._world.switches.units_per_10s
            return Limit(fixed or next((units for size, units in _SIZES if len(tenant.users) <= size), _LARGE), 10.0)
        return _LIMITS[service]

    def _refusal(self, service: str, limit: Limit, client_id: str, tenant: TenantState, wait_s: float) -> GraphError:
        headers = {
            "x-ms-throttle-scope": f"Tenant_Application/ReadWrite/{client_id}/{tenant.id}",
            "x-ms-throttle-information": "ResourceUnitLimitExceeded",
        }
        if limit.sends_retry_after:
            headers |= retry_after(self._world.switches.retry_after, wait_s, self._world.now())
            self.record_refusal(service, tenant, headers, wait_s)
        return GraphError(429, "TooManyRequests", "Please retry again later.", headers=headers)

    def record_refusal(
        self, service: str, tenant: TenantState, headers: Mapping[str, str], wait_s: float = 0.0
    ) -> None:
        """Remember until when a service is throttled; ``wait_s`` counts where Retry-After is no number."""
        retry_after_header = headers.get("Retry-After", "")
        wait_s = float(retry_after_header) if retry_after_header.replace(".", "", 1).isdecimal() else wait_s
        now = time.time()
        since, until = self._refused_until.get((service, tenant.id), (0.0, 0.0))
        self._refused_until[service, tenant.id] = (since if now < until else now, max(until, now + wait_s))


def retry_after(form: str, wait_s: float, now: float) -> dict[str, str]:
    """The header in one of the forms Microsoft has been seen to use."""
    rounded_s = max(1, round(wait_s + 0.5))
    forms = {
        "seconds": str(rounded_s),
        "decimal": f"{max(0.001, wait_s):.3f}",
        "date": formatdate(now + rounded_s, usegmt=True),
    }
    return {"Retry-After": forms[form]} if form in forms else {}


def warning(share: float) -> dict[str, str]:
    return {"x-ms-throttle-limit-percentage": f"{share:.2f}"} if share > _WARN_FROM else {}
