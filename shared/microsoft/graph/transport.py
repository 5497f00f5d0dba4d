"""Requests to Graph one by one: with a token, when their service lets them through, counted, and tried again."""

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from shared.http.client import Response, Unreachable, Web
from shared.microsoft.graph.answers import decode, meaning, units_of
from shared.microsoft.graph.errors import MicrosoftError, TokenRejected, Transient
from shared.microsoft.graph.links import VERSION
from shared.microsoft.graph.retry_policy import Attempts, RetryPolicy
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.usage import Meter, Usage
from shared.telemetry.tracing import span

T = TypeVar("T")

SUCCESS = frozenset({200, 201, 204})
_NOTHING = b"null"  # an answer without a body
_USER_AGENT = "MicrosoftTenantIntegrations/1"


class Transport:
    """The way to Graph of one tenant; see ``Graph`` for what it is made of."""

    def __init__(
        self,
        *,
        root: str,
        web: Web,
        token: Callable[[bool], str],
        answering: Callable[[str], str] | None = None,
        limits: RetryPolicy | None = None,
        throttle: Throttle | None = None,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root
        self._web = web
        self._token = token
        self._answering = answering
        self._turn = turn
        self._limits = limits or RetryPolicy()
        self._sleep = sleep
        self._monotonic = monotonic
        self.throttle = throttle or Throttle(monotonic=monotonic)
        self.meter = Meter()

    def call(self) -> "GraphCall":
        """A call about to be made, with all its tries and time before it."""
        return GraphCall(self, Attempts(self._limits, self._rest, self._monotonic))

    def token(self, claims: str, *, is_fresh: bool) -> str:
        if claims and self._answering:
            return self._answering(claims)
        return self._token(is_fresh)

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        *,
        token: str,
        within_s: float,
        throttles: Sequence[Throttle] = (),
    ) -> Response:
        """One request, once. ``throttles`` are those of other services that it asks as well.

        Raises:
            MicrosoftError: of the kind that the answer stands for.
        """
        headers = {
            "Authorization": f"Bearer {token}",
            "Accept": "application/json",
            "User-Agent": _USER_AGENT,
            "client-request-id": str(uuid.uuid4()),
            "x-ms-throttle-priority": "low",
        }
        if body is not None:
            headers["Content-Type"] = "application/json"
        with (
            self.throttle.in_flight_slots,
            self._on_its_way({self.throttle, *throttles}, within_s),
            span("graph request", leaves_us=True, method=method, route=url.partition("?")[0]) as told,
        ):
            try:
                response = self._web.send(
                    method, f"{self._root}{VERSION}{url}", headers=headers, body=body, within_s=max(0.1, within_s)
                )
            except Unreachable as error:
                self.meter.add(Usage(requests=1))
                self.throttle.failed()
                raise Transient(str(error)) from error
            told.tell(status=response.status)
        return self._judged(response)

    def _judged(self, response: Response) -> Response:
        is_throttled = response.status == 429
        self.meter.add(
            Usage(
                requests=1,
                units=units_of(response.headers),
                throttled=int(is_throttled),
                received_bytes=len(response.body),
            )
        )
        if response.status in SUCCESS:
            self.throttle.took(response.headers)
            return response
        error = meaning(response.status, response.headers, response.body)
        if isinstance(error, Transient):
            self.throttle.failed()
            self.throttle.learn({}, error)
        raise error

    @contextmanager
    def _on_its_way(self, throttles: Collection[Throttle], within_s: float) -> Iterator[None]:
        """While a request is under way, which begins when it is our turn and, at one look, every gate is open.

        Each wait is followed by another look: another answer may have closed a gate meanwhile.
        """
        give_up_at = self._monotonic() + within_s
        while True:
            self._rest_before(throttles, give_up_at)
            with self._turn():
                if not any(throttle.closed_s for throttle in throttles):
                    yield
                    return

    def _rest_before(self, throttles: Collection[Throttle], give_up_at: float) -> None:
        while True:
            longest_s = max(0.0, min(self._limits.max_wait_s, give_up_at - self._monotonic()))
            pause_s = max(throttle.pause_s(longest_s) for throttle in throttles)
            if not pause_s:
                return
            self._rest(pause_s)

    def _rest(self, seconds: float) -> None:
        self._sleep(seconds)
        self.meter.add(Usage(waited_s=seconds))


class GraphCall:
    """One call: a page or a batch, however many requests it takes. Its token is renewed once at most."""

    def __init__(self, wire: Transport, attempts: Attempts) -> None:
        self._wire = wire
        self.attempts = attempts
        self._token = ""
        self._claims = ""
        self._is_fresh = False

    def send(
        self,
        method: str,
        url: str,
        body: bytes | None,
        form: type[T],
        *,
        seen: Callable[[bytes], None] | None = None,
        throttles: Sequence[Throttle] = (),
    ) -> T:
        """Ask until it succeeds, or until its refusal is one that waiting here does not cure.

        ``seen`` is told the answer as it came, once it could be read; ``throttles`` are those of other services.
        """
        while True:
            try:
                self._token = self._token or self._wire.token(self._claims, is_fresh=self._is_fresh)
                response = self._wire.send(
                    method, url, body, token=self._token, within_s=self.attempts.left_s, throttles=throttles
                )
                answer = decode(response.body or _NOTHING, form)
            except TokenRejected as rejected:
                if not self.renew(rejected):
                    raise
            except Transient as error:
                if self._wire.throttle.is_down or not self.attempts.waited(error):
                    raise
            else:
                if seen is not None:
                    seen(response.body)
                return answer
            self._wire.meter.add(Usage(repeated=1))

    @property
    def throttle(self) -> Throttle:
        return self._wire.throttle

    def renew(self, rejected: MicrosoftError) -> bool:
        """Take another token for the requests that follow; False when this one is new already."""
        if self._is_fresh:
            return False
        self._token, self._is_fresh, self._claims = "", True, rejected.claims
        return True
