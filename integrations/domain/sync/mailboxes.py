"""Rows about mailboxes: the tenant's rooms, and what each mailbox is for. Pure.

Exchange tells the purpose of one mailbox at a time. So it is read once, and again when the address or the licenses
changed; the others wait for their turn, those without a license first: rooms and shared mailboxes seldom have one.
"""

import hashlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from itertools import chain

import msgspec

from integrations.domain.sync.packing import pack, rows_holding, rows_that_may_hold

PERSON = "user"  # Exchange's word for the mailbox of a person
_WORDS = frozenset({PERSON, "linked", "shared", "room", "equipment", "others"})
WAITING = "waiting"  # the kind that rows with mailboxes to be read are counted as
_PAGE = "page:"
_DIGEST_BYTES = 6


class Room(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A room of the tenant, as people find it when they plan a meeting.

    Attributes:
        id: Microsoft's id of the room, which is not that of its account.
        name: The name that Microsoft shows.
        address: The mail address. Null if Microsoft does not say.
    """

    id: str
    name: str
    address: str | None = None


class MailboxPurpose(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody's mailbox is for.

    Attributes:
        user_id: The user's object id.
        basis: A digest of the address and the licenses that it was read with, or is to be read with.
        purpose: Exchange's word, such as user, shared, room or equipment. Null while it is not known.
        turn: When it is to be read: lower ones first. Null if it need not be read.
        retry_at: From when on it is read again, in a full reading, because Exchange did not tell it, or told something
            that it does not document. Null otherwise.
    """

    user_id: str
    basis: str
    purpose: str | None = None
    turn: int | None = None
    retry_at: datetime | None = None


class MailboxPage(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a tenant's mailboxes. Those of people share rows; one that is known to be no person's has its own."""

    people: list[MailboxPurpose]


def unread_mailbox(user_id: str, address: str, license_ids: Iterable[str]) -> MailboxPurpose:
    """A mailbox of which the purpose is to be read."""
    licenses = sorted(license_ids)
    digest = hashlib.blake2b("\n".join([address.lower(), *licenses]).encode(), digest_size=_DIGEST_BYTES)
    return MailboxPurpose(user_id=user_id, basis=digest.hexdigest(), turn=1 if licenses else 0)


def merged(
    known: Mapping[str, MailboxPurpose], listed: Iterable[MailboxPurpose], now: datetime
) -> dict[str, MailboxPurpose]:
    """The listed mailboxes, by the user's id, with what is known of each; it waits if that may have changed."""
    return {it.user_id: _merged(known.get(it.user_id), it, now) for it in listed}


def _merged(before: MailboxPurpose | None, listed: MailboxPurpose, now: datetime) -> MailboxPurpose:
    if before is None:
        return listed
    is_due = before.basis != listed.basis or (before.retry_at is not None and before.retry_at <= now)
    return msgspec.structs.replace(before, basis=listed.basis, turn=listed.turn) if is_due else before


def next_to_read(mailboxes: Iterable[MailboxPurpose], most: int) -> list[str]:
    """The ids of up to ``most`` users whose mailboxes are to be read now."""
    waiting = sorted((it.turn, it.user_id) for it in mailboxes if it.turn is not None)
    return [user_id for _, user_id in waiting[:most]]


def with_purpose(mailbox: MailboxPurpose, purpose: str, now: datetime) -> MailboxPurpose:
    """The mailbox after Exchange told its purpose; a word that it does not document is not the last one."""
    return msgspec.structs.replace(mailbox, purpose=purpose, turn=None, retry_at=None if purpose in _WORDS else now)


def without_purpose(mailbox: MailboxPurpose, retry_at: datetime) -> MailboxPurpose:
    """The mailbox after Exchange did not tell its purpose."""
    return msgspec.structs.replace(mailbox, purpose=None, turn=None, retry_at=retry_at)


def mailbox_rows(mailboxes: Iterable[MailboxPurpose]) -> dict[str, MailboxPage]:
    """The rows that hold these mailboxes, by key.

    One that is known to be no person's has a row under the user's id, so that its change is the change of one row.
    """
    packed: dict[str, MailboxPurpose] = {}
    rows: dict[str, MailboxPage] = {}
    for it in mailboxes:
        if it.purpose in {None, PERSON}:
            packed[it.user_id] = it
        else:
            rows[it.user_id] = MailboxPage(people=[it])
    return rows | {f"{_PAGE}{key}": MailboxPage(people=people) for key, people in pack(packed).items()}


def mailboxes_of(
    user_ids: Collection[str], find: Callable[[set[str]], Mapping[str, MailboxPage]], row_count: int
) -> Iterator[MailboxPage]:
    """The rows in which these users' mailboxes are; ``find`` returns those of some rows that exist, by key.

    ``row_count`` is about how many rows there are: those that more rows would have are looked up only for users who are
    in no other.
    """
    likely = {it: {it, *_pages_of(it, row_count)} for it in user_ids}
    found = list(rows_holding(likely, find, _users_in))
    missing = likely.keys() - {user_id for row in found for user_id in _users_in(row)}
    return chain(found, rows_holding({it: _pages_of(it) - likely[it] for it in missing}, find, _users_in))


def _pages_of(user_id: str, row_count: int | None = None) -> set[str]:
    return {_PAGE + it for it in rows_that_may_hold(user_id, row_count)}


def _users_in(row: MailboxPage) -> Iterator[str]:
    return (it.user_id for it in row.people)


def users_of(row_keys: Iterable[str]) -> frozenset[str]:
    """The ids of users whose mailbox has one of these rows for itself."""
    return frozenset(filter(is_of_one, row_keys))


def is_of_one(row_key: str) -> bool:
    """Whether a row holds one mailbox only, which is known to be no person's."""
    return not row_key.startswith(_PAGE)


def kind_of_row(page: MailboxPage) -> str:
    """The kind that a row is counted as."""
    return WAITING if any(it.turn is not None for it in page.people) else "total"


def mailboxes_in(pages: Iterable[MailboxPage]) -> dict[str, MailboxPurpose]:
    """The mailboxes in these rows, by the user's id."""
    return {it.user_id: it for page in pages for it in page.people}
