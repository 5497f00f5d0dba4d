"""Everything an app has stored, raw: read from all tables and queues without a word of the app's own code."""

import base64
import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from azure.core.exceptions import ResourceExistsError, ResourceNotFoundError
from azure.data.tables import EntityProperty, TableServiceClient
from azure.storage.queue import QueueServiceClient

from shared.storage.account import StorageAccount
from shared.storage.rest_table import RestTable
from shared.storage.rows import Row as WrittenRow
from shared.storage.rows import Write, chunks, upsert

Row = dict[str, Any]


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
        self._tables = TableServiceClient.from_connection_string(connection)
        self._queues = QueueServiceClient.from_connection_string(connection)

    def close(self) -> None:
        self._tables.close()
        self._queues.close()

    def read(self, *, queues: bool = True) -> Store:
        found = Store({it.name: self._rows(it.name) for it in self._tables.list_tables()})
        if queues:
            for queue in self._queues.list_queues():
                client = self._queues.get_queue_client(queue.name)
                found.held[queue.name] = int(client.get_queue_properties().approximate_message_count or 0)
                if found.held[queue.name]:
                    peeked = client.peek_messages(max_messages=32)
                    found.queues[queue.name] = [base64.b64decode(it.content).decode(errors="replace") for it in peeked]
        return found

    def _rows(self, table: str) -> dict[tuple[str, str], Row]:
        with self._tables.get_table_client(table) as client:
            return {(it["PartitionKey"], it["RowKey"]): dict(it) for it in client.list_entities()}

    def fill(self, store: Store) -> None:
        """Put rows of another account here, in as few transactions as it takes."""
        account = StorageAccount.from_connection_string(self.connection, "table")
        for name, rows in store.tables.items():
            table = RestTable(account, name)  # the SDK takes ten times as long
            table._create()
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


def _written(row: Row) -> WrittenRow:
    """A row as it is written; numbers are 64 bits wide, as the app writes them."""
    values = {name: it.value if isinstance(it, EntityProperty) else it for name, it in row.items()}
    return WrittenRow(values.pop("PartitionKey"), values.pop("RowKey"), values)
