"""Seeded people and devices: believable, reproducible, and quick to make."""

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import NamedTuple

from local.microsoft.world.collection import Object

_GIVEN = (
    "Ana", "Ben", "Chloe", "David", "Elif", "Farid", "Grace", "Hana", "Ivan", "Jun", "Kofi", "Lena", "Mara",
    "Nils", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wim", "Xena", "Yara", "Zoe",
)  # fmt: skip
_FAMILY = (
    "Adeyemi", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kim", "Lopez",
    "Meyer", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Weber",
)  # fmt: skip
_DEPARTMENTS = ("Reception", "Treatment", "Finance", "Operations", "IT", "Sales", "Legal", None)
_OFFICES = ("Boston 1.04", "Boston 2.11", "Chicago 3.20", "Remote", None)
_TITLES = ("Manager", "Analyst", "Assistant", "Engineer", "Consultant", "Specialist", None)
_LANGUAGES = ("en-US", "en-US", "es-US", None)
_SYSTEMS = (("Windows", "10.0.26100.2605"), ("Windows", "10.0.22631.4602"), ("MacMDM", "15.1"), ("IPhone", "18.1"))
_MAKERS = (("Contoso Devices", "Laptop 840"), ("Fabrikam", "Desktop 7020"), ("Adatum", "Tablet 11"))

GUEST_EVERY = 20
_DISABLED_EVERY = 17
_OUTSIDE = "fabrikam.example"
_MASK = (1 << 64) - 1
_USERNAME = re.compile(r"[a-z]+\.[a-z]+(\d+)(?:_[^@]+)?@.+")


class Seats(NamedTuple):
    """How many of the first users hold a product; ``every`` thins out products that are free."""

    sku_id: str
    first: int
    last: int
    every: int = 1


def _random_bits(seed: int, number: int) -> int:
    """64 well mixed bits: a hundred thousand people would take long with ``random.Random`` each."""
    mixed = (number * 0x9E3779B97F4A7C15 + seed * 0xBF58476D1CE4E5B9 + 1) & _MASK
    mixed = ((mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9) & _MASK
    mixed = ((mixed ^ (mixed >> 27)) * 0x94D049BB133111EB) & _MASK
    return mixed ^ (mixed >> 31)


def is_guest(number: int) -> bool:
    return number % GUEST_EVERY == GUEST_EVERY - 1


def licences_of(number: int, seats: Sequence[Seats]) -> list[str]:
    """The products that user number n holds: guests none, the others as far as the seats reach."""
    if is_guest(number):
        return []
    return [it.sku_id for it in seats if it.first <= number < it.last and number % it.every == 0]


def number_in(username: str) -> int | None:
    """Which seeded user could have this sign-in name."""
    match = _USERNAME.fullmatch(username.lower())
    return int(match[1]) if match else None


def user_maker(seed: int, domain: str, initial_domain: str, seats: Sequence[Seats]) -> Callable[[int, str], Object]:
    """Makes user number n. Number 0 is a plain enabled member; every 20th is a guest, every 17th disabled."""
    return partial(_user_number, seed, domain, initial_domain, seats)


def _user_number(seed: int, domain: str, initial_domain: str, seats: Sequence[Seats], number: int, key: str) -> Object:
    bits = _random_bits(seed, number)
    given_name, family = _GIVEN[bits % 26], _FAMILY[(bits >> 5) % 23]
    alias = f"{given_name}.{family}{number}".lower()
    guest = is_guest(number)
    day, year = 1 + (bits >> 12) % 28, 2018 + (bits >> 17) % 7
    return user(
        key,
        given_name=given_name,
        family=family,
        username=f"{alias}_{_OUTSIDE}#EXT#@{initial_domain}" if guest else f"{alias}@{domain}",
        mail=f"{alias}@{_OUTSIDE if guest else domain}",
        mailNickname=f"{alias}_{_OUTSIDE}#EXT#" if guest else alias,
        otherMails=[f"{alias}@{_OUTSIDE}"] if guest else [],
        proxyAddresses=[f"SMTP:{alias}@{domain}", f"smtp:{alias}@{initial_domain}"] if not guest else [],
        accountEnabled=number % _DISABLED_EVERY != _DISABLED_EVERY - 1,
        userType="Guest" if guest else "Member",
        externalUserState="Accepted" if guest else None,
        createdDateTime=f"{year}-{1 + (bits >> 21) % 12:02d}-{day:02d}T08:{bits % 60:02d}:09Z",
        lastPasswordChangeDateTime=f"2025-{1 + (bits >> 25) % 12:02d}-{day:02d}T10:{bits % 60:02d}:00Z",
        department=_DEPARTMENTS[(bits >> 29) % 8],
        officeLocation=_OFFICES[(bits >> 33) % 5],
        jobTitle=_TITLES[(bits >> 37) % 7],
        preferredLanguage=_LANGUAGES[(bits >> 41) % 4],
        employeeId=f"E{number:06d}" if not guest and (bits >> 44) % 4 else None,
        mobilePhone=f"+1 555 01{(bits >> 47) % 100:02d}" if (bits >> 54) % 3 == 0 else None,
        businessPhones=[f"+1 555 01{(bits >> 40) % 100:02d}"] if (bits >> 56) % 2 else [],
        usageLocation=None if guest else "US",
        assignedLicenses=[{"disabledPlans": [], "skuId": sku} for sku in licences_of(number, seats)],
    )


def user(key: str, *, given_name: str, family: str, username: str, mail: str | None, **more: object) -> Object:
    """A user with every property the simulated directory keeps."""
    properties: Object = {
        "id": key,
        "displayName": f"{given_name} {family}".strip(),
        "givenName": given_name or None,
        "surname": family or None,
        "userPrincipalName": username,
        "mail": mail,
        "mailNickname": username.partition("@")[0],
        "otherMails": [],
        "proxyAddresses": [],
        "accountEnabled": True,
        "userType": "Member",
        "externalUserState": None,
        "createdDateTime": "2023-02-01T10:00:00Z",
        "lastPasswordChangeDateTime": "2024-02-01T10:00:00Z",
        "department": None,
        "jobTitle": None,
        "companyName": None,
        "employeeId": None,
        "officeLocation": None,
        "mobilePhone": None,
        "businessPhones": [],
        "preferredLanguage": None,
        "usageLocation": None,
        "onPremisesSyncEnabled": None,
        "onPremisesImmutableId": None,
        "assignedLicenses": [],
    }
    properties.update(more)
    return properties


def device_maker(seed: int) -> Callable[[int, str], Object]:
    """Makes device number n."""
    return partial(_device_number, seed)


def _device_number(seed: int, number: int, key: str) -> Object:
    bits = _random_bits(seed + 1, number)
    system, version = _SYSTEMS[bits % 4]
    manufacturer, model = _MAKERS[(bits >> 3) % 3]
    return device(
        key,
        device_id=f"{number:08x}-0000-4000-9000-{seed % (1 << 48):012x}",
        name=f"{'LT' if system == 'Windows' else 'MB'}-{number + 1:05d}",
        operatingSystem=system,
        operatingSystemVersion=version,
        isManaged=(bits >> 6) % 8 != 0,
        isCompliant=(bits >> 10) % 6 != 0,
        approximateLastSignInDateTime=f"2026-01-{1 + (bits >> 14) % 28:02d}T07:50:00Z",
        registrationDateTime=f"2024-{1 + (bits >> 20) % 12:02d}-01T09:30:00Z",
        manufacturer=manufacturer,
        model=model,
    )


def device(key: str, *, device_id: str, name: str, **more: object) -> Object:
    """A device with every property the simulated directory keeps."""
    properties: Object = {
        "id": key,
        "deviceId": device_id,
        "displayName": name,
        "operatingSystem": "Windows",
        "operatingSystemVersion": "10.0.26100.2605",
        "trustType": "AzureAd",
        "profileType": "RegisteredDevice",
        "isManaged": True,
        "isCompliant": True,
        "managementType": "MDM",
        "accountEnabled": True,
        "approximateLastSignInDateTime": None,
        "registrationDateTime": None,
        "manufacturer": None,
        "model": None,
        "deviceOwnership": "Company",
        "enrollmentType": None,
        "mdmAppId": "0000000a-0000-0000-c000-000000000000",
        "onPremisesSyncEnabled": None,
        "physicalIds": [],
        "systemLabels": [],
        "alternativeSecurityIds": [],
    }
    properties.update(more)
    return properties
