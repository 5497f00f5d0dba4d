"""How Entra refuses: an OAuth error word, an AADSTS code, and a text around it.

Source: https://learn.microsoft.com/entra/identity-platform/reference-error-codes
"""

import uuid

from local.microsoft.world import Tenant, World

# Tenant segments of an address that name no tenant.
SHARED = frozenset({"common", "organizations", "consumers"})


class Refused(Exception):
    def __init__(self, error: str, code: int, text: str, *, status: int = 400, suberror: str = "") -> None:
        super().__init__(text)
        self.error, self.code, self.text, self.status, self.suberror = error, code, text, status, suberror


def described(code: int, text: str, now: str = "2026-01-01 00:00:00Z") -> str:
    return f"AADSTS{code}: {text}\r\nTrace ID: {uuid.uuid4()}\r\nCorrelation ID: {uuid.uuid4()}\r\nTimestamp: {now}"


def found_tenant(world: World, segment: str) -> Tenant:
    """The tenant an address names, by id or domain."""
    tenant = world.find_tenant(segment)
    if tenant is None:
        raise Refused("invalid_tenant", 90002, f"Tenant '{segment}' not found.")
    return tenant
