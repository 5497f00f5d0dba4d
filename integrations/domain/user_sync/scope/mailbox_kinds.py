"""Whether a mailbox is a person's, shared, a room's or equipment's, and how that is known. Pure.

Microsoft Graph has no list of shared mailboxes: it tells the purpose of one mailbox at a time, to whoever may read it.
Sources: https://learn.microsoft.com/graph/api/user-get-mailboxsettings and
https://learn.microsoft.com/graph/api/place-list
"""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from functools import lru_cache
from typing import NamedTuple

import msgspec

from integrations.domain.sync.mailboxes import MailboxPage, Room, mailboxes_in
from integrations.domain.sync.records import License, User
from integrations.domain.user_sync.comparison import mail_key, short_hash


class MailboxKind(Enum):
    PERSON = "person"
    SHARED = "shared"
    ROOM = "room"
    EQUIPMENT = "equipment"
    TEAMS_ROOM = "teams_room"
    CALL_QUEUE = "call_queue"
    LIKELY_SHARED = "likely_shared"
    UNKNOWN = "unknown"

    __hash__ = object.__hash__  # by identity: that of an Enum hashes its name in Python, for every user


class MailboxEvidence(Enum):
    """How the kind of a mailbox is known."""

    PURPOSE = "purpose"  # Exchange says so
    PLACE = "place"  # it is in the list of rooms
    LICENSE = "license"  # it has a license that only such accounts have
    GUESS = "guess"  # it is disabled, has an address, and no license
    NONE = "none"


class Mailbox(NamedTuple):
    kind: MailboxKind
    evidence: MailboxEvidence


@dataclass(frozen=True, slots=True, kw_only=True)
class MailboxData:
    """What was read about mailboxes; empty where our application may not read it.

    ``purposes`` are Exchange's, by object id; ``rooms`` are addresses of rooms, as keys; ``part_numbers`` are those of
    the tenant's products by their ids.
    """

    purposes: Mapping[str, str] = field(default_factory=dict)
    rooms: Collection[str] = frozenset()
    part_numbers: Mapping[str, str] = field(default_factory=dict)

    def purposes_hash(self) -> str:
        """A text that is the same while all purposes are."""
        return short_hash(msgspec.json.encode(sorted(self.purposes.items())))


_NOT_KNOWN = Mailbox(MailboxKind.UNKNOWN, MailboxEvidence.NONE)
_BY_PURPOSE = {
    "user": MailboxKind.PERSON,
    "linked": MailboxKind.PERSON,
    "shared": MailboxKind.SHARED,
    "room": MailboxKind.ROOM,
    "equipment": MailboxKind.EQUIPMENT,
}
_MOST_PART_NUMBERS = 1000  # Microsoft sells some hundred products
# The beginnings of part numbers, in lower case. Source:
# https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
_BY_PART_NUMBER = {
    "meeting_room": MailboxKind.TEAMS_ROOM,
    "microsoft_teams_rooms": MailboxKind.TEAMS_ROOM,
    "mcoev_virtualuser": MailboxKind.CALL_QUEUE,
    "phonesystem_virtualuser": MailboxKind.CALL_QUEUE,
}


def mailbox_of(user: User, known: MailboxData) -> Mailbox:
    """The kind of somebody's mailbox, by the best evidence that there is."""
    if kind := _BY_PURPOSE.get(known.purposes.get(user.id, "")):
        return Mailbox(kind, MailboxEvidence.PURPOSE)
    if known.rooms and mail_key(user.mail) in known.rooms:
        return Mailbox(MailboxKind.ROOM, MailboxEvidence.PLACE)
    if kind := _kind_by_license(user, known.part_numbers):
        return Mailbox(kind, MailboxEvidence.LICENSE)
    if user.is_enabled is False and user.mail and not user.license_ids:
        return Mailbox(MailboxKind.LIKELY_SHARED, MailboxEvidence.GUESS)
    return _NOT_KNOWN


def mailbox_data(
    pages: Iterable[MailboxPage] = (), rooms: Iterable[Room] = (), licenses: Collection[License] = ()
) -> MailboxData:
    """What is known about mailboxes, from the rows of ``mailbox_purposes``, ``rooms`` and ``licenses``.

    A data set that could not be read has no rows: what it would say is not known.
    """
    return MailboxData(
        purposes=purposes_of(pages), rooms=room_addresses_of(rooms), part_numbers=part_numbers_of(licenses)
    )


def purposes_of(pages: Iterable[MailboxPage]) -> dict[str, str]:
    """What Exchange says that mailboxes are for, by the user's id."""
    return {it.user_id: it.purpose for it in mailboxes_in(pages).values() if it.purpose is not None}


def room_addresses_of(rooms: Iterable[Room]) -> frozenset[str]:
    """The addresses of rooms, as keys."""
    return frozenset(key for it in rooms if (key := mail_key(it.address)))


def is_room(user: User, known: MailboxData) -> bool:
    """Whether an account surely belongs to a room or to equipment: Exchange says so, or the list of rooms has it."""
    mailbox = mailbox_of(user, known)
    is_sure = mailbox.evidence in {MailboxEvidence.PURPOSE, MailboxEvidence.PLACE}
    return is_sure and mailbox.kind in {MailboxKind.ROOM, MailboxKind.EQUIPMENT}


def _kind_by_license(user: User, part_numbers: Mapping[str, str]) -> MailboxKind | None:
    for sku in user.license_ids:
        if kind := _kind_by_part_number(part_numbers.get(sku, "")):
            return kind
    return None


@lru_cache(_MOST_PART_NUMBERS)
def _kind_by_part_number(part_number: str) -> MailboxKind | None:
    name = part_number.lower()
    return next((kind for start, kind in _BY_PART_NUMBER.items() if name.startswith(start)), None)


def part_numbers_of(licenses: Collection[License]) -> dict[str, str]:
    """Part numbers by the ids of products, as ``MailboxData`` has them."""
    return {it.sku_id: it.part_number for it in licenses}


def paid_licenses_of(licenses: Collection[License]) -> frozenset[str]:
    """Ids of the products for users that cost something."""
    return frozenset(it.sku_id for it in licenses if it.is_per_user and not it.is_unlimited)
