"""What every evaluation says about itself, so that one job can keep all of them up to date.

An evaluation is a pure pass from synced rows to derived rows. It is asked for everything, or for what follows from the
rows that changed; both must come to the same derived rows. To add one: write a file beside this one that ends in an
``Evaluation``, and list it in ``EVALUATIONS`` of ``integrations/domain/evaluations/registry.py``.
"""

from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple, Protocol, TypeVar

import msgspec

from integrations.domain.sync.changed_keys import ALL, Keys
from integrations.domain.sync.datasets import Reading
from integrations.settings import Settings

T = TypeVar("T", bound=msgspec.Struct)

Changes = Mapping[str, Keys]  # by needed data set


class RowSource(Protocol):
    """The rows of one tenant, as they are stored while the evaluation reads them. ``now`` is when it began, UTC."""

    now: datetime

    def rows(self, dataset: str, model: type[T]) -> Iterator[tuple[str, T]]:
        """All rows of a data set with their keys; a page of them is in memory at a time."""
        ...

    def find(self, dataset: str, keys: Collection[str], model: type[T]) -> Mapping[str, T]:
        """The rows of these keys that are there."""
        ...

    def derived(self, model: type[T]) -> Iterator[tuple[str, T]]:
        """The evaluation's own rows as it left them; right as long as not everything is asked for."""
        ...


class Result(NamedTuple):
    """Derived rows: all there are (``reading.is_complete``), or those that changed and the keys of those that are gone.

    ``next_at`` is when rows will change although no data does, such as after 90 days without a sign-in.
    """

    reading: Reading
    next_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """One evaluation; ``needs`` are the data sets it reads.

    A new ``version`` evaluates everything again, as does another text of ``inputs``: the settings that its rows
    depend on. When all needed data sets come as ALL, ``evaluate`` must give a complete reading.
    """

    name: str
    needs: frozenset[str]
    version: int
    evaluate: Callable[[RowSource, Changes], Result]
    inputs: Callable[[Settings], str] = lambda _settings: ""

    @property
    def everything(self) -> Changes:
        return dict.fromkeys(self.needs, ALL)

    def result(self, source: RowSource, changes: Changes) -> Result:
        """What it comes to.

        Raises:
            TypeError: it gave changes where everything was asked for, a fault of ours.
        """
        result = self.evaluate(source, changes)
        if changes == self.everything and not result.reading.is_complete:
            raise TypeError(f"{self.name} gave changes where everything was asked for")
        return result

    def basis(self, settings: Settings) -> str:
        """What its rows depend on besides data: rows of another basis are out of date."""
        return f"{self.version}:{self.inputs(settings)}"
