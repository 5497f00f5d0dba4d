"""A Graph client whose HTTP client replies from a list."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from shared.http.client import Response
from shared.microsoft.graph import (
    Graph,
    RetryPolicy,
)

ROOT = "https://graph.microsoft.com"


class Thing(msgspec.Struct):
    id: str


class FakeHttpClient:
    """An HTTP client that replies from a list, and records the requests as (method, URL, JSON body)."""

    def __init__(self, *answers: Any) -> None:
        self.answers = list(answers)
        self.requests: list[tuple[str, str, Any]] = []
        self.headers: list[dict[str, str]] = []

    def send(self, method: str, url: str, *, headers: dict[str, str], body: bytes | None, **_: float) -> Response:
        self.requests.append((method, url, json.loads(body) if body else None))
        self.headers.append(headers)
        response = self.answers.pop(0)
        if isinstance(response, Exception):
            raise response
        return response


def response(status: int = 200, body: Any = None, **headers: str) -> Response:
    raw = body if isinstance(body, bytes) else json.dumps(body if body is not None else {}).encode()
    return Response(status, {name.replace("_", "-"): value for name, value in headers.items()}, raw)


def page(*names: str, following: str | None = None, delta: str | None = None) -> Response:
    body: dict[str, Any] = {"value": [{"id": name} for name in names]}
    body |= {"@odata.nextLink": following} if following else {}
    body |= {"@odata.deltaLink": delta} if delta else {}
    return response(200, body)


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
