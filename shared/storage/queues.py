"""Storage Queues: small nudges, never data. A lost or repeated message must change nothing.

Output bindings can set neither a delay nor a time to live (platform.md 2.7), so every message goes through
here, base64 as the Functions host expects it. Without the SDK, which takes 1.6 ms of CPU for a message:
https://learn.microsoft.com/rest/api/storageservices/put-message
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

# Two tries, so that a frozen storage costs an HTTP caller less than 15 s.
_TRIES = 2
_XML = {"Content-Type": "application/xml"}
FOREVER_S = -1
_SENT = re.compile(
    rb"<MessageId>([\w-]{1,64})</MessageId>.{0,400}?<PopReceipt>([\w+/=-]{1,200})</PopReceipt>", re.DOTALL
)
_TEXT = re.compile(rb"<MessageText>([\w+/=]*)</MessageText>")
MOST_SEEN = 32


class QueueUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not responding"


@dataclass(slots=True)
class SentMessage:
    """A message that was put, as long as nobody else has taken it; each change of it gives a new receipt."""

    queue: str
    id: str
    receipt: str


class Queues:
    """The queues of one storage account; a queue is created when it is first missed."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    @classmethod
    def connect(cls, connection: str, endpoint: str, credential: Callable[[], TokenCredential]) -> "Queues":
        """Open by connection string, or by the queue service's address with a managed identity."""
        if connection:
            return cls(StorageAccount.from_connection_string(connection, "queue"))
        return cls(StorageAccount.by_identity(endpoint, "queue", credential()))

    def send(self, queue: str, body: bytes, *, delay_s: int = 0, ttl_s: int = FOREVER_S) -> SentMessage | None:
        """Put one message; it becomes visible after ``delay_s`` and is gone ``ttl_s`` after that.

        Returns:
            what it can be put off or taken back with; None when the answer does not tell.

        Raises:
            QueueUnavailable: storage did not take it; it may or may not arrive.
        """
        text = base64.b64encode(body).decode("ascii")
        message = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
        life_s = ttl_s if ttl_s == FOREVER_S else ttl_s + delay_s
        query = f"visibilitytimeout={delay_s}&messagettl={life_s}"
        answer = self._settled("POST", f"/{queue}/messages", query, message)
        if answer.status == 404:
            created = self._settled("PUT", f"/{queue}")
            is_there = created.status in {201, 204, 409}
            answer = self._settled("POST", f"/{queue}/messages", query, message) if is_there else created
        if answer.status != 201:
            raise QueueUnavailable(f"Our queue storage answered with HTTP {answer.status}.")
        told = _SENT.search(answer.body)
        return SentMessage(queue, told[1].decode(), told[2].decode()) if told else None

    def put_off(self, sent: SentMessage, delay_s: int) -> bool:
        """Keep a message hidden for so long from now; False when somebody has taken it, or it is gone.

        Raises:
            QueueUnavailable: storage did not answer.
        """
        query = f"popreceipt={quote(sent.receipt, safe='')}&visibilitytimeout={delay_s}"
        answer = self._settled("PUT", f"/{sent.queue}/messages/{sent.id}", query)
        if answer.status != 204:
            return False
        sent.receipt = answer.headers.get("x-ms-popreceipt", sent.receipt)
        return True

    def peek(self, queue: str) -> list[bytes]:
        """The bodies of the messages that wait in front, 32 at the most; none of what is hidden.

        Raises:
            QueueUnavailable: storage did not answer.
        """
        answer = self._settled("GET", f"/{queue}/messages", f"peekonly=true&numofmessages={MOST_SEEN}")
        if answer.status == 404:
            return []
        if answer.status != 200:
            raise QueueUnavailable(f"Our queue storage answered with HTTP {answer.status}.")
        return [base64.b64decode(text) for text in _TEXT.findall(answer.body)]

    def take_back(self, sent: SentMessage) -> None:
        """Delete a message that nobody has taken yet; one that somebody has, or that is gone, is left alone.

        Raises:
            QueueUnavailable: storage did not answer.
        """
        self._settled("DELETE", f"/{sent.queue}/messages/{sent.id}", f"popreceipt={quote(sent.receipt, safe='')}")

    def _settled(self, method: str, path: str, query: str = "", body: bytes | None = None) -> Response:
        """The answer; a second try when none came, or storage says that it cannot now."""
        for number in range(1, _TRIES + 1):
            try:
                answer = self._account.send(method, path, query=query, headers=_XML, body=body)
            except Unanswered as error:
                if number == _TRIES:
                    raise QueueUnavailable("Our queue storage did not answer in time.") from error
                continue
            if answer.status < 500 or number == _TRIES:
                return answer
        raise AssertionError  # the last try returned or raised
