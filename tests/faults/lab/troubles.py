"""Every kind of fault that a sequence can meet: what the simulated cloud is told to do wrong."""

import email.utils
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

_FILLER_DATES = ("0001-01-01T00:00:00Z", "1601-01-01T00:00:00Z", "9999-12-31T23:59:59.9999999Z", "2026-03-04T05:06:07")
CHALLENGE = (
    'Bearer realm="", authorization_uri="https://login.example/authorize", error="insufficient_claims", '
    'claims="eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZSwidmFsdWUiOiIxNzAwMDAwMDAwIn19fQ=="'
)


@dataclass(frozen=True)
class Trouble:
    """One kind of fault. ``on_parts``: it can meet one part of a batch; else it meets whole requests only.

    ``told`` is what the simulated cloud is told to do wrong; with ``is_closed`` nobody listens at its address.
    ``switches`` are ways of Microsoft's that are no fault, and ``skew`` is how far our clock goes wrong.
    ``is_refusal``: Microsoft says no for good; ``is_repeated_refusal``: so it does when it says it three times.
    ``odd`` is what is odd in an answer: how, where, and the value.
    """

    name: str
    told: Mapping[str, Any] = field(default_factory=dict)
    on_parts: bool = True
    is_closed: bool = False
    switches: Mapping[str, Any] = field(default_factory=dict)
    skew: timedelta = timedelta(0)
    is_refusal: bool = False
    is_repeated_refusal: bool = False
    odd: tuple[str, list[Any], Any] | None = None


def _odd(name: str, how: str, at: list[Any], value: Any = None) -> Trouble:
    """An answer that comes, and is odd: ``garble`` in the simulated cloud makes it so."""
    return Trouble(f"odd: {name}", odd=(how, at, value))


def _status(code: int, **more: Any) -> Trouble:
    return Trouble(str(code), {"status": code}, **more)


def _throttled(retry_after: str | None, name: str | None = None) -> Trouble:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return Trouble(f"429 Retry-After {name or retry_after}", {"status": 429, "headers": headers})


def _link(name: str, address: str) -> Trouble:
    return Trouble(f"next link {name}", {"status": 200, "body": {"value": [], "@odata.nextLink": address}})


def troubles(graph_url: str, canary: str) -> list[Trouble]:
    """Every kind; ``canary`` is a foreign host that listens."""
    bad_delta = {"error": {"code": "syncStateNotFound", "message": "Sync state generation is not found."}}
    host = urlsplit(graph_url).netloc
    return [
        Trouble("connection refused", on_parts=False, is_closed=True),
        Trouble("reset before the answer", {"kind": "reset"}, on_parts=False),
        Trouble("reset after it was done", {"kind": "reset_after"}, on_parts=False),
        Trouble("hang", {"kind": "hang"}, on_parts=False),
        Trouble("drip", {"kind": "drip"}, on_parts=False),
        Trouble("truncated", {"kind": "truncate"}, on_parts=False),
        Trouble("a page of HTML with 200", {"kind": "html"}, on_parts=False),
        *(_status(code) for code in (500, 502, 503, 504)),
        *(_status(code, is_repeated_refusal=True) for code in (400, 404, 409, 412)),
        *(_throttled(it) for it in ("0", "1", "5", "30", "600", "1000000000", "-1", "1.5", "soon", None)),
        _throttled(email.utils.format_datetime(datetime.now(UTC).replace(year=2099), usegmt=True), "a date"),
        _status(401, is_refusal=True),
        Trouble("401 with a challenge", {"status": 401, "headers": {"WWW-Authenticate": CHALLENGE}}, is_refusal=True),
        _status(403, is_refusal=True),
        Trouble("410 with a way back", {"status": 410, "headers": {"Location": f"{graph_url}/v1.0/users/delta"}}),
        Trouble("400 syncStateNotFound", {"status": 400, "body": bad_delta}),
        Trouble("an empty body with 200", {"status": 200, "body": ""}),
        Trouble("another content type", {"headers": {"Content-Type": "text/plain"}}, on_parts=False),
        Trouble("an item without id", {"status": 200, "body": {"value": [{"displayName": "?"}]}}),
        Trouble("items that are none", {"status": 200, "body": {"value": [1, None]}}),
        Trouble("items twice", switches={"list_replays": True}),
        Trouble("items in another order", switches={"lists_backwards": True}),
        Trouble("our clock ten minutes late", skew=timedelta(minutes=-10)),
        Trouble("our clock ten minutes early", skew=timedelta(minutes=10)),
        _link("in a circle", f"{graph_url}/v1.0/users?$skiptoken=round"),
        _link("to another host", f"{canary}/v1.0/users?$skiptoken=x"),
        _link("with another host as user", f"https://{host}@{canary.removeprefix('https://')}/v1.0/users"),
        _link("without a scheme", f"//{canary.removeprefix('https://')}/v1.0/users"),
        _link("to another version", f"{graph_url}/beta/users"),
        _odd("a byte order mark", "bom", []),
        _odd("an item that is null", "put", ["value", 0]),
        _odd("an item whose id is null", "put", ["value", 0, "id"]),
        _odd("a name of another type", "put", ["value", "*", "displayName"], {"odd": 1}),
        _odd("lists that are null", "unlist", ["value", 0]),
        _odd("every item twice", "repeat", ["value", "*"]),
        _odd("half a character in names", "surrogate", ["value", "*", "displayName"]),
        *(_odd(f"dates of {it}", "date", ["value", 0], it) for it in _FILLER_DATES),
    ]
