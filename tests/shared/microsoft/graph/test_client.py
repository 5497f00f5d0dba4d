"""What Graph promises its callers when Microsoft is slow, odd or hostile (A25-A28, A41)."""

import json
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import msgspec
import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import (
    BatchRequest,
    Graph,
    HostileLink,
    MicrosoftError,
    NotLicensed,
    RequestRefused,
    ResyncRequired,
    RetryPolicy,
    Throttle,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.graph.responses import error_of_response, retry_after_s
from tests.waiting import HANGS_S

ROOT = "https://graph.microsoft.com"
LINK = f"{ROOT}/v1.0/things?$skiptoken="


class Thing(msgspec.Struct):
    id: str


Told = Response | Exception


class Scripted:
    """An HTTP client that answers by a function of the request, and keeps what it was asked."""

    def __init__(self, answer: Callable[[int, str, Any], Told]) -> None:
        self._answer = answer
        self._lock = threading.Lock()
        self.urls: list[str] = []
        self.headers: list[dict[str, str]] = []
        self.within_s: list[float] = []

    def send(self, _method: str, url: str, *, headers: dict[str, str], body: bytes | None, within_s: float) -> Response:
        with self._lock:
            number = len(self.urls)
            self.urls.append(url)
            self.headers.append(headers)
            self.within_s.append(within_s)
        told = self._answer(number, url, json.loads(body) if body else None)
        if isinstance(told, Exception):
            raise told
        return told


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def told(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(body).encode())


def page(*ids: str, following: str | None = None) -> Response:
    link = {"@odata.nextLink": following} if following else {}
    return told({"value": [{"id": name} for name in ids], **link})


def graph(
    answer: Callable[[int, str, Any], Told],
    *,
    throttle: Throttle | None = None,
    clock: Time | None = None,
    **limits: Any,
) -> tuple[Graph, Scripted, Time]:
    http, clock = Scripted(answer), clock or Time()
    made = Graph(
        root=ROOT,
        http_client=http,  # type: ignore[arg-type]
        token=lambda fresh: "fresh" if fresh else "kept",
        retry_policy=RetryPolicy(**limits),
        throttle=throttle,
        sleep=clock.sleep,
        monotonic=lambda: clock.now,
    )
    return made, http, clock


def in_turn(*answers: Told) -> Callable[[int, str, Any], Told]:
    return lambda number, _url, _body: answers[number]


def test_one_object_comes_in_the_callers_form() -> None:
    client, http, _ = graph(in_turn(told({"id": "a", "more": [1]})))

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
    client, _, _ = graph(in_turn(told(body)))

    with pytest.raises(UnexpectedAnswer):
        list(client.items("/things", type=Thing))


def test_a_failed_page_never_passes_for_the_end() -> None:
    client, _, _ = graph(lambda number, *_: page("a", following=f"{LINK}1") if number == 0 else told({}, 500))
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
def test_a_kept_link_that_leads_elsewhere_is_not_asked(link: str) -> None:
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


def test_a_call_keeps_to_its_time_whatever_is_asked_of_it() -> None:
    client, http, clock = graph(lambda *_: told({}, 503, retry_after="15"), tries=100, call_s=40.0)

    with pytest.raises(Transient):
        list(client.items("/x", type=Thing))
    assert clock.now <= 40
    assert [round(it) for it in http.within_s] == [40, 25, 10]


def test_a_wait_longer_than_we_sit_out_is_the_callers() -> None:
    client, http, clock = graph(lambda *_: told({}, 429, retry_after="30"), max_wait_s=20.0, call_s=60.0)

    with pytest.raises(Throttled) as caught:
        list(client.items("/x", type=Thing))
    assert (caught.value.wait_s, len(http.urls), clock.now) == (30.0, 1, 0.0)


def test_a_fresh_token_is_asked_for_once_and_kept_for_the_tries_after_it() -> None:
    asked: list[bool] = []

    def token(fresh: bool) -> str:
        asked.append(fresh)
        return f"token-{len(asked)}"

    http = Scripted(in_turn(told({}, 503), told({}, 401), told({}, 503), page("a")))
    client = Graph(root=ROOT, http_client=http, token=token, sleep=lambda _: None)  # type: ignore[arg-type]

    assert len(list(client.items("/x", type=Thing))) == 1
    assert asked == [False, True]
    assert [it["Authorization"] for it in http.headers] == ["Bearer token-1"] * 2 + ["Bearer token-2"] * 2


def test_a_token_that_cannot_be_had_for_the_moment_is_a_fault_that_passes() -> None:
    faults: list[Exception] = [Transient("entra is out")]

    def token(_fresh: bool) -> str:
        if faults:
            raise faults.pop()
        return "t"

    client = Graph(root=ROOT, http_client=Scripted(in_turn(page("a"))), token=token, sleep=lambda _: None)  # type: ignore[arg-type]

    assert len(list(client.items("/x", type=Thing))) == 1


def test_every_request_says_who_asks_and_that_it_can_wait() -> None:
    client, http, _ = graph(lambda *_: page(following=None))
    list(client.items("/x", type=Thing))
    list(client.items("/x", type=Thing))

    first, second = http.headers
    assert first["x-ms-throttle-priority"] == "low"
    assert first["Accept"] == "application/json"
    assert first["User-Agent"]
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


def asks(count: int) -> list[BatchRequest]:
    return [BatchRequest(id=f"q{number}", path=f"/x/{number}") for number in range(count)]


def parts(body: Any, status: Callable[[str], int], **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answers = [
        {"id": it["id"], "status": status(it["id"]), "headers": named, "body": {"value": [{"id": it["url"]}]}}
        for it in body["requests"]
    ]
    return told({"responses": answers[::-1]})


def test_parts_that_stay_throttled_go_in_ever_smaller_batches() -> None:
    sizes: list[int] = []

    def answer(number: int, _url: str, body: Any) -> Response:
        sizes.append(len(body["requests"]))
        return parts(body, lambda _: 429 if number < 3 else 200, Retry_After="2")

    client, _, clock = graph(answer)
    answers = client.batch(asks(20))

    assert sizes == [20, 10, 10, 5, 5, 5, 5]
    assert clock.now == 6.0  # the second ten wait for what the first ten were told
    assert sorted(answers) == sorted(it.id for it in asks(20))


def test_answers_find_their_questions_in_any_order() -> None:
    client, _, _ = graph(lambda _n, _u, body: parts(body, lambda _: 200))

    answers = client.batch(asks(25))

    assert all(answers[f"q{n}"].page(Thing).items[0].id == f"/x/{n}" for n in range(25))


def test_a_part_that_failed_with_its_parent_is_asked_again() -> None:
    client, http, _ = graph(lambda number, _u, body: parts(body, lambda _: 424 if number == 0 else 200))

    assert client.batch(asks(1))["q0"].status == 200
    assert len(http.urls) == 2


def test_a_part_without_headers_or_body_still_has_a_status() -> None:
    client, _, _ = graph(in_turn(told({"responses": [{"id": "q0", "status": 404}]})))

    with pytest.raises(MicrosoftError) as caught:
        client.batch(asks(1))["q0"].page(Thing)
    assert caught.value.status == 404


@pytest.mark.parametrize(
    ("status", "kind", "requests"), [(401, TokenRejected, 2), (403, MicrosoftError, 1), (503, Transient, 4)]
)
def test_a_batch_that_is_refused_as_a_whole_raises(status: int, kind: type[Exception], requests: int) -> None:
    client, http, _ = graph(lambda *_: told({}, status))

    with pytest.raises(kind):
        client.batch(asks(1))
    assert len(http.urls) == requests


def test_nothing_asked_is_nothing_sent() -> None:
    client, http, _ = graph(in_turn())

    assert client.batch([]) == {}
    assert http.urls == []


def test_two_questions_need_two_ids_whatever_their_case() -> None:
    client, _, _ = graph(in_turn())

    with pytest.raises(ValueError, match="same id"):
        client.batch([BatchRequest(id="a", path="/x"), BatchRequest(id="A", path="/y")])


def test_a_part_that_is_answered_twice_or_not_at_all_is_asked_again() -> None:
    odd = [{"id": "q0", "status": 200}, {"id": "q0", "status": 403}, {"id": "q1", "status": 200}, {"id": "q2"}]
    again = [{"id": "q0", "status": 200}, {"id": "q2", "status": 204}]
    client, http, _ = graph(in_turn(told({"responses": odd}), told({"responses": again})))

    answers = client.batch(asks(3))

    assert {name: it.status for name, it in answers.items()} == {"q0": 200, "q1": 200, "q2": 204}
    assert len(http.urls) == 2


def nested(depth: int, code: str, word: str = "innerError") -> dict[str, Any]:
    error: dict[str, Any] = {"code": code}
    for _ in range(depth):
        error = {"code": "Outer", word: error}
    return {"error": error}


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (400, nested(1, "SyncStateNotFound"), ResyncRequired),
        (404, nested(3, "resyncRequired", "innererror"), ResyncRequired),
        (400, nested(20, "resyncRequired"), RequestRefused),
        (412, nested(1, "resyncRequired"), RequestRefused),
        (500, nested(1, "resyncRequired"), Transient),
        (429, nested(1, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), Throttled),
        (403, {"error": {"code": "", "innerError": "text", "message": 7}}, MicrosoftError),
        (400, {"error": {"code": "x", "message": "request not applicable to target tenant."}}, RequestRefused),
        (403, {"error": {"code": ["Authentication_RequestFromNonPremiumTenantOrB2CTenant"]}}, MicrosoftError),
        (403, nested(2, "Authentication_RequestFromNonPremiumTenantOrB2CTenant"), NotLicensed),
        (408, [], Transient),
        (400, {"error": None}, RequestRefused),
        (418, None, RequestRefused),
    ],
    ids=str,
)
def test_nested_codes_count_and_odd_bodies_do_no_harm(status: int, body: object, kind: type[Exception]) -> None:
    assert isinstance(error_of_response(status, {}, json.dumps(body).encode()), kind)


@pytest.mark.parametrize("body", [b"[" * 60_000, b'{"error":' * 5_000, b"\xff\xfe", b" " * 70_000])
def test_an_error_body_that_tortures_is_judged_by_its_status(body: bytes) -> None:
    assert type(error_of_response(400, {}, body)) is RequestRefused


@pytest.mark.parametrize(
    "text",
    ["Mon, 99 Jan 2026 00:00:00 GMT", "Mon, 01 Jan 99999 00:00:00 GMT", "5, 10", "", " ", "1e400", "\x00", "-inf"],
)
def test_a_retry_after_that_makes_no_sense_is_still_a_bounded_wait(text: str) -> None:
    assert 1.0 <= (retry_after_s(text) or 0) <= 900.0


@pytest.mark.parametrize(
    "fault", [Unreachable("cut off"), told({}, 500), told({}, 429), told({}, 429, retry_after="x")]
)
def test_faults_that_pass_are_sat_out(fault: Told) -> None:
    client, http, clock = graph(in_turn(fault, page("a")))

    assert len(list(client.items("/x", type=Thing))) == 1
    assert len(http.urls) == 2
    assert 0.5 <= clock.now <= 1.0


@pytest.mark.parametrize("status", [400, 404, 409, 412])
def test_a_link_of_microsofts_own_that_is_refused_is_no_refusal_of_our_question(status: int) -> None:
    client, _, _ = graph(in_turn(page("a", following=f"{LINK}1"), told({"error": {"code": "Request_Bad"}}, status)))

    with pytest.raises(ResyncRequired) as caught:
        list(client.items("/things", type=Thing))
    assert (caught.value.status, caught.value.graph_code) == (status, "Request_Bad")
