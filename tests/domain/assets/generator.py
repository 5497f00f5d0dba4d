"""Fleets made up by chance, in which few serial numbers, ids and names are shared by many, and what happens to them."""

from collections.abc import Callable
from datetime import timedelta
from random import Random
from typing import Any

import msgspec

from integrations.domain.assets.asset import Asset, AssetKind
from integrations.domain.assets.devices.records import DirectoryDevice, IntuneDevice
from integrations.domain.assets.inputs import (
    AccountUse,
    Assignee,
    DevicePerson,
    IntuneState,
)
from integrations.domain.assets.settings import AssetLinkSettings
from integrations.domain.assets.snapshot import gone
from integrations.domain.ids import AssetId, EndUserId
from tests.domain.assets.fleets import ACME, BRANCH, ELSEWHERE, FleetWorld, asset, listed, managed

NUMBERS = range(6)
ASSETS = [AssetId(f"a{it}") for it in range(8)]
DIRECTORY = [f"d{it}" for it in NUMBERS]
INTUNE = [f"m{it}" for it in range(9)]
PEOPLE = ["ana", "bob", "cy", "dem"]
VIRTUAL = "VMware-56 4d 1a 2b"
_JUNK = ["Default string", "0000000", "To be filled by O.E.M.", "1.0", "SN-12345"]
_NAMES = [*(f"pc-{it}" for it in NUMBERS), "accounting-lapt", "accounting-laptop-1", "PC-1.acme.example"]
_SYSTEMS = ["Windows"] * 9 + ["Windows Server 2022", "iOS", None]
_STATES = ["managed"] * 8 + ["retirePending", "wipeIssued"]
_ENROLLMENTS = [None] * 12 + ["deviceEnrollmentManager", "windowsBulkUserless", "windowsBulkAzureDomainJoin"]

Happening = Callable[[Random, FleetWorld], None]


def serial_of(number: int) -> str:
    return f"SER-{number}77"


def any_serial(random: Random, number: int) -> str | None:
    """Mostly that of the device with this number, as somebody may write it."""
    other = random.choice([*map(serial_of, NUMBERS), *_JUNK, VIRTUAL, None, None])
    own = serial_of(number % len(NUMBERS))
    return random.choice([own, own, own.lower(), f" S/N: {own} "]) if random.random() < 0.7 else other


def any_device_id(random: Random, number: int) -> str | None:
    other = random.choice([f"dev-{random.choice(NUMBERS)}", "00000000-0000-0000-0000-000000000000", None, None])
    return random.choice([f"dev-{number}", f"DEV-{number}"]) if random.random() < 0.5 else other


def any_name(random: Random, number: int) -> str:
    return f"PC-{number}" if random.random() < 0.5 else random.choice(_NAMES)


def any_asset(random: Random, made: FleetWorld, asset_id: AssetId) -> Asset:
    number = int(asset_id[1:]) % len(NUMBERS)
    return asset(
        asset_id,
        random.choice([ACME, ACME, BRANCH, ELSEWHERE] if random.random() < 0.3 else [ACME]),
        name=any_name(random, number),
        kind=random.choice([*[AssetKind.LAPTOP] * 8, *AssetKind]),
        os=random.choice(_SYSTEMS),
        serial=any_serial(random, number),
        bios_serial=any_serial(random, number) if random.random() < 0.15 else None,
        entra_device_id=any_device_id(random, number) if random.random() < 0.5 else None,
        intune_device_id=random.choice(INTUNE) if random.random() < 0.15 else None,
        manufacturer=random.choice(["VMware, Inc.", "Dell", None]),
        last_seen_at=made.now - timedelta(days=random.choice([0, 1, 29.9, 60])) if random.random() < 0.9 else None,
        is_shared=random.random() < 0.05,
        created_at=made.now,
    )


def any_intune(random: Random, made: FleetWorld, intune_id: str) -> IntuneDevice:
    number = int(intune_id[1:]) % len(NUMBERS)
    last_sync_at = made.now - timedelta(days=random.choice([0, 0.1, 0.5, 3, 20, 29.9, 45]))
    return managed(
        intune_id,
        name=any_name(random, number),
        device_id=any_device_id(random, number),
        serial=any_serial(random, number),
        manufacturer=random.choice(["VMware, Inc.", "Dell", None]),
        system=random.choice(_SYSTEMS),
        user_id=random.choice([*PEOPLE, "ana", "bob", None]),
        verified_user_ids=random.choice([*[None] * 5, [], ["ana"], ["bob"], ["bob"], ["ana", "bob"]]),
        enrollment=random.choice(_ENROLLMENTS),
        state=random.choice(_STATES),
        enrolled_at=random.choice([None, last_sync_at - timedelta(days=random.choice([0, 0.3, 10, 100]))]),
        last_sync_at=last_sync_at if random.random() < 0.95 else None,
    )


def any_listed(random: Random, made: FleetWorld, object_id: str) -> DirectoryDevice:
    """A device of the directory; its device id is its own, as in every directory."""
    number = int(object_id[1:])
    return listed(
        object_id,
        name=any_name(random, number),
        device_id=random.choice([f"DEV-{number}", f"dev-{number}"]),
        system=random.choice(_SYSTEMS),
        profile=random.choice([*[None] * 8, "Shared"]),
        is_enabled=random.choice([True, True, True, True, None, False]),
        last_seen_at=random.choice([None, made.now, made.now - timedelta(days=random.choice([5, 29.9, 40]))]),
        owner_id=random.choice([None, None, *PEOPLE]),
    )


def any_person(random: Random, made: FleetWorld, object_id: str) -> None:
    use = AccountUse.ENROLLMENT if object_id == "dem" else random.choice([*[AccountUse.PERSON] * 9, AccountUse.SHARED])
    end_user_id = EndUserId(f"eu_{object_id}")
    made.people[object_id] = DevicePerson(end_user_id=end_user_id if random.random() < 0.9 else None, use=use)
    organization_id = random.choice([ACME, ACME, ACME, BRANCH])
    made.end_users[end_user_id] = Assignee(organization_id=organization_id, is_active=random.random() < 0.9)


def any_settings(random: Random) -> AssetLinkSettings:
    return AssetLinkSettings(
        link_by_name=random.random() < 0.4,
        override_manual=random.random() < 0.3,
        junk_serials=["SER-077"] if random.random() < 0.1 else [],
        good_serials=["SER-177"] if random.random() < 0.2 else [],
    )


def any_fleet(random: Random) -> FleetWorld:
    """A fleet of which links were planned once, or that changed since."""
    made = FleetWorld(settings=any_settings(random))
    made.has(*(any_asset(random, made, it) for it in random.sample(ASSETS, random.randint(1, 6))))
    made.has(*(any_listed(random, made, it) for it in random.sample(DIRECTORY, random.randint(0, 5))))
    made.has(*(any_intune(random, made, it) for it in random.sample(INTUNE, random.randint(1, 7))))
    for it in PEOPLE:
        any_person(random, made, it)
    for _ in range(random.choice([0, 1, 3, 4])):
        made.run()
        for _ in range(random.randint(1, 5)):
            happens(random, made)
    return made


def happens(random: Random, made: FleetWorld) -> None:
    """Something changes."""
    random.choice(_HAPPENINGS)(random, made)


def _asset_changes(random: Random, made: FleetWorld) -> None:
    """It is pushed for the first time, with other values, or renamed."""
    asset_id = random.choice(ASSETS)
    changed = any_asset(random, made, asset_id)
    if before := made.assets.get(asset_id):
        names = random.sample(["name", "serial", "entra_device_id", "organization_id", "kind", "os", "is_shared"], 2)
        values = {it: getattr(changed, it) for it in names}
        changed = msgspec.structs.replace(before, **values, last_seen_at=changed.last_seen_at, gone_at=None)
    made.has(changed)


def _asset_goes(random: Random, made: FleetWorld) -> None:
    """It is archived, absent from a snapshot, or deleted, and perhaps pushed again as another one."""
    if not made.assets:
        return
    asset_id = random.choice(sorted(made.assets))
    before = made.assets[asset_id]
    if random.random() < 0.3:
        made.has(msgspec.structs.replace(before, is_archived=not before.is_archived))
        return
    if random.random() < 0.4:
        made.has(gone(before, made.now))
        return
    del made.assets[asset_id]
    again = random.choice(ASSETS)
    if again in made.assets:
        return
    made.has(msgspec.structs.replace(before, id=again, created_at=made.now))


def _device_changes(random: Random, made: FleetWorld) -> None:
    """A device of Intune or the directory comes, goes or changes in some way."""
    device_id = random.choice([*INTUNE, *DIRECTORY])
    rows: dict[str, Any] = made.intune if device_id in INTUNE else made.directory
    any_row: Callable[..., Any] = any_intune if device_id in INTUNE else any_listed
    changed, before = any_row(random, made, device_id), rows.get(device_id)
    if before is None or random.random() < 0.2:
        rows[device_id] = changed
    elif random.random() < 0.3:
        del rows[device_id]
    else:
        names = random.sample([it for it in changed.__struct_fields__ if it != "id"], 3)
        rows[device_id] = msgspec.structs.replace(before, **{it: getattr(changed, it) for it in names})


def _set_up_anew(random: Random, made: FleetWorld) -> None:
    """A device is enrolled again for somebody else; Intune may keep the old record."""
    free = sorted({*INTUNE} - made.intune.keys())
    if not made.intune or not free:
        return
    old, new = random.choice(sorted(made.intune)), random.choice(free)
    values = {"enrolled_at": made.now, "last_sync_at": made.now, "user_id": random.choice(PEOPLE), "state": "managed"}
    made.has(msgspec.structs.replace(made.intune[old], id=new, device_id=None, verified_user_ids=None, **values))
    if random.random() < 0.5:
        del made.intune[old]


def _cloned(random: Random, made: FleetWorld) -> None:
    """Several devices get one serial number."""
    serial, device_ids = serial_of(random.choice(NUMBERS)), random.sample(INTUNE, random.choice([2, 3, 4]))
    for it in device_ids:
        before = made.intune.get(it) or any_intune(random, made, it)
        made.has(msgspec.structs.replace(before, serial=serial, state="managed", last_sync_at=made.now))


def _person_changes(random: Random, made: FleetWorld) -> None:
    """A user is linked with another End User, or the End User changes or is deleted."""
    object_id = random.choice(PEOPLE)
    end_user_id = EndUserId(f"eu_{object_id}")
    if random.random() < 0.2:
        made.people.pop(object_id, None)
        return
    if random.random() < 0.2:
        made.end_users.pop(end_user_id, None)
        return
    any_person(random, made, object_id)


def _undoes(random: Random, made: FleetWorld) -> None:
    linked = [it for it, status in sorted(made.statuses.items()) if status.link and it in made.assets]
    if not linked:
        return
    asset_id = random.choice(linked)
    made.undoes(asset_id)


def _pushed_again(random: Random, made: FleetWorld) -> None:
    """An asset whose link was undone is deleted, and pushed again the next day."""
    before = len(made.undone)
    _undoes(random, made)
    free = sorted({*ASSETS} - made.assets.keys())
    for undone in made.undone[before:]:
        made.now += timedelta(days=1)
        again = random.choice([*free, undone.asset_id])
        made.has(msgspec.structs.replace(made.assets.pop(undone.asset_id), id=again, created_at=made.now))


def _key_is_lost(random: Random, made: FleetWorld) -> None:
    """An asset or its device does not say any more what they were linked by; perhaps another asset does."""
    linked = [it for it, status in sorted(made.statuses.items()) if status.link and it in made.assets]
    if not linked:
        return
    asset_id, other = random.choice(linked), random.choice(sorted(made.assets))
    before = made.assets[asset_id]
    if random.random() < 0.5:
        made.changes(other, serial=before.serial, entra_device_id=before.entra_device_id)
    made.changes(asset_id, serial=None, bios_serial=None, entra_device_id=None)


def _device_leaves(random: Random, made: FleetWorld) -> None:
    """The device of an asset is deleted at Microsoft."""
    links = [it.link for _, it in sorted(made.statuses.items()) if it.link]
    if not links:
        return
    device_ids = random.choice(links).record_ids
    for it in device_ids:
        made.intune.pop(it, None)
        made.directory.pop(it, None)


def _links(random: Random, made: FleetWorld) -> None:
    """Somebody links an asset by hand, or takes that back."""
    asset_id, device_id = random.choice(ASSETS), random.choice([*made.intune, *made.directory, "d0"])
    if made.manual.pop(asset_id, None) is None or random.random() < 0.5:
        serial = serial_of(int(device_id[1:]) % len(NUMBERS)) if random.random() < 0.6 else None
        made.links(asset_id, device_id, serial=serial)


def _assigns(random: Random, made: FleetWorld) -> None:
    asset_id = random.choice([*ASSETS, *sorted(made.assignments) * 2])
    made.assigns(asset_id, random.choice([None, "eu_ana", "eu_bob"]))


def _time_passes(random: Random, made: FleetWorld) -> None:
    made.now += timedelta(days=random.choice([1, 29, 31, 31]))


def _everything_changes(random: Random, made: FleetWorld) -> None:
    made.settings = any_settings(random)
    made.intune_state = random.choice(list(IntuneState))
    if made.intune_state is not IntuneState.READ:
        made.intune.clear()
    made.organization_ids = random.choice([(ACME, BRANCH), (ACME, BRANCH), (ACME,)])


_HAPPENINGS: list[Happening] = [
    *[_asset_changes, _device_changes] * 4,
    *[_asset_goes, _cloned, _person_changes, _undoes] * 2,
    *[_set_up_anew, _links, _key_is_lost, _device_leaves, _assigns] * 3,
    *[_time_passes] * 4,
    _pushed_again,
    _everything_changes,
]
