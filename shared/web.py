"""The one way out: a pooled HTTPS session with time limits that hold, and bodies that cannot run wild.

Read time-outs do not catch a body that drips one byte a second, so every call has a deadline on the wall
clock; compressed bodies are bounded after decoding. No redirect is followed, no proxy or netrc is read.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from shared.errors import Waiting

_POOL = 32
_CONNECT_S, _READ_S = 3.05, 10.0
MOST_BYTES = 16 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_FROM = 1024 * 1024  # small bodies may compress as well as they like
_CHUNK = 64 * 1024


class Unreachable(Waiting):
    """No usable answer came: no connection, too slow, too large, or cut off."""

    code = "unreachable"
    title = "A service did not answer properly"


@dataclass(frozen=True, slots=True)
class Response:
    """A whole answer. Header names are lower-case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Web:
    """A session for many threads. ``adapter`` is the seam where tests put another transport."""

    def __init__(self, ca_file: str | None = None, adapter: HTTPAdapter | None = None) -> None:
        self.session = requests.Session()
        self.session.trust_env = False
        self.session.verify = ca_file or True
        self.session.mount("https://", adapter or HTTPAdapter(pool_connections=_POOL, pool_maxsize=_POOL))

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
    ) -> Response:
        """Send one request and read the whole answer.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        give_up_at = time.monotonic() + within_s
        try:
            with self.session.request(
                method,
                url,
                headers=dict(headers or {}),
                data=body,
                timeout=(_CONNECT_S, min(_READ_S, within_s)),
                allow_redirects=False,
                stream=True,
            ) as answer:
                content = _read(answer, give_up_at)
                return Response(answer.status_code, {k.lower(): v for k, v in answer.headers.items()}, content)
        except (requests.RequestException, HTTPError, OSError, ValueError) as error:
            raise Unreachable(f"no answer: {type(error).__name__}") from error


def _read(answer: requests.Response, give_up_at: float) -> bytes:
    """Read whatever has come, piece by piece, so that a deadline and a size hold while the body still comes."""
    raw: Any = answer.raw
    parts: list[bytes] = []
    size = 0
    while part := raw.read1(_CHUNK, decode_content=True):
        size += len(part)
        if size > MOST_BYTES or (size > _RATIO_FROM and size > _MOST_RATIO * max(1, raw.tell())):
            raise Unreachable("the answer is larger than anything we asked for")
        if time.monotonic() > give_up_at:
            raise Unreachable("the answer came too slowly")
        parts.append(part)
    return b"".join(parts)


class TimedSession:
    """What msal is given to call with: our session, with time limits, and no redirects."""

    def __init__(self, web: Web) -> None:
        self._session = web.session

    def get(self, url: str, **options: Any) -> requests.Response:
        return self._session.get(url, timeout=(_CONNECT_S, _READ_S), allow_redirects=False, **options)

    def post(self, url: str, **options: Any) -> requests.Response:
        return self._session.post(url, timeout=(_CONNECT_S, _READ_S), allow_redirects=False, **options)

    def close(self) -> None:
        """The session is shared; it stays open."""
