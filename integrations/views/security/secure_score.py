"""A tenant's Secure Score: the newest one, its trend, and what would raise it."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Annotated

import msgspec

from integrations.domain.sync.datasets import Cursor
from integrations.domain.sync.security_records import SecureScore, SecureScoreControl
from integrations.views.datasets import STATES, as_of, state_of

TREND = timedelta(days=90)


class ScorePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The Secure Score of one day.

    Attributes:
        as_of: The day for which Microsoft computed it.
        points: The points of that day.
        max_points: The points that were possible.
        percent: Points of those possible, 0 to 100. Null if none were.
    """

    as_of: datetime
    points: float
    max_points: float
    percent: float | None


class SecureScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest Secure Score and its trend. ``as_of`` is the day Microsoft computed it, ``read_at`` when we read it.

    ``trend`` holds one point a day, the oldest first, up to 90. ``percent`` is None while there is no score.

    Attributes:
        state: How the last reading ended.
        as_of: The day for which Microsoft computed it. Null while there is no score.
        read_at: When we read it. Null before the first time.
        percent: Points of those possible, 0 to 100. Null while there is no score.
        points: The points of that day. Null while there is no score.
        max_points: The points that are possible. Null while there is no score.
        average_percent: The average of all tenants at Microsoft, 0 to 100. Null if Microsoft does not give one.
        trend: One point a day, the oldest first, for up to 90 days.
    """

    state: Annotated[str, STATES]
    as_of: datetime | None = None
    read_at: datetime | None = None
    percent: float | None = None
    points: float | None = None
    max_points: float | None = None
    average_percent: float | None = None
    trend: list[ScorePoint] = []


class Improvement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that would raise the Secure Score, and by how many points at most.

    Attributes:
        id: Microsoft's name of the control.
        title: What to improve, for people.
        category: Microsoft's category, such as Identity. Null if it gives none.
        service: The service that it is about. Null if Microsoft gives none.
        points: The points that the tenant has for it.
        max_points: The points that are possible.
        user_impact: What users notice, in Microsoft's words, such as Low. Null if it does not say.
        cost: What it takes to implement, in Microsoft's words. Null if it does not say.
    """

    id: str
    title: str
    category: str | None
    service: str | None
    points: float
    max_points: float
    user_impact: str | None
    cost: str | None


def secure_score_view(scores: Sequence[SecureScore], cursor: Cursor | None) -> SecureScoreView:
    """The newest score, and one point for each of the 90 days that end with it."""
    by_day = {it.as_of.date(): it for it in sorted(scores, key=lambda it: it.as_of)}
    days = list(by_day.values())
    if not days:
        return SecureScoreView(state=state_of(cursor), read_at=as_of(cursor))
    newest = days[-1]
    return SecureScoreView(
        state=state_of(cursor),
        as_of=newest.as_of,
        read_at=as_of(cursor),
        percent=newest.percent,
        points=newest.points,
        max_points=newest.max_points,
        average_percent=newest.average_percent,
        trend=[_point(it) for it in days if it.as_of > newest.as_of - TREND],
    )


def improvements(newest: SecureScore | None, controls: Iterable[SecureScoreControl]) -> list[Improvement]:
    """Controls that are not fully implemented, in the order in which Microsoft recommends them."""
    done = newest.controls if newest else {}
    open_ones = [it for it in controls if not it.is_deprecated and it.id in done and done[it.id] < it.max_points]
    ranked = sorted(open_ones, key=lambda it: (it.rank is None, it.rank, it.id))
    return [
        Improvement(
            id=it.id,
            title=it.title,
            category=it.category,
            service=it.service,
            points=done[it.id],
            max_points=it.max_points,
            user_impact=it.user_impact,
            cost=it.cost,
        )
        for it in ranked
    ]


def _point(score: SecureScore) -> ScorePoint:
    return ScorePoint(as_of=score.as_of, points=score.points, max_points=score.max_points, percent=score.percent)
