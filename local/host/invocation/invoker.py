"""Calling a function: values in, values out, on the worker's threads, within its time limit.

Plain functions share one pool of threads, async ones share one event loop, as in one Python worker.
Sources: azure-functions-runtime native_invocation.py and utils/executor.py; azure-webjobs-sdk FunctionExecutor.cs.
"""

import asyncio
import logging
import threading
import time
from collections.abc import Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

from local.host.indexing.index import Function
from local.host.invocation.context import LOCAL, Context, RetryContext, TraceContext, new_trace
from local.host.invocation.conversion import OutputError, Response, converter, encoded, messages_of, response_of

log = logging.getLogger("local.host")

__all__ = ["InvocationResult", "Invoker", "OutputError", "Response", "TimedOut", "TriggerInput"]


class TimedOut(Exception):
    """A function ran longer than functionTimeout; in Azure the whole worker would be restarted."""


@dataclass(frozen=True)
class TriggerInput:
    """What a trigger gives: the value, what is known about it, and the trace it belongs to."""

    datum: Any
    metadata: Mapping[str, Any] = field(default_factory=dict)
    trace: TraceContext = field(default_factory=new_trace)


@dataclass
class InvocationResult:
    """What a call brought: the HTTP answer if there is one, and messages for queues."""

    response: Response | None = None
    messages: list[tuple[str, str, bytes]] = field(default_factory=list)  # connection, queue, body


class _OutputParameter(func.Out[Any]):
    """An output parameter."""

    def __init__(self) -> None:
        self._value: Any = None

    def set(self, val: Any) -> None:
        self._value = val

    def get(self) -> Any:
        return self._value


class Invoker:
    """Runs functions.

    Args:
        threads: of plain functions.
        timeout_s: functionTimeout; negative is never.
        directory: the app's folder.
    """

    def __init__(self, threads: int, timeout_s: float, directory: str) -> None:
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="function")
        self._loop = asyncio.new_event_loop()
        self._looping = threading.Thread(target=self._loop.run_forever, name="async-functions", daemon=True)
        self._timeout_s = timeout_s
        self._directory = directory
        self._stopping = threading.Event()
        self._running = 0
        self._idle = threading.Condition()
        self._looping.start()

    def run(self, function: Function, trigger_input: TriggerInput) -> InvocationResult:
        """Call it and wait; repeat as its retry policy says.

        Raises:
            TimedOut: it ran too long; its thread cannot be ended and is left behind.
            Exception: whatever the function raised the last time.
        """
        retries, failure = 0, None
        while True:
            max_retries = function.retry.max_retries if function.retry else 0
            try:
                return self._invoke_once(function, trigger_input, RetryContext(retries, max_retries, failure))
            except Exception as error:
                if function.retry is None or not function.retry.allows(retries):
                    raise
                log.warning("%s failed and is repeated: %s", function.name, type(error).__name__)
                if self._stopping.wait(function.retry.pause_s(retries)):
                    raise
                retries, failure = retries + 1, error

    def stop(self) -> None:
        """Repeat no call that fails from now on."""
        self._stopping.set()

    def join(self, within_s: float) -> bool:
        """Wait for calls that run, then take no more; False when some still run."""
        with self._idle:
            ended = self._idle.wait_for(lambda: self._running == 0, within_s)
        self._pool.shutdown(wait=False, cancel_futures=True)
        if not self._loop.is_closed():
            with suppress(FutureTimeout):
                asyncio.run_coroutine_threadsafe(_end_tasks(), self._loop).result(1)
            self._loop.call_soon_threadsafe(self._loop.stop)
            self._looping.join(1)
            self._loop.close()
        return ended

    def _invoke_once(self, function: Function, trigger_input: TriggerInput, retry: RetryContext) -> InvocationResult:
        context = Context(function.name, self._directory, trigger_input.trace, retry)
        outputs = {it.name: _OutputParameter() for it in function.outputs if it.name != "$return"}
        value = converter(function.kind).decode(trigger_input.datum, trigger_metadata=trigger_input.metadata)
        arguments = {function.parameter: value, **outputs, **({"context": context} if function.takes_context else {})}
        began = time.monotonic()
        returned = self._within_time(function.name, self._started(function, context, arguments))
        log.debug("executed %s (%s) in %.0f ms", function.name, context.invocation_id, (time.monotonic() - began) * 1e3)
        return _result(function, returned, outputs)

    def _started(self, function: Function, context: Context, arguments: Mapping[str, Any]) -> Future[Any]:
        if function.is_async:
            future = asyncio.run_coroutine_threadsafe(function.call(**arguments), self._loop)
        else:
            future = self._pool.submit(_called, function, context, arguments)
        with self._idle:
            self._running += 1
        future.add_done_callback(self._ended)
        return future

    def _ended(self, _future: Future[Any]) -> None:
        with self._idle:
            self._running -= 1
            self._idle.notify_all()

    def _within_time(self, name: str, future: Future[Any]) -> Any:
        """The clock starts at dispatch: waiting for a thread counts."""
        try:
            return future.result(None if self._timeout_s < 0 else self._timeout_s)
        except FutureTimeout:
            if future.done():
                raise  # the function's own TimeoutError
            future.cancel()
            raise TimedOut(f"Timeout value of {self._timeout_s:g} s exceeded by function: {name}") from None


async def _end_tasks() -> None:
    """Have every call end that was cancelled or still runs."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    for it in others:
        if not it.cancelling():  # a second time would break off what it does in the end
            it.cancel()
    await asyncio.gather(*others, return_exceptions=True)


def _called(function: Function, context: Context, arguments: Mapping[str, Any]) -> Any:
    LOCAL.invocation_id = context.invocation_id
    try:
        return function.call(**arguments)
    finally:
        LOCAL.invocation_id = None


def _result(function: Function, returned: Any, outputs: Mapping[str, _OutputParameter]) -> InvocationResult:
    if returned is not None and all(it.name != "$return" for it in function.outputs):
        raise OutputError(f"function '{function.name}' without a $return binding returned a non-None value")
    result = InvocationResult()
    for output in function.outputs:
        value = returned if output.name == "$return" else outputs[output.name].get()
        if output.type == "http":
            result.response = response_of(encoded(output.kind, value, output.annotation))
        elif value is not None:
            bodies = messages_of(encoded(output.kind, value, output.annotation))
            result.messages += [(output.connection, output.queue, body) for body in bodies]
    return result
