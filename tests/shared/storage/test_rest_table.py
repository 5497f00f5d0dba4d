"""Queries that only the REST client has, and signatures."""

import pytest

from shared.storage.account import SharedKey
from shared.storage.rows import Row, insert
from tests.shared.storage.clients import CLIENTS, by_key
from tests.shared.storage.proxy import proxied


@pytest.mark.parametrize("client", CLIENTS)
def test_rows_of_many_keys_come_fourteen_a_request(client: str, storage: str) -> None:
    """Azure takes fifteen comparisons in a filter, and the partition is one of them."""
    with proxied(storage) as proxy:
        table = CLIENTS[client](by_key(proxy.connection))
        table.write(insert(Row("p", "it's 007", {"name": "x"})))
        proxy.requests.clear()

        found = table.find("p", [f"it's {number:03d}" for number in range(43)])

    assert [it.key for it in found] == ["it's 007"]
    assert [query.count("RowKey") for query in proxy.requests] == [14, 14, 14, 1]


def test_a_list_may_end_at_the_last_text_that_is_wanted_in_a_column(storage: str) -> None:
    table = by_key(storage).rest_table("things")
    table.write(
        *(insert(Row("p", key, {"due_at": at})) for key, at in (("a", "2"), ("b", "1"), ("c", "3"), ("d", "2")))
    )

    assert [it.key for it in table.range("p", at_most=("due_at", "2"))] == ["a", "b", "d"]
    assert [it.key for it in table.range("p", "b", at_most=("due_at", "2"), limit=1)] == ["b"]


def test_partitions_are_found_one_behind_the_other(storage: str) -> None:
    table = by_key(storage).rest_table("things")
    for partition in ("a|1", "a|2", "b"):
        table.write(insert(Row(partition, "k")), insert(Row(partition, "l")))

    assert table.first_after("a|", "a}") == "a|1"
    assert table.first_after("a|1", "a}") == "a|2"
    assert table.first_after("a|2", "a}") is None


def test_the_signature_is_the_one_of_the_documentation() -> None:
    """Table: date and resource. Queue: verb, type, our headers in order, resource with its ``comp``."""
    headers = {"x-ms-version": "1", "x-ms-date": "Mon, 23 Nov 2026 07:30:00 GMT", "Content-Type": "application/xml"}
    table, queue = SharedKey("table", "acct", b"key"), SharedKey("queue", "acct", b"key")

    values = [
        table.authorization("POST", "/$batch", "", headers),
        queue.authorization("PUT", "/q/messages", "comp=acl&x=1", headers),
    ]

    # hmac-sha256 of "date\n/acct/$batch" and "PUT\n\ntype\n\nx-ms-date:..\nx-ms-version:1\n/acct/q/messages?comp=acl"
    assert values == [
        "SharedKeyLite acct:WxbVFGAZ81EX6Le01ljUz93m63JVL6wtFzpW9z4ayLQ=",
        "SharedKeyLite acct:EOE7E5hff935p8pxA4CCPauRe1w9D0HI0Ltw9pcEj/Y=",
    ]
