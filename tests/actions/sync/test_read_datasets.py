"""Data sets are read in parallel, at most four at once, and their requests share a batch where they may."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest

from integrations.actions.sync.dataset_reader import Access
from integrations.actions.sync.read_datasets import read_datasets
from integrations.domain.causes import cause_of
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.datasets import DatasetOutcome, Reading
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.limits import Service
from integrations.microsoft.readers.mailbox_purposes import MAILBOX_PURPOSES
from shared.errors import AppError
from shared.microsoft.graph import (
    BatchRequest,
    BatchResponse,
    Checkpoint,
    Denied,
    HostileLink,
    MissingInMicrosoft,
    Page,
    RequestRefused,
    Throttle,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.usage import Usage
from shared.storage.tables import StorageUnavailable
from tests.waiting import HANGS_S

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)


class Thing(msgspec.Struct):
    id: str = ""


class Graph:
    """Answers every request with an empty page, and records which came in one batch."""

    usage = Usage()
    throttle = None  # nothing is limited here
    unreadable_values = 0
    unreadable_items = 0

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.alone: list[str] = []

    def use_checkpoint(self, _: Checkpoint) -> None:
        """Nothing is read in parts here."""

    def count_unreadable(self, page: Page[Any]) -> None:
        self.unreadable_values += page.unreadable_values
        self.unreadable_items += page.unreadable_items
        page.unreadable_values = page.unreadable_items = 0

    def batch(self, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
        self.batches.append([it.id for it in requests])
        return {it.id: BatchResponse(200, {}, b'{"value":[]}') for it in requests}

    def pages(self, path: str, **_: object):
        self.alone.append(path)
        yield Page(items=[])


def dataset(name: str, read, **more: object) -> Dataset:
    return Dataset(
        name=name,
        permission="x",
        record=Thing,
        first_request=FirstRequest(path=f"/{name}", page=Thing),
        read=read,
        **more,
    )


def run(graph: Graph, *datasets: Dataset):
    return read_datasets(Access(lambda _service: graph), datasets, {}, NOW)


def nothing(_: ReadContext) -> Reading:
    return Reading(records=[], is_complete=True)


def test_at_most_four_are_read_at_once_and_four_are() -> None:
    lock, here, most, four = threading.Lock(), [0], [0], threading.Barrier(4, timeout=HANGS_S)

    def slowly(_: ReadContext) -> Reading:
        with lock:
            here[0] += 1
            most[0] = max(most[0], here[0])
        four.wait()
        with lock:
            here[0] -= 1
        return nothing(_)

    attempts = run(Graph(), *(dataset(f"d{n}", slowly) for n in range(12)))

    assert most[0] == 4
    assert [it.dataset.name for it in attempts] == [f"d{n}" for n in range(12)]
    assert {it.outcome for it in attempts} == {DatasetOutcome.FRESH}


def test_rate_limited_services_are_called_alone_and_the_others_in_one_batch() -> None:
    graph = Graph()

    run(graph, *(dataset(it.value, nothing, service=it) for it in Service))

    assert graph.batches == [["directory", "secure_score", "intune", "outlook"]]
    assert sorted(graph.alone) == ["/beta", "/conditional_access", "/reports"]


class MailboxGraph(Graph):
    """Has one user with an address, and records with whose throttle each request is sent."""

    def __init__(self, throttle: Throttle, sent: list[tuple[str, Throttle | None]]) -> None:
        super().__init__()
        self.throttle, self.sent = throttle, sent

    def batch(self, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
        self.sent += [(it.path, it.throttle) for it in requests]
        bodies = {"ada": b'{"value":"user"}', "mailbox_purposes": b'{"value":[],"@odata.deltaLink":"/users/delta"}'}
        return {it.id: BatchResponse(200, {}, bodies[it.id]) for it in requests}

    def pages_from(self, page: Page[Any], **_: object):
        yield page

    def items(self, _path: str, **options: Any):
        yield options["type"](id="ada", mail="ada@contoso.example")


def test_what_is_asked_of_exchange_has_a_throttle_of_its_own() -> None:
    throttles, sent = {it: Throttle() for it in Service}, []
    access = Access(lambda service: MailboxGraph(throttles[service], sent))

    [attempt] = read_datasets(access, [MAILBOX_PURPOSES], {}, NOW)

    assert attempt.outcome is DatasetOutcome.FRESH
    assert sent == [
        ("/users/delta", throttles[Service.DIRECTORY]),
        ("/users/ada/mailboxSettings/userPurpose", throttles[Service.OUTLOOK]),
    ]


@pytest.mark.parametrize(
    ("error", "outcome", "tries"),
    [
        (Denied(), DatasetOutcome.DENIED, 1),
        (Transient(), DatasetOutcome.STALE, 1),
        (UnexpectedAnswer(), DatasetOutcome.STALE, 1),
        (HostileLink(), DatasetOutcome.STALE, 1),
        (RequestRefused(), DatasetOutcome.FAILED, 3),
        (TokenRejected(), DatasetOutcome.DENIED, 1),
        (AppError(), DatasetOutcome.FAILED, 1),
    ],
    ids=lambda value: type(value).__name__,
)
def test_a_data_set_that_fails_fails_alone(error: AppError, outcome: DatasetOutcome, tries: int) -> None:
    tried: list[int] = []

    def fail(_: ReadContext) -> Reading:
        tried.append(1)
        raise error

    failed, fine = run(Graph(), dataset("a", fail), dataset("b", nothing))

    assert (failed.outcome, failed.error, len(tried)) == (outcome, error, tries)
    assert fine.outcome is DatasetOutcome.FRESH


@pytest.mark.parametrize(
    ("error", "in_beta", "undocumented"),
    [
        (RequestRefused(), DatasetOutcome.NOT_OFFERED, DatasetOutcome.NOT_OFFERED),
        (MissingInMicrosoft(), DatasetOutcome.NOT_OFFERED, DatasetOutcome.NOT_OFFERED),
        (Denied(), DatasetOutcome.DENIED, DatasetOutcome.NOT_OFFERED),
        (Transient(), DatasetOutcome.STALE, DatasetOutcome.STALE),
        (AppError(), DatasetOutcome.FAILED, DatasetOutcome.FAILED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_microsoft_refuses_without_having_promised_it_is_not_offered(
    error: AppError, in_beta: DatasetOutcome, undocumented: DatasetOutcome
) -> None:
    def fail(_: ReadContext) -> Reading:
        raise error

    beta, other = run(Graph(), dataset("a", fail, service=Service.BETA), dataset("b", fail, is_documented=False))

    assert (beta.outcome, other.outcome) == (in_beta, undocumented)


def test_a_sign_in_that_is_refused_where_every_sync_needs_it_ends_the_run() -> None:
    def fail(_: ReadContext) -> Reading:
        raise TokenRejected

    with pytest.raises(TokenRejected):
        run(Graph(), dataset("a", fail, is_core=True))


@pytest.mark.parametrize("fault", [OverflowError("date value out of range"), KeyError("x"), ValueError("secret words")])
def test_a_readers_own_failure_costs_its_data_set_and_is_logged_without_microsofts_words(
    fault: Exception, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(_: ReadContext) -> Reading:
        raise fault

    failed, fine = run(Graph(), dataset("a", fail, is_core=True), dataset("b", nothing))

    assert (failed.outcome, fine.outcome) == (DatasetOutcome.FAILED, DatasetOutcome.FRESH)
    assert failed.error is not None
    assert cause_of(failed.error) is SyncCause.OUR_FAILURE
    assert f"{type(fault).__name__} at test_read_datasets.py" in caplog.text
    assert "secret words" not in caplog.text


def test_an_outage_of_our_own_storage_is_not_a_data_sets_error() -> None:
    def fail(_: ReadContext) -> Reading:
        raise StorageUnavailable

    with pytest.raises(StorageUnavailable):
        run(Graph(), dataset("a", fail))


def test_unreadable_values_of_pages_are_counted_once_whoever_iterates_them() -> None:
    def walks(context: ReadContext) -> Reading:
        context.graph.count_unreadable(context.page)
        return nothing(context)

    class Odd(Graph):
        def batch(self, requests: Sequence[BatchRequest]) -> dict[str, BatchResponse]:
            return {it.id: BatchResponse(200, {}, b'{"value":[{"id":5},{"id":"a"},null]}') for it in requests}

    for read in (walks, nothing):
        (attempt,) = read_datasets(Access(lambda _service: Odd()), [dataset("a", read)], {}, NOW)
        assert attempt.reading is not None
        assert (attempt.reading.odd, attempt.reading.lost) == (2, 1)
