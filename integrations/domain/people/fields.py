"""The values of an End User's fields as they are stored: cleaned, or refused with a reason."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from integrations.domain.people.end_user import MOST_NOTES
from integrations.domain.text import clean, is_domain_name
from shared.errors import Problem

_MOST_CHARACTERS = 256
_MOST_SHORT = 64  # characters of a phone number
_MOST_ADDRESS = 254  # https://www.rfc-editor.org/rfc/rfc5321#section-4.5.3.1.3
_MOST_LOCAL = 64
_LOCAL_PART = re.compile(r"[^\s@<>()\[\],;:\\\"]+")
_PLAIN_LOCAL_PART = re.compile(r"[A-Za-z0-9_.+'-]{1,64}")  # that of nearly every address


def address(text: str) -> str:
    """A mail address or user name: trimmed, its domain in lower-case ASCII; what stands before the @ is kept.

    Raises:
        ValueError: it is none.
    """
    local, _, domain = text.strip().rpartition("@")
    if len(text) <= _MOST_ADDRESS and _PLAIN_LOCAL_PART.fullmatch(local) and is_domain_name(domain := domain.lower()):
        return f"{local}@{domain}"
    if len(text.encode(errors="replace")) > _MOST_ADDRESS or len(local) > _MOST_LOCAL or clean(local) != local:
        raise ValueError(text)
    domain = domain.lower()
    if not domain.isascii():
        domain = domain.encode("idna").decode("ascii")
    if not _LOCAL_PART.fullmatch(local) or not is_domain_name(domain):
        raise ValueError(text)
    return f"{local}@{domain}"


def address_key(stored: str) -> str:
    """What two spellings of one address have in common: upper and lower case count as equal."""
    return stored.casefold()


def reader_of(name: str) -> Callable[[Any], Any]:
    """What makes a field's value as it is stored from one that is given; it raises ValueError where that is refused."""
    return _READERS.get(name, _AS_IT_IS)[0]


def checked(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
    """The values as they are stored, and everything that is wrong with the others; blank texts are None."""
    stored: dict[str, Any] = {}
    problems = []
    for name, value in values.items():
        read, expected = _READERS.get(name, _AS_IT_IS)
        try:
            stored[name] = read(value)
        except ValueError:
            problems.append(Problem(f"/{name}", expected))
    return stored, problems


def _name(value: str) -> str:
    cleaned = clean(value)
    if not cleaned:
        raise ValueError(value)
    return cleaned


def _line(most: int) -> Callable[[str | None], str | None]:
    return lambda value: clean(value, most) or None if value else None


def _address_or_none(value: str | None) -> str | None:
    return address(value) if value and value.strip() else None


def _addresses(values: list[str]) -> list[str]:
    """Each address once, whatever its case."""
    by_key = {address_key(it): it for it in map(address, values)}
    return sorted(by_key.values())


def _notes(value: str | None) -> str | None:
    lines = (clean(line, MOST_NOTES) for line in (value or "")[:MOST_NOTES].splitlines())
    return "\n".join(lines).strip() or None


def _external_id(value: str | None) -> str | None:
    """An id must stay what it is: it is refused where another text would be cleaned."""
    if value and (len(value) > _MOST_CHARACTERS or clean(value) != value):
        raise ValueError(value)
    return value or None


_Reader = tuple[Callable[[Any], Any], str]
_AS_IT_IS: _Reader = (lambda value: value, "")
_ADDRESS = (_address_or_none, "a mail address such as jane@contoso.example")
_LINE: _Reader = (_line(_MOST_CHARACTERS), "a text")
_READERS: dict[str, _Reader] = {
    "name": (_name, "give it 1 to 256 visible characters"),
    "given_name": _LINE,
    "surname": _LINE,
    "mail": _ADDRESS,
    "username": _ADDRESS,
    "aliases": (_addresses, "mail addresses such as jane@contoso.example"),
    "phone": (_line(_MOST_SHORT), "a text"),
    "mobile_phone": (_line(_MOST_SHORT), "a text"),
    "job_title": _LINE,
    "notes": (_notes, "a text"),
    "external_id": (_external_id, "1 to 256 visible characters, without spaces at its ends"),
}
