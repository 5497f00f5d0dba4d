"""Storage Queues. Messages are small nudges, never data; a lost or repeated message must change nothing.

Output bindings of Azure Functions can set neither a delay nor a time to live, so every message is sent from here, in
base64 as the Functions host expects it. The SDK is not used, because it takes 1.6 ms of CPU for a message.
Source: https://learn.microsoft.com/rest/api/storageservices/put-message
"""

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import quote

from azure.core.credentials import TokenCredential

from shared.errors import Unavailable
from shared.http.client import Response
from shared.storage.account import StorageAccount
from shared.storage.retries import Unanswered

# Two attempts, so that an HTTP caller waits less than 15 s for storage that does not respond.
_ATTEMPTS = 2
_XML = {"Content-Type": "application/xml"}
NEVER_EXPIRES_S = -1
_PUT_RESPONSE = re.compile(
    rb"<MessageId>([\w-]{1,64})</MessageId>.{0,400}?<PopReceipt>([\w+/=-]{1,200})</PopReceipt>", re.DOTALL
)
_TEXT = re.compile(rb"<MessageText>([\w+/=]*)</MessageText>")
MAX_PEEKED = 32


class QueueUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not responding"


@dataclass(slots=True)
class SentMessage:
    """A message in a queue. ``receipt`` is its pop receipt, which changes with each update of the message."""

    queue: str
    id: str
    receipt: str


class Queues:
    """The queues of one storage account. A queue that does not exist is created when a message is first sent to it."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    @classmethod
    def connect(
        cls, connection: str, endpoint: str, credential: Callable[[], TokenCredential], *, user_agent: str = ""
    ) -> "Queues":
        """Connect with a connection string, or, when that is empty, to an endpoint with a managed identity.

        Raises:
            NotConfigured: the connection string has no account name or no key.
        """
        if connection:
            return cls(StorageAccount.from_connection_string(connection, "queue", user_agent=user_agent))
        return cls(StorageAccount.by_identity(endpoint, "queue", credential(), user_agent=user_agent))

    def send(self, queue: str, body: bytes, *, delay_s: int = 0, ttl_s: int = NEVER_EXPIRES_S) -> SentMessage | None:
        """Send one message; it becomes visible after ``delay_s`` seconds and expires ``ttl_s`` seconds after that.

        Returns:
            a handle to hide or delete it with; None when the response does not contain one.

        Raises:
            QueueUnavailable: storage did not confirm it; it may or may not arrive.
        """
        text = base64.b64encode(body).decode("ascii")
        message = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
        total_ttl_s = ttl_s if ttl_s == NEVER_EXPIRES_S else ttl_s + delay_s
        query = f"visibilitytimeout={delay_s}&messagettl={total_ttl_s}"
        response = self._send_with_retry("POST", f"/{queue}/messages", query, message)
        if response.status == 404:
            created = self._send_with_retry("PUT", f"/{queue}")
            exists = created.status in {201, 204, 409}
            response = self._send_with_retry("POST", f"/{queue}/messages", query, message) if exists else created
        if response.status != 201:
            raise QueueUnavailable(f"Our queue storage answered with HTTP {response.status}.")
        match = _PUT_RESPONSE.search(response.body)
        return SentMessage(queue, match[1].decode(), match[2].decode()) if match else None

    def hide(self, sent: SentMessage, delay_s: int) -> bool:
        """Hide a message for so many seconds from now; False when it was received by somebody, or is gone.

        Source: https://learn.microsoft.com/rest/api/storageservices/update-message

        Raises:
            QueueUnavailable: storage did not respond.
        """
        query = f"popreceipt={quote(sent.receipt, safe='')}&visibilitytimeout={delay_s}"
        response = self._send_with_retry("PUT", f"/{sent.queue}/messages/{sent.id}", query)
        if response.status != 204:
            return False
        sent.receipt = response.headers.get("x-ms-popreceipt", sent.receipt)
        return True

    def peek(self, queue: str) -> list[bytes]:
        """The bodies of the first visible messages, at most 32. The messages stay in the queue.

        Raises:
            QueueUnavailable: storage did not respond.
        """
        response = self._send_with_retry("GET", f"/{queue}/messages", f"peekonly=true&numofmessages={MAX_PEEKED}")
        if response.status == 404:
            return []
        if response.status != 200:
            raise QueueUnavailable(f"Our queue storage answered with HTTP {response.status}.")
        return [base64.b64decode(text) for text in _TEXT.findall(response.body)]

    def delete(self, sent: SentMessage) -> None:
        """Delete a message, unless it was received by somebody or is gone.

        Raises:
            QueueUnavailable: storage did not respond.
        """
        self._send_with_retry(
            "DELETE", f"/{sent.queue}/messages/{sent.id}", f"popreceipt={quote(sent.receipt, safe='')}"
        )

    def _send_with_retry(self, method: str, path: str, query: str = "", body: bytes | None = None) -> Response:
        """Send a request; a second time when there is no response, or a 5xx."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                response = self._account.send(method, path, query=query, headers=_XML, body=body)
            except Unanswered as error:
                if attempt == _ATTEMPTS:
                    raise QueueUnavailable("Our queue storage did not answer in time.") from error
                continue
            if response.status < 500 or attempt == _ATTEMPTS:
                return response
        raise AssertionError  # the last attempt returned or raised
