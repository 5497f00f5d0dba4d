"""The rows of one data set's records, and the fingerprints by which changed rows are found."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from integrations.domain.sync.datasets import Record
from shared.storage.rows import is_storable_key
from shared.storage.tables import Row

ROWS = "row:"  # how keys of records begin
FINGERPRINT, KIND, BODY = "print", "tally", "body"  # stored column names
_CHARACTERS = 32_000  # in a column, which holds up to 32 Ki
_MOST_COLUMNS = 14  # of a body, so that the row stays below 1 MiB
BODIES = (BODY, *(f"{BODY}{number}" for number in range(2, _MOST_COLUMNS + 1)))  # a long body continues in the next


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """What is read of a stored row instead of its body: a hash of it, and the kind it is counted as."""

    fingerprint: str
    kind: str


def stored_fingerprint(row: Row) -> StoredFingerprint:
    return StoredFingerprint(row.text(FINGERPRINT), row.text(KIND))


def row_prefix(dataset: str) -> str:
    return f"{ROWS}{dataset}:"


class LatestRecords:
    """The records of a reading, the last one of each key.

    Fingerprints are computed each time: stored, those of many records would take a fifth of all memory. ``lost``
    counts records that fit no row, because of their key or their size; they are left out.
    """

    def __init__(self, dataset: str, records: Sequence[Record]) -> None:
        self.records = {record.key: record for record in records}
        unstorable = [key for key, it in self.records.items() if not _is_storable(dataset, it)]
        for key in unstorable:
            del self.records[key]
        self.lost = len(unstorable)

    def fingerprint_of(self, key: str) -> str:
        return _fingerprint(msgspec.json.encode(self.records[key].body))

    def columns(self, key: str) -> dict[str, str]:
        """The columns of one record's row."""
        record = self.records[key]
        body = msgspec.json.encode(record.body)
        return {**_bodies(body.decode()), FINGERPRINT: _fingerprint(body), KIND: record.kind}

    def digest(self) -> str:
        """One fingerprint of all records, whatever their order."""
        digest = hashlib.blake2b(digest_size=16)
        for key in sorted(self.records):
            digest.update(f"{key}\0{self.records[key].kind}\0{self.fingerprint_of(key)}\0".encode())
        return digest.hexdigest()

    def counts_by_kind(self) -> Counter[str]:
        return Counter(record.kind for record in self.records.values())


def body_of(row: Row) -> str:
    """The stored JSON of a row, put together from its columns."""
    first = row.text(BODY)
    if not row.values.get(BODIES[1]):
        return first
    return first + "".join(row.text(name) for name in BODIES[1:] if row.values.get(name))


def _bodies(body: str) -> dict[str, str]:
    """The columns of a body: one, unless it is long."""
    size = _size(body)
    return {name: body[start : start + size] for name, start in zip(BODIES, range(0, len(body), size), strict=False)}


def _size(body: str | bytes) -> int:
    """How much of a body is put into a column: outside ASCII a character may take two places."""
    return _CHARACTERS if body.isascii() else _CHARACTERS // 2


def _is_storable(dataset: str, record: Record) -> bool:
    body = msgspec.json.encode(record.body)
    return is_storable_key(row_prefix(dataset) + record.key) and len(body) <= _size(body) * _MOST_COLUMNS


def _fingerprint(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
