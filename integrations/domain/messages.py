"""Queue messages as somebody else may have written them: whoever can write to our queues can put anything there.

What no message of ours holds is refused before anything is done with it; no repetition would mend it. What passes is a
nudge all the same: the tables decide whether it is due.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from integrations.domain import ids
from integrations.domain.orders import SHARDS, Order
from shared.caller import is_id
from shared.errors import AppError, Invalid

Message = TypeVar("Message", bound=Order)
Check = Callable[[Any, datetime | None], bool]

_OURS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)
_LONGEST_PERIOD = timedelta(days=31)  # until a slot that comes after this one
_REASON = re.compile(r"[a-z][a-z_ -]{0,39}")
_SHARD = re.compile(r"[0-9]{2}")
_MOST_EPOCH = 2**63


class NotAnOrder(Invalid):
    """A message that is none of ours."""


def read(body: bytes, model: type[Message], now: datetime | None) -> Message:
    """The order in a message. Without ``now``, for whoever does not act upon it, its times may lie ahead.

    Raises:
        NotAnOrder: it is none, or holds an id, a number or a time that no order of ours holds.
    """
    try:
        order = msgspec.json.decode(body, type=model)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotAnOrder from error
    for name in order.__struct_fields__:
        value = getattr(order, name)
        if value is not None and not CHECKS[name](value, now):
            raise NotAnOrder(f"{name} is none of ours")
    return order


def _spelled(check: Callable[[str], str]) -> Check:
    """Whether it is an id in its one spelling."""

    def holds(text: str, _now: datetime | None) -> bool:
        try:
            return check(text) == text
        except AppError:
            return False

    return holds


def _until(ahead: timedelta) -> Check:
    """Whether it is a time with its zone, and no later than so long from now."""
    return lambda at, now: at.tzinfo is not None and at >= _OURS_SINCE and (now is None or at <= now + ahead)


def _always(_value: object, _now: datetime | None) -> bool:
    return True


# Of every field that an order has.
CHECKS: Mapping[str, Check] = {
    "account_id": lambda text, _: is_id(text),
    "tenant_id": _spelled(ids.tenant_id),
    "integration_id": _spelled(ids.integration_id),
    "flow_id": _spelled(ids.flow_id),
    "removal_id": _spelled(ids.removal_id),
    "run_id": _spelled(ids.run_id),
    "lifeline_of": _spelled(ids.run_id),
    "due_at": _until(_CLOCKS_DIFFER),
    "then_at": _until(_LONGEST_PERIOD),
    "until": _until(_CLOCKS_DIFFER),
    "reason": lambda text, _: _REASON.fullmatch(text) is not None,
    "epoch": lambda number, _: 0 < number < _MOST_EPOCH,
    "shard": lambda text, _: _SHARD.fullmatch(text) is not None and int(text) < SHARDS,
    "is_lifeline": _always,
    "is_last": _always,
}
