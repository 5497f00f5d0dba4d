"""The host's own storage: queues by connection, blobs for timer status and for the lease that makes a timer single.

Sources: azure-webjobs-sdk SingletonOptions.cs and SingletonManager.cs; azure-webjobs-sdk-extensions
StorageScheduleMonitor.cs.
"""

import json
import logging
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import requests
from azure.core.exceptions import AzureError, HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.core.pipeline.transport import RequestsTransport
from azure.storage.blob import BlobClient, BlobServiceClient
from requests.adapters import HTTPAdapter
from urllib3.util import Retry

from local.host.queue_service import Queue, QueueService, credential_of
from local.host.settings import Connection, SettingsError, connection

log = logging.getLogger("local.host")

NEVER = datetime(1, 1, 1, tzinfo=UTC)  # .NET's default moment
LEASE_S = 15  # in Development; 60 in Azure
_CONTAINER = "azure-webjobs-hosts"
_TIMEOUTS: dict[str, Any] = {"connection_timeout": 3, "read_timeout": 10}
_CONNECTIONS = 64  # kept open to the blobs: each timer has threads of its own


class Storage:
    """Clients by connection name, made when they are first asked for."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._queues: dict[str, QueueService] = {}
        self._blobs: BlobServiceClient | None = None
        self._lock = threading.Lock()

    def check(self, connection_name: str) -> None:
        """Raise SettingsError when a connection is not set."""
        connection(connection_name, self._env)

    def queue(self, connection_name: str, queue: str) -> Queue:
        return self._service(connection_name).queue(queue)

    def queues(self, connection_name: str) -> set[str]:
        """The names of the queues that there are."""
        return self._service(connection_name).names()

    def _service(self, connection_name: str) -> QueueService:
        with self._lock:
            if connection_name not in self._queues:
                self._queues[connection_name] = QueueService.connect(connection(connection_name, self._env))
            return self._queues[connection_name]

    def blob(self, name: str) -> BlobClient:
        """A blob of the host's own container, which is created at first use."""
        with self._lock:
            if self._blobs is None:
                self._blobs = _blob_service(connection("AzureWebJobsStorage", self._env))
                try:
                    self._blobs.get_container_client(_CONTAINER).create_container()
                except ResourceExistsError:
                    log.debug("the container %s is there", _CONTAINER)
                except AzureError:
                    self._blobs = None  # so that the next use tries again
                    raise
            return self._blobs.get_blob_client(_CONTAINER, name)

    def close(self) -> None:
        if self._blobs is not None:
            self._blobs.close()


@dataclass(frozen=True)
class ScheduleStatus:
    """What is known of a timer: when it ran, when it runs next, and when that was reckoned."""

    last: datetime
    next_due: datetime
    updated: datetime

    def to_json(self) -> dict[str, str]:
        return {
            "Last": self.last.isoformat(),
            "Next": self.next_due.isoformat(),
            "LastUpdated": self.updated.isoformat(),
        }


class ScheduleStatusStore:
    """``{Last, Next, LastUpdated}`` of one timer, kept across restarts in a blob."""

    def __init__(self, storage: Storage, host_id: str, function: str) -> None:
        self._storage = storage
        self._name = f"timers/{host_id}/Host.Functions.{function}/status"

    def read(self) -> ScheduleStatus | None:
        """The status; None when there is none, or none that can be read."""
        try:
            content = json.loads(self._storage.blob(self._name).download_blob().readall())
            moments = [datetime.fromisoformat(content[name]) for name in ("Last", "Next", "LastUpdated")]
        except ResourceNotFoundError:
            return None
        except (ValueError, KeyError, TypeError):
            log.warning("the status %s cannot be read and is begun anew", self._name)
            return None
        return ScheduleStatus(*(at if at.tzinfo else at.replace(tzinfo=UTC) for at in moments))

    def write(self, status: ScheduleStatus) -> None:
        self._storage.blob(self._name).upload_blob(json.dumps(status.to_json()).encode(), overwrite=True)


class SingletonLease:
    """Of all hosts on one storage, one listens to a timer: it holds the lease on a blob, and renews it."""

    def __init__(self, storage: Storage, host_id: str, function: str, *, renew_s: float = LEASE_S / 3) -> None:
        self._storage = storage
        self._renew_s = renew_s
        self._name = f"locks/{host_id}/Host.Functions.{function}.Listener"
        self._lease: Any = None
        self._good_until = 0.0
        self._released = threading.Event()

    @property
    def is_held(self) -> bool:
        return self._lease is not None and time.monotonic() < self._good_until

    def acquire(self) -> bool:
        """Take it; False when another host has it, or storage does not answer."""
        began = time.monotonic()
        try:
            blob = self._storage.blob(self._name)
            try:
                blob.upload_blob(b"", overwrite=False)
            except HttpResponseError:
                log.debug("the lock %s is there", self._name)
            self._lease = blob.acquire_lease(LEASE_S)
        except (AzureError, SettingsError):
            self._lease = None
            return False
        self._good_until = began + LEASE_S
        self._released.clear()
        threading.Thread(target=self._renew, args=(self._lease,), name="renew-lease", daemon=True).start()
        return True

    def _renew(self, lease: Any) -> None:
        while self.is_held and not self._released.wait(self._renew_s):
            began = time.monotonic()
            try:
                lease.renew()
            except ValueError:  # the SDK, for a lease that was released meanwhile
                if not self._released.is_set():
                    raise
            except AzureError as error:
                log.warning("the lease %s could not be renewed: %s", self._name, type(error).__name__)
            else:
                self._good_until = began + LEASE_S

    def release(self) -> None:
        """Let another host listen."""
        self._released.set()
        lease, self._lease = self._lease, None
        if lease is not None:
            try:
                lease.release()
            except AzureError:
                log.debug("the lease %s ends by itself", self._name)


def _blob_service(where: Connection) -> BlobServiceClient:
    if where.string:
        return BlobServiceClient.from_connection_string(where.string, **_options())
    return BlobServiceClient(where.blob_url, credential=credential_of(where), **_options())


def _options() -> dict[str, Any]:
    """Few retries, and as many connections as there are threads: by itself, requests keeps ten, and warns of each more.

    Proxies and passwords of the environment would be looked up anew for each request, which takes most of its time.
    """
    session = requests.Session()
    session.trust_env = False
    retries = Retry(total=False, redirect=False, raise_on_status=False)  # as the SDK has it, which retries by itself
    for scheme in ("http://", "https://"):
        session.mount(scheme, HTTPAdapter(pool_maxsize=_CONNECTIONS, max_retries=retries))
    return {"transport": RequestsTransport(session=session, **_TIMEOUTS), "retry_total": 1}
