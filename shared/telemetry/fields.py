"""The fields that log lines and spans may hold: an allow-list, so that a secret or a body cannot get in by mistake.

Every service has the fields below. A product adds its own, such as the ids of its objects, once when it starts.
"""

from collections.abc import Iterable

_registered = {
    "action", "attempt", "code", "correlation_id", "counts", "error", "method", "outcome", "queue", "reason", "route",
    "seconds", "status", "trace_id", "usage", "wait_s",
}  # fmt: skip


def register_fields(names: Iterable[str]) -> None:
    """Allow further fields in this process; to register a field twice changes nothing."""
    _registered.update(names)


def registered_fields() -> frozenset[str]:
    """All fields that may be written now."""
    return frozenset(_registered)


def check_fields(names: Iterable[str]) -> None:
    """Refuse fields that nobody registered.

    Raises:
        ValueError: naming the fields. This is a bug in the caller.
    """
    unknown = sorted(set(names) - _registered)
    if unknown:
        raise ValueError(f"fields that are not on the allow-list: {unknown}")
