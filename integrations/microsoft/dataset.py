"""The description of a data set, by which one loop syncs all of them.

A data set's first request is cheap and is sent with those of the others in one ``$batch``. Its reader gets the
response and reads further pages from there. One that follows others has no first request. To add one: write a file in
``readers`` that ends in a ``Dataset``, and list it in ``DATASETS`` of ``integrations/microsoft/registry.py``.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from integrations.domain.evaluations.dataset_state import DatasetState
from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Cursor, DatasetOutcome, Reading
from integrations.microsoft.limits import Service
from shared.microsoft.graph import Graph, Page, Throttle

# Service plans that a data set may need; ids as on the organization's ``assignedPlans``.
# Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
ENTRA_ID_P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
ENTRA_ID_P2 = "eec0eb4f-6444-4f95-aba0-50c24d67f998"
INTUNE = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"


R = TypeVar("R", bound=msgspec.Struct)


class Identified(Protocol):
    """An object with an id of Microsoft's."""

    id: str


class RowsOf(Protocol):
    """The stored rows of a data set by its name, of the type that it stores."""

    def __call__(self, dataset: str, model: type[R], /) -> Iterable[R]: ...


T = TypeVar("T", bound=Identified)
U = TypeVar("U")


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRequest:
    """The first request: a path below /v1.0 with OData options (without the dollar), and the type of an item.

    ``is_single``: the response is one object instead of a collection; it is read as a page of one.
    """

    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    page: type[msgspec.Struct]
    is_single: bool = False


def no_rows(_dataset: str, _model: type[R], /) -> Iterable[R]:
    """The rows of a data set where none are stored."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """The response to a data set's first request, or to its delta link, and the means to read on.

    ``link`` is the delta link that was followed; None when everything is to be read. ``stored`` returns the stored
    rows by key, for changes that must be merged into them, ``counts_by_kind`` how many there are of each kind. ``now``
    is when the run began. ``throttle_of`` is the throttle of another service, for requests that go there.
    ``is_granted`` says whether our application has the data set's permission; None if that is not known. ``rows_of``
    are the rows of data sets that this one follows.
    """

    graph: Graph
    page: Page[Any]
    link: str | None
    stored: Callable[[], Mapping[str, msgspec.Struct]]
    now: datetime
    counts_by_kind: Mapping[str, int] = field(default_factory=dict)
    throttle_of: Callable[[Service], Throttle | None] = lambda _service: None
    is_granted: bool | None = None
    rows_of: RowsOf = no_rows

    @property
    def is_first(self) -> bool:
        return self.link is None

    def by_id(self, form: type[T]) -> dict[str, T]:
        """Every item of this page and all following ones; of an item that comes twice, the later one."""
        return self.by_id_as(form, lambda it: it)

    def by_id_as(self, form: type[T], convert: Callable[[T], U]) -> dict[str, U]:
        """The same, converted page by page, so that Microsoft's objects never fill the memory."""
        return {it.id: convert(it) for page in self.graph.pages_from(self.page, type=form) for it in page.items}


class ReadRoute(NamedTuple):
    """The API route that returns a data set's rows: its path below /tenants/{tenant_id}/, and its OpenAPI summary."""

    path: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set.

    ``is_core``: if it cannot be read, the tenant's sync has failed. ``needs_plan`` is the service plan without which
    Microsoft refuses it; ``full_read_every`` is how long delta links are followed before everything is read again.
    ``version`` grows with what is read of each item: rows of an earlier version are read again in full, at once.
    ``is_documented``: what Microsoft answers without documenting it may be refused in any tenant, at any time.
    ``is_in_every_cloud``: where it is not, national clouds refuse it. ``needs_grant``: its first request takes other
    permissions than its own, so that our token has to say whether it may be read. ``is_first_read_last``: read in full
    it has an item for each person, and nothing waits for it; so that is done by itself, once everything else is stored.
    ``follows``: instead of a first request, the stored rows of these data sets say what is asked, once they changed;
    the things that it asks about are those of the first one.
    """

    name: str
    is_core: bool = False
    permission: str
    record: type[msgspec.Struct]
    version: int = 1
    first_request: FirstRequest | None = None
    follows: tuple[str, ...] = ()
    read: Callable[[ReadContext], Reading]
    service: Service = Service.DIRECTORY
    cadence: Cadence = Cadence.EVERY_CYCLE
    needs_plan: str | None = None
    is_documented: bool = True
    is_in_every_cloud: bool = True
    needs_grant: bool = False
    is_first_read_last: bool = False
    full_read_every: timedelta | None = None
    route: ReadRoute | None = None

    @property
    def is_beta(self) -> bool:
        """Whether it is read from /beta, which Microsoft may change at any time."""
        return self.service is Service.BETA

    @property
    def is_promised(self) -> bool:
        """Whether it is offered to every tenant, so that a refusal is a fault, or a permission that is missing."""
        return self.is_documented and self.is_in_every_cloud and not self.is_beta


def state_of(dataset: Dataset, cursor: Cursor | None) -> DatasetState:
    """How a data set was last read, for evaluations; rows of an earlier version count as not read."""
    if cursor is None:
        return DatasetState(permission=dataset.permission)
    if cursor.version == dataset.version:
        return DatasetState(cursor.outcome, cursor.complete_at, cursor.error, dataset.permission)
    outcome = None if cursor.outcome is DatasetOutcome.FRESH else cursor.outcome  # what was refused is known
    return DatasetState(outcome, None, cursor.error, dataset.permission)
