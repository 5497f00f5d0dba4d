"""The Graph client with slow, malformed and hostile responses (A25-A28, A41)."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import (
    BatchRequest,
    Graph,
    HostileLink,
    ResyncRequired,
    Throttled,
    Transient,
    UnexpectedAnswer,
)
from tests.shared.microsoft.graph.scripted import LINK, ROOT, Reply, Scripted, Thing, graph, in_turn, page, reply
from tests.waiting import HANGS_S


def test_one_object_comes_in_the_callers_form() -> None:
    client, http, _ = graph(in_turn(reply({"id": "a", "more": [1]})))

    assert client.get("/things/a", type=Thing, select="id").id == "a"
    assert http.urls == [f"{ROOT}/v1.0/things/a?$select=id"]


def test_pages_start_at_a_path_or_at_a_link_that_was_kept() -> None:
    client, http, _ = graph(in_turn(page("a"), page("b")))

    assert [it.items[0].id for it in client.pages("/things", type=Thing, top="1")] == ["a"]
    assert [it.items[0].id for it in client.pages(f"{LINK}7", type=Thing)] == ["b"]
    assert http.urls == [f"{ROOT}/v1.0/things?$top=1", f"{LINK}7"]


def test_rows_may_stay_raw() -> None:
    client, _, _ = graph(in_turn(page("a")))

    assert [bytes(it) for it in client.items("/things", type=msgspec.Raw)] == [b'{"id": "a"}']


@pytest.mark.parametrize("body", [{}, {"error": {"code": "x"}}, {"@odata.nextLink": LINK}, [], "text", {"value": None}])
def test_an_answer_without_items_is_not_an_empty_collection(body: object) -> None:
    client, _, _ = graph(in_turn(reply(body)))

    with pytest.raises(UnexpectedAnswer):
        list(client.items("/things", type=Thing))


def test_a_failed_page_never_passes_for_the_end() -> None:
    client, _, _ = graph(lambda number, *_: page("a", following=f"{LINK}1") if number == 0 else reply({}, 500))
    seen: list[str] = []

    with pytest.raises(Transient):
        seen.extend(it.id for it in client.items("/things", type=Thing))


def test_pages_without_end_stop_at_ten_thousand() -> None:
    client, http, _ = graph(lambda number, *_: page(following=f"{LINK}{number}"))

    with pytest.raises(UnexpectedAnswer, match="never end"):
        list(client.items("/things", type=Thing))
    assert len(http.urls) == 10_001


@pytest.mark.parametrize(
    "link",
    [
        "//evil.example/v1.0/x", "/\\evil.example/v1.0/x", "v1.0/things", "http://graph.microsoft.com/v1.0/things",
        "https://evil.example/v1.0/things", "https://graph.microsoft.com:0/v1.0/things",
        "https://graph.microsoft.com./v1.0/things", "https://graph.microsoft.com/v1.0/a/%5c..%5cb",
        "https://graph.microsoft.com/v1.0/a/./b", "https://graph.microsoft.com/V1.0/things",
        "https://graph.microsoft.com/v1.0/a\\..\\b",
        "https://graph.microsoft.com/v1.0", "https://gr\u0430ph.microsoft.com/v1.0/things", "",
    ],
    ids=ascii,
)  # fmt: skip
def test_a_stored_link_that_leads_elsewhere_is_not_followed(link: str) -> None:
    client, http, _ = graph(in_turn())

    with pytest.raises(HostileLink):
        client.batch([BatchRequest(id="a", path="/fine"), BatchRequest(id="b", path=link)])
    with pytest.raises(HostileLink):
        client.pages(link, type=Thing)
    assert http.urls == []


def test_a_links_case_and_default_port_do_not_matter_and_its_spelling_is_kept() -> None:
    client, http, _ = graph(
        in_turn(page("a", following="HTTPS://Graph.Microsoft.com:443/v1.0/x?$t=a%2Fb+c"), page("b"))
    )

    assert len(list(client.items("/x", type=Thing))) == 2
    assert http.urls[1] == f"{ROOT}/v1.0/x?$t=a%2Fb+c"


def test_a_call_keeps_to_its_time_whatever_retry_after_says() -> None:
    client, http, clock = graph(lambda *_: reply({}, 503, retry_after="15"), tries=100, call_s=40.0)

    with pytest.raises(Transient):
        list(client.items("/x", type=Thing))
    assert clock.now <= 40
    assert [round(it) for it in http.within_s] == [40, 25, 10]


def test_a_wait_longer_than_the_policy_allows_is_the_callers() -> None:
    client, http, clock = graph(lambda *_: reply({}, 429, retry_after="30"), max_wait_s=20.0, call_s=60.0)

    with pytest.raises(Throttled) as caught:
        list(client.items("/x", type=Thing))
    assert (caught.value.wait_s, len(http.urls), clock.now) == (30.0, 1, 0.0)


def test_a_fresh_token_is_requested_once_and_used_for_all_later_attempts() -> None:
    requested: list[bool] = []

    def token(fresh: bool) -> str:
        requested.append(fresh)
        return f"token-{len(requested)}"

    http = Scripted(in_turn(reply({}, 503), reply({}, 401), reply({}, 503), page("a")))
    client = Graph(root=ROOT, http_client=http, token=token, sleep=lambda _: None)  # type: ignore[arg-type]

    assert len(list(client.items("/x", type=Thing))) == 1
    assert requested == [False, True]
    assert [it["Authorization"] for it in http.headers] == ["Bearer token-1"] * 2 + ["Bearer token-2"] * 2


def test_a_token_that_cannot_be_had_for_the_moment_is_a_fault_that_passes() -> None:
    faults: list[Exception] = [Transient("entra is out")]

    def token(_fresh: bool) -> str:
        if faults:
            raise faults.pop()
        return "t"

    client = Graph(root=ROOT, http_client=Scripted(in_turn(page("a"))), token=token, sleep=lambda _: None)  # type: ignore[arg-type]

    assert len(list(client.items("/x", type=Thing))) == 1


def test_every_request_has_an_id_and_a_low_priority() -> None:
    client, http, _ = graph(lambda *_: page(following=None))
    list(client.items("/x", type=Thing))
    list(client.items("/x", type=Thing))

    first, second = http.headers
    assert first["x-ms-throttle-priority"] == "low"
    assert first["Accept"] == "application/json"
    assert first["client-request-id"] != second["client-request-id"]
    assert "Content-Type" not in first


def test_at_most_eight_requests_are_under_way() -> None:
    under_way, seen = list[int](), list[int]()
    eight = threading.Barrier(8, timeout=HANGS_S)

    def answer(*_: Any) -> Response:
        under_way.append(1)
        seen.append(len(under_way))
        eight.wait()
        under_way.pop()
        return page("a")

    client, _, _ = graph(answer)
    with ThreadPoolExecutor(20) as pool:
        list(pool.map(lambda _: list(client.items("/x", type=Thing)), range(40)))

    assert max(seen) == 8


@pytest.mark.parametrize(
    "fault", [Unreachable("cut off"), reply({}, 500), reply({}, 429), reply({}, 429, retry_after="x")]
)
def test_transient_faults_are_retried(fault: Reply) -> None:
    client, http, clock = graph(in_turn(fault, page("a")))

    assert len(list(client.items("/x", type=Thing))) == 1
    assert len(http.urls) == 2
    assert 0.5 <= clock.now <= 1.0


@pytest.mark.parametrize("status", [400, 404, 409, 412])
def test_a_link_from_microsoft_that_is_refused_requires_a_new_read(status: int) -> None:
    client, _, _ = graph(in_turn(page("a", following=f"{LINK}1"), reply({"error": {"code": "Request_Bad"}}, status)))

    with pytest.raises(ResyncRequired) as caught:
        list(client.items("/things", type=Thing))
    assert (caught.value.status, caught.value.graph_code) == (status, "Request_Bad")
