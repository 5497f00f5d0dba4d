"""The context a function may ask for: its invocation, its trace and its retries.

Source: azure-functions-runtime bindings/context.py, tracecontext.py and retrycontext.py.
"""

import secrets
import threading
import uuid
from dataclasses import dataclass, field
from typing import Any

import azure.functions as func

LOCAL = threading.local()  # holds ``invocation_id`` on the thread that runs a function


@dataclass(frozen=True)
class TraceContext:
    """W3C trace context; made here when no request brought one."""

    trace_parent: str = ""
    trace_state: str = ""
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def Traceparent(self) -> str:
        return self.trace_parent

    @property
    def Tracestate(self) -> str:
        return self.trace_state

    @property
    def Attributes(self) -> dict[str, str]:
        return self.attributes


@dataclass(frozen=True)
class RetryContext:
    """Which repetition of a call this is, and what the one before raised."""

    retry_count: int = 0
    max_retry_count: int = 0
    exception: BaseException | None = None


class Context(func.Context):
    """What ``context`` gives a function."""

    def __init__(self, function_name: str, directory: str, trace: TraceContext, retry: RetryContext) -> None:
        self._function_name = function_name
        self._directory = directory
        self._trace = trace
        self._retry = retry
        self._id = str(uuid.uuid4())

    @property
    def invocation_id(self) -> str:
        return self._id

    @property
    def function_name(self) -> str:
        return self._function_name

    @property
    def function_directory(self) -> str:
        return self._directory

    @property
    def thread_local_storage(self) -> Any:
        return LOCAL

    @property
    def trace_context(self) -> Any:
        return self._trace

    @property
    def retry_context(self) -> Any:
        return self._retry


def new_trace() -> TraceContext:
    return TraceContext(f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01")
