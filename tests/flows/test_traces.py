"""One trace a run, down to each request, and counters by data set; no query, no text and no secret in any of them."""

from collections.abc import Iterator
from typing import Any

import pytest
from opentelemetry import metrics, trace
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from integrations.domain.sync.datasets import RunState
from shared.telemetry.fields import registered_fields
from shared.telemetry.tracing import count, span
from tests.flows.portal import CLIENT_SECRET, Portal

Spans = list[Any]


@pytest.fixture(scope="module")
def exporters() -> Iterator[tuple[InMemorySpanExporter, InMemoryMetricReader]]:
    """What an operator would set up, in memory; a process can be given providers once only."""
    spans, numbers = InMemorySpanExporter(), InMemoryMetricReader()
    tracing, metering = TracerProvider(), MeterProvider([numbers])
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    trace.set_tracer_provider(tracing)
    metrics.set_meter_provider(metering)
    yield spans, numbers
    tracing.shutdown()
    metering.shutdown()


@pytest.fixture
def spans(exporters: tuple[InMemorySpanExporter, InMemoryMetricReader]) -> InMemorySpanExporter:
    exporters[0].clear()
    return exporters[0]


def of_last_run(portal: Portal, spans: InMemorySpanExporter) -> tuple[dict[str, Any], Spans]:
    tenant = portal.has_tenant(users=1200)
    portal.connected(tenant)
    spans.clear()
    run = portal.sync(tenant)
    return run, list(spans.get_finished_spans())


def test_a_run_is_one_trace_down_to_each_request(portal: Portal, spans: InMemorySpanExporter) -> None:
    run, found = of_last_run(portal, spans)

    assert run["state"] == RunState.DONE.value
    mine = [it for it in found if f"{it.context.trace_id:032x}" == run["trace_id"]]
    by_id = {it.context.span_id: it for it in mine}
    (root,) = [it for it in mine if it.parent is None]
    assert (root.name, root.attributes["run_id"]) == ("sync", run["id"])
    read = [it for it in mine if it.name == "read data set"]
    assert {it.attributes["dataset"] for it in read} == {it["dataset"] for it in run["datasets"]}
    assert {by_id[it.parent.span_id].name for it in read} == {"sync"}
    asked = [it for it in mine if it.name == "graph request"]
    assert len(asked) == run["usage"]["requests"]
    assert {by_id[it.parent.span_id].name for it in asked} <= {"sync", "read data set"}
    assert "store data sets" in {it.name for it in mine}


def test_only_listed_facts_are_told_and_no_query_or_secret(portal: Portal, spans: InMemorySpanExporter) -> None:
    _, found = of_last_run(portal, spans)

    text = str([(it.name, dict(it.attributes), it.status.description) for it in found])
    assert {name for it in found for name in it.attributes} <= registered_fields()
    assert CLIENT_SECRET not in text
    assert "eyJ" not in text
    assert "?" not in text
    assert "token=" not in text
    with pytest.raises(ValueError, match="allow-list"), span("x", password="x"):
        pass


def test_an_error_is_told_by_its_kind(spans: InMemorySpanExporter) -> None:
    with pytest.raises(KeyError), span("work"):
        raise KeyError("a person's name")

    (it,) = spans.get_finished_spans()
    assert (it.status.is_ok, it.status.description, it.events) == (False, "KeyError", ())


def test_rows_requests_and_seconds_are_counted_by_data_set_and_outcome(
    portal: Portal, exporters: tuple[InMemorySpanExporter, InMemoryMetricReader]
) -> None:
    portal.beginning = None  # what is counted is what happens on the way
    before = numbers(exporters[1])
    tenant = portal.has_tenant(users=7)
    portal.connected(tenant)
    after = numbers(exporters[1])

    def grew(name: str, *facts: str) -> float:
        return after.get((name, *facts), 0.0) - before.get((name, *facts), 0.0)

    assert grew("sync.dataset.rows", "users", "fresh") == len(
        portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]
    )
    assert grew("sync.runs", "synced") == 1
    assert grew("sync.requests") > 1
    assert grew("sync.dataset.seconds", "users", "fresh") > 0


def numbers(reader: InMemoryMetricReader) -> dict[tuple[str, ...], float]:
    told = reader.get_metrics_data()
    return {
        (metric.name, *(str(point.attributes[name]) for name in sorted(point.attributes))): point.value
        for resource in (told.resource_metrics if told else ())
        for scope in resource.scope_metrics
        for metric in scope.metrics
        for point in metric.data.data_points
    }


def test_without_an_exporter_nothing_is_kept_and_nothing_fails() -> None:
    with span("x", run_id="run_a") as it:
        it.set_attributes(outcome="fine")
    count("sync.nothing", 0)
