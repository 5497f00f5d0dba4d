"""The rows of one data set's records, and the fingerprints by which changed rows are found."""

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import msgspec

from integrations.domain.sync.datasets import Record
from shared.storage.rows import is_storable_key, is_storable_text
from shared.storage.tables import Row

FINGERPRINT, KIND, BODY = "print", "tally", "body"  # stored column names


@dataclass(frozen=True, slots=True)
class StoredFingerprint:
    """What is read of a stored row instead of its body: a hash of it, and the kind it is counted as."""

    fingerprint: str
    kind: str


def stored_fingerprint(row: Row) -> StoredFingerprint:
    return StoredFingerprint(row.text(FINGERPRINT), row.text(KIND))


def row_prefix(dataset: str) -> str:
    return f"row:{dataset}:"


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
        return {BODY: body.decode(), FINGERPRINT: _fingerprint(body), KIND: record.kind}

    def digest(self) -> str:
        """One fingerprint of all records, whatever their order."""
        digest = hashlib.blake2b(digest_size=16)
        for key in sorted(self.records):
            digest.update(f"{key}\0{self.records[key].kind}\0{self.fingerprint_of(key)}\0".encode())
        return digest.hexdigest()

    def counts_by_kind(self) -> Counter[str]:
        return Counter(record.kind for record in self.records.values())


def _is_storable(dataset: str, record: Record) -> bool:
    return is_storable_key(row_prefix(dataset) + record.key) and is_storable_text(msgspec.json.encode(record.body))


def _fingerprint(body: bytes) -> str:
    return hashlib.blake2b(body, digest_size=16).hexdigest()
