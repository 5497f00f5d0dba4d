"""The pages of one reading, kept so that it can be broken off between two of them and go on later.

A reader asks for its pages as ever. Those that an earlier part has brought come out of the book, byte by byte as
Microsoft sent them, and the rest from Microsoft; so whoever reads need not know that it ever stopped.
"""

import math
import time
import zlib
from collections.abc import Callable, Mapping

from shared.microsoft.graph.errors import OutOfTime

_PLAIN_MOST = 8 * 1024 * 1024  # so many bytes are kept as they are; from there, all are packed
_QUICKLY = 1


class Checkpoint:
    """Pages by place: their address, or whatever names the answer to the first question.

    ``kept`` are pages of the parts before, packed; after ``until`` (on the clock ``monotonic``) no further page is
    asked for, but each part reads one at least.
    """

    def __init__(
        self,
        kept: Mapping[str, bytes] | None = None,
        *,
        until: float = math.inf,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._kept = dict(kept or {})
        self._plain: dict[str, bytes] = {}
        self._packed: dict[str, bytes] = {}
        self._plain_size = 0
        self._until = until
        self._monotonic = monotonic

    def get(self, place: str) -> bytes | None:
        """A page that was read already, if this is one."""
        packed = self._kept.get(place)
        return zlib.decompress(packed) if packed is not None else None

    def add(self, place: str, body: bytes) -> None:
        """Remember a page that has just been read."""
        if self._packed or self._plain_size + len(body) > _PLAIN_MOST:
            self._pack()
            self._packed[place] = zlib.compress(body, _QUICKLY)
        else:
            self._plain[place] = body
            self._plain_size += len(body)

    def check(self) -> None:
        """Raise OutOfTime when the next page is to be left to another part."""
        if (self._plain or self._packed) and self._monotonic() >= self._until:
            raise OutOfTime

    def clear(self) -> None:
        """Forget all: what was read does not go on."""
        self._kept, self._plain, self._packed, self._plain_size = {}, {}, {}, 0

    @property
    def is_resumed(self) -> bool:
        """Whether pages of an earlier part count."""
        return bool(self._kept)

    @property
    def news(self) -> dict[str, bytes]:
        """The pages of this part, packed."""
        self._pack()
        return dict(self._packed)

    def _pack(self) -> None:
        for place, body in self._plain.items():
            self._packed[place] = zlib.compress(body, _QUICKLY)
        self._plain, self._plain_size = {}, 0
