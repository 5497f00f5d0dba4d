"""P1: read the users of a 10,000-user tenant and make them records; against the floor loop, and Microsoft's own client.

All three read the same bytes over TLS from a server that says what it was told beforehand.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.measure import PEERS, record, run
from integrations.actions.sync.dataset_reader import Access
from integrations.actions.sync.read_datasets import read_datasets
from integrations.microsoft.readers.users import FIELDS, USERS, _GraphUser
from integrations.services import LOG_FIELDS
from shared.clock import utc_now
from shared.http.client import HttpClient
from shared.memory import tune_memory
from shared.microsoft.graph import Graph
from shared.telemetry.fields import register_fields

USERS_THERE = 10_000


@contextmanager
def canned() -> Iterator[tuple[str, str]]:
    """Its address and the file of its certificate authority."""
    with tempfile.TemporaryDirectory() as folder:
        ca_file = str(Path(folder) / "ca.pem")
        server = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.canned", str(USERS_THERE), ca_file],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield (server.stdout.readline() if server.stdout else "").strip(), ca_file
        finally:
            server.communicate()


def decoded_cpu_s(root: str, ca_file: str) -> float:
    """Every page into typed structs, with all rules of paging and waiting."""
    graph = Graph(root=root, http_client=HttpClient(ca_file), token=lambda _fresh: "token")
    cpu = time.process_time()
    count = sum(1 for _ in graph.items("/users", type=_GraphUser, select=FIELDS, top="999"))
    if count != USERS_THERE:
        raise RuntimeError(f"{count} users")
    return time.process_time() - cpu


def records_cpu_s(root: str, ca_file: str) -> float:
    """The same, and every user made a cleaned record, ready to be compared."""
    graph = Graph(root=root, http_client=HttpClient(ca_file), token=lambda _fresh: "token")
    cpu = time.process_time()
    reading = read_datasets(Access(lambda _service: graph), [USERS], {}, utc_now())[0].reading
    if reading is None or len(reading.records) != USERS_THERE:
        raise RuntimeError("the reading is not whole")
    return time.process_time() - cpu


def main() -> None:
    with canned() as (root, ca_file):
        told = {"graph_url": root, "ca_file": ca_file, "paths": ["/v1.0/users?$top=999"]}
        register_fields(LOG_FIELDS)
        tune_memory()  # both as in every process of the product
        rounds = []
        for _ in range(9):  # by turns, so that whatever else the machine does meets all three alike
            low = float(run([PEERS, "-m", "benchmarks.floor"], told)["cpu_s"])
            rounds.append((low, decoded_cpu_s(root, ca_file), records_cpu_s(root, ca_file)))
        floor, decoded, records = (statistics.median(it) for it in zip(*rounds, strict=True))
        os.environ["SSL_CERT_FILE"] = ca_file
        asked = {"graph_url": root, "select": FIELDS.split(","), "top": 999}
        peer = float(run([PEERS, "-m", "benchmarks.peer_msgraph"], asked)["cpu_s"])
    figures = {"floor_cpu_s": floor, "ours_cpu_s": records, "ours_decoded_only_cpu_s": decoded, "msgraph_cpu_s": peer}
    figures = {name: round(value, 4) for name, value in figures.items()}
    record("P1-floor", "raw HTTP + orjson", ratio=records / floor, goal="<= 2", met=records <= 2 * floor, **figures)
    less = peer / records
    record("P1-msgraph", "msgraph-sdk: times less CPU", ratio=less, goal=">= 300", met=less >= 300, **figures)


if __name__ == "__main__":
    main()
