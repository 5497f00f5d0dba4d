"""What was known about a tenant on each day of its mapping; one row a month. Pure.

A day is one of the account's time zone, and its last evaluation counts.
"""

from collections.abc import Iterable
from datetime import date

import msgspec

from integrations.domain.ids import TenantId
from integrations.domain.insights.scores import control_score, judged_mfa
from integrations.domain.insights.summary import LicenseCounts, TenantSummary


class ScoreOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """The Secure Score as it was known on a day.

    Attributes:
        percent: Points of those possible, 0 to 100. Null if none were possible.
        points: The points that the tenant had.
        max_points: The points that were possible.
    """

    percent: float | None
    points: float
    max_points: float


class MfaOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """Numbers of people; those with an exception are not among the unprotected ones.

    Attributes:
        people: Enabled members of the tenant, administrators included.
        unprotected: Those of them who are surely not protected by MFA.
        unknown: Those of them of whom it is not known.
        administrators: How many of them are administrators.
        unprotected_administrators: The administrators who are surely not protected.
        guests: Enabled guests.
        unprotected_guests: The guests who are surely not protected.
        excepted: People who are not protected, and for whom the account has made an exception.
    """

    people: int
    unprotected: int
    unknown: int
    administrators: int
    unprotected_administrators: int
    guests: int
    unprotected_guests: int
    excepted: int


class ControlsOfDay(msgspec.Struct, frozen=True, kw_only=True):
    """How the tenant was judged by the controls of the baselines.

    Attributes:
        score: Met controls of those that were decided, 0 to 100. Null if none was.
        counts: How many controls had each verdict; verdicts that none had are left out.
    """

    score: float | None
    counts: dict[str, int]


class HistoryDay(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What was known on one day.

    Attributes:
        day: The day, in the time zone that the account had then.
        score: The Secure Score. Null or absent if it was not known, or not asked for.
        mfa: People by their MFA. Null or absent if that was not known, or not asked for.
        controls: The verdicts on controls. Null or absent if nothing was judged, or they were not asked for.
        licenses: The seats of paid products. Null or absent if they were not known, or not asked for.
    """

    day: date
    score: ScoreOfDay | None = None
    mfa: MfaOfDay | None = None
    controls: ControlsOfDay | None = None
    licenses: LicenseCounts | None = None


MEASURES = ("score", "mfa", "controls", "licenses")


class HistoryMonth(msgspec.Struct, frozen=True, kw_only=True):
    """The days of one month of one tenant, under one epoch of its mapping; ``month`` as in 2026-11."""

    tenant_id: TenantId
    epoch: int
    month: str
    days: list[HistoryDay] = []

    @property
    def key(self) -> str:
        return f"{months_of(self.tenant_id, self.epoch)}{self.month}"

    def with_day(self, day: HistoryDay) -> "HistoryMonth":
        """The month with this day, instead of what was known earlier on the same day."""
        others = [it for it in self.days if it.day != day.day]
        return msgspec.structs.replace(self, days=sorted([*others, day], key=lambda it: it.day))


def months_of(tenant_id: TenantId, epoch: int | None = None) -> str:
    """What the keys of a tenant's months begin with, of one epoch or of all."""
    return f"{tenant_id}:" if epoch is None else f"{tenant_id}:{epoch}:"


def months_around(day: date) -> list[str]:
    """The months of this day, the one before and the one after: it is one of these days in every time zone."""
    return sorted({month_of(date.fromordinal(day.toordinal() + it)) for it in (-1, 0, 1)})


def month_of(day: date) -> str:
    """The month of a day, as in 2026-11."""
    return f"{day:%Y-%m}"


def day_of(summary: TenantSummary, exceptions: Iterable[str], day: date) -> HistoryDay:
    """What a summary says, as a day of the history; ``exceptions`` are user ids."""
    score, counts = summary.score, summary.controls.counts()
    return HistoryDay(
        day=day,
        score=None
        if score.points is None or score.max_points is None
        else ScoreOfDay(percent=score.percent, points=score.points, max_points=score.max_points),
        mfa=_mfa(summary, exceptions),
        controls=None
        if counts is None
        else ControlsOfDay(score=control_score(counts), counts={it.value: number for it, number in counts.items()}),
        licenses=summary.licenses.counts,
    )


def of_measure(day: HistoryDay, measure: str) -> HistoryDay:
    """The day with one measure only; all of it if ``measure`` is empty."""
    return HistoryDay(day=day.day, **{measure: getattr(day, measure)}) if measure else day


def _mfa(summary: TenantSummary, exceptions: Iterable[str]) -> MfaOfDay | None:
    judged = judged_mfa(summary.mfa, frozenset(exceptions))
    if judged is None:
        return None
    people, administrators, guests = judged.counted.people, judged.counted.administrators, judged.counted.guests
    excepted = judged.excepted
    return MfaOfDay(
        people=people.total + excepted.people.total,
        unprotected=people.unprotected,
        unknown=people.unknown,
        administrators=administrators.total + excepted.administrators.total,
        unprotected_administrators=administrators.unprotected,
        guests=guests.total + excepted.guests.total,
        unprotected_guests=guests.unprotected,
        excepted=excepted.people.total + excepted.guests.total,
    )
