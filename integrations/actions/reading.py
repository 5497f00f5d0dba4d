"""Read all data sets of one tenant: one ``$batch`` with everybody's first question, then what is more."""

import time
from collections.abc import Mapping, Sequence

import msgspec

from integrations.domain.datasets import Cursor, Outcome, Reading
from integrations.microsoft.dataset import Dataset
from shared.errors import AppError
from shared.graph import (
    Answer,
    Ask,
    Denied,
    Graph,
    NotLicensed,
    RequestRefused,
    ResyncRequired,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)

_TRIES = 3  # a refusal that is no sign-in's fault is believed after three of them (product.md B7)


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """How reading one data set went: a reading, or the error that stands in its way."""

    dataset: Dataset
    reading: Reading | None
    error: AppError | None
    seconds: float

    @property
    def outcome(self) -> Outcome:
        if self.error is None:
            return Outcome.FRESH
        return next((outcome for kind, outcome in _OUTCOME_OF if isinstance(self.error, kind)), Outcome.FAILED)


_OUTCOME_OF: tuple[tuple[type[AppError], Outcome], ...] = (
    (NotLicensed, Outcome.NOT_LICENSED),
    (Denied, Outcome.DENIED),
    (Transient, Outcome.STALE),
    (UnexpectedAnswer, Outcome.STALE),
)


def read_datasets(graph: Graph, datasets: Sequence[Dataset], cursors: Mapping[str, Cursor]) -> list[Attempt]:
    """Try every data set.

    Raises:
        TokenRejected, Transient: of the batch as a whole, before any data set was reached.
    """
    started = time.monotonic()
    first = graph.batch([_ask(dataset, _link(cursors, dataset)) for dataset in datasets])
    shared_s = (time.monotonic() - started) / max(1, len(datasets))
    return [_attempt(graph, dataset, first[dataset.name], _link(cursors, dataset), shared_s) for dataset in datasets]


def _attempt(graph: Graph, dataset: Dataset, first: Answer, link: str | None, shared_s: float) -> Attempt:
    started = time.monotonic()
    reading: Reading | None = None
    error: AppError | None = None
    for number in range(_TRIES):
        try:
            reading = _read(graph, dataset, _again(graph, dataset, link) if number else first, link)
        except RequestRefused as refused:
            error = refused
            continue
        except TokenRejected:
            raise
        except AppError as caught:
            error = caught
        break
    seconds = round(shared_s + time.monotonic() - started, 3)
    return Attempt(dataset=dataset, reading=reading, error=None if reading else error, seconds=seconds)


def _read(graph: Graph, dataset: Dataset, answer: Answer, link: str | None) -> Reading:
    """Read on from the first answer. A link Microsoft no longer honours means reading whole, at once."""
    try:
        return dataset.read(graph, answer.page(dataset.source.page), link is None)
    except ResyncRequired:
        fresh = _again(graph, dataset, None)
        return dataset.read(graph, fresh.page(dataset.source.page), True)  # noqa: FBT003 - Dataset's form


def _again(graph: Graph, dataset: Dataset, link: str | None) -> Answer:
    return graph.batch([_ask(dataset, link)])[dataset.name]


def _ask(dataset: Dataset, link: str | None) -> Ask:
    if link:
        return Ask(id=dataset.name, path=link)
    return Ask(id=dataset.name, path=dataset.source.first, query=dict(dataset.source.query))


def _link(cursors: Mapping[str, Cursor], dataset: Dataset) -> str | None:
    cursor = cursors.get(dataset.name)
    return cursor.link if cursor else None
