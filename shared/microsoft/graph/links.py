r"""Addresses: made from our own parts only. A link that Microsoft hands us is read, checked and rebuilt.

Parsers disagree about odd addresses (``https://evil\@graph.microsoft.com/``), so a received string is never
passed on: what leaves is our root, plus the path and query that were found.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from shared.microsoft.graph.errors import HostileLink

VERSION = "/v1.0"
_PLAIN = re.compile(r"[\x21-\x7e]+")
_PORT = 443
_MOST_CHARACTERS = 16_384
# What may stand in an option's value as it is; Graph's own spelling keeps these readable.
_SAFE = "-_.~,()'$=/:@*!"


def address(path: str, query: Mapping[str, str]) -> str:
    """A path below the version root, with its options (named without the dollar)."""
    options = "&".join(f"${name}={quote(value, safe=_SAFE)}" for name, value in query.items())
    return f"{path}{'?' if options else ''}{options}"


def below(place: str, query: Mapping[str, str], root: str) -> str:
    """The address of a path of ours, or of a link of Graph's, below the version root.

    Raises:
        HostileLink: it is neither.
    """
    if place.startswith("/") and not place.startswith(("//", "/\\")):
        return address(place, query)
    return relative(place, root)


def relative(link: str, root: str) -> str:
    """The path and query of a link of Graph's, below the version root.

    Raises:
        HostileLink: it leads anywhere else than below ``root`` and its version.
    """
    if len(link) > _MOST_CHARACTERS or not _PLAIN.fullmatch(link) or "\\" in link or "#" in link:
        raise HostileLink("a link holds characters no link of Graph has")
    try:
        parts, home = urlsplit(link), urlsplit(root)
        same_port = (_PORT if parts.port is None else parts.port) == (home.port or _PORT)
    except ValueError as error:
        raise HostileLink("a link cannot be read") from error
    if parts.scheme != "https" or not same_port or parts.hostname != home.hostname or "@" in parts.netloc:
        raise HostileLink("a link leads to another host than Microsoft Graph")
    if not parts.path.startswith(f"{VERSION}/") or _climbs(parts.path):
        raise HostileLink("a link leads out of Microsoft Graph's version root")
    return parts.path.removeprefix(VERSION) + (f"?{parts.query}" if parts.query else "")


def _climbs(path: str) -> bool:
    lowered = path.lower()
    dotted = "/../" in f"{lowered}/" or "/./" in f"{lowered}/" or "//" in lowered
    return dotted or any(mark in lowered for mark in ("%2e", "%2f", "%5c", "%00"))
