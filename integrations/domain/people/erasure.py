"""What remains of an End User who was erased: salted hashes, by which a later sync knows whom not to create again."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

import msgspec

from integrations.domain.people.end_user import EndUser
from integrations.domain.people.fields import address_key


class ErasureSalt(msgspec.Struct, frozen=True, kw_only=True):
    """The account's salt. It is made with the first erasure and never changes, as the hashes depend on it."""

    salt: str


class ErasureMark(msgspec.Struct, frozen=True, kw_only=True):
    """One address or Microsoft object id of somebody who was erased; ``key`` is its salted hash."""

    key: str
    at: datetime


def erasure_keys(person: EndUser, object_ids: Iterable[str] = ()) -> set[str]:
    """The keys of all hashes of a person: one for each address, and one for each object at Microsoft.

    ``object_ids`` are "<tenant id>:<object id>". Mail addresses and user names share their keys.
    """
    addresses = [it for it in (person.mail, person.username, *person.aliases) if it]
    return {*(f"address:{address_key(it)}" for it in addresses), *(f"object:{it.lower()}" for it in object_ids)}


def erasure_marks(salt: str, keys: Iterable[str], now: datetime) -> list[ErasureMark]:
    return [ErasureMark(key=erasure_hash(salt, key), at=now) for key in sorted(keys)]


def erasure_hash(salt: str, key: str) -> str:
    """SHA-256 of "<salt>|<key>", in hexadecimal."""
    return hashlib.sha256(f"{salt}|{key}".encode()).hexdigest()
