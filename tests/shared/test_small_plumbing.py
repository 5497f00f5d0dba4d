"""Seals, rates, logs, clocks, problems: the small pieces."""

import json
import logging
from datetime import UTC, datetime

import msgspec
import pytest

from shared.clock import format_utc, parse_utc, utc_now
from shared.crypto.envelopes import Envelopes, KeyRing, SealBroken, new_key, sealed_with
from shared.errors import AppError, Conflict, Invalid, TooManyRequests, Unauthenticated, Unavailable
from shared.http.responses import ok, problem_response, read_json, with_etag
from shared.quota import Quota
from shared.telemetry.log import log

OLD, NEW = new_key("k1"), new_key("k2")


def test_a_sealed_secret_opens_at_its_place_only() -> None:
    ring = Envelopes(KeyRing(OLD))
    sealed = ring.seal(b"secret", place="flow_1|sign_in")

    assert ring.open(sealed, place="flow_1|sign_in") == b"secret"
    assert b"secret" not in sealed.encode()
    assert ring.seal(b"secret", place="x") != ring.seal(b"secret", place="x")
    with pytest.raises(SealBroken):
        ring.open(sealed, place="flow_2|sign_in")


@pytest.mark.parametrize(
    "change", [lambda s: s[:-4] + "AAAA", lambda s: "k9" + s[2:], lambda s: s + "*", lambda _: "", lambda _: "k1||"]
)
def test_an_altered_seal_stays_closed(change: object) -> None:
    ring = Envelopes(KeyRing(OLD))

    with pytest.raises(SealBroken):
        ring.open(change(ring.seal(b"secret", place="x")), place="x")  # type: ignore[operator]


def test_keys_rotate_in_two_steps() -> None:
    sealed_before = Envelopes(KeyRing(OLD)).seal(b"secret", place="x")
    both = Envelopes(KeyRing(f"{NEW},{OLD}"))
    sealed_after = both.seal(b"secret", place="x")

    assert both.open(sealed_before, place="x") == b"secret"
    assert (sealed_with(sealed_before), sealed_with(sealed_after)) == ("k1", "k2")
    assert Envelopes(KeyRing(NEW)).open(sealed_after, place="x") == b"secret"
    with pytest.raises(SealBroken):
        Envelopes(KeyRing(NEW)).open(sealed_before, place="x")


@pytest.mark.parametrize(
    "text",
    ["", "k1", "k1:", "k|1:" + OLD.split(":")[1], "k1:short", ":" + OLD.split(":")[1], "k1:***"],
    ids=["none", "a name", "no key", "a name with a bar", "too short", "no name", "no base64"],
)
def test_a_bad_key_is_refused_without_being_quoted(text: str) -> None:
    with pytest.raises(ValueError, match="key") as caught:
        KeyRing(text)

    assert OLD.split(":")[1] not in str(caught.value)


def test_a_rate_lets_through_so_many_a_minute_and_says_how_long_to_wait() -> None:
    now = [0.0]
    quota = Quota(lambda: now[0])
    for _ in range(3):
        quota.take("a", 3)
    quota.take("b", 3)

    with pytest.raises(TooManyRequests) as caught:
        quota.take("a", 3)
    now[0] = 61.0
    quota.take("a", 3)

    assert caught.value.wait_s == 60.0


def test_a_rate_forgets_when_there_are_too_many_keys() -> None:
    quota = Quota(lambda: 0.0)
    for number in range(10_002):
        quota.take(str(number), 1)
    quota.take("0", 1)


def test_only_listed_facts_are_logged_one_object_a_line(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "integrations")
    log("synced tenant", tenant_id="t\n{}", counts={"users": 1})

    assert json.loads(caplog.messages[0]) == {"event": "synced tenant", "tenant_id": "t\n{}", "counts": {"users": 1}}
    assert "\n" not in caplog.messages[0]
    with pytest.raises(ValueError, match="allow-list"):
        log("synced tenant", token="secret")


def test_stamps_sort_as_times_and_come_back() -> None:
    early, late = datetime(2026, 1, 1, tzinfo=UTC), utc_now()

    assert format_utc(early) < format_utc(late)
    assert parse_utc(format_utc(late)) == late


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
    answer = problem_response(error, "trace")
    told = json.loads(answer.body)

    assert (answer.status, told["status"], told["trace_id"]) == (status, status, "trace")
    assert all(told[name] for name in ("remedy", "detail", "code"))
    assert answer.headers.get("Retry-After") == retry_after
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)


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
    answer = with_etag(ok({"a": 1}), "")
    etag = answer.headers["ETag"]

    assert with_etag(ok({"a": 1}), f'"x", W/{etag}').status == 304
    assert with_etag(ok({"a": 2}), etag).status == 200
