"""Spans and counters through the OpenTelemetry API; the operator chooses an SDK and an exporter.

Without an SDK nothing is recorded, at a cost of four microseconds a span. Only fields on the allow-list
(``shared.telemetry.fields``) are recorded, and the type of an error: never its text, a query or a body.
Source: https://opentelemetry.io/docs/specs/otel/trace/api/
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import ParamSpec, TypeVar

from opentelemetry import context, metrics, trace

from shared.telemetry.fields import check_fields

_tracer = trace.get_tracer(__name__)

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")
Attribute = str | int | float | bool


class Span:
    """A span that is open; takes attributes that are known only later."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def set_attributes(self, **attributes: Attribute) -> None:
        """Add attributes.

        Raises:
            ValueError: one of them is not on the allow-list.
        """
        self._span.set_attributes(_checked(attributes))


@contextmanager
def span(name: str, *, is_outgoing: bool = False, **attributes: Attribute) -> Iterator[Span]:
    """Record the block as a span of the current trace, or of a new one.

    ``is_outgoing`` marks a request to another service (span kind CLIENT). An error that leaves the block sets the
    span's status to ERROR, with the error's type as description.

    Raises:
        ValueError: an attribute is not on the allow-list.
    """
    kind = trace.SpanKind.CLIENT if is_outgoing else trace.SpanKind.INTERNAL
    with _tracer.start_as_current_span(
        name, kind=kind, attributes=_checked(attributes), record_exception=False, set_status_on_exception=False
    ) as current:
        try:
            yield Span(current)
        except Exception as error:
            current.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def trace_id() -> str:
    """The id of the current trace, 32 hexadecimal digits; "" when the trace is not sampled."""
    current = trace.get_current_span().get_span_context()
    return trace.format_trace_id(current.trace_id) if current.is_valid and current.trace_flags.sampled else ""


def in_current_trace(work: Callable[Parameters, Result]) -> Callable[Parameters, Result]:
    """Wrap a function so that it belongs to the current trace on whichever thread it runs."""
    here = context.get_current()

    def traced(*arguments: Parameters.args, **keywords: Parameters.kwargs) -> Result:
        token = context.attach(here)
        try:
            return work(*arguments, **keywords)
        finally:
            context.detach(token)

    return traced


def count(name: str, amount: float, **attributes: Attribute) -> None:
    """Add to a counter, such as ``sync.rows``; adding zero does nothing.

    Raises:
        ValueError: an attribute is not on the allow-list.
    """
    if amount:
        _counter(name).add(amount, _checked(attributes))


@cache
def _counter(name: str) -> metrics.Counter:
    return metrics.get_meter(__name__).create_counter(name)


def _checked(attributes: dict[str, Attribute]) -> dict[str, Attribute]:
    check_fields(attributes)
    return attributes
