"""A plan for more assets and devices takes longer in proportion, however much they have in common."""

from collections.abc import Callable

import pytest

from tests.domain.assets.fleets import FleetWorld, ago, asset, fleet, listed, managed
from tests.growth import MOST, growth


def ordinary(count: int) -> FleetWorld:
    """Each asset has its device, with a serial number and a person."""
    made = fleet()
    for it in range(count):
        made.has(asset(f"a{it}", serial=f"SER{it}X", entra_device_id=f"dev-{it}"))
        made.has(managed(f"m{it}", serial=f"ser{it}x", device_id=f"DEV-{it}", user_id=f"u{it}"))
        made.has(listed(f"d{it}", device_id=f"dev-{it}", owner_id=f"u{it}")).has_person(f"u{it}")
    return made


def one_name(count: int) -> FleetWorld:
    rows = range(count)
    return fleet(
        *(asset(f"a{it}", name="ACCOUNTING-LAPT") for it in rows),
        *(managed(f"m{it}", name="ACCOUNTING-LAPTOP-1") for it in rows),
    )


def one_serial_of_assets(count: int) -> FleetWorld:
    return fleet(*(asset(f"a{it}", serial="SER123") for it in range(count)), managed("m", serial="SER123"))


def one_serial_of_devices(count: int) -> FleetWorld:
    records = (managed(f"m{it}", serial="SER123", last_sync_at=ago(it + 1)) for it in range(count))
    return fleet(asset("pc", serial="SER123"), *records)


def one_serial_of_all(count: int) -> FleetWorld:
    rows = range(count)
    return fleet(
        *(asset(f"a{it}", serial="SER123", intune_device_id=f"m{it}") for it in rows),
        *(managed(f"m{it}", serial="SER123") for it in rows),
    )


def one_device_by_hand(count: int) -> FleetWorld:
    made = one_serial_of_assets(count)
    for it in range(count):
        made.links(f"a{it}", "m")
    return made


SHAPES: list[Callable[[int], FleetWorld]] = [
    ordinary, one_name, one_serial_of_assets, one_serial_of_devices, one_serial_of_all, one_device_by_hand
]  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_a_plan_for_more_assets_takes_longer_in_proportion(shape: Callable[[int], FleetWorld]) -> None:
    made = {size: shape(size // 64) for size in (8 * 1024, 64 * 1024)}
    for it in made.values():
        it.run()

    def plan(size: int) -> None:
        assert made[size].plan().fleet is not None

    assert growth(plan) <= MOST
