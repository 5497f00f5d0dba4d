"""The description of an evaluation, by which one job keeps all of them up to date.

An evaluation is a pure function from synced rows to derived rows. It evaluates everything, or only the rows that
changed; both must produce the same derived rows. To add one: write a file beside this one that ends in an
``Evaluation``, and list it in ``EVALUATIONS`` of ``integrations/domain/evaluations/registry.py``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from integrations.domain.evaluations.dataset_state import DatasetState, is_outdated, valid_until
from integrations.domain.sync.changed_keys import ALL, Keys
from integrations.domain.sync.datasets import Reading
from integrations.settings import Settings

T = TypeVar("T", bound=msgspec.Struct)

Changes = Mapping[str, Keys]  # by needed data set


class RowSource(Protocol):
    """The stored rows of one tenant. ``now`` is when the evaluation began, UTC."""

    now: datetime

    def state(self, dataset: str) -> DatasetState:
        """How the data set was last read; never, if its rows lack what is read today."""
        ...

    def rows(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        """All rows of a data set with their keys; only one page is in memory at a time."""
        ...

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        """The rows with these keys that exist."""
        ...

    def derived(self, model: type[T]) -> Iterator[tuple[str, T]]:
        """The evaluation's own rows from last time.

        When everything is evaluated they may be those of an earlier version, or missing. Then they only say since when
        something has been as it is, and ``model`` must be able to read earlier ones.
        """
        ...

    def find_derived(self, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        """Those of its own rows from last time that have these keys."""
        ...


class Result(NamedTuple):
    """Derived rows: all of them (``reading.is_complete``), or changed rows and the keys of deleted ones.

    ``next_at`` is when rows will change by time alone, such as after 90 days without a sign-in.
    """

    reading: Reading
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation; ``needs`` are the data sets it reads.

    A new ``version`` evaluates everything again, as does another result of ``inputs``: the settings that its rows
    depend on; with ``uses_states`` so does a needed data set whose outcome changes, or whose rows begin or cease to
    count (``valid_until``). When all needed data sets are ALL,
    ``evaluate`` must return a complete reading.
    """

    name: str
    needs: frozenset[str]
    version: int
    evaluate: Callable[[RowSource, Changes], Result]
    inputs: Callable[[Settings], str] = lambda _settings: ""
    uses_states: bool = False

    @property
    def everything(self) -> Changes:
        return dict.fromkeys(self.needs, ALL)

    def result(self, source: RowSource, changes: Changes) -> Result:
        """Evaluate.

        Raises:
            TypeError: it returned changes although everything was to be evaluated, a fault of ours.
        """
        result = self.evaluate(source, changes)
        if changes == self.everything and not result.reading.is_complete:
            raise TypeError(f"{self.name} returned changes although everything was to be evaluated")
        return result

    def basis(self, settings: Settings, states: Callable[[str], DatasetState], now: datetime) -> str:
        """What its rows depend on besides data, as text: rows with another basis are out of date."""
        needs = sorted(self.needs) if self.uses_states else ()
        states_text = (f"{name}={_text(name, states(name), now)}" for name in needs)
        return ":".join((str(self.version), self.inputs(settings), *states_text))

    def outdated_at(self, states: Callable[[str], DatasetState], now: datetime) -> datetime | None:
        """When rows of a needed data set cease to count, unless they are read again before; None where that is all one.

        Only then can its basis change by time alone.
        """
        until = (valid_until(name, states(name), now) for name in self.needs if self.uses_states)
        return min((it for it in until if it is not None), default=None)


def _text(dataset: str, state: DatasetState, now: datetime) -> str:
    if state.outcome is None:
        return "never"
    age = "outdated" if is_outdated(dataset, state, now) else ""
    return " ".join(it for it in (state.outcome.value, state.error, age) if it)
