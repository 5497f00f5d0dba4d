"""Answers that a test gives in the API's place, at the app's own address.

A browser whose requests are intercepted takes half as long again to load a page, and keeps nothing in its cache.
"""

import json
import re
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any
from urllib.parse import parse_qs, urlsplit

from local.host.http.pipeline import HttpRequest
from local.host.invocation.conversion import Response
from tests.waiting import HANGS_S


class Asked:
    """A request of the page, which waits until it is answered."""

    def __init__(self, request: HttpRequest) -> None:
        self.target = request.target
        self.headers = request.headers
        self.body = request.body
        self._response: Future[Response] = Future()

    @property
    def query(self) -> dict[str, str]:
        return {name: values[0] for name, values in parse_qs(urlsplit(self.target).query).items()}

    def answer(self, body: Any, status: int = 200) -> None:
        """Answer with JSON."""
        text = json.dumps(body) if status not in {204, 304} else ""
        self.fulfill(text, status=status, headers={"etag": f'"{hash(text)}"'})

    def fulfill(
        self,
        text: str,
        *,
        status: int = 200,
        content_type: str = "application/json",
        headers: Mapping[str, str] | None = None,
    ) -> None:
        told = {"content-type": content_type, "cache-control": "no-store", **(headers or {})}
        self._response.set_result(Response(status, told, text.encode()))

    def response(self) -> Response:
        return self._response.result(HANGS_S)


Handle = Callable[[Asked], None]


class Answers:
    """What a test said that a site answers; what was said last comes first."""

    def __init__(self) -> None:
        self._handles: list[tuple[str, re.Pattern[str], Handle]] = []

    def add(self, method: str, path: str, handle: Handle) -> None:
        """``path`` is a pattern below /api, without the query."""
        self._handles.append((method, re.compile(rf"/api{path}(\?.*)?"), handle))

    def before(self, otherwise: Callable[[HttpRequest], Response]) -> Callable[[HttpRequest], Response]:
        """What answers requests: a handle of these, or ``otherwise``."""

        def answered(request: HttpRequest) -> Response:
            for method, target, handle in reversed(self._handles):
                if method == request.method and target.fullmatch(request.target):
                    asked = Asked(request)
                    handle(asked)
                    return asked.response()
            return otherwise(request)

        return answered


def always(body: Any, status: int) -> Handle:
    """A handle that always answers the same."""
    return lambda asked: asked.answer(body, status)
