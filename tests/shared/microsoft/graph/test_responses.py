"""The errors that Graph's responses stand for, and pages that cannot be decoded (A25-A28, A41)."""

import json
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from shared.microsoft.graph import (
    Denied,
    MicrosoftError,
    MissingInMicrosoft,
    NotLicensed,
    RequestRefused,
    ResyncRequired,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.graph.responses import error_of_response, retry_after_s
from tests.shared.microsoft.graph.replies import Thing, graph, response


@pytest.mark.parametrize(
    ("status", "body", "kind"),
    [
        (401, {"error": {"code": "InvalidAuthenticationToken"}}, TokenRejected),
        (403, {"error": {"code": "Authorization_RequestDenied"}}, Denied),
        (403, {"error": {"code": "Authentication_RequestFromNonPremiumTenantOrB2CTenant"}}, NotLicensed),
        (400, {"error": {"code": "AadPremiumLicenseRequired"}}, NotLicensed),
        (403, {"error": {"code": "AadPremiumLicenseRequired"}}, NotLicensed),
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


@pytest.mark.parametrize(
    "body", [{"value": {}}, {"value": None}, {"value": "ab"}, {}, [], b"null", b"\xff", b"{", b"<html>",
             {"value": [], "@odata.nextLink": 5}, {"value": [], "@odata.deltaLink": ["a"]}],
)  # fmt: skip
def test_a_page_of_another_form_is_an_error(body: Any) -> None:
    client, _ = graph(response(200, body))

    with pytest.raises(UnexpectedAnswer):
        list(client.items("/things", type=Thing))


@pytest.mark.parametrize("malformed", [b'{"id": 7}', b"{}", b"null", b"NaN", b'["a"]', b'{"id": null}', b"1e999"])
def test_an_item_that_cannot_be_read_is_left_out_and_counted(malformed: bytes) -> None:
    client, _ = graph(response(200, b'{"value": [{"id": "a"}, ' + malformed + b', {"id": "b"}]}'))

    (page,) = client.pages("/things", type=Thing)
    walked = list(client.pages_from(page, type=Thing))

    assert [it.id for it in walked[0].items] == ["a", "b"]
    assert (client.unreadable_values, client.unreadable_items) == (1, 1)


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
