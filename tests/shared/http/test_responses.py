"""HTTP responses: problems, strict request bodies, ETags."""

import json

import msgspec
import pytest

from shared.errors import AppError, Conflict, Invalid, TooManyRequests, Unauthenticated, Unavailable
from shared.http.responses import ok, problem_response, read_json, with_etag


@pytest.mark.parametrize(
    ("error", "status", "retry_after"),
    [
        (Invalid("no"), 400, None),
        (Unauthenticated(), 401, None),
        (Conflict("x", code="removing", wait_s=2.2), 409, "3"),
        (TooManyRequests(wait_s=0.1), 429, "1"),
        (Unavailable(wait_s=5), 503, "5"),
        (AppError(), 500, None),
    ],
)
def test_every_error_is_a_problem_with_a_remedy(error: AppError, status: int, retry_after: str | None) -> None:
    response = problem_response(error, "trace")
    problem = json.loads(response.body)

    assert (response.status, problem["status"], problem["trace_id"]) == (status, status, "trace")
    assert all(problem[name] for name in ("remedy", "detail", "code"))
    assert response.headers.get("Retry-After") == retry_after
    assert ("WWW-Authenticate" in response.headers) == (status == 401)


class Inner(msgspec.Struct, forbid_unknown_fields=True):
    names: list[str]


class Body(msgspec.Struct, forbid_unknown_fields=True):
    inner: Inner


@pytest.mark.parametrize(
    ("raw", "pointer"),
    [
        (b"{}", "/inner"),
        (b'{"inner":{"names":["a",7]}}', "/inner/names/1"),
        (b'{"inner":{"names":[],"more":1}}', "/inner/more"),
        (b"[]", ""),
    ],
)
def test_a_problem_points_at_its_place(raw: bytes, pointer: str) -> None:
    with pytest.raises(Invalid) as caught:
        read_json(raw, "application/json; charset=utf-8", Body)

    assert [it.pointer for it in caught.value.problems] == [pointer]


def test_an_etag_knows_its_body_weakly_or_among_others() -> None:
    response = with_etag(ok({"a": 1}), "")
    etag = response.headers["ETag"]

    assert with_etag(ok({"a": 1}), f'"x", W/{etag}').status == 304
    assert with_etag(ok({"a": 2}), etag).status == 200
