"""Secure Score: the newest day's, and 90 days of history to begin with; and what it is made of.

One score is made a day, so the newest one is enough between whole readings, which also forget old days.
Sources: https://learn.microsoft.com/graph/api/security-list-securescores,
https://learn.microsoft.com/graph/api/security-list-securescorecontrolprofiles
"""

from datetime import timedelta

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import SecureScore, SecureScoreControl
from integrations.domain.text import clean, clean_or_none, key_from
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext, Service
from integrations.microsoft.fillers import GraphDateTime, moment

NEWEST = "newest"  # the key of the newest score, the only one with its controls; days are keys of the others
_SCORES = "/security/secureScores"
_NEWEST = f"{_SCORES}?$top=1"
_PAGE = "10"  # a score holds a hundred controls and more: some 80 kB
_CONTROLS = "/security/secureScoreControlProfiles"
_EVERYBODY = "AllTenants"


class _Control(msgspec.Struct, rename="camel"):
    control_name: str | None = None
    score: float | None = None


class _Average(msgspec.Struct, rename="camel"):
    basis: str | None = None
    average_score: float | None = None


class _Score(msgspec.Struct, rename="camel"):
    created_date_time: GraphDateTime
    current_score: float | None = None
    max_score: float | None = None
    control_scores: list[_Control] = []
    average_comparative_scores: list[_Average] = []


class _Profile(msgspec.Struct, rename="camel"):
    id: str
    title: str | None = None
    control_category: str | None = None
    service: str | None = None
    max_score: float | None = None
    rank: int | None = None
    user_impact: str | None = None
    implementation_cost: str | None = None
    deprecated: bool | None = None


def _read(asked: ReadContext) -> Reading:
    """The answer's one score; the pages behind it are the past, which only a whole reading wants."""
    newest: list[_Score] = asked.page.items[:1]
    told = list(asked.graph.items(_SCORES, type=_Score, top=_PAGE)) if asked.is_first and newest else newest
    past = [it for it in told if moment(it.created_date_time)]
    newest = [it for it in newest if moment(it.created_date_time)]
    records = {f"{it.created_date_time:%Y-%m-%d}": _told(it) for it in past}
    by_day = [Record(key=day, body=body, tally="days") for day, body in records.items()]
    now = [Record(key=NEWEST, body=_told(it, with_controls=True), tally="newest") for it in newest]
    undated = len(told) - len(past)
    return Reading(records=[*by_day, *now], is_complete=asked.is_first, link=_NEWEST, odd=undated, lost=undated)


def _told(it: _Score, *, with_controls: bool = False) -> SecureScore:
    points, most = it.current_score or 0.0, it.max_score or 0.0
    average = next((a.average_score for a in it.average_comparative_scores if a.basis == _EVERYBODY), None)
    scored = it.control_scores if with_controls else []
    return SecureScore(
        as_of=it.created_date_time,
        points=round(points, 2),
        max_points=round(most, 2),
        percent=round(100 * points / most, 1) if most else None,
        average_percent=average,
        controls={clean(c.control_name, 100): round(c.score or 0.0, 2) for c in scored if c.control_name},
    )


def _read_controls(asked: ReadContext) -> Reading:
    found = asked.by_id(_Profile)
    return Reading(records=[Record(key=key_from(it.id), body=_control(it)) for it in found.values()], is_complete=True)


def _control(it: _Profile) -> SecureScoreControl:
    return SecureScoreControl(
        id=clean(it.id),
        title=clean(it.title or "") or it.id,
        category=clean_or_none(it.control_category),
        service=clean_or_none(it.service),
        max_points=it.max_score or 0.0,
        rank=it.rank,
        user_impact=clean_or_none(it.user_impact),
        cost=clean_or_none(it.implementation_cost),
        is_deprecated=bool(it.deprecated),
    )


SECURE_SCORE = Dataset(
    name="secure_score",
    permission="SecurityEvents.Read.All",
    record=SecureScore,
    source=FirstRequest(first=_SCORES, query={"top": "1"}, page=_Score),
    read=_read,
    service=Service.SECURE_SCORE,
    cadence=Cadence.SIX_HOURS,
    full_read_every=timedelta(days=30),
)
SECURE_SCORE_CONTROLS = Dataset(
    name="secure_score_controls",
    permission="SecurityEvents.Read.All",
    record=SecureScoreControl,
    source=FirstRequest(first=_CONTROLS, page=_Profile),
    read=_read_controls,
    service=Service.SECURE_SCORE,
    cadence=Cadence.DAILY,
)
