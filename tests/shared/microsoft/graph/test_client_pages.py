"""Pages are read to the end, and no further."""

import pytest

from shared.microsoft.graph import (
    UnexpectedAnswer,
)
from tests.shared.microsoft.graph.replies import ROOT, Thing, graph, page


def test_pages_are_read_to_the_end_and_no_further() -> None:
    client, http = graph(
        page("a", following=f"{ROOT}/v1.0/things?$skiptoken=1"),
        page(following=f"{ROOT}/v1.0/things?$skiptoken=2"),
        page("b"),
    )

    assert [it.id for it in client.items("/things", type=Thing, select="id")] == ["a", "b"]
    assert [url.removeprefix(ROOT) for _, url, _ in http.requests] == [
        "/v1.0/things?$select=id",
        "/v1.0/things?$skiptoken=1",
        "/v1.0/things?$skiptoken=2",
    ]


def test_pages_in_a_circle_end_with_an_error() -> None:
    link = f"{ROOT}/v1.0/things?$skiptoken=1"
    client, _ = graph(page("a", following=link), page("b", following=link), page("c"))

    with pytest.raises(UnexpectedAnswer, match="circle"):
        list(client.items("/things", type=Thing))
