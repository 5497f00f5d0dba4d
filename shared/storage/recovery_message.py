"""Work goes on soon after its process died: a message put beforehand comes, unless a live process puts it off.

The Functions host hides a message that it has taken for ten minutes, whatever becomes of the process. So whoever
begins something long puts a second message first, hidden for little more than a minute, puts it off as long as the
work goes on, and takes it back at the end. It is a nudge like any other: what it finds done is left alone.
"""

import contextlib
import logging
import threading
from types import TracebackType
from typing import Self

from shared.storage.queues import Queues, QueueUnavailable, SentMessage
from shared.telemetry.log import log

_HIDDEN_S = 75
_BEAT_S = 25.0


class RecoveryMessage:
    """While this block is in work, the message stays hidden; when its process dies, it comes within 75 seconds.

    Storage that does not answer costs nothing but this second line: the first message comes back all the same.
    """

    def __init__(self, queues: Queues, queue: str, body: bytes, *, ttl_s: int) -> None:
        self._queues = queues
        self._queue = queue
        self._body = body
        self._ttl_s = ttl_s
        self._sent: SentMessage | None = None
        self._is_over = threading.Event()
        self._beats: threading.Thread | None = None

    def __enter__(self) -> Self:
        try:
            self._sent = self._queues.send(self._queue, self._body, delay_s=_HIDDEN_S, ttl_s=self._ttl_s)
        except QueueUnavailable:
            log("no lifeline", level=logging.WARNING, reason=self._queue)
        if self._sent is not None:
            self._beats = threading.Thread(target=self._beat, args=(self._sent,), name="lifeline", daemon=True)
            self._beats.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._beats is not None:
            self._beats.join()
        if self._sent is not None:
            with contextlib.suppress(QueueUnavailable):  # then it comes, and finds the work done
                self._queues.take_back(self._sent)

    def _beat(self, sent: SentMessage) -> None:
        while not self._is_over.wait(_BEAT_S):
            with contextlib.suppress(QueueUnavailable):  # the next beat tries again
                if not self._queues.put_off(sent, _HIDDEN_S):
                    return
