"""Partner Center's client: pages, MFA, refusals and waits, against scripted answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from shared.http.client import Response, Unreachable
from shared.microsoft.graph import (
    Denied,
    MicrosoftError,
    MissingInMicrosoft,
    RequestRefused,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.partner_center import MfaRequired, PartnerCenter

ROOT = "https://api.partnercenter.microsoft.com"
Reply = Response | Exception


class Scripted:
    """An HTTP client that replies in order, and records the requests."""

    def __init__(self, *answers: Reply) -> None:
        self._answers = list(answers)
        self.requests: list[tuple[str, str, dict[str, str], Any]] = []

    def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None, within_s: float) -> Response:
        assert within_s > 0
        self.requests.append((method, url, dict(headers), json.loads(body) if body else None))
        reply = self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]
        if isinstance(reply, Exception):
            raise reply
        return reply


def reply(body: object = None, status: int = 200, **headers: str) -> Response:
    raw = json.dumps(body).encode() if body is not None else b""
    return Response(status, {name.replace("_", "-"): it for name, it in headers.items()}, raw)


def refused(status: int, code: object = "", text: str = "", **headers: str) -> Response:
    return reply({"code": code, "description": text, "data": [], "source": "PartnerFD"}, status, **headers)


def page(*ids: str, token: str | None = None) -> Response:
    links: dict[str, Any] = {"self": {"uri": "/customers?size=500", "method": "GET", "headers": []}}
    if token is not None:
        header = {"key": "MS-ContinuationToken", "value": token}
        links["next"] = {"uri": "https://evil.example/customers", "method": "GET", "headers": [header]}
    items = [{"id": it, "companyProfile": {"companyName": it.upper(), "domain": f"{it}.example"}} for it in ids]
    return reply({"totalCount": len(ids), "items": items, "links": links})


def center(http: Scripted, token: Callable[[bool], str] = lambda _fresh: "token") -> PartnerCenter:
    clock = [0.0]

    def sleep(seconds: float) -> None:
        clock[0] += seconds

    return PartnerCenter(root=ROOT, http_client=http, token=token, sleep=sleep, monotonic=lambda: clock[0])  # type: ignore[arg-type]


def test_customers_are_read_page_after_page_and_only_from_partner_center() -> None:
    http = Scripted(page("a", "b", token="t 1"), page("c"))

    assert [it.id for it in center(http).customers()] == ["a", "b", "c"]
    assert [url for _, url, _, _ in http.requests] == [
        f"{ROOT}/v1/customers?size=500", f"{ROOT}/v1/customers?size=500&seekOperation=Next",
    ]  # fmt: skip
    assert http.requests[1][2]["MS-ContinuationToken"] == "t 1"


@pytest.mark.parametrize("token", ["", "a\r\nHost: evil", "\u00fc"])
def test_a_page_that_goes_on_without_a_usable_token_is_refused(token: str) -> None:
    with pytest.raises(UnexpectedAnswer):
        list(center(Scripted(page("a", token=token))).customers())


def test_a_list_that_never_ends_is_given_up() -> None:
    http = Scripted(page("a", token="again"))

    with pytest.raises(UnexpectedAnswer):
        list(center(http).customers())
    assert len(http.requests) == 200


@pytest.mark.parametrize(("header", "saw"), [({"ismfacompliant": "true"}, True), ({"ismfacompliant": "false"}, False),
                                             ({}, None), ({"ismfacompliant": "perhaps"}, None)])  # fmt: skip
def test_partner_center_says_whether_it_sees_mfa(header: dict[str, str], saw: bool | None) -> None:
    http = Scripted(reply({"items": []}, **header))

    assert center(http).check_mfa() is saw
    assert http.requests[0][2]["ValidateMfa"] == "true"


def test_a_refusal_because_of_missing_mfa_is_raised_at_once() -> None:
    http = Scripted(refused(401, 900421))

    with pytest.raises(MfaRequired) as caught:
        center(http).check_mfa()
    assert len(http.requests) == 1
    assert caught.value.evidence()["code"] == "900421"


def test_a_token_that_has_ended_is_renewed_once() -> None:
    requested: list[bool] = []

    def token(fresh: bool) -> str:
        requested.append(fresh)
        return "new" if fresh else "old"

    http = Scripted(refused(401, "900401"), page("a"))
    assert [it.id for it in center(http, token).customers()] == ["a"]
    assert requested == [False, True]
    with pytest.raises(TokenRejected):
        list(center(Scripted(refused(401, "900401")), token).customers())


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        (refused(403, "900308"), Denied),
        (refused(404, "60003"), MissingInMicrosoft),
        (refused(400, "2000"), RequestRefused),
        (refused(409, "1", "Something else"), RequestRefused),
        (reply(None, 302), UnexpectedAnswer),
        (reply("<html>", 500), Transient),
        (Unreachable("no answer"), Transient),
        (reply({"statusCode": 429, "message": "Rate limit is exceeded."}, 429, retry_after="999"), Throttled),
        (Response(200, {}, b"<html>"), UnexpectedAnswer),
        (Response(200, {}, b'{"items": {"id": "a"}}'), UnexpectedAnswer),
        (Response(200, {}, b'{"items": [], "links": 5}'), UnexpectedAnswer),
        (Response(200, {}, b'{"items": [], "links": {"next": 5}}'), UnexpectedAnswer),
        (Response(400, {}, b"[" * 100_000), RequestRefused),
    ],
)
def test_every_answer_has_a_meaning(answer: Reply, kind: type[MicrosoftError]) -> None:
    with pytest.raises(kind):
        list(center(Scripted(answer)).customers())


def test_a_short_retry_after_is_waited_out_and_the_request_keeps_its_id() -> None:
    http = Scripted(reply({"statusCode": 429}, 429, retry_after="2"), reply({}, 201))

    assert center(http).consent("k1", client_id="app", resource_id="graph", scopes=["B", "A"])
    assert http.requests[0][2]["MS-RequestId"] == http.requests[1][2]["MS-RequestId"]
    assert http.requests[1][3] == {
        "applicationId": "app", "applicationGrants": [{"enterpriseApplicationId": "graph", "scope": "B,A"}],
    }  # fmt: skip


@pytest.mark.parametrize("status", [400, 409])
def test_a_consent_that_exists_is_no_failure(status: int) -> None:
    http = Scripted(refused(status, "800", "Permission entry already exists."))

    assert center(http).consent("k1", client_id="app", resource_id="graph", scopes=["A"]) is False


def test_removing_a_consent_that_is_gone_is_no_failure() -> None:
    for status in (200, 201, 204):
        assert center(Scripted(reply(None, status))).remove_consent("k1", client_id="app") is True
    assert center(Scripted(refused(404, "404"))).remove_consent("k1", client_id="app") is False
