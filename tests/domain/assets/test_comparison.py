"""Serial numbers, device ids and names are compared by what they mean."""

from itertools import product

import pytest

from integrations.domain.assets.devices.names import (
    ComparedName,
    NameIndex,
    SystemFamily,
    is_same_name,
    system_family,
)
from integrations.domain.assets.devices.records import directory_device, intune_device
from integrations.domain.assets.devices.serials import is_virtual, is_virtual_serial, normal_device_id, normal_serial
from integrations.domain.assets.reasons import REASON_TEXTS, NoEndUserReason
from integrations.domain.sync.records import Device, ManagedDevice
from tests.growth import MOST, growth

FILLERS = """
0|1|NA|N/A|none|NULL|(null string)|Unknown|UNKNOW|empty|INVALID|Not Available|Not  Applicable|not specified
Default string|To Be Filled By O.E.M.|System Serial Number|SystemSerialNumb|Serial Number xxxxxx|Chassis Serial Number
Base Board Serial Number|OEM_Serial|SYS-1234567890|Sys-9876543210|SN-12345|SN-1234567890|SN-123456fvgv3i0b8o5n6n7k
MB-1234567890|EVAL|IATPASS|Tulip Computers|............|NNNNNNN|XXXXXXXXXX|0000000000|10101|123456789|0123456789|ABC
1.2|1.0.3|-----|S/N: 0|\N{FULLWIDTH DIGIT ONE}234|  | To be filled by O.E.M. |S/N:
"""


@pytest.mark.parametrize("text", [*FILLERS.strip("\n").replace("\n", "|").split("|"), None, "A1B2" * 17])
def test_a_filler_says_nothing(text: str | None) -> None:
    assert normal_serial(text) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("5cg1234abc", "5CG1234ABC"),
        (" PF-2 ABCD\u200b ", "PF-2ABCD"),
        ("S/N: 5CG1234ABC", "5CG1234ABC"),
        ("S/N5CG1", "5CG1"),
        ("\N{FULLWIDTH LATIN CAPITAL LETTER A}B12", "AB12"),
        ("7651-3894-0226-1147-5503-9218-64", "7651-3894-0226-1147-5503-9218-64"),
        ("20XW004QUS PF2ABCD", "20XW004QUSPF2ABCD"),
        ("A1B2" * 16, "A1B2" * 16),
        ("1234567890A", "1234567890A"),
    ],
)
def test_a_serial_number_has_one_normal_form(text: str, expected: str) -> None:
    assert normal_serial(text) == expected
    assert normal_serial(expected) == expected


@pytest.mark.parametrize(
    ("serial", "is_so"),
    [
        ("VMWARE-564D1A2B", True),
        ("PARALLELS-12AB", True),
        ("EC2A1B2C3", True),
        ("7651-3894-0226-1147-5503-9218-64", True),
        ("5CG1234ABC", False),
    ],
)
def test_serial_numbers_of_virtual_machines_are_known(serial: str, *, is_so: bool) -> None:
    assert is_virtual_serial(serial) is is_so


def test_makers_of_virtual_machines_are_known() -> None:
    assert is_virtual("VMware, Inc.", None)
    assert is_virtual("Microsoft Corporation", "Virtual Machine")
    assert not is_virtual("Microsoft Corporation", "Surface Laptop 5")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{AB-1}", "ab-1"),
        (" ", None),
        (None, None),
        ("00000000-0000-0000-0000-000000000000", None),
        ("FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", None),
        ("03000200-0400-0500-0006-000700080009", None),
    ],
)
def test_device_ids_that_boards_share_are_none(text: str | None, expected: str | None) -> None:
    assert normal_device_id(text) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Microsoft Windows 11 Pro", SystemFamily.WINDOWS),
        ("MacMDM", SystemFamily.MAC),
        ("OS X 10.15", SystemFamily.MAC),
        ("iPadOS", SystemFamily.IOS),
        ("iOS", SystemFamily.IOS),
        ("AndroidEnterprise", SystemFamily.ANDROID),
        ("Ubuntu 24.04", SystemFamily.LINUX),
        ("ChromeOS", SystemFamily.CHROME),
        ("BeOS", None),
        (None, None),
    ],
)
def test_systems_have_families(text: str | None, expected: SystemFamily | None) -> None:
    assert system_family(text) is expected


def test_synced_devices_are_taken_over_with_what_intune_said_when_asked() -> None:
    device = directory_device(
        Device(id="d", name="PC", device_id="dev", owner_id="ana", is_enabled=False, profile="Shared")
    )
    assert (device.id, device.name, device.device_id, device.owner_id) == ("d", "PC", "dev", "ana")
    assert (device.is_enabled, device.profile) == (False, "Shared")

    managed = intune_device(
        ManagedDevice(id="m", name="PC", serial="S1", user_id="ana", enrollment="windowsBulkUserless"), ["bob"]
    )
    assert (managed.id, managed.serial, managed.user_id) == ("m", "S1", "ana")
    assert (managed.enrollment, managed.verified_user_ids) == ("windowsBulkUserless", ["bob"])


def test_every_reason_says_what_is_so_and_what_would_mend_it() -> None:
    assert REASON_TEXTS.keys() == set(NoEndUserReason)
    assert all(it.detail.endswith(".") and it.remedy.endswith(".") for it in REASON_TEXTS.values())


def test_a_serial_number_is_read_in_one_pass() -> None:
    assert growth(lambda size: normal_serial(" S/N:" * (size // 5))) <= MOST


_HOSTS = ("pc-1", "accounting-lapt", "accounting-laptop-1", "accounting-laptop-2", "reception-desk-2")


def test_two_names_are_the_same_where_an_index_finds_one_by_the_other() -> None:
    names = [ComparedName(family, host) for family in (SystemFamily.WINDOWS, SystemFamily.MAC) for host in _HOSTS]
    for first, second in product(names, names):
        index: NameIndex[str] = NameIndex()
        index.add(first, "device")
        assert is_same_name(first, second) == (index.only(second) is not None), (first, second)
    cut = [ComparedName(SystemFamily.WINDOWS, host) for host in _HOSTS[1:3]]
    assert is_same_name(*cut)
