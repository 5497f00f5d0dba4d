"""The bare loop of an unchanged sync: its Graph request and its four table operations, and nothing else.

By the same packages, in the same order and of the same shape: ``requests`` for Graph, ``azure-data-tables`` for the
control rows, our own client for the data rows. It looks at no answer and keeps no rule: nobody could ship it. Reads one
JSON object from its input; ``transport`` is "sdk" for the SDK as it comes, "ours" for the SDK over our connections.
"""

import json
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

import msgspec
import requests
from azure.core import MatchConditions
from azure.data.tables import TableClient, TableServiceClient, UpdateMode
from azure.identity import ManagedIdentityCredential

from shared.rows import end_of
from shared.tables import Tables


class Loop:
    """One cycle a call."""

    def __init__(self, told: dict[str, Any]) -> None:
        storage = told["storage"]
        tables = Tables.connect(storage, "", ManagedIdentityCredential)
        service = TableServiceClient.from_connection_string(storage)
        service.create_table_if_not_exists("bare")
        self._control: TableClient = service.get_table_client("bare")
        if told["transport"] == "ours":
            self._control = tables._service.get_table_client("bare")  # noqa: SLF001 - how the product has it
        self._data = tables.bulk("data")
        self._base: str = told["base"]
        self._graph = requests.Session()
        self._graph.trust_env, self._graph.verify = False, told["ca_file"]
        self._url, self._batch = f"{told['graph_url']}/v1.0/$batch", msgspec.json.encode(told["batch"])
        self._headers = {"Authorization": f"Bearer {told['token']}", "Content-Type": "application/json"}
        self._tenant: dict[str, Any] = {"PartitionKey": "bare", "RowKey": "tenant", "body": told["tenant"]}
        self._run: dict[str, Any] = {"PartitionKey": "bare", "body": told["run"]}
        self._control.upsert_entity(self._tenant, UpdateMode.REPLACE)

    def cycle(self, number: int) -> None:
        read = self._control.get_entity("bare", "tenant")
        run = {**self._run, "RowKey": f"run:{time.time_ns()}:{number}"}
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


def cpu_s(work: Callable[[int], None], times: int) -> list[float]:
    """CPU seconds of this process, for each time."""
    found = []
    for number in range(times):
        cpu = time.process_time()
        work(number)
        found.append(time.process_time() - cpu)
    return found


def main() -> None:
    told = json.loads(sys.stdin.read())
    loop = Loop(told)
    cpu_s(loop.cycle, 3)  # connections open, and everything is imported
    print(json.dumps({"cpu_s": statistics.median(cpu_s(loop.cycle, told["times"]))}))


if __name__ == "__main__":
    main()
