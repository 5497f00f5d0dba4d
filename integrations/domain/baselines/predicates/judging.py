"""How a predicate is judged: yes, no, or not known (None), and what was seen on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from integrations.domain.baselines.tenant import BaselineProfile, Exclusions, JudgedTenant, Unknown


class Seen(NamedTuple):
    """A value that decided about a control; ``name`` says what it is."""

    name: str
    value: Any


class Near(NamedTuple):
    """A policy that came near to meeting a control, or meets it.

    ``why`` is what first keeps it from that, or narrows it; "" if it meets the control. ``passed`` are the conditions
    of the control that it meets.
    """

    id: str
    name: str
    why: str
    passed: int


@dataclass(slots=True)
class Trace:
    """What was seen while a control was judged.

    ``narrowed`` says what narrows the policies on which a yes depends; ``failures`` are the reasons of each no,
    ``reason`` that of a yes where it is not what the control requires in words.
    """

    seen: list[Seen] = field(default_factory=list)
    unknown: list[Unknown] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    narrowed: list[str] = field(default_factory=list)
    near: list[Near] = field(default_factory=list)
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Scope:
    """Where a predicate is judged: the tenant, the control, and the item that paths begin at inside of lists.

    ``exclusions`` are whom the control may leave out. ``judge_control`` judges another control's predicate by its id.
    """

    tenant: JudgedTenant
    control_id: str
    exclusions: Exclusions
    trace: Trace
    privileged_roles: frozenset[str]
    judge_control: Callable[["Scope", str], bool | None]
    item: Any = None

    @property
    def is_strict(self) -> bool:
        return self.tenant.inputs.profile is BaselineProfile.STRICT

    def of(self, item: Any) -> "Scope":
        return self._with(item, self.trace)

    def aside(self) -> "Scope":
        """The same with a trace of its own, for what must not be told as a reason."""
        return self._with(self.item, Trace())

    def _with(self, item: Any, trace: Trace) -> "Scope":
        """As ``dataclasses.replace``, in a third of the time: it is made for each policy and each condition."""
        return Scope(
            self.tenant, self.control_id, self.exclusions, trace, self.privileged_roles, self.judge_control, item
        )


Judge = Callable[[Scope], bool | None]
Table = Mapping[str, Any]
