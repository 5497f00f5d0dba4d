"""Everything an app has stored, raw: read from all tables and queues without a word of the app's own code."""

import base64
import contextlib
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from local.host.queue_service import QueueService
from local.host.settings import Connection
from shared.storage.account import StorageAccount
from shared.storage.rows import Row as WrittenRow
from shared.storage.rows import Write, chunks, upsert
from shared.storage.table_clients.rest_table import RestTable
from shared.storage.table_clients.transactions import TransactionWriter

Row = dict[str, Any]

_WITH_TYPES = "application/json;odata=minimalmetadata"
_CONTINUES = ("NextPartitionKey", "NextRowKey", "NextTableName")
_DECODED: dict[Any, Callable[[str], Any]] = {
    "Edm.Int64": int,
    "Edm.Double": float,
    "Edm.Binary": base64.b64decode,
    "Edm.DateTime": datetime.fromisoformat,
}


@dataclass
class Store:
    """Rows by table, partition and key; of each queue the bodies that can be seen, and how many it holds."""

    tables: dict[str, dict[tuple[str, str], Row]]
    queues: dict[str, list[str]] = field(default_factory=dict)
    held: dict[str, int] = field(default_factory=dict)

    def rows(self, table: str) -> dict[tuple[str, str], Row]:
        return self.tables.get(table, {})

    def documents(self, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
        """Control rows of a kind, by account and id, as they were written."""
        prefix = f"{kind}:"
        return {
            (account, key.removeprefix(prefix)): json.loads(row["body"])
            for (account, key), row in self.rows("control").items()
            if key.startswith(prefix)
        }

    def text(self) -> str:
        """All of it as one text, to search in."""
        rows = [f"{key} {dict(row)}" for table in self.tables.values() for key, row in table.items()]
        return "\n".join([*rows, *(body for bodies in self.queues.values() for body in bodies)])


class Storage:
    """One storage account, read and filled past the app."""

    def __init__(self, connection: str) -> None:
        self.connection = connection
        self._account = StorageAccount.from_connection_string(connection, "table")  # the SDK takes ten times as long

    @cached_property
    def _tables(self) -> TableServiceClient:
        return TableServiceClient.from_connection_string(self.connection)

    @cached_property
    def _queues(self) -> QueueServiceClient:
        return QueueServiceClient.from_connection_string(self.connection)

    @cached_property
    def _queue_service(self) -> QueueService:
        return QueueService.connect(Connection(string=self.connection))

    def close(self) -> None:
        for name in {"_tables", "_queues"} & vars(self).keys():
            getattr(self, name).close()

    def read(self, *, queues: bool = True) -> Store:
        tables = [it["TableName"] for it in self._pages("/Tables")]
        found = Store({name: self._rows(name) for name in tables})
        if queues:
            for name in self._queue_service.names():
                told = self._queue_service.request("GET", f"/{name}", "comp=metadata").headers
                found.held[name] = int(told["x-ms-approximate-messages-count"])
                if found.held[name]:
                    peeked = self._queues.get_queue_client(name).peek_messages(max_messages=32)
                    found.queues[name] = [base64.b64decode(it.content).decode(errors="replace") for it in peeked]
        return found

    def _rows(self, table: str) -> dict[tuple[str, str], Row]:
        return {(it["PartitionKey"], it["RowKey"]): _read(it) for it in self._pages(f"/{table}()")}

    def _pages(self, path: str) -> Iterator[dict[str, Any]]:
        """What a table, or the list of tables, holds."""
        query = ""
        while True:
            answer = self._account.send("GET", path, query=query, headers={"Accept": _WITH_TYPES})
            assert answer.status == 200, answer.body
            yield from json.loads(answer.body)["value"]
            following = {name: answer.headers.get(f"x-ms-continuation-{name.lower()}") for name in _CONTINUES}
            query = urlencode({name: value for name, value in following.items() if value})
            if not query:
                return

    def fill(self, store: Store) -> None:
        """Put rows of another account here, in as few transactions as it takes."""
        for name, rows in store.tables.items():
            table = RestTable(self._account, name)
            TransactionWriter(self._account, name).create_table()
            by_partition: dict[str, list[Write]] = {}
            for (partition, _), row in rows.items():
                by_partition.setdefault(partition, []).append(upsert(_written(row)))
            for writes in by_partition.values():
                for part in chunks(writes):
                    table.write(*part)

    def put(self, table: str, row: Mapping[str, Any]) -> None:
        self._tables.create_table_if_not_exists(table).upsert_entity(dict(row))

    def get(self, table: str, partition: str, key: str) -> Row:
        with self._tables.get_table_client(table) as client:
            return dict(client.get_entity(partition, key))

    def drop(self, table: str, partition: str, key: str) -> None:
        with self._tables.get_table_client(table) as client:
            client.delete_entity(partition, key)

    def give_back(self, taken: Mapping[tuple[str, str], str]) -> None:
        """The lease of messages is over that a dead process took: others see them again."""
        for (queue, key), receipt in taken.items():
            client = self._queues.get_queue_client(queue)
            with contextlib.suppress(ResourceNotFoundError):
                client.update_message(key, pop_receipt=receipt, visibility_timeout=0)

    def send(self, queue: str, body: str) -> None:
        client = self._queues.get_queue_client(queue)
        with contextlib.suppress(ResourceExistsError):
            client.create_queue()
        client.send_message(body)

    def empty(self) -> None:
        for table in self._tables.list_tables():
            self._tables.delete_table(table.name)
        for queue in self._queues.list_queues():
            with contextlib.suppress(ResourceNotFoundError):  # an answer that was lost, and the request repeated
                self._queues.delete_queue(queue.name)


def _read(entity: Mapping[str, Any]) -> Row:
    """A row as it is read, without what storage adds to it."""
    return {
        name: _DECODED[kind](value) if (kind := entity.get(f"{name}@odata.type")) in _DECODED else value
        for name, value in entity.items()
        if "odata." not in name and name != "Timestamp"
    }


def _written(row: Row) -> WrittenRow:
    """A row as it is written; numbers are 64 bits wide, as the app writes them."""
    values = dict(row)
    return WrittenRow(values.pop("PartitionKey"), values.pop("RowKey"), values)
