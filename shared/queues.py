"""Storage Queues: small nudges, never data. A lost or repeated message must change nothing.

Output bindings can set neither a delay nor a time to live (platform.md 2.7), so every message goes
through here, base64 as the Functions host expects it.
"""

import base64
import contextlib
from collections.abc import Callable
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, ResourceExistsError, ResourceNotFoundError
from azure.storage.queue import QueueServiceClient

from shared.errors import Unavailable

# Two tries, so that a frozen storage costs an HTTP caller less than 15 s.
_CONNECT_S, _READ_S, _RETRIES = 2, 4, 1
FOREVER_S = -1


class QueueUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not answering"


class Queues:
    """The queues of one storage account; a queue is created when it is first missed."""

    def __init__(self, service: QueueServiceClient) -> None:
        self._service = service

    @classmethod
    def connect(cls, connection: str, account: str, credential: Callable[[], TokenCredential]) -> "Queues":
        options: dict[str, Any] = {
            "retry_total": _RETRIES,
            "connection_timeout": _CONNECT_S,
            "read_timeout": _READ_S,
        }
        if connection:
            return cls(QueueServiceClient.from_connection_string(connection, **options))
        endpoint = f"https://{account}.queue.core.windows.net"
        return cls(QueueServiceClient(endpoint, credential=credential(), **options))

    def send(self, queue: str, body: bytes, *, delay_s: int = 0, ttl_s: int = FOREVER_S) -> None:
        """Put one message; it becomes visible after ``delay_s`` and is gone ``ttl_s`` after that.

        Raises:
            QueueUnavailable: storage did not take it; it may or may not arrive.
        """
        text = base64.b64encode(body).decode("ascii")
        client = self._service.get_queue_client(queue)
        life_s = ttl_s if ttl_s == FOREVER_S else ttl_s + delay_s
        try:
            try:
                client.send_message(text, visibility_timeout=delay_s, time_to_live=life_s)
            except ResourceNotFoundError:
                self._create(queue)
                client.send_message(text, visibility_timeout=delay_s, time_to_live=life_s)
        except AzureError as error:
            raise QueueUnavailable("Our queue storage did not answer in time.") from error

    def _create(self, queue: str) -> None:
        # That the queue is there already is told with status 204 or 409.
        with contextlib.suppress(ResourceExistsError):
            self._service.create_queue(queue)
