"""Data sets are read beside one another, at most four at once, and their questions go where they may."""

import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec
import pytest

from integrations.actions.reading import Access, read_datasets
from integrations.domain.datasets import Outcome, Reading
from integrations.microsoft.dataset import Asked, Dataset, Service, Source
from shared.errors import AppError
from shared.graph import (
    Answer,
    Ask,
    Book,
    Denied,
    HostileLink,
    Page,
    RequestRefused,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.usage import Usage

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


class Thing(msgspec.Struct):
    id: str = ""


class Graph:
    """Answers everything with an empty page, and remembers what came together."""

    usage = Usage()

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.alone: list[str] = []

    def keep_in(self, _: Book) -> None:
        """Nothing is read in parts here."""

    def heed(self, _: Answer) -> None:
        """Nothing is limited here."""

    def batch(self, asks: Sequence[Ask]) -> dict[str, Answer]:
        self.batches.append([it.id for it in asks])
        return {it.id: Answer(200, {}, b'{"value":[]}') for it in asks}

    def pages(self, path: str, **_: object):
        self.alone.append(path)
        yield Page(items=[])


def dataset(name: str, read, **more: object) -> Dataset:
    return Dataset(
        name=name, permission="x", record=Thing, source=Source(first=f"/{name}", page=Thing), read=read, **more
    )


def run(graph: Graph, *datasets: Dataset):
    return read_datasets(Access(lambda _service: graph), datasets, {}, NOW)


def nothing(_: Asked) -> Reading:
    return Reading(records=[], is_complete=True)


def test_at_most_four_are_read_at_once_and_four_are() -> None:
    lock, here, most = threading.Lock(), [0], [0]

    def slowly(_: Asked) -> Reading:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        time.sleep(0.05)
        with lock:
            here[0] -= 1
        return nothing(_)

    attempts = run(Graph(), *(dataset(f"d{n}", slowly) for n in range(12)))

    assert most[0] == 4
    assert [it.dataset.name for it in attempts] == [f"d{n}" for n in range(12)]
    assert {it.outcome for it in attempts} == {Outcome.FRESH}


def test_services_with_few_requests_are_asked_alone_and_the_others_together() -> None:
    graph = Graph()

    run(graph, *(dataset(it.value, nothing, service=it) for it in Service))

    assert graph.batches == [["directory", "secure_score", "intune"]]
    assert sorted(graph.alone) == ["/conditional_access", "/reports"]


@pytest.mark.parametrize(
    ("error", "outcome", "tries"),
    [
        (Denied(), Outcome.DENIED, 1),
        (Transient(), Outcome.STALE, 1),
        (UnexpectedAnswer(), Outcome.STALE, 1),
        (HostileLink(), Outcome.STALE, 1),
        (RequestRefused(), Outcome.FAILED, 3),
        (TokenRejected(), Outcome.DENIED, 1),
        (AppError(), Outcome.FAILED, 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_data_set_that_fails_fails_alone(error: AppError, outcome: Outcome, tries: int) -> None:
    tried: list[int] = []

    def fail(_: Asked) -> Reading:
        tried.append(1)
        raise error

    failed, fine = run(Graph(), dataset("a", fail), dataset("b", nothing))

    assert (failed.outcome, failed.error, len(tried)) == (outcome, error, tries)
    assert fine.outcome is Outcome.FRESH


def test_a_sign_in_that_is_refused_where_every_sync_needs_it_ends_the_run() -> None:
    def fail(_: Asked) -> Reading:
        raise TokenRejected

    with pytest.raises(TokenRejected):
        run(Graph(), dataset("a", fail, is_core=True))
