"""Pages of a long read, saved so that it can stop between two pages and resume in another process.

The reader requests its pages as usual. Pages that an earlier part has read come from the checkpoint, exactly as
Microsoft sent them; the others come from Microsoft. So the reader's code does not depend on where the read stopped.
"""

import math
import time
import zlib
from collections.abc import Callable, Mapping

from shared.microsoft.graph.errors import OutOfTime

_MAX_RAW_BYTES = 8 * 1024 * 1024  # pages are compressed only when they are larger together
_FASTEST = 1


class Checkpoint:
    """Pages by place, which is their URL, or any other name for the response to the first request.

    ``saved`` are the compressed pages of earlier parts (``new_pages``). After ``until``, on the clock ``monotonic`` in
    seconds, no further page is requested; but each part reads at least one.
    """

    def __init__(
        self,
        saved: Mapping[str, bytes] | None = None,
        *,
        until: float = math.inf,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._saved = dict(saved or {})
        self._raw: dict[str, bytes] = {}
        self._compressed: dict[str, bytes] = {}
        self._raw_bytes = 0
        self._until = until
        self._monotonic = monotonic

    def get(self, place: str) -> bytes | None:
        """The body of a page that an earlier part has read, or None."""
        compressed = self._saved.get(place)
        return zlib.decompress(compressed) if compressed is not None else None

    def add(self, place: str, body: bytes) -> None:
        """Save a page that was just read."""
        if self._compressed or self._raw_bytes + len(body) > _MAX_RAW_BYTES:
            self._compress_raw()
            self._compressed[place] = zlib.compress(body, _FASTEST)
        else:
            self._raw[place] = body
            self._raw_bytes += len(body)

    def check_time(self) -> None:
        """Raise OutOfTime when the next page has to be read by another part."""
        if (self._raw or self._compressed) and self._monotonic() >= self._until:
            raise OutOfTime

    def clear(self) -> None:
        """Forget all pages, because the read starts again."""
        self._saved, self._raw, self._compressed, self._raw_bytes = {}, {}, {}, 0

    @property
    def is_resumed(self) -> bool:
        """Whether there are pages of an earlier part."""
        return bool(self._saved)

    @property
    def new_pages(self) -> dict[str, bytes]:
        """The pages of this part, compressed with zlib."""
        self._compress_raw()
        return dict(self._compressed)

    def _compress_raw(self) -> None:
        for place, body in self._raw.items():
            self._compressed[place] = zlib.compress(body, _FASTEST)
        self._raw, self._raw_bytes = {}, 0
