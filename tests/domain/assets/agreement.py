"""The plan beside a slow and obvious one."""

from enum import Enum
from random import Random
from typing import Any

import msgspec

from tests.domain.assets.fleets import FleetWorld
from tests.domain.assets.generator import any_fleet
from tests.domain.assets.reference import Reference

Agreed = dict[str, Any]


def of_app(made: FleetWorld) -> Agreed:
    """What the plan makes of each asset."""
    made.run()
    return {key: _of_asset(made, key) for key in made.statuses}


def _of_asset(made: FleetWorld, asset_id: str) -> Agreed:
    status = made.status(asset_id)
    return {
        "device": made.device(asset_id),
        "how": status.link.how.value if status.link else None,
        "is_stale": True if status.link and status.link.stale_since else None,
        "review": status.review.kind.value if status.review else None,
        "reason": status.reason.value if status.reason else None,
        "end_user": made.owner(asset_id),
    }


def of_reference(made: FleetWorld) -> Agreed:
    inputs = made.inputs()
    return Reference(_plain({it: getattr(inputs, it) for it in type(inputs).__slots__})).everything()


def _plain(value: Any) -> Any:
    """All fields of all rows, those with a default included."""
    if isinstance(value, msgspec.Struct):
        return {it: _plain(getattr(value, it)) for it in value.__struct_fields__}
    if isinstance(value, dict):
        return {key: _plain(it) for key, it in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(it) for it in value]
    return value.value if isinstance(value, Enum) else value


def expected_of(seeds: range) -> list[Agreed]:
    return [of_reference(any_fleet(Random(seed))) for seed in seeds]


def assert_fleets_agree(seeds: range) -> None:
    for seed in seeds:
        made = any_fleet(Random(seed))
        assert of_reference(made) == of_app(made), seed
