"""Graph's answers and links, byte by byte: what each means, and which links are never followed (A25-A28, A41)."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import msgspec
import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import (
    BatchRequest,
    Denied,
    Graph,
    HostileLink,
    MissingInMicrosoft,
    NotLicensed,
    RequestRefused,
    ResyncRequired,
    RetryPolicy,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.graph.links import address, relative
from shared.microsoft.graph.responses import error_of_response, retry_after_s

ROOT = "https://graph.microsoft.com"


class Thing(msgspec.Struct):
    id: str


class FakeHttpClient:
    """Answers from a list, and remembers what was asked."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None, **_: float) -> Response:
        self.asked.append((method, url, json.loads(body) if body else None))
        self.headers.append(headers)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def answer(status: int = 200, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def page(*names: str, following: str | None = None, delta: str | None = None) -> Response:
    body: dict[str, Any] = {"value": [{"id": name} for name in names]}
    body |= {"@odata.nextLink": following} if following else {}
    body |= {"@odata.deltaLink": delta} if delta else {}
    return answer(200, body)


def graph(*answers: Any, slept: list[float] | None = None, **limits: Any) -> tuple[Graph, FakeHttpClient]:
    http = FakeHttpClient(*answers)
    tokens: Iterator[str] = iter(f"token-{number}" for number in range(99))
    pauses = slept if slept is not None else []
    client = Graph(
        root=ROOT,
        http_client=http,  # type: ignore[arg-type]
        token=lambda _fresh: next(tokens),
        retry_policy=RetryPolicy(**limits),
        sleep=pauses.append,
        monotonic=lambda: sum(pauses),
    )
    return client, http


HOSTILE = [
    "http://graph.microsoft.com/v1.0/users",
    "https://evil.example/v1.0/users",
    "https://graph.microsoft.com.evil.example/v1.0/users",
    "https://graph.microsoft.com@evil.example/v1.0/users",
    "https://user:pw@graph.microsoft.com/v1.0/users",
    "https://evil.example\\@graph.microsoft.com/v1.0/users",
    "https://graph.microsoft.com%2eevil.example/v1.0/users",
    "https://graph.microsoft.com:8443/v1.0/users",
    "https://graph.microsoft.com:x/v1.0/users",
    "https://graph.microsoft.com/beta/users",
    "https://graph.microsoft.com/v1.0/../admin",
    "https://graph.microsoft.com/v1.0/%2e%2e/admin",
    "https://graph.microsoft.com/v1.0/a%2fb",
    "https://graph.microsoft.com/v1.0//evil.example",
    "https://graph.microsoft.com/v1.0/users#x",
    "https://graph.microsoft.com/v1.0/users\r\nX: y",
    "https://[::1/v1.0/users",
    "//graph.microsoft.com/v1.0/users",
    "/v1.0/users",
    "javascript:alert(1)",
    "https://graph.microsoft.com/v1.0/" + "x" * 20_000,
    "",
]


@pytest.mark.parametrize("link", HOSTILE, ids=lambda link: ascii(link)[:60])
def test_a_hostile_link_is_never_followed(link: str) -> None:
    client, http = graph(page("a", following=link or " "))

    with pytest.raises(HostileLink):
        list(client.items("/users", type=Thing))
    assert len(http.asked) == 1


def test_a_good_link_is_rebuilt_below_our_own_root() -> None:
    assert relative(f"{ROOT}:443/v1.0/users/delta?$deltatoken=a%20b", ROOT) == "/users/delta?$deltatoken=a%20b"
    assert (
        address("/users", {"select": "id,mail", "filter": "a eq 'b c'"})
        == "/users?$select=id,mail&$filter=a%20eq%20'b%20c'"
    )


def test_pages_are_read_to_the_end_and_no_further() -> None:
    client, http = graph(
        page("a", following=f"{ROOT}/v1.0/things?$skiptoken=1"),
        page(following=f"{ROOT}/v1.0/things?$skiptoken=2"),
        page("b"),
    )

    assert [it.id for it in client.items("/things", type=Thing, select="id")] == ["a", "b"]
    assert [url.removeprefix(ROOT) for _, url, _ in http.asked] == [
        "/v1.0/things?$select=id",
        "/v1.0/things?$skiptoken=1",
        "/v1.0/things?$skiptoken=2",
    ]


def test_pages_in_a_circle_end_with_an_error() -> None:
    link = f"{ROOT}/v1.0/things?$skiptoken=1"
    client, _ = graph(page("a", following=link), page("b", following=link), page("c"))

    with pytest.raises(UnexpectedAnswer, match="circle"):
        list(client.items("/things", type=Thing))


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": "InvalidAuthenticationToken"}}, TokenRejected),
        (403, {"error": {"code": "Authorization_RequestDenied"}}, Denied),
        (403, {"error": {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}}, NotLicensed),
        (400, {"error": {"code": "BadRequest", "message": "Request not applicable to target tenant."}}, NotLicensed),
        (404, {"error": {"code": "Request_ResourceNotFound"}}, MissingInMicrosoft),
        (410, {}, ResyncRequired),
        (400, {"error": {"code": "syncStateNotFound"}}, ResyncRequired),
        (400, {"error": {"code": "x", "innererror": {"code": "ResyncRequired"}}}, ResyncRequired),
        (400, {"error": {"code": "Directory_ExpiredPageToken"}}, ResyncRequired),
        (400, {"error": {"code": "Request_BadRequest"}}, RequestRefused),
        (409, {}, RequestRefused),
        (501, {}, RequestRefused),
        (429, {}, Throttled),
        (500, b"<html>", Transient),
        (503, b"", Transient),
        (504, {"error": "text"}, Transient),
        (423, {}, Transient),
        (509, {}, Transient),
        (302, b"", UnexpectedAnswer),
        (204, b"", UnexpectedAnswer),
    ],
    ids=str,
)
def test_an_answer_means_what_its_status_and_code_say(status: int, body: Any, kind: type[Exception]) -> None:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()

    assert type(error_of_response(status, {}, raw)) is kind


def test_evidence_holds_codes_and_ids_and_nothing_else() -> None:
    body = {"error": {"code": "Bad", "message": "secret text", "innerError": {"request-id": "r-1"}}}

    assert error_of_response(400, {}, json.dumps(body).encode()).evidence() == {
        "error": "request_refused", "code": "Bad", "request_id": "r-1", "http_status": "400",
    }  # fmt: skip
    hostile = {"error": {"code": "<script>", "innerError": {"request-id": 7}}}
    assert error_of_response(400, {}, json.dumps(hostile).encode()).evidence() == {
        "error": "request_refused",
        "http_status": "400",
    }


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        (None, None),
        ("5", 5.0),
        ("2.128", 2.128),
        ("0", 1.0),
        ("-1", 1.0),
        ("1000000000", 900.0),
        ("soon", 1.0),
        ("nan", 1.0),
        ("inf", 900.0),
    ],
)
def test_retry_after_comes_in_every_form(text: str | None, seconds: float | None) -> None:
    assert retry_after_s(text) == seconds


def test_retry_after_may_be_a_date() -> None:
    later = datetime.now(UTC) + timedelta(seconds=60)

    assert 55 < (retry_after_s(format_datetime(later, usegmt=True)) or 0) <= 60
    assert 55 < (retry_after_s(format_datetime(later.replace(tzinfo=None))) or 0) <= 60
    assert retry_after_s("Wed, 21 Oct 2015 07:28:00 GMT") == 1.0


def test_short_waits_are_kept_inside_and_long_ones_are_told() -> None:
    slept: list[float] = []
    client, _ = graph(answer(429, {}, retry_after="3"), page("a"), slept=slept)
    assert len(list(client.items("/things", type=Thing))) == 1
    assert slept == [3.0]

    impatient, http = graph(answer(429, {}, retry_after="300"), page("a"))
    with pytest.raises(Throttled) as caught:
        list(impatient.items("/things", type=Thing))
    assert (caught.value.wait_s, len(http.asked)) == (300.0, 1)


def test_passing_faults_are_tried_again_with_growing_pauses_and_then_told() -> None:
    slept: list[float] = []
    client, http = graph(answer(500), Unreachable("x"), answer(503), answer(500), slept=slept)

    with pytest.raises(Transient):
        list(client.items("/things", type=Thing))
    assert len(http.asked) == 4
    assert all(low <= pause <= high for pause, low, high in zip(slept, (0.5, 1, 2), (1, 2, 4), strict=True))


def test_a_rejected_token_is_renewed_once() -> None:
    client, http = graph(answer(401), page("a"))
    assert len(list(client.items("/things", type=Thing))) == 1
    assert [it["Authorization"] for it in http.headers] == ["Bearer token-0", "Bearer token-1"]

    rejected, _ = graph(answer(401), answer(401))
    with pytest.raises(TokenRejected):
        list(rejected.items("/things", type=Thing))


def part(name: str, status: int = 200, body: Any = None, **headers: str) -> dict[str, Any]:
    told = {key.replace("_", "-"): value for key, value in headers.items()}
    return {"id": name, "status": status, "headers": told, "body": body if body is not None else {"value": []}}


def test_a_batch_asks_again_for_throttled_parts_only_after_the_longest_wait() -> None:
    slept: list[float] = []
    first = answer(
        200, {"responses": [part("c", 429, {}, Retry_After="2"), part("b", 429, {}, Retry_After="5"), part("a")]}
    )
    second = answer(200, {"responses": [part("b", 200, {"value": [{"id": "x"}]}), part("c", 403, {})]})
    client, http = graph(first, second, slept=slept)

    told = client.batch(
        [
            BatchRequest(id="a", path="/a"),
            BatchRequest(id="b", path="/b", query={"top": "1"}),
            BatchRequest(id="c", path=f"{ROOT}/v1.0/c?$deltatoken=1"),
        ]
    )

    assert slept == [5.0]
    assert [it["id"] for it in http.asked[1][2]["requests"]] == ["b", "c"]
    assert [it["url"] for it in http.asked[0][2]["requests"]] == ["/a", "/b?$top=1", "/c?$deltatoken=1"]
    assert [it.id for it in told["b"].page(Thing).items] == ["x"]
    with pytest.raises(Denied):
        told["c"].page(Thing)


def test_a_batch_of_many_is_sent_in_twenties() -> None:
    asks = [BatchRequest(id=str(number), path="/x") for number in range(45)]
    answers = [
        answer(200, {"responses": [part(str(n)) for n in range(start, min(start + 20, 45))]}) for start in (0, 20, 40)
    ]
    client, http = graph(*answers)

    assert len(client.batch(asks)) == 45
    assert [len(it[2]["requests"]) for it in http.asked] == [20, 20, 5]


def test_a_batch_that_stays_throttled_says_so_in_its_parts() -> None:
    throttled = answer(200, {"responses": [part("a", 429, {}, Retry_After="600")]})
    client, http = graph(throttled)

    with pytest.raises(Throttled) as caught:
        client.batch([BatchRequest(id="a", path="/a")])["a"].page(Thing)
    assert (caught.value.wait_s, len(http.asked)) == (600.0, 1)


@pytest.mark.parametrize(
    "body",
    [{"responses": []}, {"responses": [part("other")]}, {}, [], b"<html>", b"", b'{"responses": [', b"[" * 100_000],
)
def test_a_batch_that_cannot_be_read_is_an_error(body: Any) -> None:
    client, _ = graph(answer(200, body))

    with pytest.raises(UnexpectedAnswer):
        client.batch([BatchRequest(id="a", path="/a")])


@pytest.mark.parametrize(
    "body", [{"value": {}}, {"value": None}, {"value": "ab"}, {}, [], b"null", b"\xff", b"{", b"<html>",
             {"value": [], "@odata.nextLink": 5}, {"value": [], "@odata.deltaLink": ["a"]}],
)  # fmt: skip
def test_a_page_of_another_form_is_an_error(body: Any) -> None:
    client, _ = graph(answer(200, body))

    with pytest.raises(UnexpectedAnswer):
        list(client.items("/things", type=Thing))


@pytest.mark.parametrize("odd", [b'{"id": 7}', b"{}", b"null", b"NaN", b'["a"]', b'{"id": null}', b"1e999"])
def test_an_item_that_cannot_be_read_costs_itself_and_is_counted(odd: bytes) -> None:
    client, _ = graph(answer(200, b'{"value": [{"id": "a"}, ' + odd + b', {"id": "b"}]}'))

    (page,) = client.pages("/things", type=Thing)
    walked = list(client.pages_from(page, type=Thing))

    assert [it.id for it in walked[0].items] == ["a", "b"]
    assert (client.unreadable_values, client.unreadable_items) == (1, 1)
