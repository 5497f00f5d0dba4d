"""Seats that somebody pays for and nobody needs, as far as one reading of a tenant tells."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime, timedelta

import msgspec

from integrations.domain.sync.records import License, SignIns, User

NEW_FOR = timedelta(days=30)  # an account this young may not have been handed over yet
INACTIVE_AFTER = timedelta(days=90)


class Waste(msgspec.Struct, frozen=True, kw_only=True):
    """The seats of one product that are not needed, each in the first class that holds.

    Attributes:
        disabled: Assigned to an account that cannot sign in.
        never_signed_in: Assigned to an account that is older than 30 days and was never signed in to.
        inactive: Assigned to somebody who last signed in more than 90 days ago.
        covered_twice: Everything in it is in another product that the same person has.
        free: Bought and not assigned.
        unknown: Assigned to somebody of whom it is not known when they last signed in.
    """

    disabled: int = 0
    never_signed_in: int = 0
    inactive: int = 0
    covered_twice: int = 0
    free: int = 0
    unknown: int = 0


def waste_of(
    licenses: Iterable[License], users: Iterable[User], sign_ins: Mapping[str, SignIns], now: datetime
) -> dict[str, Waste]:
    """The waste of each product that is bought for people, by its id; free products have none.

    ``sign_ins`` are those that are known, by the user's id.
    """
    paid = {it.sku_id: it for it in licenses if it.is_per_user and not it.is_unlimited}
    seats: dict[str, Counter[str]] = {key: Counter(free=max(0, it.bought - it.assigned)) for key, it in paid.items()}
    for user in users:
        for sku_id, why in _wasted(user, paid, sign_ins.get(user.id), now):
            seats[sku_id][why] += 1
    return {key: Waste(**found) for key, found in seats.items()}


def _wasted(
    user: User, paid: Mapping[str, License], sign_ins: SignIns | None, now: datetime
) -> Iterator[tuple[str, str]]:
    """The products of one person that are not needed, and why."""
    products = [paid[it] for it in user.license_ids if it in paid]
    activity = _activity(user, sign_ins, now) if products else ""
    for it in products:
        is_covered = activity in {"", "unknown"} and any(_covers(other, it) for other in products)
        if is_covered or activity:
            yield it.sku_id, "covered_twice" if is_covered else activity


def _activity(user: User, sign_ins: SignIns | None, now: datetime) -> str:
    """The class of somebody's seats by whether they sign in; "" if they do."""
    if user.is_enabled is False:
        return "disabled"
    if sign_ins is None:
        return "unknown"
    known = (sign_ins.last_at, sign_ins.last_background_at, sign_ins.last_success_at)
    latest = max((it for it in known if it is not None), default=None)
    if latest is not None:
        return "inactive" if now - latest > INACTIVE_AFTER else ""
    if user.created_at is None:
        return "unknown"
    return "never_signed_in" if now - user.created_at > NEW_FOR else ""


def _covers(other: License, product: License) -> bool:
    """Whether all of a product's service plans are in another one; of two that are alike, the later one is covered."""
    if not isinstance(other.plans, list) or not isinstance(product.plans, list) or not product.plans:
        return False
    more, plans = set(other.plans), set(product.plans)
    return plans < more or (plans == more and other.sku_id < product.sku_id)
