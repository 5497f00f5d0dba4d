r"""URLs of Graph. A link from Microsoft is parsed, checked and rebuilt below our own root.

Parsers disagree about malformed URLs (``https://evil\@graph.microsoft.com/``), so a received string is never
requested as it is: the request goes to our root, with the path and query of the link.
"""

import re
from collections.abc import Mapping
from urllib.parse import quote, urlsplit

from shared.microsoft.graph.errors import HostileLink

VERSION, BETA = "/v1.0", "/beta"
_URL_CHARACTERS = re.compile(r"[\x21-\x7e]+")
_PORT = 443
_MAX_CHARACTERS = 16_384
# Characters of an option's value that are sent unescaped, as Graph itself does in its links.
_UNESCAPED = "-_.~,()'$=/:@*!"


def address(path: str, query: Mapping[str, str]) -> str:
    """A path below the version root with its OData options, which are named without the dollar."""
    options = "&".join(f"${name}={quote(value, safe=_UNESCAPED)}" for name, value in query.items())
    return f"{path}{'?' if options else ''}{options}"


def below(place: str, query: Mapping[str, str], root: str, version: str = VERSION) -> str:
    """The path and query below the version root, of a path with options or of a link from Graph.

    Raises:
        HostileLink: it is neither.
    """
    if place.startswith("/") and not place.startswith(("//", "/\\")):
        return address(place, query)
    return relative(place, root, version)


def relative(link: str, root: str, version: str = VERSION) -> str:
    """The path and query of a link from Graph, below the version root.

    Raises:
        HostileLink: it leads anywhere else than below ``root`` and its version.
    """
    if len(link) > _MAX_CHARACTERS or not _URL_CHARACTERS.fullmatch(link) or "\\" in link or "#" in link:
        raise HostileLink("a link holds characters no link of Graph has")
    try:
        parts, home = urlsplit(link), urlsplit(root)
        same_port = (_PORT if parts.port is None else parts.port) == (home.port or _PORT)
    except ValueError as error:
        raise HostileLink("a link cannot be read") from error
    if parts.scheme != "https" or not same_port or parts.hostname != home.hostname or "@" in parts.netloc:
        raise HostileLink("a link leads to another host than Microsoft Graph")
    if not parts.path.startswith(f"{version}/") or _leaves_directory(parts.path):
        raise HostileLink("a link leads out of Microsoft Graph's version root")
    return parts.path.removeprefix(version) + (f"?{parts.query}" if parts.query else "")


def _leaves_directory(path: str) -> bool:
    lowered = path.lower()
    dotted = "/../" in f"{lowered}/" or "/./" in f"{lowered}/" or "//" in lowered
    return dotted or any(mark in lowered for mark in ("%2e", "%2f", "%5c", "%00"))
