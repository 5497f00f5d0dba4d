"""Sends single requests to Graph: with a token, when the throttle allows it, metered, and with retries."""

import time
import uuid
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from typing import TypeVar

from shared.http.client import HttpClient, Response, Unreachable
from shared.microsoft.graph.errors import MicrosoftError, TokenRejected, Transient
from shared.microsoft.graph.links import VERSION
from shared.microsoft.graph.responses import decode, error_of_response, units_of
from shared.microsoft.graph.retry_policy import Attempts, RetryPolicy
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.usage import Meter, Usage
from shared.telemetry.tracing import span

T = TypeVar("T")

SUCCESS = frozenset({200, 201, 204})
_NO_BODY = b"null"  # what an empty body is decoded as


class Transport:
    """Sends the requests to one tenant's Graph; see ``Graph`` for the arguments."""

    def __init__(
        self,
        *,
        root: str,
        version: str = VERSION,
        http_client: HttpClient,
        token: Callable[[bool], str],
        token_for_claims: Callable[[str], str] | None = None,
        retry_policy: RetryPolicy | None = None,
        throttle: Throttle | None = None,
        turn: Callable[[], AbstractContextManager[None]] = nullcontext,
        sleep: Callable[[float], None] = time.sleep,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._root = root + version
        self._http_client = http_client
        self._token = token
        self._token_for_claims = token_for_claims
        self._turn = turn
        self._retry_policy = retry_policy or RetryPolicy()
        self._sleep = sleep
        self._monotonic = monotonic
        self.throttle = throttle or Throttle(monotonic=monotonic)
        self.meter = Meter()

    def call(self) -> "GraphCall":
        """A new call, with all of its attempts and time left."""
        return GraphCall(self, Attempts(self._retry_policy, self._pause, self._monotonic))

    def token(self, claims: str, *, is_fresh: bool) -> str:
        """A bearer token; for a claims challenge one with these ``claims`` (JSON)."""
        if claims and self._token_for_claims:
            return self._token_for_claims(claims)
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
        """Send one request, once. ``throttles`` are those of further services that it uses.

        Raises:
            MicrosoftError: of the kind that the response stands for.
        """
        headers = _headers(token, has_body=body is not None)
        with (
            self.throttle.in_flight_slots,
            self._admitted({self.throttle, *throttles}, within_s),
            span("graph request", is_outgoing=True, method=method, route=url.partition("?")[0]) as trace_span,
        ):
            try:
                response = self._http_client.send(
                    method, f"{self._root}{url}", headers=headers, body=body, within_s=max(0.1, within_s)
                )
            except Unreachable as error:
                self.meter.add(Usage(requests=1))
                self.throttle.record_failure()
                raise Transient(str(error)) from error
            trace_span.set_attributes(status=response.status)
        return self._checked(response)

    def _checked(self, response: Response) -> Response:
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
            self.throttle.record_success(response.headers)
            return response
        error = error_of_response(response.status, response.headers, response.body)
        if isinstance(error, Transient):
            self.throttle.record_failure()
            self.throttle.learn_from({}, error)
        raise error

    @contextmanager
    def _admitted(self, throttles: Collection[Throttle], within_s: float) -> Iterator[None]:
        """Run the block, which sends a request, once the rate limiter and all throttles allow it.

        Throttles are checked again after each wait: another response may have blocked a service meanwhile.
        """
        give_up_at = self._monotonic() + within_s
        while True:
            self._wait_for(throttles, give_up_at)
            with self._turn():
                if not any(throttle.blocked_s for throttle in throttles):
                    yield
                    return

    def _wait_for(self, throttles: Collection[Throttle], give_up_at: float) -> None:
        while True:
            max_wait_s = max(0.0, min(self._retry_policy.max_wait_s, give_up_at - self._monotonic()))
            pause_s = max(throttle.pause_s(max_wait_s) for throttle in throttles)
            if not pause_s:
                return
            self._pause(pause_s)

    def _pause(self, seconds: float) -> None:
        self._sleep(seconds)
        self.meter.add(Usage(waited_s=seconds))


def _headers(token: str, *, has_body: bool) -> dict[str, str]:
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/json",
        "client-request-id": str(uuid.uuid4()),
        "x-ms-throttle-priority": "low",
    }
    return {**headers, "Content-Type": "application/json"} if has_body else headers


class GraphCall:
    """One call, which is a page or a batch, with all of its attempts. Its token is renewed at most once."""

    def __init__(self, transport: Transport, attempts: Attempts) -> None:
        self._transport = transport
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
        on_body: Callable[[bytes], None] | None = None,
        throttles: Sequence[Throttle] = (),
    ) -> T:
        """Send a request, with retries, and decode its response into ``form``.

        ``on_body`` gets the raw body once it was decoded; ``throttles`` are those of further services.

        Raises:
            MicrosoftError: of the kind that the last response stands for.
        """
        while True:
            try:
                self._token = self._token or self._transport.token(self._claims, is_fresh=self._is_fresh)
                response = self._transport.send(
                    method, url, body, token=self._token, within_s=self.attempts.left_s, throttles=throttles
                )
                value = decode(response.body or _NO_BODY, form)
            except TokenRejected as rejected:
                if not self.renew_token(rejected):
                    raise
            except Transient as error:
                if self._transport.throttle.is_down or not self.attempts.wait_before_retry(error):
                    raise
            else:
                if on_body is not None:
                    on_body(response.body)
                return value
            self._transport.meter.add(Usage(repeated=1))

    @property
    def throttle(self) -> Throttle:
        return self._transport.throttle

    def renew_token(self, rejected: MicrosoftError) -> bool:
        """Use a new token for the requests that follow; False when the present one is new already."""
        if self._is_fresh:
            return False
        self._token, self._is_fresh, self._claims = "", True, rejected.claims
        return True
