"""How addresses, names, texts and phone numbers are compared: each has a key, and equal keys mean the same. Pure."""

import hashlib
import unicodedata
from collections.abc import Iterable, Iterator

from integrations.domain.people.fields import address, address_key
from integrations.domain.security.policy_people import EXTERNAL_MEMBER, GUEST, guest_kind_of
from integrations.domain.sync.records import User

_HASH_BYTES = 8
_FEWEST_DIGITS = 7  # fewer are an extension, which says nothing


def mail_key(text: str | None) -> str | None:
    """A mail address such that equal ones mean the same; None if it is none, such as one of X.500 or SIP.

    What follows a plus stays: it may be another mailbox.
    """
    try:
        return address_key(address(text)) if text else None
    except ValueError:
        return None


def domain_key(text: str) -> str | None:
    """A domain in lower case and ASCII; None if it has no such form."""
    domain = text.strip().casefold()
    if domain.isascii():
        return domain or None
    try:
        return domain.encode("idna").decode("ascii").lower()
    except UnicodeError:
        return None


def text_key(text: str | None) -> str:
    """A text without differences of case, width and spaces; "" for a blank one."""
    return " ".join(unicodedata.normalize("NFKC", text or "").casefold().split())


def phone_key(text: str | None) -> str | None:
    """The digits of a phone number; None if there are too few."""
    digits = "".join(it for it in text or "" if it.isdecimal()).lstrip("0")
    return digits if len(digits) >= _FEWEST_DIGITS else None


def name_keys(name: str | None, given_name: str | None, surname: str | None) -> set[str]:
    """The names by which somebody may be known: the one shown, and first and last name together."""
    together = text_key(f"{given_name} {surname}") if given_name and surname else ""
    return {text_key(name), together} - {""}


def is_invited(user: User) -> bool:
    """Whether the user principal name was made up for an invitation (#EXT#), so that it is no address."""
    return guest_kind_of(user) in {GUEST, EXTERNAL_MEMBER}


def addresses_of(user: User) -> Iterator[tuple[str, str]]:
    """Addresses that only this user may have, as keys with what they are: mail, username or alias, in this order."""
    mail = mail_key(user.mail)
    if mail:
        yield mail, "mail"
    username = None if is_invited(user) else user.username
    if key := mail if username == user.mail else mail_key(username):
        yield key, "username"
    yield from [(key, "alias") for text in user.aliases if (key := mail_key(text))]


def address_hash(keys: Iterable[str]) -> str:
    """A short text that is the same for the same addresses only."""
    return short_hash("\n".join(sorted(keys)).encode())


def short_hash(content: bytes) -> str:
    """A short text by which a change is noticed."""
    return hashlib.blake2b(content, digest_size=_HASH_BYTES).hexdigest()


def main_domain(user: User) -> str | None:
    """The domain of the mail address, or else of the user principal name."""
    key = mail_key(user.mail) or mail_key(user.username)
    return key.rpartition("@")[2] if key else None
