"""How all mapped tenants are judged by the controls of the baselines, by tenant and by control."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from integrations.domain.baselines.control import SEVERITIES, BaselineControl
from integrations.domain.baselines.verdicts import ControlVerdict
from integrations.domain.evaluations.progress import State
from integrations.domain.insights.scores import control_score
from integrations.domain.insights.summary import TenantSummary
from integrations.views.insights.rows import InsightFilter, InsightRow, cell, of_tenant, selected
from integrations.views.status import to_second
from shared.http.schemas import one_of

# From what is wrong to what is not known.
ORDER = (
    ControlVerdict.NOT_MET, ControlVerdict.NARROWED, ControlVerdict.UNLICENSED, ControlVerdict.UNKNOWN,
    ControlVerdict.MET, ControlVerdict.NOT_APPLICABLE, ControlVerdict.NOT_CHECKED,
)  # fmt: skip

_MOST = 100.0  # percent


class BaselineTrendDay(msgspec.Struct, frozen=True, kw_only=True):
    """The score of one day.

    Attributes:
        day: The day, in the account's time zone.
        score: Met controls of those that were decided, 0 to 100.
    """

    day: date
    score: float


class BaselineRow(InsightRow, frozen=True, kw_only=True):
    """How one tenant is judged.

    Attributes:
        state: The state of the evaluation that the verdicts come from.
        as_of: When the controls were last judged. Null before the first time.
        score: Met controls of those that were decided, 0 to 100; a narrowed one counts half in the total. Null if
            none was decided.
        score_with_unlicensed: The same, with controls that need a missing licence counted as not met.
        counts: How many controls have each verdict; verdicts that none has are left out.
        verdict: The verdict on the control that was asked for. Null without one, or while it is not judged.
        by_verdict: The controls by their verdict.
        trend: The scores of the last 30 days on which one was known, the oldest first.
    """

    state: Annotated[str, one_of(State)]
    as_of: datetime | None
    score: float | None
    score_with_unlicensed: float | None
    counts: dict[str, int]
    verdict: Annotated[str, one_of(ControlVerdict)] | None
    by_verdict: dict[str, list[str]]
    trend: list[BaselineTrendDay]


class ControlOfTenants(msgspec.Struct, frozen=True, kw_only=True):
    """A control, and how the mapped tenants are judged by it.

    Attributes:
        control: The control, by its id.
        family: The baseline that it belongs to.
        title: What it demands.
        severity: How bad it is if it is not met.
        counts: In how many tenants it has each verdict; verdicts that it has nowhere are left out.
    """

    control: str
    family: str
    title: str
    severity: Annotated[str, one_of(*SEVERITIES)]
    counts: dict[str, int]


class BaselineCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many mapped tenants there are, whatever the filter.

    Attributes:
        tenants: All of them.
        not_met: Those in which some control is not met, or narrowed.
        unknown: Those that were not judged, or of which something could not be read.
    """

    tenants: int
    not_met: int
    unknown: int


class BaselineInsights(msgspec.Struct, frozen=True, kw_only=True):
    """How the account's mapped tenants are judged by the controls of the baselines.

    Attributes:
        items: The tenants of this page: the lowest score first, and those that were not judged last. If a control was
            asked for, those in which it is not met come first.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many tenants all pages have.
        counts: How many mapped tenants there are, whatever the filter.
        controls: The controls, or the one that was asked for: those that most tenants do not meet first.
    """

    items: list[BaselineRow]
    next_cursor: str | None
    total: int
    counts: BaselineCounts
    controls: list[ControlOfTenants]


CONDITIONS: dict[str, Callable[[BaselineRow], bool]] = {
    "not_met": lambda row: bool(row.counts.keys() & {ControlVerdict.NOT_MET.value, ControlVerdict.NARROWED.value}),
    "unknown": lambda row: row.as_of is None or ControlVerdict.UNKNOWN.value in row.counts,
}
COLUMNS = (
    "name", "tenant_id", "default_domain", "organization", "state", "as_of", "score", "score_with_unlicensed",
    *(it.value for it in ORDER), "verdict",
)  # fmt: skip


def baseline_insights(
    summaries: Iterable[TenantSummary], controls: Mapping[str, BaselineControl], chosen: InsightFilter
) -> BaselineInsights:
    """The tenants that the filter selects; ``controls`` are those of the present version, by id.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    rows = [_row(it, controls, chosen.control) for it in summaries]
    wanted = [it for it in rows if _has_verdict(it, chosen)]
    page = selected(wanted, chosen, CONDITIONS, _worst_of_control_first if chosen.control else _lowest_first)
    counts = {name: sum(map(holds, rows)) for name, holds in CONDITIONS.items()}
    shown = [it for key, it in controls.items() if chosen.control in {"", key}]
    return BaselineInsights(
        items=page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        counts=BaselineCounts(tenants=len(rows), **counts),
        controls=_by_control(rows, shown),
    )


def cells(row: BaselineRow) -> Sequence[str]:
    """A row in the order of COLUMNS."""
    named = (row.name, row.tenant_id, row.default_domain, row.organization.name, row.state)
    at = row.as_of and row.as_of.isoformat().replace("+00:00", "Z")
    numbers = [row.counts.get(it.value, 0) for it in ORDER] if row.as_of else [None] * len(ORDER)
    return [cell(it) for it in (*named, at, row.score, row.score_with_unlicensed, *numbers, row.verdict)]


def _row(summary: TenantSummary, controls: Mapping[str, BaselineControl], control: str) -> BaselineRow:
    stored = summary.controls.by_verdict or {}
    present = {verdict: [it for it in ids if it in controls] for verdict, ids in stored.items()}
    counts = {verdict: len(ids) for verdict, ids in present.items() if ids}
    return BaselineRow(
        **of_tenant(summary),
        state=summary.controls.state.value,
        as_of=to_second(summary.controls.as_of),
        score=control_score(counts),
        score_with_unlicensed=control_score(counts, with_unlicensed=True),
        counts={it.value: counts[it] for it in ORDER if it in counts},
        verdict=next((it.value for it, ids in present.items() if control in ids), None),
        by_verdict={it.value: present[it] for it in ORDER if it in counts},
        trend=[BaselineTrendDay(day=it.day, score=it.percent) for it in summary.controls.recent],
    )


def _has_verdict(row: BaselineRow, chosen: InsightFilter) -> bool:
    found = {row.verdict} if chosen.control else row.counts.keys()
    return not chosen.verdict or chosen.verdict in found


def _by_control(rows: Iterable[BaselineRow], controls: Iterable[BaselineControl]) -> list[ControlOfTenants]:
    counted: dict[str, Counter[str]] = {}
    for row in rows:
        for verdict, ids in row.by_verdict.items():
            for control in ids:
                counted.setdefault(control, Counter())[verdict] += 1
    views = [_control(it, counted.get(it.id, Counter())) for it in controls]
    return sorted(views, key=lambda it: (-it.counts.get(ControlVerdict.NOT_MET.value, 0), it.control))


def _control(control: BaselineControl, counts: Mapping[str, int]) -> ControlOfTenants:
    return ControlOfTenants(
        control=control.id,
        family=control.family,
        title=control.title,
        severity=control.severity,
        counts={it.value: counts[it.value] for it in ORDER if counts.get(it.value)},
    )


def _lowest_first(row: BaselineRow) -> tuple[float, float]:
    return (1.0, 0.0) if row.score is None else (0.0, row.score)


def _worst_of_control_first(row: BaselineRow) -> tuple[float, float]:
    place = ORDER.index(ControlVerdict(row.verdict)) if row.verdict else len(ORDER)
    return float(place), _MOST if row.score is None else row.score
