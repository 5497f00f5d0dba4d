"""The HTTP client for all outgoing requests: pooled connections, hard time limits, and bounded bodies.

Bodies are bounded after decompression. The client follows no redirect, repeats no request, keeps no cookie, and reads
no proxy settings and no netrc.
"""

import re
import ssl
import time
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from http.client import HTTPException, HTTPResponse
from threading import Lock
from urllib.parse import SplitResult, urlsplit

import certifi

from shared.errors import TemporaryFailure
from shared.http.connection_pool import CALL_LIMITS, TOO_SLOW, ConnectionPool

_CONNECT_S, _READ_S = 3.05, 10.0
MAX_RESPONSE_BYTES = 16 * 1024 * 1024
_MAX_COMPRESSION_RATIO = 100
_RATIO_CHECKED_FROM = 1024 * 1024  # smaller bodies may compress to any ratio
_CHUNK = 64 * 1024
_GZIP = 31  # zlib's wbits for a gzip stream
# URL parsers disagree on which server ``https://evil\\@good/`` names, so a backslash is not allowed.
_URL_CHARACTERS = re.compile(r"[!-\[\]-~]+")
_AFTER_SCHEME = len("https://")


class Unreachable(TemporaryFailure):
    """No usable response: no connection, too slow, too large, or cut off."""

    code = "unreachable"
    title = "A service did not answer properly"


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response. Header names are lower-case; the body is decompressed."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Sends requests to any number of servers; safe to share between threads.

    ``ca_file`` is a PEM file of the certificate authorities to trust, by default those of certifi. ``connect_s`` is the
    time to connect, in seconds. ``user_agent`` is sent with every request, unless it is empty.
    """

    def __init__(self, ca_file: str | None = None, *, connect_s: float = _CONNECT_S, user_agent: str = "") -> None:
        self._ca_file = ca_file
        self._connect_s = connect_s
        self._default_headers = {"Accept-Encoding": "gzip", **({"User-Agent": user_agent} if user_agent else {})}
        self._pools: dict[str, ConnectionPool] = {}
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
        """Send one request and read the complete response.

        Args:
            method: the HTTP method.
            url: absolute, http or https, of printable ASCII without a backslash.
            headers: override the defaults.
            body: sent as it is.
            within_s: seconds for the whole call, connecting included.
            read_s: seconds that the server may send nothing; 10 by default.

        Raises:
            Unreachable: no complete response within these times and 16 MiB, or the URL is not allowed.
        """
        read_s = _READ_S if read_s is None else read_s
        give_up_at = CALL_LIMITS.begin(within_s, read_s)
        try:
            pool, target = self._pool_and_target(url)
            connection = pool.acquire(min(self._connect_s, within_s))
            try:
                connection.request(method, target, body, {**self._default_headers, **(headers or {})})
                with connection.getresponse() as answer:
                    content = _read(answer, give_up_at)
            except BaseException:
                connection.close()
                raise
        except (HTTPException, OSError, ValueError, zlib.error) as error:
            slow = time.monotonic() >= give_up_at
            raise Unreachable(TOO_SLOW if slow else f"no answer: {type(error).__name__}") from error
        pool.release(connection)
        return Response(answer.status, {k.lower(): v for k, v in answer.getheaders()}, content)

    def _pool_and_target(self, url: str) -> tuple[ConnectionPool, str]:
        """The connection pool of a URL's server, and the path and query to request.

        Raises:
            ValueError: not a URL, or not one that we send requests to.
        """
        if not _URL_CHARACTERS.fullmatch(url):
            raise ValueError("the URL holds characters that are not allowed")
        path_start = url.find("/", _AFTER_SCHEME)
        pool = self._pools.get(url[:path_start])
        if pool is not None and "#" not in url:
            return pool, url[path_start:]
        parts = urlsplit(url)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        return self._pool_of(parts), target

    def _pool_of(self, parts: SplitResult) -> ConnectionPool:
        if parts.scheme not in {"http", "https"} or not parts.hostname or "@" in parts.netloc:
            raise ValueError("the URL is not http or https, has no host, or holds credentials")
        origin = f"{parts.scheme}://{parts.netloc}"
        with self._lock:
            if origin not in self._pools:
                self._pools[origin] = ConnectionPool(parts.hostname, parts.port, self._tls_context(parts))
            return self._pools[origin]

    def _tls_context(self, parts: SplitResult) -> ssl.SSLContext | None:
        if parts.scheme == "http":
            return None
        return ssl.create_default_context(cafile=self._ca_file or certifi.where())


def _read(answer: HTTPResponse, give_up_at: float) -> bytes:
    """Read and decompress the body chunk by chunk, so that the deadline and the size limit hold while it arrives.

    Raises:
        Unreachable: too slow or too large.
        ValueError, zlib.error: the body is cut off, or not encoded as its headers say.
    """
    parts: list[bytes] = []
    size = received = 0

    def chunks() -> Iterator[bytes]:
        nonlocal received
        while chunk := answer.read1(_CHUNK):
            received += len(chunk)
            yield chunk

    encoding = (answer.headers.get("content-encoding") or "identity").lower()
    if encoding not in {"gzip", "identity"}:
        raise ValueError("the body has a content encoding that we did not ask for")
    for part in _decompressed(chunks()) if encoding == "gzip" else chunks():
        size += len(part)
        if size > MAX_RESPONSE_BYTES or (size > _RATIO_CHECKED_FROM and size > _MAX_COMPRESSION_RATIO * received):
            raise Unreachable("the answer is larger than anything we asked for")
        if time.monotonic() > give_up_at:
            raise Unreachable(TOO_SLOW)
        parts.append(part)
    if answer.length:
        raise ValueError("the body is cut off")
    return b"".join(parts)


def _decompressed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress gzip in bounded parts, however large a piece becomes; several gzip members may follow each other."""
    decompressor, compressed, has_begun = zlib.decompressobj(_GZIP), b"", False
    for chunk in chunks:
        compressed, has_begun = chunk, True
        while compressed:
            part = decompressor.decompress(compressed, _CHUNK)
            yield part
            compressed = decompressor.unconsumed_tail
            while not compressed and len(part) == _CHUNK:  # zlib may hold more output although it consumed all input
                part = decompressor.decompress(b"", _CHUNK)
                yield part
                compressed = decompressor.unconsumed_tail
            if decompressor.eof and decompressor.unused_data:
                compressed, decompressor = decompressor.unused_data, zlib.decompressobj(_GZIP)
    if has_begun and not decompressor.eof:
        raise ValueError("the body is cut off")
