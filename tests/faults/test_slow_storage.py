"""Storage that answers late, but answers: background work waits for it, and whoever looks at the page does not."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.storage.queues import Queues
from shared.storage.retries import interactive
from shared.storage.rows import StorageUnavailable
from shared.storage.tables import Row, Tables, upsert
from tests.faults.lab.slow import slowed

_LATE_S = 5.0


def nobody() -> None:
    raise AssertionError


def connected(connection: str) -> tuple[Tables, Queues]:
    return Tables.connect(connection, "", nobody), Queues.connect(connection, "", nobody)  # type: ignore[arg-type]


def test_background_work_waits_for_answers_that_take_five_seconds(storage: str) -> None:
    row = Row("p", "k", {"name": "there"})
    with slowed(storage) as slow:
        tables, queues = connected(slow.connection)
        tables.table("rows").write(upsert(row))
        queues.send("errands", b"first")
        slow.relay.least_s = _LATE_S

        with ThreadPoolExecutor(6) as pool:
            calls = [
                pool.submit(tables.rest_table("rows").write, upsert(row)),
                pool.submit(tables.rest_table("rows").get, "p", "k"),
                pool.submit(tables.rest_table("rows").range, "p"),
                pool.submit(tables.table("rows").write, upsert(Row("q", "k", {}))),
                pool.submit(tables.table("rows").get, "p", "k"),
                pool.submit(queues.send, "errands", b"second"),
            ]
            for call in calls:
                call.result()

        assert [it.decode() for it in connected(storage)[1].peek("errands")] == ["first", "second"]


def test_whoever_waits_for_an_answer_is_told_in_time_that_storage_is_slow(storage: str) -> None:
    with slowed(storage) as slow:
        tables, _ = connected(slow.connection)
        tables.table("rows").write(upsert(Row("p", "k", {})))
        slow.relay.least_s = 8.0

        with interactive(), pytest.raises(StorageUnavailable):
            tables.rest_table("rows").get("p", "k")
        with interactive(), pytest.raises(StorageUnavailable):
            tables.table("rows").get("p", "k")
