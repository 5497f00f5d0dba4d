"""The values of an asset's fields as they are stored: cleaned, or refused with a reason. Pure."""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from integrations.domain.assets.devices.serials import normal_device_id
from integrations.domain.ids import EndUserId, is_end_user_id, is_object_id
from integrations.domain.text import clean
from shared.errors import Problem

_MOST_CHARACTERS = 256
_SEPARATORS = re.compile(r"[:.\-\s]")
_MAC_ADDRESS = re.compile(r"[0-9A-F]{12}")


def checked_asset(values: Mapping[str, Any]) -> tuple[dict[str, Any], list[Problem]]:
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


def _line(value: str | None) -> str | None:
    return clean(value) or None if value else None


def _external_id(value: str) -> str:
    """An id must stay what it is: it is refused where another text would be cleaned."""
    if not value or len(value) > _MOST_CHARACTERS or clean(value) != value:
        raise ValueError(value)
    return value


def _device_id(value: str | None) -> str | None:
    """A GUID in lower case; None for one that boards share."""
    device_id = normal_device_id(value)
    if device_id is not None and not is_object_id(device_id):
        raise ValueError(value)
    return device_id


def _end_user_id(value: str | None) -> EndUserId | None:
    if value is None or is_end_user_id(value):
        return value
    raise ValueError(value)


def _mac_addresses(values: list[str]) -> list[str]:
    """Each address once, in pairs of upper-case digits."""
    return sorted({_mac_address(it) for it in values})


def _mac_address(value: str) -> str:
    digits = _SEPARATORS.sub("", value[:_MOST_CHARACTERS]).upper()
    if not _MAC_ADDRESS.fullmatch(digits):
        raise ValueError(value)
    return ":".join(digits[start : start + 2] for start in range(0, len(digits), 2))


def _moment(value: datetime | None) -> datetime | None:
    if value is not None and value.tzinfo is None:
        raise ValueError(value)
    return value.astimezone(UTC) if value else None


_Reader = tuple[Callable[[Any], Any], str]
_AS_IT_IS: _Reader = (lambda value: value, "")
_LINE: _Reader = (_line, "a text")
_DEVICE_ID: _Reader = (_device_id, "a GUID such as 1f0a3c5e-0000-4000-8000-00000000d001")
_READERS: dict[str, _Reader] = {
    "external_id": (_external_id, "1 to 256 visible characters, without spaces at its ends"),
    "name": (_name, "give it 1 to 256 visible characters"),
    "serial": _LINE,
    "bios_serial": _LINE,
    "entra_device_id": _DEVICE_ID,
    "intune_device_id": _DEVICE_ID,
    "manufacturer": _LINE,
    "model": _LINE,
    "os": _LINE,
    "os_version": _LINE,
    "mac_addresses": (_mac_addresses, "addresses such as 00:1A:2B:3C:4D:5E"),
    "assigned_end_user_id": (_end_user_id, "the id of an End User, or null"),
    "last_seen_at": (_moment, "a time with its zone, such as 2026-03-01T12:00:00Z"),
}
