"""Storage Queues: small nudges, never data. A lost or repeated message must change nothing.

Output bindings can set neither a delay nor a time to live (platform.md 2.7), so every message goes through
here, base64 as the Functions host expects it. Without the SDK, which takes 1.6 ms of CPU for a message:
https://learn.microsoft.com/rest/api/storageservices/put-message
"""

import base64
from collections.abc import Callable

from azure.core.credentials import TokenCredential

from shared.errors import Unavailable
from shared.settling import Unanswered
from shared.storage_account import StorageAccount
from shared.web import Response

# Two tries, so that a frozen storage costs an HTTP caller less than 15 s.
_TRIES = 2
_XML = {"Content-Type": "application/xml"}
FOREVER_S = -1


class QueueUnavailable(Unavailable):
    code = "storage_unavailable"
    title = "Our storage is not answering"


class Queues:
    """The queues of one storage account; a queue is created when it is first missed."""

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    @classmethod
    def connect(cls, connection: str, account: str, credential: Callable[[], TokenCredential]) -> "Queues":
        """Open by connection string, or by account name with a managed identity."""
        if connection:
            return cls(StorageAccount.from_connection_string(connection, "queue"))
        return cls(StorageAccount.by_identity(account, "queue", credential()))

    def send(self, queue: str, body: bytes, *, delay_s: int = 0, ttl_s: int = FOREVER_S) -> None:
        """Put one message; it becomes visible after ``delay_s`` and is gone ``ttl_s`` after that.

        Raises:
            QueueUnavailable: storage did not take it; it may or may not arrive.
        """
        text = base64.b64encode(body).decode("ascii")
        message = f"<QueueMessage><MessageText>{text}</MessageText></QueueMessage>".encode()
        life_s = ttl_s if ttl_s == FOREVER_S else ttl_s + delay_s
        query = f"visibilitytimeout={delay_s}&messagettl={life_s}"
        status = self._settled("POST", f"/{queue}/messages", query, message)
        if status == 404:
            created = self._settled("PUT", f"/{queue}")
            status = (
                self._settled("POST", f"/{queue}/messages", query, message) if created in {201, 204, 409} else created
            )
        if status != 201:
            raise QueueUnavailable(f"Our queue storage answered with HTTP {status}.")

    def _settled(self, method: str, path: str, query: str = "", body: bytes | None = None) -> int:
        """The answer's status; a second try when none came, or storage says that it cannot now."""
        for number in range(1, _TRIES + 1):
            try:
                answer: Response = self._account.send(method, path, query=query, headers=_XML, body=body)
            except Unanswered as error:
                if number == _TRIES:
                    raise QueueUnavailable("Our queue storage did not answer in time.") from error
                continue
            if answer.status < 500 or number == _TRIES:
                return answer.status
        raise AssertionError  # the last try returned or raised
