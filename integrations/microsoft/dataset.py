"""What every data set tells about itself, so that one loop can sync them all.

A data set's first question is cheap and goes, with everybody else's, into one ``$batch``. Its reader gets
that answer and reads on from there, if there is more. To add one: write a file beside this one that ends
in a ``Dataset``, and list it in ``DATASETS`` of ``integrations/microsoft/registry.py``.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import Enum
from typing import Any, NamedTuple, Protocol, TypeVar

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading
from shared.microsoft.graph import Graph, Page

# Service plans that a data set may need; ids as on the organization's ``assignedPlans``.
# Source: https://learn.microsoft.com/entra/identity/users/licensing-service-plan-reference
ENTRA_ID_P1 = "41781fb2-bc02-4b7c-bd55-b576c07bb09d"
INTUNE = "c1ec4a95-1f05-45b3-a911-aa3fa01094f5"


class Identified(Protocol):
    """What has an id of Microsoft's."""

    id: str


T = TypeVar("T", bound=Identified)
U = TypeVar("U")


class Service(Enum):
    """The part of Microsoft that answers; each has limits of its own.

    Source: https://learn.microsoft.com/graph/throttling-limits
    """

    DIRECTORY = "directory"
    REPORTS = "reports"
    CONDITIONAL_ACCESS = "conditional_access"
    SECURE_SCORE = "secure_score"
    INTUNE = "intune"

    @property
    def pace(self) -> tuple[int, float] | None:
        """So many requests in so many seconds per tenant, where that is few enough to wait for one's turn."""
        return _PACES.get(self)

    @property
    def in_flight(self) -> int:
        """So many requests at once per tenant; Secure Score allows few."""
        return 4 if self is Service.SECURE_SCORE else 8

    @property
    def goes_into_batches(self) -> bool:
        """Whether its questions may share a ``$batch``: not where a second one would be refused at once."""
        return self.pace is None


# A little wider than the limits of 10 s and 1 s: what leaves in time may still arrive too close to the one before.
_PACES = {Service.REPORTS: (5, 10.5), Service.CONDITIONAL_ACCESS: (1, 1.1)}


@dataclass(frozen=True, slots=True, kw_only=True)
class FirstRequest:
    """The first question: a path below /v1.0 with its options (without the dollar), and an item's form.

    ``is_single``: the answer is one object instead of a collection; it is read as a page of one.
    """

    first: str
    query: Mapping[str, str] = field(default_factory=dict)
    page: type[msgspec.Struct]
    is_single: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ReadContext:
    """The answer to a data set's first question, or to the kept link, and how to ask on.

    ``link`` is the kept link that was followed; None tells that everything is to be read. ``stored`` gives the
    rows that are kept, by key: for changes that only make sense on top of them. ``now`` is when the run began.
    """

    graph: Graph
    page: Page[Any]
    link: str | None
    stored: Callable[[], Mapping[str, msgspec.Struct]]
    now: datetime

    @property
    def is_first(self) -> bool:
        return self.link is None

    def by_id(self, form: type[T]) -> dict[str, T]:
        """Every item of the page and of all that follow it; of one that comes twice, what was told later."""
        return self.told_by_id(form, lambda it: it)

    def told_by_id(self, form: type[T], told: Callable[[T], U]) -> dict[str, U]:
        """The same in our own words, page by page, so that Microsoft's of a hundred thousand never pile up."""
        return {it.id: told(it) for page in self.graph.pages_from(self.page, type=form) for it in page.items}


class ReadRoute(NamedTuple):
    """Where the API answers a data set's rows as they are: below /tenants/{tenant_id}/, with its line in OpenAPI."""

    path: str
    summary: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Dataset:
    """One data set.

    ``is_core``: without it the tenant's sync has failed. ``needs_plan`` is the service plan without which
    Microsoft refuses it; ``full_read_every`` is how long kept links are followed before all is read again.
    """

    name: str
    is_core: bool = False
    permission: str
    record: type[msgspec.Struct]
    source: FirstRequest
    read: Callable[[ReadContext], Reading]
    service: Service = Service.DIRECTORY
    cadence: Cadence = Cadence.EVERY_CYCLE
    needs_plan: str | None = None
    full_read_every: timedelta | None = None
    route: ReadRoute | None = None
