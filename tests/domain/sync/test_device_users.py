"""Which devices Intune is asked about, in which order, and when again."""

from datetime import UTC, datetime, timedelta

from integrations.domain.sync.device_users import (
    WAITING,
    DeviceUserPage,
    DeviceUsers,
    device_user_rows,
    devices_in,
    kind_of_row,
    merged,
    next_to_ask,
    verified_users,
    with_users,
    without_users,
)

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
LATER = NOW + timedelta(days=5)


def listed(device_id: str = "m", listed_id: str = "tech", owner_id: str | None = "ana") -> DeviceUsers:
    return DeviceUsers(device_id=device_id, listed_id=listed_id, owner_id=owner_id)


def known(*devices: DeviceUsers) -> dict[str, DeviceUsers]:
    return {it.device_id: it for it in devices}


def test_a_new_device_waits_and_one_that_is_known_does_not() -> None:
    told = with_users(listed("told"), ["ana"])

    devices = merged(known(told), [listed("told"), listed("new")], NOW, is_full=False)

    assert (devices["told"], devices["new"].turn) == (told, 0)
    assert next_to_ask(devices.values(), 9) == ["new"]


def test_a_device_of_another_user_or_owner_is_not_known_any_more() -> None:
    told = with_users(listed(), ["ana"])

    for other in (listed(listed_id="bob"), listed(owner_id=None)):
        assert merged(known(told), [other], NOW, is_full=False)["m"] == DeviceUsers(
            device_id="m", listed_id=other.listed_id, owner_id=other.owner_id, turn=0
        )


def test_in_a_full_reading_all_wait_after_those_that_nothing_is_known_of_and_keep_what_is_known() -> None:
    told, refused, due = (
        with_users(listed("a"), ["ana"]),
        without_users(listed("b"), LATER),
        without_users(listed("c"), NOW),
    )
    never = merged({}, [listed("d")], NOW, is_full=False)["d"]

    devices = merged(known(told, refused, due, never), map(listed, "abcd"), NOW, is_full=True)

    assert next_to_ask(devices.values(), 9) == ["d", "a", "c"]
    assert next_to_ask(devices.values(), 1) == ["d"]
    assert (devices["a"].user_ids, devices["b"]) == (["ana"], refused)


def test_users_are_those_of_the_listed_user_only() -> None:
    told = with_users(listed(), ["bob", "ana", "ana"])

    assert verified_users(told, "tech") == ["ana", "bob"]
    assert verified_users(told, "bob") is verified_users(None, "tech") is None
    assert verified_users(without_users(told, LATER), "tech") is None


def test_rows_hold_many_devices_and_are_counted_by_whether_some_wait() -> None:
    devices = known(with_users(listed("a"), []), *(listed(f"{number}") for number in range(40)))

    rows = device_user_rows(devices)

    assert (len(rows), devices_in(rows.values())) == (2, devices)
    waiting = merged({}, [listed()], NOW, is_full=False)["m"]
    assert kind_of_row(DeviceUserPage(devices=[devices["a"]])) == "total"
    assert kind_of_row(DeviceUserPage(devices=[devices["a"], waiting])) == WAITING
