"""Validation of queue messages: whoever can write to our queues can put anything there.

A message that we cannot have written is rejected before anything is done with it; retrying it would not help. A valid
message is only a nudge: the tables decide whether work is due.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from types import NoneType, UnionType
from typing import Annotated, Any, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from integrations.domain import ids
from integrations.domain.jobs.orders import Ahead, Order
from shared.errors import AppError, Invalid

Message = TypeVar("Message", bound=Order)
Check = Callable[[Any, datetime | None], bool]

_OURS_SINCE = datetime(2020, 1, 1, tzinfo=UTC)
_CLOCKS_DIFFER = timedelta(minutes=5)


class NotAnOrder(Invalid):
    """A message that we cannot have written."""


def read(body: bytes, model: type[Message], now: datetime | None) -> Message:
    """Decode and check a message. Without ``now`` its times are not checked (when the message is not acted upon).

    Raises:
        NotAnOrder: it is no such order, or has an id, a number or a time that we never write.
    """
    try:
        order = msgspec.json.decode(body, type=model)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise NotAnOrder from error
    for name, check in checks_of(model).items():
        value = getattr(order, name)
        if value is not None and not check(value, now):
            raise NotAnOrder(f"{name} is none of ours")
    return order


@cache
def checks_of(model: type[Order]) -> Mapping[str, Check]:
    """The check of each field of an order, by its type.

    Raises:
        TypeError: a field has a type without limits.
    """
    hints = get_type_hints(model, include_extras=True)
    return {name: _check_of(hints[name], f"{model.__name__}.{name}") for name in model.__struct_fields__}


def _check_of(hint: Any, name: str) -> Check:
    if get_origin(hint) in {Union, UnionType}:  # a field that may be None
        (hint,) = (it for it in get_args(hint) if it is not NoneType)
    if hint in _CHECKS:
        return _CHECKS[hint]
    limits = get_args(hint)[1:] if get_origin(hint) is Annotated else ()
    for limit in limits:
        if isinstance(limit, Ahead):
            return partial(_is_until, limit.longest)
        if isinstance(limit, msgspec.Meta):  # checked when the message is decoded
            return _is_anything
    raise TypeError(f"{name} may hold anything: give it a type of ids, or one with limits")


def _spelled(check: Callable[[str], str]) -> Check:
    """A check that an id is valid and in its canonical spelling."""

    def holds(text: str, _now: datetime | None) -> bool:
        try:
            return check(text) == text
        except AppError:
            return False

    return holds


def _is_until(ahead: timedelta, at: datetime, now: datetime | None) -> bool:
    """Whether a time has a zone, is not before this service existed, and at most ``ahead`` in the future."""
    return at.tzinfo is not None and at >= _OURS_SINCE and (now is None or at <= now + ahead)


def _is_anything(_value: object, _now: datetime | None) -> bool:
    return True


_CHECKS: Mapping[Any, Check] = {
    ids.AccountId: lambda text, _: ids.is_portal_id(text),
    ids.TenantId: _spelled(ids.tenant_id),
    ids.IntegrationId: _spelled(ids.integration_id),
    ids.FlowId: _spelled(ids.flow_id),
    ids.RemovalId: _spelled(ids.removal_id),
    ids.PlanId: _spelled(ids.plan_id),
    ids.RunId: _spelled(ids.run_id),
    datetime: partial(_is_until, _CLOCKS_DIFFER),
    bool: _is_anything,
}
