"""A region of sign-ins in words, such as "desktop and mobile apps in trusted locations". Pure."""

from collections.abc import Callable, Sequence

from integrations.domain.security.sign_ins.policies import Locations
from integrations.domain.security.sign_ins.space import (
    ACTIVE_SYNC,
    BROWSER,
    ELSEWHERE,
    LEGACY,
    MODERN,
    OTHER_APPLICATION,
    OTHER_PLATFORM,
    TRUSTED,
    Dimension,
    Region,
    SignInSpace,
)

_CLIENTS = {
    MODERN: "desktop and mobile apps",
    BROWSER: "browsers",
    ACTIVE_SYNC: "Exchange ActiveSync",
    LEGACY: "legacy clients",
}
_PLATFORMS = {
    "windows": "Windows",
    "macos": "macOS",
    "ios": "iOS",
    "android": "Android",
    "linux": "Linux",
    "windowsphone": "Windows Phone",
    OTHER_PLATFORM: "unknown platforms",
}
_APPLICATIONS = {"Office365": "Office 365", "MicrosoftAdminPortals": "the Microsoft admin portals"}
_MOST_NAMED = 3


def gap_in_words(gap: Region, space: SignInSpace, locations: Locations | None) -> str:
    """The sign-ins of a region; applications that are not known by name are named by their ids."""
    parts = [
        _clients(space.chosen(gap, Dimension.CLIENT)),
        _part(gap, space, Dimension.APPLICATION, "to", _application),
        _part(gap, space, Dimension.PLATFORM, "on", _PLATFORMS.__getitem__),
        _part(gap, space, Dimension.PLACE, "", lambda place: _place(place, locations)),
        _risk(space.chosen(gap, Dimension.SIGN_IN_RISK), "sign-in risk"),
        _risk(space.chosen(gap, Dimension.USER_RISK), "user risk"),
    ]
    return " ".join(part for part in parts if part)


def _clients(clients: Sequence[str] | None) -> str:
    if clients is None:
        return "any sign-in"
    modern = [it for it in clients if it in {MODERN, BROWSER}]
    return _listed([_CLIENTS[it] for it in modern or clients])


def _part(gap: Region, space: SignInSpace, dimension: Dimension, preposition: str, name: Callable[[str], str]) -> str:
    chosen = space.chosen(gap, dimension)
    return "" if chosen is None else f"{preposition} {_listed([name(it) for it in chosen])}".strip()


def _application(application: str) -> str:
    if application == OTHER_APPLICATION:
        return "other applications"
    return _APPLICATIONS.get(application, f"the application {application}")


def _place(place: str, locations: Locations | None) -> str:
    if place in {TRUSTED, ELSEWHERE}:
        return "in trusted locations" if place == TRUSTED else "outside of named locations"
    known = (locations or {}).get(place)
    return f"in {known.name if known else f'the location {place}'}"


def _risk(levels: Sequence[str] | None, what: str) -> str:
    if levels is None:
        return ""
    return f"without {what}" if levels[0] == "none" else f"at {_listed(levels)} {what}"


def _listed(names: Sequence[str]) -> str:
    shown = list(names[:_MOST_NAMED]) + ([f"{len(names) - _MOST_NAMED} more"] if len(names) > _MOST_NAMED else [])
    return shown[0] if len(shown) == 1 else f"{', '.join(shown[:-1])} and {shown[-1]}"
