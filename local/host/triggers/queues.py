"""Queue triggers: a message is run and deleted; it comes back on failure, and ends in the poison queue.

Sources: azure-sdk-for-net WebJobs.Extensions.Storage.Common QueueListener.cs and QueueProcessor.cs,
WebJobs.Extensions.Storage.Queues QueuesOptions.cs.
"""

import base64
import binascii
import logging
import os
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from azure.core.exceptions import AzureError, ResourceNotFoundError
from azure.storage.queue import QueueMessage

from local.host.indexing.index import Function
from local.host.invocation.conversion import queue_datum, queue_metadata
from local.host.invocation.invoker import InvocationResult, Invoker, TriggerInput
from local.host.queue_service import Queue
from local.host.settings import SettingsError, seconds
from local.host.storage import Storage

log = logging.getLogger("local.host")

POISON = "-poison"
_MAX_MESSAGES = 32  # the service's limit of one fetch


@dataclass(frozen=True)
class QueueOptions:
    """``extensions.queues`` of host.json."""

    batch_size: int = 16
    new_batch_threshold: int = 8
    max_dequeue_count: int = 5
    visibility_s: float = 0.0  # before a failed message is visible again
    max_poll_s: float = 2.0  # in Development; a minute in Azure
    base64: bool = True
    lease_s: int = 600  # how long a fetched message is hidden; no setting of host.json

    @classmethod
    def from_host_json(cls, host_settings: Mapping[str, Any]) -> "QueueOptions":
        """The options.

        Raises:
            SettingsError: one is out of its bounds.
        """
        queues = host_settings.get("extensions", {}).get("queues", {})
        batch = int(queues.get("batchSize", cls.batch_size))
        if not 1 <= batch <= _MAX_MESSAGES:
            raise SettingsError(f"host.json: queues.batchSize is {batch}, not 1 to {_MAX_MESSAGES}")
        most = int(queues.get("maxDequeueCount", cls.max_dequeue_count))
        if most < 1:
            raise SettingsError(f"host.json: queues.maxDequeueCount is {most}, not 1 or more")
        return cls(
            batch_size=batch,
            new_batch_threshold=int(queues.get("newBatchThreshold", batch // 2 * (os.cpu_count() or 1))),
            max_dequeue_count=most,
            visibility_s=seconds(queues.get("visibilityTimeout", 0)),
            max_poll_s=seconds(queues.get("maxPollingInterval", cls.max_poll_s)),
            base64=_is_base64(str(queues.get("messageEncoding", "base64"))),
        )

    def encode(self, body: bytes) -> str:
        return base64.b64encode(body).decode() if self.base64 else body.decode()

    def decode(self, content: str) -> bytes:
        """A message's body; raises ValueError when it is not in this encoding."""
        if not self.base64:
            return content.encode()
        return base64.b64decode("".join(content.split()), validate=True)


def _is_base64(encoding: str) -> bool:
    if encoding.lower() not in {"base64", "none"}:
        raise SettingsError(f"host.json: queues.messageEncoding is '{encoding}', not base64 or none")
    return encoding.lower() == "base64"


class QueueReader:
    """One queue trigger: takes messages and settles them."""

    def __init__(
        self,
        function: Function,
        storage: Storage,
        invoker: Invoker,
        options: QueueOptions,
        publish: Callable[[InvocationResult], None],
    ) -> None:
        self.function = function
        self.queue = str(function.trigger_settings["queueName"]).lower()
        self.connection = str(function.trigger_settings.get("connection") or "")
        self._storage = storage
        self._invoker = invoker
        self._options = options
        self._publish = publish

    @property
    def client(self) -> Queue:
        return self._storage.queue(self.connection, self.queue)

    def fetch(self, most: int = _MAX_MESSAGES) -> list[QueueMessage]:
        """Messages that are visible now, hidden from others for the lease; none when there is no such queue.

        They come by one request, as they lie in the queue, and are decoded one by one: a bad one harms no other.
        """
        try:
            return self.client.take(min(most, _MAX_MESSAGES), hidden_s=self._options.lease_s)
        except ResourceNotFoundError:
            return []

    def process(self, message: QueueMessage) -> None:
        """Run the function on a message, then delete it, let it come back, or move it to the poison queue."""
        count = int(message.dequeue_count or 1)
        if count > self._options.max_dequeue_count and not self._is_poison_queue:
            self._poison(message)
            return
        try:
            body = self._options.decode(str(message.content or ""))
        except (binascii.Error, ValueError):
            log.warning("%s: a message is not base64", self.function.name)
            self._fail(message, self._options.max_dequeue_count)
            return
        self._run(message, body, count)

    @property
    def _is_poison_queue(self) -> bool:
        return self.queue.endswith(POISON)

    def _run(self, message: QueueMessage, body: bytes, count: int) -> None:
        with _LeaseRenewal(self.client, message, self._options.lease_s) as renewal:
            try:
                self.call(message, body)
            except Exception:
                log.exception("%s failed on a message (try %d)", self.function.name, count)
                failed = True
            else:
                failed = False
        if failed:
            self._fail(renewal.message, count)
        else:
            self._delete(renewal.message)

    def call(self, message: QueueMessage, body: bytes) -> None:
        """Run the function and send what it put out: an output that fails, fails the call."""
        datum = queue_datum(body, is_binary=self.function.takes_bytes)
        self._publish(self._invoker.run(self.function, TriggerInput(datum, queue_metadata(message))))

    def _fail(self, message: QueueMessage, count: int) -> None:
        if self._is_poison_queue:
            return  # stays hidden for the lease, and is tried again until its time to live is over
        if count >= self._options.max_dequeue_count:
            self._poison(message)
            return
        try:
            self.client.hide(message, int(self._options.visibility_s))
        except AzureError:
            log.warning("%s: a message comes back when its lease ends", self.function.name)

    def _poison(self, message: QueueMessage) -> None:
        """Copy first, then delete: a crash between the two leaves two, never none."""
        log.error("%s: a message is moved to %s%s", self.function.name, self.queue, POISON)
        self._storage.queue(self.connection, self.queue + POISON).put(str(message.content or ""))
        self._delete(message)

    def _delete(self, message: QueueMessage) -> None:
        try:
            self.client.delete(message)
        except AzureError:
            log.warning("%s: a message could not be deleted and may come again", self.function.name)


class _LeaseRenewal:
    """Keeps a message hidden while its function runs: renews the lease at half time."""

    def __init__(self, client: Queue, message: QueueMessage, lease_s: int) -> None:
        self.message = message  # with the receipt that is good for its last step
        self._client = client
        self._lease_s = lease_s
        self._lock = threading.Lock()
        self._ended = False

    def __enter__(self) -> Self:
        self._timer = self._later()
        return self

    def __exit__(self, *_error: object) -> None:
        self._timer.cancel()
        with self._lock:  # a renewal that is under way changes the receipt
            self._ended = True

    def _later(self) -> threading.Timer:
        timer = threading.Timer(self._lease_s / 2, self._renew)
        timer.daemon = True
        timer.start()
        return timer

    def _renew(self) -> None:
        with self._lock:
            if self._ended:
                return
            try:
                self._client.hide(self.message, self._lease_s)
            except AzureError:
                log.warning("a message's lease could not be renewed")
            self._timer = self._later()
