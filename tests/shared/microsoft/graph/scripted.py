"""A Graph client whose HTTP client replies by a function of the request, with a clock that only sleeping moves."""

import json
import threading
from collections.abc import Callable
from typing import Any

import msgspec

from shared.http.client import Response
from shared.microsoft.graph import (
    BatchRequest,
    Graph,
    RetryPolicy,
    Throttle,
)

ROOT = "https://graph.microsoft.com"


LINK = f"{ROOT}/v1.0/things?$skiptoken="


class Thing(msgspec.Struct):
    id: str


Reply = Response | Exception


class Scripted:
    """An HTTP client that replies by a function of a request's number, URL and JSON body, and records requests."""

    def __init__(self, answer: Callable[[int, str, Any], Reply]) -> None:
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
        reply = self._answer(number, url, json.loads(body) if body else None)
        if isinstance(reply, Exception):
            raise reply
        return reply


class Time:
    """A clock that only sleeping moves."""

    def __init__(self) -> None:
        self.now = 0.0

    def sleep(self, seconds: float) -> None:
        self.now += seconds


def reply(body: object, status: int = 200, **headers: str) -> Response:
    return Response(status, {k.replace("_", "-"): v for k, v in headers.items()}, json.dumps(body).encode())


def page(*ids: str, following: str | None = None) -> Response:
    link = {"@odata.nextLink": following} if following else {}
    return reply({"value": [{"id": name} for name in ids], **link})


def graph(
    answer: Callable[[int, str, Any], Reply],
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


def in_turn(*answers: Reply) -> Callable[[int, str, Any], Reply]:
    return lambda number, _url, _body: answers[number]


def requests_of(count: int) -> list[BatchRequest]:
    return [BatchRequest(id=f"q{number}", path=f"/x/{number}") for number in range(count)]


def batch_reply(body: Any, status: Callable[[str], int], **headers: str) -> Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    answers = [
        {"id": it["id"], "status": status(it["id"]), "headers": named, "body": {"value": [{"id": it["url"]}]}}
        for it in body["requests"]
    ]
    return reply({"responses": answers[::-1]})
