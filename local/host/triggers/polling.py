"""Polling: a queue is polled often while there is work and ever more rarely when there is none.

Source: azure-sdk-for-net WebJobs.Extensions.Storage.Common QueueListener.cs and
RandomizedExponentialBackoffStrategy.cs.
"""

import logging
import random
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from azure.core.exceptions import AzureError
from azure.storage.queue import QueueMessage

from local.host.triggers.queues import QueueOptions, QueueReader

log = logging.getLogger("local.host")

_MIN_PAUSE_S = 0.1


class Backoff:
    """Pauses between polls: 100 ms after work, then doubling with 20 % jitter, up to a limit."""

    def __init__(self, max_s: float, randomize: Callable[[float, float], float] = random.uniform) -> None:
        self._max_s = max(max_s, _MIN_PAUSE_S)
        self._random = randomize
        self._pause_s = _MIN_PAUSE_S

    def after(self, *, has_work: bool) -> float:
        if has_work:
            self._pause_s = _MIN_PAUSE_S
            return _MIN_PAUSE_S
        pause_s = self._pause_s
        self._pause_s = min(self._pause_s * 2, self._max_s)
        return min(self._max_s, max(_MIN_PAUSE_S, pause_s * self._random(0.8, 1.2)))


class QueueListener:
    """Polls one queue for one function; at most batch size plus threshold of its messages run at a time."""

    def __init__(self, reader: QueueReader, options: QueueOptions) -> None:
        self._reader = reader
        self._options = options
        self._backoff = Backoff(options.max_poll_s)
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._running = 0
        self._changed = threading.Condition()
        most = options.batch_size + options.new_batch_threshold
        self._pool = ThreadPoolExecutor(most, thread_name_prefix=f"queue-{reader.queue}")
        self._thread = threading.Thread(target=self._listen, name=f"listen-{reader.queue}", daemon=True)

    @property
    def queue(self) -> str:
        return self._reader.queue

    def start(self) -> None:
        self._thread.start()

    def wake(self) -> None:
        """Somebody of this host put a message in: look at once."""
        self._wake.set()

    def stop(self) -> None:
        """Take no more messages."""
        self._stopping.set()
        self._wake.set()
        with self._changed:
            self._changed.notify_all()

    def join(self, within_s: float) -> bool:
        """Give what runs some time; False when something still does."""
        give_up_at = time.monotonic() + within_s
        if self._thread.ident is not None:
            self._thread.join(within_s)
        with self._changed:
            ended = self._changed.wait_for(lambda: self._running == 0, max(0.0, give_up_at - time.monotonic()))
        self._pool.shutdown(wait=False)
        return ended

    def _listen(self) -> None:
        while self._has_room():
            pause_s = self._backoff.after(has_work=self._take())
            if self._wake.wait(pause_s):
                self._wake.clear()
                self._backoff.after(has_work=True)

    def _has_room(self) -> bool:
        """Wait until few enough messages run for the next batch; False when the host stops."""
        with self._changed:
            self._changed.wait_for(
                lambda: self._stopping.is_set() or self._running <= self._options.new_batch_threshold
            )
        return not self._stopping.is_set()

    def _take(self) -> bool:
        try:
            messages = self._reader.fetch(self._options.batch_size)
        except AzureError as error:
            log.warning("queue %s does not answer: %s", self.queue, type(error).__name__)
            return False
        except ValueError:
            if not self._stopping.is_set():
                raise
            return False  # the host has stopped, and closed what the question was asked through
        with self._changed:
            self._running += len(messages)
        for message in messages:
            self._pool.submit(self._work, message)
        return bool(messages)

    def _work(self, message: QueueMessage) -> None:
        try:
            self._reader.process(message)
        except AzureError:
            log.warning("queue %s: a message could not be settled and will come again", self.queue)
        except Exception:  # a bug of this host must not end the listener
            log.exception("queue %s: a message could not be settled", self.queue)
        finally:
            with self._changed:
                self._running -= 1
                self._changed.notify_all()
