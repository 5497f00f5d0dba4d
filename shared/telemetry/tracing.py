"""Spans and counters, by the OpenTelemetry API alone: they go where whoever runs the app has set an exporter up.

Without one nothing is kept, at four microseconds a span. Only the facts named in ``telemetry.ALLOWED`` are told, and
of an error its kind: never a text, a query or a body.
Source: https://opentelemetry.io/docs/specs/otel/trace/api/
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import ParamSpec, TypeVar

from opentelemetry import context, metrics, trace

from shared.telemetry.log import ALLOWED

_NAME = "microsoft-tenant-integrations"
_tracer = trace.get_tracer(_NAME)

Given = ParamSpec("Given")
Result = TypeVar("Result")
Fact = str | int | float | bool


class Span:
    """The work under way; facts that are known only at its end are told here."""

    def __init__(self, span: trace.Span) -> None:
        self._span = span

    def tell(self, **facts: Fact) -> None:
        self._span.set_attributes(_checked(facts))


@contextmanager
def span(name: str, *, leaves_us: bool = False, **facts: Fact) -> Iterator[Span]:
    """A piece of work as a span of the present trace, or of a new one; ``leaves_us``: somebody else does it."""
    kind = trace.SpanKind.CLIENT if leaves_us else trace.SpanKind.INTERNAL
    with _tracer.start_as_current_span(
        name, kind=kind, attributes=_checked(facts), record_exception=False, set_status_on_exception=False
    ) as found:
        try:
            yield Span(found)
        except Exception as error:
            found.set_status(trace.Status(trace.StatusCode.ERROR, type(error).__name__))
            raise


def trace_id() -> str:
    """The present trace's id, 32 hexadecimal digits; "" when nobody keeps it."""
    found = trace.get_current_span().get_span_context()
    return trace.format_trace_id(found.trace_id) if found.is_valid and found.trace_flags.sampled else ""


def in_this_trace(work: Callable[Given, Result]) -> Callable[Given, Result]:
    """The work as a part of the present trace, whichever thread does it."""
    here = context.get_current()

    def done(*given: Given.args, **named: Given.kwargs) -> Result:
        token = context.attach(here)
        try:
            return work(*given, **named)
        finally:
            context.detach(token)

    return done


def count(name: str, amount: float, **facts: Fact) -> None:
    """Add to a counter, such as ``sync.rows``."""
    if amount:
        _counter(name).add(amount, _checked(facts))


@cache
def _counter(name: str) -> metrics.Counter:
    return metrics.get_meter(_NAME).create_counter(name)


def _checked(facts: dict[str, Fact]) -> dict[str, Fact]:
    unknown = facts.keys() - ALLOWED
    if unknown:
        raise ValueError(f"span facts not on the allow-list: {sorted(unknown)}")
    return facts
