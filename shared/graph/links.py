r"""Addresses: made from our own parts only. A link that Microsoft hands us is read, checked and rebuilt.

Parsers disagree about odd addresses (``https://evil\@graph.microsoft.com/``), so a received string is never
passed on: what leaves is our root, plus the path and query that were found.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from shared.graph.errors import HostileLink

VERSION = "/v1.0"
_PLAIN = re.compile(r"[\x21-\x7e]+")
_MOST_CHARACTERS = 16_384
# What may stand in an option's value as it is; Graph's own spelling keeps these readable.
_SAFE = "-_.~,()'$=/:@*!"


def address(path: str, query: Mapping[str, str]) -> str:
    """A path below the version root, with its options (named without the dollar)."""
    options = "&".join(f"${name}={quote(value, safe=_SAFE)}" for name, value in query.items())
    return f"{path}{'?' if options else ''}{options}"


def relative(link: str, root: str) -> str:
    """The path and query of a link of Graph's, below the version root.

    Raises:
        HostileLink: it leads anywhere else than below ``root`` and its version.
    """
    if len(link) > _MOST_CHARACTERS or not _PLAIN.fullmatch(link) or "\\" in link or "#" in link:
        raise HostileLink("a link holds characters no link of Graph has")
    try:
        parts, home = urlsplit(link), urlsplit(root)
        same_port = (parts.port or 443) == (home.port or 443)
    except ValueError as error:
        raise HostileLink("a link cannot be read") from error
    if parts.scheme != "https" or not same_port or parts.hostname != home.hostname or "@" in parts.netloc:
        raise HostileLink("a link leads to another host than Microsoft Graph")
    if "%" in parts.netloc or not parts.path.startswith(f"{VERSION}/") or _climbs(parts.path):
        raise HostileLink("a link leads out of Microsoft Graph's version root")
    return parts.path.removeprefix(VERSION) + (f"?{parts.query}" if parts.query else "")


def _climbs(path: str) -> bool:
    lowered = path.lower()
    return "/../" in f"{lowered}/" or "/./" in f"{lowered}/" or "%2e" in lowered or "%2f" in lowered or "//" in path
