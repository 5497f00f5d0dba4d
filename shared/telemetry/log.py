"""Structured log lines: past-tense facts with ids, one JSON object a line, never a secret or a body.

Only the fields named in ``ALLOWED`` are ever written; anything else is a fault of the caller and raises.
"""

import logging
from typing import Any

import msgspec

ALLOWED = frozenset(
    {
        "account_id", "tenant_id", "integration_id", "organization_id", "flow_id", "run_id", "removal_id", "user_id",
        "trace_id", "action", "outcome", "reason", "code", "dataset", "counts", "seconds", "slot", "shard",
        "status", "method", "route", "queue", "correlation_id", "attempt", "wait_s", "error", "ordered", "usage",
        "evaluation",
    }
)  # fmt: skip

_log = logging.getLogger("integrations")


def quiet_libraries() -> None:
    """Keep libraries from logging requests, whose headers and URLs hold tokens."""
    for name in ("azure", "msal", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log(event: str, *, level: int = logging.INFO, **facts: Any) -> None:
    """Write one fact: ``log("synced tenant", tenant_id=..., counts=..., seconds=...)``."""
    unknown = facts.keys() - ALLOWED
    if unknown:
        raise ValueError(f"log fields not on the allow-list: {sorted(unknown)}")
    _log.log(level, "%s", msgspec.json.encode({"event": event, **facts}).decode())
