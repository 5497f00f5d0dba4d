"""What baselines say of a tenant: the verdict on each control, with what it asks for and how to meet it."""

from collections import Counter
from collections.abc import Iterable
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.baselines.control import SEVERITIES, BaselineControl
from integrations.domain.baselines.verdicts import ActualValue, ControlVerdict, NearPolicy
from integrations.domain.evaluations.controls import ControlRow
from integrations.views.datasets import NOT_MAPPED
from integrations.views.status import to_second
from shared.http.schemas import one_of

EVALUATED, NOT_EVALUATED = "evaluated", "not_evaluated"
# The order in which they are looked at: what is wrong first.
ORDER = (
    ControlVerdict.NOT_MET,
    ControlVerdict.NARROWED,
    ControlVerdict.UNKNOWN,
    ControlVerdict.UNLICENSED,
    ControlVerdict.NOT_CHECKED,
    ControlVerdict.NOT_APPLICABLE,
    ControlVerdict.MET,
)


class DecidingValue(msgspec.Struct, frozen=True, kw_only=True):
    """A value that decided about a control.

    Attributes:
        name: What it is: a property of a data set, or words.
        values: The value as text, or the first 20 of a list.
        count: How many there are.
        is_sent: Whether Microsoft sent it at all.
    """

    name: str
    values: list[str]
    count: int
    is_sent: bool


class FindingView(msgspec.Struct, frozen=True, kw_only=True):
    """The verdict on one control of a baseline.

    Attributes:
        control: The control's id, such as MS.AAD.1.1v1.
        family: The baseline that it belongs to.
        title: What it is about.
        severity: How much it matters.
        verdict: Whether the tenant meets it.
        reason: Why, in a sentence.
        requires: When it is met, in words.
        rationale: Why it matters.
        remedy: How to meet it.
        link: Where the baseline explains it.
        dataset: What could not be read, for "unknown". Empty for other reasons.
        permission: The permission that would let us read it. Null if that is not the reason.
        actual: The values that decided, at most 20.
        nearest: The policies that meet it, or come nearest, each with what keeps it from meeting the control.
        since: Since when the verdict and its values have been the same.
    """

    control: str
    family: str
    title: str
    severity: Annotated[str, one_of(*SEVERITIES)]
    verdict: Annotated[str, one_of(ControlVerdict)]
    reason: str
    requires: str
    rationale: str
    remedy: str
    link: str
    dataset: str
    permission: str | None
    actual: list[DecidingValue]
    nearest: list[NearPolicy]
    since: datetime


class FindingList(msgspec.Struct, frozen=True, kw_only=True):
    """The findings of a tenant.

    Attributes:
        items: A finding for each control: what is wrong first, then by severity.
        counts: How many findings have each verdict; verdicts that none has are left out.
        state: "evaluated", "not_evaluated" before the first time, or "not_mapped".
        as_of: When the controls were last judged. Null before the first time.
    """

    items: list[FindingView]
    counts: dict[str, int]
    state: Annotated[str, one_of(EVALUATED, NOT_EVALUATED, NOT_MAPPED)]
    as_of: datetime | None


def findings(rows: Iterable[tuple[ControlRow, BaselineControl]], as_of: datetime | None) -> FindingList:
    """The findings of stored rows, each with its control."""
    views = [_finding(row, control) for row, control in rows]
    return FindingList(
        items=sorted(views, key=_place),
        counts=dict(sorted(Counter(it.verdict for it in views).items())),
        state=EVALUATED,
        as_of=to_second(as_of),
    )


def no_findings(*, is_mapped: bool) -> FindingList:
    """The findings of a tenant that was never judged."""
    return FindingList(items=[], counts={}, state=NOT_EVALUATED if is_mapped else NOT_MAPPED, as_of=None)


def _place(view: FindingView) -> tuple[int, int, str]:
    return ORDER.index(ControlVerdict(view.verdict)), SEVERITIES.index(view.severity), view.control


def _finding(row: ControlRow, control: BaselineControl) -> FindingView:
    return FindingView(
        control=row.id,
        family=control.family,
        title=control.title,
        severity=control.severity,
        verdict=row.verdict.value,
        reason=row.reason,
        requires=control.requires,
        rationale=control.rationale,
        remedy=control.remedy,
        link=control.link,
        dataset=row.dataset,
        permission=row.permission,
        actual=[_deciding(it) for it in row.actual],
        nearest=row.nearest,
        since=row.since.replace(microsecond=0),
    )


def _deciding(actual: ActualValue) -> DecidingValue:
    if actual.value is msgspec.UNSET:
        return DecidingValue(name=actual.name, values=[], count=0, is_sent=False)
    listed = actual.value if isinstance(actual.value, list) else [actual.value]
    count = actual.count if isinstance(actual.count, int) else len(listed)
    return DecidingValue(name=actual.name, values=[_text(it) for it in listed], count=count, is_sent=True)


def _text(value: object) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
