"""Which version a running Azurite is, wherever it came from."""

from http.client import HTTPConnection, HTTPException
from urllib.parse import urlsplit

_UNKNOWN = "of an unknown version"


def version_of(connection_string: str) -> str:
    """What the table service calls itself in the header Server, as in "Azurite-Table/3.35.0"."""
    parts = dict(part.split("=", 1) for part in connection_string.split(";") if "=" in part)
    address = urlsplit(parts.get("TableEndpoint", "http://127.0.0.1:10002/"))
    connection = HTTPConnection(address.hostname or "", address.port, timeout=5)
    try:
        connection.request("GET", "/")
        return (connection.getresponse().getheader("Server") or "").partition("/")[2] or _UNKNOWN
    except (OSError, HTTPException):
        return _UNKNOWN
    finally:
        connection.close()
