"""The bare loop of an unchanged sync: its Graph request and its four table operations, and nothing else.

By the same packages, in the same order and of the same shape: ``requests`` for Graph, ``azure-data-tables`` for the
control rows, our own client for the data rows. It looks at no answer and keeps no rule: nobody could ship it. Reads one
JSON object from its input: the ``tenants``, how many ``at_once`` and how many ``times``; ``transport`` is "sdk" for the
SDK as it comes, "ours" for the SDK over our connections.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import msgspec
import requests
from azure.core import MatchConditions
from azure.data.tables import TableClient, TableServiceClient, UpdateMode
from azure.identity import ManagedIdentityCredential

from shared.storage.rows import end_of
from shared.storage.tables import Tables


class Connections:
    """What all cycles share."""

    def __init__(self, storage: str, ca_file: str, transport: str) -> None:
        tables = Tables.connect(storage, "", ManagedIdentityCredential)
        service = TableServiceClient.from_connection_string(storage)
        service.create_table_if_not_exists("bare")
        ours = tables._service.get_table_client("bare")  # noqa: SLF001 - how the product has it
        self.control: TableClient = ours if transport == "ours" else service.get_table_client("bare")
        self.data = tables.rest_table("data")
        self.graph = requests.Session()
        self.graph.trust_env, self.graph.verify = False, ca_file
        self.graph.mount("https://", requests.adapters.HTTPAdapter(pool_maxsize=32))


class Loop:
    """One cycle of one tenant a call."""

    def __init__(self, on: Connections, told: dict[str, Any]) -> None:
        self._control, self._data, self._graph = on.control, on.data, on.graph
        self._base: str = told["base"]
        self._url, self._batch = f"{told['graph_url']}/v1.0/$batch", msgspec.json.encode(told["batch"])
        self._headers = {"Authorization": f"Bearer {told['token']}", "Content-Type": "application/json"}
        self._tenant: dict[str, Any] = {"PartitionKey": told["name"], "RowKey": "tenant", "body": told["tenant"]}
        self._run: dict[str, Any] = {"PartitionKey": told["name"], "body": told["run"]}
        self._control.upsert_entity(self._tenant, UpdateMode.REPLACE)

    def cycle(self) -> None:
        read = self._control.get_entity(self._tenant["PartitionKey"], "tenant")
        run = {**self._run, "RowKey": f"run:{uuid4()}"}
        taken = self._control.submit_transaction([self._replaced(read.metadata["etag"]), ("create", run)])
        self._data.range(self._base, "", end_of("cursor:"))
        answer = self._graph.post(self._url, data=self._batch, headers=self._headers, timeout=10)
        if answer.status_code != 200 or not msgspec.json.decode(answer.content)["responses"]:
            raise RuntimeError(answer.text)
        self._control.submit_transaction(
            [self._replaced(str(taken[0]["etag"])), ("update", run, {"mode": UpdateMode.REPLACE})]
        )

    def _replaced(self, etag: str) -> tuple[str, dict[str, Any], dict[str, Any]]:
        guard = {"etag": etag, "match_condition": MatchConditions.IfNotModified}
        return "update", self._tenant, {"mode": UpdateMode.REPLACE, **guard}


def measured(work: Callable[[], object]) -> tuple[float, float]:
    """CPU seconds of this process, and wall."""
    cpu, wall = time.process_time(), time.monotonic()
    work()
    return time.process_time() - cpu, time.monotonic() - wall


def main() -> None:
    told = json.loads(sys.stdin.read())
    tenants = told["tenants"]
    on = Connections(tenants[0]["storage"], tenants[0]["ca_file"], told["transport"])
    loops = [Loop(on, it) for it in tenants]
    with ThreadPoolExecutor(told["at_once"]) as pool:

        def round_() -> None:
            list(pool.map(Loop.cycle, loops))

        round_()  # connections open, and everything is imported
        rounds = [measured(round_) for _ in range(told["times"])]
    cpu, wall = (statistics.median(it) for it in zip(*rounds, strict=True))
    print(json.dumps({"cpu_s": cpu, "wall_s": wall}))


if __name__ == "__main__":
    main()
