"""Calling a function: values in, values out, on the worker's threads, within its time limit.

Source: azure-functions-runtime bindings; azure-functions-host HttpBinding.cs.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func
from azure.functions import http as http_converters
from azure.functions import queue as queue_types
from azure.functions import timer as timer_types

from local.host.index import Function

log = logging.getLogger("local.host")


class OutputError(TypeError):
    """A function returned something its binding cannot carry."""


class TimedOut(Exception):
    """A function ran longer than functionTimeout; in Azure the whole worker would be restarted."""


@dataclass
class Outcome:
    """What a call brought: the HTTP answer if there is one, and messages for queues."""

    response: "Response | None" = None
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)  # connection, queue, body


@dataclass(frozen=True)
class Response:
    status: int
    headers: Mapping[str, str]
    body: bytes
    cookies: tuple[str, ...] = ()


class _Out(func.Out[Any]):
    """An output parameter."""

    def __init__(self) -> None:
        self.value: Any = None

    def set(self, val: Any) -> None:
        self.value = val

    def get(self) -> Any:
        return self.value


class _Context(func.Context):
    def __init__(self, function: Function, directory: str) -> None:
        self._function = function
        self._directory = directory
        self._id = str(uuid.uuid4())

    @property
    def invocation_id(self) -> str:
        return self._id

    @property
    def function_name(self) -> str:
        return self._function.name

    @property
    def function_directory(self) -> str:
        return self._directory

    @property
    def thread_local_storage(self) -> Any:
        return None

    @property
    def trace_context(self) -> Any:
        return None

    @property
    def retry_context(self) -> Any:
        return None


class Invoker:
    """Runs functions on a pool of threads, as one Python worker does."""

    def __init__(self, threads: int, timeout_s: float, directory: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._timeout_s = timeout_s
        self._directory = directory

    def run(self, function: Function, value: Any) -> Outcome:
        """Call it and wait.

        Raises:
            TimedOut: it ran too long; the thread cannot be ended and is left behind.
            Exception: whatever the function raised.
        """
        started = time.monotonic()
        future: Future[Outcome] = self._pool.submit(self._call, function, value)
        try:
            outcome = future.result(None if self._timeout_s < 0 else self._timeout_s)
        except FutureTimeout as error:
            if not future.done():
                raise TimedOut(f"{function.name} ran longer than {self._timeout_s} s") from None
            raise error from error
        log.debug("executed %s in %.0f ms", function.name, (time.monotonic() - started) * 1000)
        return outcome

    def stop(self) -> None:
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _call(self, function: Function, value: Any) -> Outcome:
        outs = {output.name: _Out() for output in function.outputs if output.name != "$return"}
        arguments: dict[str, Any] = {function.parameter: value, **outs}
        if function.takes_context:
            arguments["context"] = _Context(function, self._directory)
        returned = function.call(**arguments)
        if function.is_async:
            returned = asyncio.run(returned)
        return _outcome(function, returned, outs)


def _outcome(function: Function, returned: Any, outs: Mapping[str, _Out]) -> Outcome:
    outcome = Outcome()
    for output in function.outputs:
        value = returned if output.name == "$return" else outs[output.name].value
        if output.type == "http":
            outcome.response = response_of(value)
        elif value is not None:
            outcome.messages += [(output.connection, output.queue, body) for body in _bodies(value)]
    return outcome


def response_of(value: Any) -> Response:
    """The HTTP answer of what a function returned, by the library's own converter."""
    if not isinstance(value, func.HttpResponse | str):
        raise OutputError(
            f'unable to encode outgoing TypedData: unsupported type "http" for Python type "{type(value).__name__}"'
        )
    datum = http_converters.HttpResponseConverter.encode(value, expected_type=None)
    if datum.type == "string":
        return _from_text(str(datum.value))
    told = datum.value
    headers = {name: str(header.value) for name, header in told["headers"].items()}
    cookies = tuple(cookie.output(header="").strip() for cookie in told["cookies"] or ())
    return Response(int(told["status_code"].value), headers, bytes(told["body"].value), cookies)


def _from_text(text: str) -> Response:
    """A returned str is 200; but one that is an object with a ``body`` is taken for a response (HttpBinding.cs)."""
    try:
        told = json.loads(text)
    except ValueError:
        told = None
    if isinstance(told, dict) and "body" in told:
        body = told["body"] if isinstance(told["body"], str) else json.dumps(told["body"])
        return Response(int(told.get("status", 200)), dict(told.get("headers", {})), body.encode())
    return Response(200, {"content-type": "text/plain; charset=utf-8"}, text.encode())


def _bodies(value: Any) -> list[bytes]:
    if isinstance(value, list):
        return [body for item in value for body in _bodies(item)]
    if isinstance(value, bytes):
        return [value]
    if isinstance(value, str):
        return [value.encode()]
    if isinstance(value, func.QueueMessage):
        return [value.get_body()]
    return [json.dumps(value).encode()]


def timer_request(*, past_due: bool, status: Mapping[str, str] | None) -> func.TimerRequest:
    """What a timer function is given."""
    return timer_types.TimerRequest(
        past_due=past_due, schedule_status=dict(status or {}), schedule={"AdjustForDST": True}
    )


def queue_message(function: Function, message: Any, body: bytes) -> Any:
    """What a queue function is given, as its annotation asks: a message, a str or bytes."""
    annotation = function.annotations.get(function.parameter)
    if annotation is str:
        return body.decode()
    if annotation is bytes:
        return body
    return queue_types.QueueMessage(  # type: ignore[no-untyped-call] # the library's own constructor
        id=message.id,
        body=body,
        dequeue_count=message.dequeue_count,
        insertion_time=message.inserted_on,
        expiration_time=message.expires_on,
        time_next_visible=message.next_visible_on,
        pop_receipt=message.pop_receipt,
    )
