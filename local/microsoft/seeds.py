"""Seeded people and devices: believable, reproducible, and made when they are looked at.

A tenant of 100,000 users costs no memory until somebody changes one of them: user number n is always the
same person, and her id tells n.
"""

import random
from collections.abc import Callable, Iterator
from typing import Any

Object = dict[str, Any]

_GIVEN = (
    *("Ana", "Ben", "Chloe", "David", "Elif", "Farid", "Grace", "Hana", "Ivan", "Jun", "Kofi", "Lena", "Mara"),
    *("Nils", "Olga", "Pablo", "Quinn", "Rosa", "Sven", "Tara", "Umar", "Vera", "Wim", "Xena", "Yara", "Zoe"),
)
_FAMILY = (
    *("Adeyemi", "Bauer", "Costa", "Dubois", "Eriksen", "Fischer", "Garcia", "Haddad", "Ito", "Jensen", "Kim"),
    *("Lopez", "Meyer", "Novak", "Okafor", "Petrov", "Quist", "Rossi", "Silva", "Tanaka", "Ueda", "Vogel", "Weber"),
)
_DEPARTMENTS = ("Sales", "Finance", "Operations", "IT", "Clinic", "Legal", "Marketing", None)
_OFFICES = ("Amsterdam", "Boston", "Cairo", "Dublin", None)
_TITLES = ("Manager", "Analyst", "Assistant", "Engineer", "Consultant", None)
_SYSTEMS = (("Windows", "10.0.26100.2605"), ("Windows", "10.0.22631.4602"), ("macOS", "15.1"), ("iOS", "18.1"))


class Collection:
    """Objects of one kind in one tenant: ``seeded`` ones made on demand, plus what was changed or added.

    ``log`` holds (sequence, id) of every change, for delta queries.
    """

    def __init__(self, seeded: int, prefix: int, make: Callable[[int, str], Object]) -> None:
        self._seeded = seeded
        self._prefix = prefix
        self._make = make
        self._own: dict[str, Object] = {}
        self._added: list[str] = []
        self._gone: dict[str, str] = {}
        self.cleared: dict[str, set[str]] = {}
        self.log: list[tuple[int, str]] = []

    def __len__(self) -> int:
        return self._seeded + len(self._added) - len(self._gone)

    def id_of(self, number: int) -> str:
        return f"{number:08x}-0000-4000-8000-{self._prefix:012x}"

    def places(self) -> int:
        """How many places there are in the one lasting order; a removed object leaves its place empty."""
        return self._seeded + len(self._added)

    def at(self, place: int) -> Object | None:
        key = self.id_of(place) if place < self._seeded else self._added[place - self._seeded]
        return self.get(key)

    def get(self, key: str) -> Object | None:
        if key in self._gone:
            return None
        if key in self._own:
            return self._own[key]
        number = self._number(key)
        return self._make(number, key) if number is not None else None

    def all(self) -> Iterator[Object]:
        for place in range(self.places()):
            found = self.at(place)
            if found is not None:
                yield found

    def removal(self, key: str) -> str | None:
        """Why it is gone, in the words of Graph: changed (restorable) or deleted; None for what is there."""
        return self._gone.get(key)

    def add(self, made: Object, sequence: int) -> Object:
        self._own[made["id"]] = made
        self._added.append(made["id"])
        self.log.append((sequence, made["id"]))
        return made

    def change(self, key: str, properties: Object, sequence: int) -> Object:
        found = self.get(key)
        if found is None:
            raise KeyError(f"there is no object {key}")
        cleared = {name for name, value in properties.items() if value is None and found.get(name) is not None}
        self.cleared.setdefault(key, set()).update(cleared)
        self._own[key] = {**found, **properties}
        self.log.append((sequence, key))
        return self._own[key]

    def remove(self, key: str, reason: str, sequence: int) -> None:
        if self.get(key) is None:
            raise KeyError(f"there is no object {key}")
        self._gone[key] = reason
        self.log.append((sequence, key))

    def since(self, sequence: int) -> list[str]:
        """Ids changed after a sequence, in the order of their last change."""
        changed: dict[str, None] = {}
        for number, key in reversed(self.log):
            if number <= sequence:
                break
            changed.setdefault(key)
        return list(reversed(changed))

    def _number(self, key: str) -> int | None:
        head, _, tail = key.partition("-0000-4000-8000-")
        if tail != f"{self._prefix:012x}" or len(head) != 8:
            return None
        try:
            number = int(head, 16)
        except ValueError:
            return None
        return number if number < self._seeded else None


def user_maker(seed: int, domain: str, initial_domain: str, licences: list[str]) -> Callable[[int, str], Object]:
    """Makes user number n. Number 0 is the tenant's Global Administrator; every 20th is a guest."""

    def make(number: int, key: str) -> Object:
        dice = random.Random(seed * 1_000_003 + number)
        given, family = dice.choice(_GIVEN), dice.choice(_FAMILY)
        is_guest = number % 20 == 19
        alias = f"{given}.{family}{number}".lower()
        licensed = bool(licences) and not is_guest and dice.random() < 0.9
        return user(
            key,
            given=given,
            family=family,
            username=f"{alias}_partner.example#EXT#@{initial_domain}" if is_guest else f"{alias}@{domain}",
            mail=f"{alias}@{'partner.example' if is_guest else domain}",
            accountEnabled=dice.random() < 0.95,
            userType="Guest" if is_guest else "Member",
            department=dice.choice(_DEPARTMENTS),
            officeLocation=dice.choice(_OFFICES),
            jobTitle=dice.choice(_TITLES),
            usageLocation="US",
            assignedLicenses=[{"skuId": dice.choice(licences), "disabledPlans": []}] if licensed else [],
        ) | ({"accountEnabled": True} if number == 0 else {})

    return make


def user(key: str, *, given: str, family: str, username: str, mail: str | None, **more: Any) -> Object:
    """A user object with every property that Graph knows by default."""
    return {
        "id": key,
        "displayName": f"{given} {family}".strip(),
        "givenName": given or None,
        "surname": family or None,
        "userPrincipalName": username,
        "mail": mail,
        "otherMails": [],
        "proxyAddresses": [f"SMTP:{mail}"] if mail else [],
        "accountEnabled": True,
        "userType": "Member",
        "externalUserState": None,
        "createdDateTime": "2023-02-01T10:00:00Z",
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
        "lastPasswordChangeDateTime": "2024-02-01T10:00:00Z",
        "passwordPolicies": None,
        "assignedLicenses": [],
        **more,
    }


def device_maker(seed: int, owners: int) -> Callable[[int, str], Object]:
    """Makes device number n; it belongs to user number n of the tenant, as far as there are users."""

    def make(number: int, key: str) -> Object:
        dice = random.Random(seed * 7_000_003 + number)
        system, version = dice.choice(_SYSTEMS)
        return {
            "id": key,
            "deviceId": f"{number:08x}-0000-4000-9000-{seed % (1 << 48):012x}",
            "displayName": f"PC-{number:05d}",
            "operatingSystem": system,
            "operatingSystemVersion": version,
            "trustType": "AzureAd",
            "profileType": "RegisteredDevice",
            "isManaged": dice.random() < 0.8,
            "isCompliant": dice.random() < 0.7,
            "managementType": "MDM",
            "accountEnabled": True,
            "approximateLastSignInDateTime": "2026-11-20T07:50:00Z",
            "registrationDateTime": "2024-03-01T00:00:00Z",
            "manufacturer": "Contoso Devices",
            "model": "Laptop 840",
            "_owner": number % owners if owners else None,
        }

    return make
