"""Structured log lines: events in the past tense with ids, one JSON object a line, never a secret or a body.

Only fields on the allow-list (``shared.telemetry.fields``) are written.
"""

import logging
from typing import Any

import msgspec

from shared.telemetry.fields import check_fields

_target = {"logger": logging.getLogger(__name__)}


def write_to(logger: str) -> None:
    """Write the log lines of this process to the logger of this name; a product names its own once, at its start."""
    _target["logger"] = logging.getLogger(logger)


def quiet_libraries() -> None:
    """Keep libraries from logging requests, whose headers and URLs hold tokens."""
    for name in ("azure", "msal", "urllib3", "requests"):
        logging.getLogger(name).setLevel(logging.WARNING)


def log(event: str, *, level: int = logging.INFO, **fields: Any) -> None:
    """Write one event: ``log("synced tenant", tenant_id=..., counts=..., seconds=...)``.

    Shape: {"event": text, field: any JSON value, ...} on one line.

    Raises:
        ValueError: a field is not on the allow-list.
    """
    check_fields(fields)
    _target["logger"].log(level, "%s", msgspec.json.encode({"event": event, **fields}).decode())
