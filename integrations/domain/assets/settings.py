"""How the assets of a tenant are linked, as the account wants it. Pure."""

from collections.abc import Iterable, Iterator

import msgspec

from integrations.domain.assets.devices.serials import normal_serial
from shared.errors import Problem

MOST_SERIALS = 100  # in a list: both have to fit in a column


class AssetLinkSettings(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How an account wants its assets linked.

    Attributes:
        link_by_name: Whether an asset is linked if only the name fits. Otherwise somebody decides.
        override_manual: Whether Microsoft's person replaces one that was assigned by hand.
        junk_serials: Serial numbers that identify nothing, as they are compared.
        good_serials: Serial numbers that count although several devices have them, as they are compared.
    """

    link_by_name: bool = False
    override_manual: bool = False
    junk_serials: list[str] = []
    good_serials: list[str] = []


def cleaned(settings: AssetLinkSettings) -> AssetLinkSettings:
    """The settings with serial numbers as they are compared; those that never count are left out."""
    junk, good = map(_compared, (settings.junk_serials, settings.good_serials))
    return msgspec.structs.replace(settings, junk_serials=sorted(set(junk)), good_serials=sorted(set(good)))


def problems_of(settings: AssetLinkSettings) -> list[Problem]:
    """Everything that is wrong."""
    good = set(_compared(settings.good_serials))
    return [
        *_problems_of_list("/junk_serials", settings.junk_serials, good),
        *_problems_of_list("/good_serials", settings.good_serials),
    ]


def _problems_of_list(pointer: str, listed: list[str], others: Iterable[str] = ()) -> Iterator[Problem]:
    if len(listed) > MOST_SERIALS:
        yield Problem(pointer, f"at most {MOST_SERIALS} serial numbers can be listed")
    seen: set[str] = set()
    for place, text in enumerate(listed):
        serial = normal_serial(text)
        if serial is None:
            yield Problem(f"{pointer}/{place}", "this is no serial number, or one that never counts")
        elif serial in seen:
            yield Problem(f"{pointer}/{place}", "this serial number is listed twice")
        elif serial in others:
            yield Problem(f"{pointer}/{place}", "this serial number is among the good ones, too")
        seen |= {serial} if serial else set()


def _compared(serials: Iterable[str]) -> list[str]:
    return [it for it in map(normal_serial, serials) if it]
