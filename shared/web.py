"""The one way out: pooled connections with time limits that hold, and bodies that cannot run wild.

Bodies are bounded after decompression. No redirect is followed, no request is repeated, no cookie kept, no proxy or
netrc read.
"""

import re
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from http.client import HTTPException
from threading import Lock
from urllib.parse import SplitResult, urlsplit

import certifi
from urllib3 import BaseHTTPResponse, Retry, Timeout
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import HTTPError

from shared.errors import Waiting
from shared.pools import CALL, TOO_SLOW, pool_of

_CONNECT_S, _READ_S = 3.05, 10.0
MOST_BYTES = 16 * 1024 * 1024
_MOST_RATIO = 100
_RATIO_FROM = 1024 * 1024  # small bodies may compress as well as they like
_CHUNK = 64 * 1024
_NEVER = Retry(total=False, redirect=False)
# Only what is bounded below: other decoders appear when somebody installs a package.
_OURS = {"Accept-Encoding": "gzip", "User-Agent": "microsoft-tenant-integrations"}
# Two readers of ``https://evil\\@good/`` do not find the same server: no address of ours has a backslash.
_PLAIN = re.compile(r"[!-\[\]-~]+")
_BEHIND_SCHEME = len("https://")


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
    """A way out for many threads. ``ca_file`` holds whom to trust, when not the usual authorities."""

    def __init__(self, ca_file: str | None = None, *, connect_s: float = _CONNECT_S) -> None:
        self._ca_file = ca_file
        self._connect_s = connect_s
        self._pools: dict[str, HTTPConnectionPool] = {}
        self._lock = Lock()

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
        read_s: float | None = None,
    ) -> Response:
        """Send one request and read the whole answer; ``read_s`` is its longest silence.

        Raises:
            Unreachable: no complete answer within ``within_s`` seconds and 16 MiB.
        """
        read_s = _READ_S if read_s is None else read_s
        give_up_at = CALL.begin(within_s, read_s)
        try:
            pool, target = self._placed(url)
            answer = pool.urlopen(
                method,
                target,
                body,
                {**_OURS, **(headers or {})},
                retries=_NEVER,
                redirect=False,
                assert_same_host=False,
                timeout=_timeout(min(self._connect_s, within_s), min(read_s, within_s)),
                preload_content=False,
            )
            with answer:
                content = _read(answer, give_up_at)
                answer.release_conn()
        except Unreachable:
            raise
        except (HTTPError, HTTPException, OSError, ValueError) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error
        return Response(answer.status, {k.lower(): v for k, v in answer.headers.items()}, content)

    def _placed(self, url: str) -> tuple[HTTPConnectionPool, str]:
        """The pool of an address's server, and the rest of the address.

        Raises:
            ValueError: it is none, or one that is written in another way than ours are.
        """
        if not _PLAIN.fullmatch(url):
            raise ValueError("an address holds characters that none of ours has")
        begins = url.find("/", _BEHIND_SCHEME)
        pool = self._pools.get(url[:begins])
        if pool is not None and "#" not in url:
            return pool, url[begins:]
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return self._pool(parts), target

    def _pool(self, parts: SplitResult) -> HTTPConnectionPool:
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("an address is of another kind than ours are")
        place = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if place not in self._pools:
                self._pools[place] = pool_of(parts.hostname, parts.port, self._trust(parts))
            return self._pools[place]

    def _trust(self, parts: SplitResult) -> ssl.SSLContext | None:
        if parts.scheme == "http":
            return None
        return ssl.create_default_context(cafile=self._ca_file or certifi.where())


@lru_cache(maxsize=16)
def _timeout(connect_s: float, read_s: float) -> Timeout:
    return Timeout(connect=connect_s, read=read_s)


def _read(answer: BaseHTTPResponse, give_up_at: float) -> bytes:
    """Read whatever has come, piece by piece, so that a deadline and a size hold while the body still comes."""
    parts: list[bytes] = []
    size, is_packed = 0, "content-encoding" in answer.headers
    while part := answer.read1(_CHUNK, decode_content=is_packed):
        size += len(part)
        if size > MOST_BYTES or (size > _RATIO_FROM and size > _MOST_RATIO * max(1, answer.tell())):
            raise Unreachable("the answer is larger than anything we asked for")
        if time.monotonic() > give_up_at:
            raise Unreachable(TOO_SLOW)
        parts.append(part)
    return b"".join(parts)
