"""The host's own storage: queues to read, blobs for timer status and for the lease that makes a timer single.

Sources: azure-webjobs-sdk SingletonOptions.cs; azure-webjobs-sdk-extensions StorageScheduleMonitor.cs.
"""

import json
import logging
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.identity import ManagedIdentityCredential
from azure.storage.blob import BlobClient, BlobServiceClient
from azure.storage.queue import QueueClient, QueueServiceClient

from local.host.settings import Connection, connection

_CONTAINER = "azure-webjobs-hosts"
_LEASE_S = 15  # in Development; 60 in Azure
_LIMITS: dict[str, Any] = {"connection_timeout": 3, "read_timeout": 10, "retry_total": 1}


class Storage:
    """Clients by connection name."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._queues: dict[str, QueueServiceClient] = {}
        self._blobs: BlobServiceClient | None = None

    def queue(self, connection_name: str, queue: str) -> QueueClient:
        if connection_name not in self._queues:
            self._queues[connection_name] = _queue_service(connection(connection_name, self._env))
        return self._queues[connection_name].get_queue_client(queue)

    def send(self, connection_name: str, queue: str, text: str) -> None:
        """Put a message as it is; the queue is created when it is missed."""
        client = self.queue(connection_name, queue)
        try:
            client.send_message(text)
        except ResourceNotFoundError:
            create(client)
            client.send_message(text)

    def blob(self, name: str) -> BlobClient:
        """A blob of the host's own container, empty when it was not there."""
        if self._blobs is None:
            self._blobs = _blob_service(connection("AzureWebJobsStorage", self._env))
        container = self._blobs.get_container_client(_CONTAINER)
        try:
            container.create_container()
        except ResourceExistsError:
            pass
        return container.get_blob_client(name)


class TimerStatus:
    """``{Last, Next, LastUpdated}`` of one timer, kept across restarts."""

    def __init__(self, storage: Storage, host_id: str, function: str) -> None:
        self._storage = storage
        self._name = f"timers/{host_id}/Host.Functions.{function}/status"

    def read(self) -> dict[str, str] | None:
        try:
            told = json.loads(self._storage.blob(self._name).download_blob().readall())
        except ResourceNotFoundError:
            return None
        return told if isinstance(told, dict) else None

    def write(self, last: datetime, following: datetime, now: datetime) -> None:
        told = {"Last": last.isoformat(), "Next": following.isoformat(), "LastUpdated": now.isoformat()}
        self._storage.blob(self._name).upload_blob(json.dumps(told).encode(), overwrite=True)


class Lease:
    """Of all hosts on one storage, one listens to a timer: it holds the lease on a blob."""

    def __init__(self, storage: Storage, host_id: str, function: str) -> None:
        self._storage = storage
        self._name = f"locks/{host_id}/Host.Functions.{function}.Listener"
        self._lease: Any = None

    def hold(self) -> bool:
        """Take or renew it; False when another host has it, or storage does not answer."""
        try:
            if self._lease is not None:
                self._lease.renew()
                return True
            blob = self._storage.blob(self._name)
            if not blob.exists():
                blob.upload_blob(b"", overwrite=False)
            self._lease = blob.acquire_lease(_LEASE_S)
        except (HttpResponseError, AzureError):
            self._lease = None
            return False
        return True

    def release(self) -> None:
        if self._lease is not None:
            try:
                self._lease.release()
            except AzureError:
                logging.getLogger("local.host").debug("the lease ends by itself")


def create(client: QueueClient) -> None:
    try:
        client.create_queue()
    except ResourceExistsError:
        pass


def _queue_service(where: Connection) -> QueueServiceClient:
    if where.string:
        return QueueServiceClient.from_connection_string(where.string, **_LIMITS)
    return QueueServiceClient(where.queue_url, credential=_identity(where), **_LIMITS)


def _blob_service(where: Connection) -> BlobServiceClient:
    if where.string:
        return BlobServiceClient.from_connection_string(where.string, **_LIMITS)
    return BlobServiceClient(where.blob_url, credential=_identity(where), **_LIMITS)


def _identity(where: Connection) -> ManagedIdentityCredential:
    return ManagedIdentityCredential(client_id=where.client_id or None)
