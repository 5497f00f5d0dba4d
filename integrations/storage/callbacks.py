"""Finds the flow of an OAuth callback, which identifies it by the state value only.

Table ``callbacks``: PartitionKey is the SHA-256 of the state, RowKey ``flow``; columns account_id, flow_id. Whether
the state is still accepted is decided by the flow itself.
"""

from typing import NamedTuple

from integrations.domain.connect.flow import Flow
from integrations.domain.ids import AccountId, FlowId
from shared.storage.tables import Row, Tables, delete, insert

_KEY = "flow"


class FlowReference(NamedTuple):
    account_id: AccountId
    flow_id: FlowId


class Callbacks:
    def __init__(self, tables: Tables) -> None:
        self._table = tables.table("callbacks")

    def add(self, state_hash: str, flow: Flow) -> None:
        columns = {"account_id": flow.account_id, "flow_id": flow.id}
        self._table.write(insert(Row(state_hash, _KEY, columns)))

    def find(self, state_hash: str) -> FlowReference | None:
        row = self._table.get(state_hash, _KEY)
        if row is None:
            return None
        return FlowReference(AccountId(row.text("account_id")), FlowId(row.text("flow_id")))

    def remove(self, state_hash: str) -> None:
        if self._table.get(state_hash, _KEY) is not None:
            self._table.write(delete(Row(state_hash, _KEY)))
