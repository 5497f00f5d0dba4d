"""Resumes long work soon after its process died, by a queue message that a live process keeps hidden.

The Functions host hides a message that it is processing for ten minutes, even when the process dies. So before long
work begins, a second message is sent that is hidden for little more than a minute. It is hidden again and again while
the work runs, and deleted at its end. When the process dies, the message becomes visible and starts the work again.
Like any message it is only a nudge: work that is already done is not repeated.
"""

import contextlib
import logging
import threading
from types import TracebackType
from typing import Self

from shared.storage.queues import Queues, QueueUnavailable, SentMessage
from shared.telemetry.log import log

_HIDDEN_S = 75
_RENEW_S = 25.0


class RecoveryMessage:
    """Keeps a message hidden while the block runs; when the process dies, it becomes visible within 75 seconds.

    Storage that does not respond costs only this safeguard: the message that started the work returns later anyway.
    """

    def __init__(self, queues: Queues, queue: str, body: bytes, *, ttl_s: int) -> None:
        self._queues = queues
        self._queue = queue
        self._body = body
        self._ttl_s = ttl_s
        self._sent: SentMessage | None = None
        self._is_over = threading.Event()
        self._renewer: threading.Thread | None = None

    def __enter__(self) -> Self:
        try:
            self._sent = self._queues.send(self._queue, self._body, delay_s=_HIDDEN_S, ttl_s=self._ttl_s)
        except QueueUnavailable:
            log("no recovery message", level=logging.WARNING, reason=self._queue)
        if self._sent is not None:
            self._renewer = threading.Thread(
                target=self._renew, args=(self._sent,), name="recovery-message", daemon=True
            )
            self._renewer.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._is_over.set()
        if self._renewer is not None:
            self._renewer.join()
        if self._sent is not None:
            with contextlib.suppress(QueueUnavailable):  # then it becomes visible, and finds the work done
                self._queues.delete(self._sent)

    def _renew(self, sent: SentMessage) -> None:
        while not self._is_over.wait(_RENEW_S):
            with contextlib.suppress(QueueUnavailable):  # the next round tries again
                if not self._queues.hide(sent, _HIDDEN_S):
                    return
