"""The queues of one storage account, as a host uses them: look which there are, take messages, hide and delete them.

A host asks all its queues again and again, and the SDK takes seven times the CPU of a request from here.
Source: https://learn.microsoft.com/rest/api/storageservices/operations-on-messages
"""

import html
import re
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from urllib.parse import quote, urlencode

from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError, ServiceResponseError
from azure.identity import DefaultAzureCredential, ManagedIdentityCredential
from azure.storage.queue import QueueMessage

from local.host.settings import Connection
from shared.http.client import Response
from shared.storage.account import StorageAccount
from shared.storage.retries import Unanswered

_XML = {"Content-Type": "application/xml"}
_NAME = re.compile(r"<Queue><Name>([^<]*)</Name>")
_NEXT = re.compile(r"<NextMarker>([^<]+)</NextMarker>")
_MESSAGE = re.compile(r"<QueueMessage>(.*?)</QueueMessage>", re.DOTALL)
_FIELD = re.compile(r"<(\w+)>([^<]*)</\1>")
_ATTEMPTS = 2
_ERRORS = {404: ResourceNotFoundError, 409: ResourceExistsError}


class QueueService:
    """The queues of one account.

    Every call raises AzureError: ResourceNotFoundError when there is no such queue or message, another one when
    storage did not answer, or refused.
    """

    def __init__(self, account: StorageAccount) -> None:
        self._account = account

    @classmethod
    def connect(cls, where: Connection) -> "QueueService":
        """By a connection string, or as the identity that a section of the settings asks for."""
        if where.string:
            return cls(StorageAccount.from_connection_string(where.string, "queue"))
        return cls(StorageAccount.by_identity(where.queue_url, "queue", credential_of(where)))

    def names(self) -> set[str]:
        """The names of the queues that there are."""
        names: set[str] = set()
        marker = ""
        while True:
            query = {"comp": "list", **({"marker": marker} if marker else {})}
            listing = self.request("GET", "/", urlencode(query)).body.decode()
            names.update(_NAME.findall(listing))
            following = _NEXT.search(listing)
            if following is None:
                return names
            marker = html.unescape(following[1])

    def queue(self, name: str) -> "Queue":
        return Queue(self, name)

    def request(self, method: str, path: str, query: str = "", body: str | None = None) -> Response:
        """Send a request; once more when there is no answer, or one of a service that is in trouble."""
        for attempt in range(1, _ATTEMPTS + 1):
            try:
                content = body.encode() if body is not None else None
                response = self._account.send(method, path, query=query, headers=_XML, body=content)
            except Unanswered as error:
                if attempt == _ATTEMPTS:
                    raise ServiceResponseError("the queue service did not answer") from error
                continue
            if response.status < 500 or attempt == _ATTEMPTS:
                break
        if response.status >= 400:
            raise _ERRORS.get(response.status, HttpResponseError)(f"{method} {path}: HTTP {response.status}")
        return response


@dataclass(frozen=True)
class Queue:
    """One queue."""

    service: QueueService
    name: str

    def take(self, most: int, *, hidden_s: int) -> list[QueueMessage]:
        """Messages that are visible now; they are hidden from others for so long."""
        query = f"numofmessages={most}&visibilitytimeout={hidden_s}"
        response = self.service.request("GET", f"/{self.name}/messages", query)
        return [_message(it) for it in _MESSAGE.findall(response.body.decode())]

    def put(self, text: str) -> None:
        """Put a message as it is; the queue is created when it is missed."""
        try:
            self._put(text)
        except ResourceNotFoundError:
            self.create()
            self._put(text)

    def create(self) -> None:
        """No error when it is there."""
        try:
            self.service.request("PUT", f"/{self.name}")
        except ResourceExistsError:
            return

    def hide(self, message: QueueMessage, hidden_s: int) -> None:
        """Hide a taken message for so long from now; it gets its new receipt."""
        query = f"popreceipt={quote(str(message.pop_receipt), safe='')}&visibilitytimeout={hidden_s}"
        response = self.service.request("PUT", f"/{self.name}/messages/{message.id}", query)
        message.pop_receipt = response.headers["x-ms-popreceipt"]

    def delete(self, message: QueueMessage) -> None:
        query = f"popreceipt={quote(str(message.pop_receipt), safe='')}"
        self.service.request("DELETE", f"/{self.name}/messages/{message.id}", query)

    def _put(self, text: str) -> None:
        body = f"<QueueMessage><MessageText>{html.escape(text, quote=False)}</MessageText></QueueMessage>"
        self.service.request("POST", f"/{self.name}/messages", body=body)


def credential_of(where: Connection) -> DefaultAzureCredential | ManagedIdentityCredential:
    """The identity a section asks for: a managed one, else whoever is signed in on this machine."""
    if where.credential.lower() == "managedidentity":
        return ManagedIdentityCredential(client_id=where.client_id or None)
    return DefaultAzureCredential()


def _message(xml: str) -> QueueMessage:
    values = {name: html.unescape(value) for name, value in _FIELD.findall(xml)}
    message: QueueMessage = QueueMessage(content=values.get("MessageText", ""))
    message.id, message.pop_receipt = values["MessageId"], values["PopReceipt"]
    message.dequeue_count = int(values["DequeueCount"])
    message.inserted_on = parsedate_to_datetime(values["InsertionTime"])
    message.expires_on = parsedate_to_datetime(values["ExpirationTime"])
    message.next_visible_on = parsedate_to_datetime(values["TimeNextVisible"])
    return message
