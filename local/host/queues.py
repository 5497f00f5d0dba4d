"""Queue triggers: fetch, run, delete; come back on failure, and to the poison queue in the end.

Sources: azure-sdk-for-net Storage.Queues QueueListener.cs and QueueProcessor.cs, QueuesOptions.cs.
"""

import base64
import binascii
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.queue import QueueClient, QueueMessage

from local.host.index import Function
from local.host.invoke import Invoker, Outcome, queue_message
from local.host.settings import seconds
from local.host.storage import Storage

log = logging.getLogger("local.host")

_LEASE_S = 600
_SHORTEST_POLL_S = 0.1
_POISON = "-poison"


@dataclass(frozen=True)
class QueueOptions:
    """``extensions.queues`` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_s: float = 0.0
    max_poll_s: float = 2.0  # in Development; a minute in Azure
    base64: bool = True

    @classmethod
    def from_host_json(cls, told: Mapping[str, Any]) -> "QueueOptions":
        asked = told.get("extensions", {}).get("queues", {})
        batch = int(asked.get("batchSize", cls.batch_size))
        return cls(
            batch_size=batch,
            new_batch_threshold=int(asked.get("newBatchThreshold", batch // 2)),
            max_dequeue_count=int(asked.get("maxDequeueCount", cls.max_dequeue_count)),
            visibility_s=seconds(asked.get("visibilityTimeout", "00:00:00")),
            max_poll_s=min(seconds(asked.get("maxPollingInterval", "00:00:02")), cls.max_poll_s),
            base64=str(asked.get("messageEncoding", "base64")).lower() == "base64",
        )


class QueueReader:
    """One queue trigger: takes messages and settles them."""

    def __init__(
        self,
        function: Function,
        storage: Storage,
        invoker: Invoker,
        options: QueueOptions,
        publish: Callable[[Outcome], None],
    ) -> None:
        self.function = function
        self.queue = str(function.told["queueName"]).lower()
        self._connection = str(function.told.get("connection") or "")
        self._storage = storage
        self._invoker = invoker
        self._options = options
        self._publish = publish

    @property
    def client(self) -> QueueClient:
        return self._storage.queue(self._connection, self.queue)

    def fetch(self, most: int) -> list[QueueMessage]:
        """Messages that are visible now, leased for ten minutes; none when there is no such queue."""
        try:
            return list(self.client.receive_messages(max_messages=min(most, 32), visibility_timeout=_LEASE_S))
        except ResourceNotFoundError:
            return []

    def settle(self, message: QueueMessage) -> None:
        """Run the function on a message, then delete it, let it come back, or move it to the poison queue."""
        count = int(message.dequeue_count or 1)
        if count > self._options.max_dequeue_count and not self.queue.endswith(_POISON):
            self._poison(message)
            return
        try:
            body = self._body(message)
        except (binascii.Error, ValueError):
            log.warning("%s: a message is not base64", self.function.name)
            self._poison(message)
            return
        keeper = _Keeper(self.client, message)
        try:
            outcome = self._invoker.run(self.function, queue_message(self.function, message, body))
            self._publish(outcome)
        except Exception:
            log.exception("%s failed on a message (try %d)", self.function.name, count)
            self._fail(keeper.stop(), count)
        else:
            self._delete(keeper.stop())

    def _body(self, message: QueueMessage) -> bytes:
        content = str(message.content)
        return base64.b64decode(content, validate=True) if self._options.base64 else content.encode()

    def _fail(self, message: QueueMessage, count: int) -> None:
        if self.queue.endswith(_POISON):
            return  # stays invisible for the lease, and is tried again until its time to live is over
        if count >= self._options.max_dequeue_count:
            self._poison(message)
            return
        try:
            self.client.update_message(message, visibility_timeout=int(self._options.visibility_s))
        except (HttpResponseError, AzureError):
            log.warning("%s: a message comes back when its lease ends", self.function.name)

    def _poison(self, message: QueueMessage) -> None:
        """Copy first, then delete: a crash between the two leaves two, never none."""
        self._storage.send(self._connection, self.queue + _POISON, str(message.content))
        self._delete(message)

    def _delete(self, message: QueueMessage) -> None:
        try:
            self.client.delete_message(message)
        except (HttpResponseError, AzureError):
            log.warning("%s: a message could not be deleted and will come again", self.function.name)


class _Keeper:
    """Renews a message's lease at half time while its function runs."""

    def __init__(self, client: QueueClient, message: QueueMessage) -> None:
        self._client = client
        self._message = message
        self._lock = threading.Lock()
        self._timer = self._later()

    def _later(self) -> threading.Timer:
        timer = threading.Timer(_LEASE_S / 2, self._renew)
        timer.daemon = True
        timer.start()
        return timer

    def _renew(self) -> None:
        with self._lock:
            try:
                renewed = self._client.update_message(self._message, visibility_timeout=_LEASE_S)
                self._message.pop_receipt = renewed.pop_receipt
                self._timer = self._later()
            except (HttpResponseError, AzureError):
                log.warning("a message's lease could not be renewed")

    def stop(self) -> QueueMessage:
        """The message with the receipt that is good for its last step."""
        self._timer.cancel()
        with self._lock:
            return self._message


class QueueListener:
    """Polls one queue: 100 ms when there is work, growing pauses when there is none."""

    def __init__(self, reader: QueueReader, options: QueueOptions) -> None:
        self._reader = reader
        self._options = options
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._running = 0
        self._free = threading.Condition()
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

    def stop(self, within_s: float) -> None:
        """Take no more, and give what runs some time."""
        self._stopping.set()
        self._wake.set()
        give_up_at = time.monotonic() + within_s
        self._thread.join(within_s)
        with self._free:
            while self._running and time.monotonic() < give_up_at:
                self._free.wait(0.1)
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _listen(self) -> None:
        pause_s = _SHORTEST_POLL_S
        while not self._stopping.is_set():
            with self._free:
                while self._running > self._options.new_batch_threshold and not self._stopping.is_set():
                    self._free.wait(0.5)
            if self._stopping.is_set():
                return
            pause_s = _SHORTEST_POLL_S if self._take() else min(pause_s * 2, self._options.max_poll_s)
            self._wake.wait(pause_s * random.uniform(0.8, 1.2))
            if self._wake.is_set():
                pause_s = _SHORTEST_POLL_S
                self._wake.clear()

    def _take(self) -> bool:
        try:
            messages = self._reader.fetch(self._options.batch_size)
        except (HttpResponseError, AzureError) as error:
            log.warning("queue %s does not answer: %s", self.queue, type(error).__name__)
            return False
        for message in messages:
            with self._free:
                self._running += 1
            self._pool.submit(self._work, message)
        return bool(messages)

    def _work(self, message: QueueMessage) -> None:
        try:
            self._reader.settle(message)
        except (HttpResponseError, AzureError):
            log.warning("queue %s: a message could not be settled and will come again", self.queue)
        finally:
            with self._free:
                self._running -= 1
                self._free.notify_all()
