"""The store as it is, read row by row, whatever the app would say of it."""

from azure.data.tables import TableServiceClient
from azure.storage.queue import QueueServiceClient

from tests.flows.portal import Portal


def rows_naming(portal: Portal, *words: str) -> list[tuple[str, str]]:
    """Every row, in any table or queue, that holds one of the words; as ("<table> <kind>", row)."""
    wanted = [word.lower() for word in words]
    return [(kind, text) for kind, text in everything(portal) if any(word in text.lower() for word in wanted)]


def everything(portal: Portal) -> list[tuple[str, str]]:
    connection = portal.services.settings.storage
    found = []
    with TableServiceClient.from_connection_string(connection) as tables:
        for table in tables.list_tables():
            for entity in tables.get_table_client(table.name).list_entities():
                kind = str(entity["RowKey"]).split(":", 1)[0]
                found.append(
                    (f"{table.name} {kind if ':' in str(entity['RowKey']) else ''}".strip(), str(dict(entity)))
                )
    with QueueServiceClient.from_connection_string(connection) as queues:
        for queue in queues.list_queues():
            waiting = queues.get_queue_client(queue.name).peek_messages(max_messages=32)
            found += [(f"queue {queue.name}", str(message.content)) for message in waiting]
    return found
