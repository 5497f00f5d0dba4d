"""Secure Score: at first 90 days of history, then the newest day's; and its controls.

There is one score a day, so the newest one is enough between full readings, which also delete old days.
Sources: https://learn.microsoft.com/graph/api/security-list-securescores,
https://learn.microsoft.com/graph/api/security-list-securescorecontrolprofiles
"""

from datetime import timedelta

import msgspec

from integrations.domain.sync.cadence import Cadence
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.security_records import SecureScore, SecureScoreControl
from integrations.domain.text import clean, clean_or_none, key_from
from integrations.microsoft.dataset import Dataset, FirstRequest, ReadContext
from integrations.microsoft.fillers import GraphDateTime, moment
from integrations.microsoft.limits import Service

NEWEST = "newest"  # the key of the newest score, the only one with controls; the others have their days as keys
_SCORES = "/security/secureScores"
_NEWEST = f"{_SCORES}?$top=1"
_PAGE = "10"  # a score has more than a hundred controls: about 80 kB
_CONTROLS = "/security/secureScoreControlProfiles"
_EVERYBODY = "AllTenants"


class _ControlScore(msgspec.Struct, rename="camel"):
    control_name: str | None = None
    score: float | None = None


class _Average(msgspec.Struct, rename="camel"):
    basis: str | None = None
    average_score: float | None = None


class _Score(msgspec.Struct, rename="camel"):
    created_date_time: GraphDateTime
    current_score: float | None = None
    max_score: float | None = None
    control_scores: list[_ControlScore] = []
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


def _read(context: ReadContext) -> Reading:
    """The newest score; in a full reading also the earlier ones, which are on the following pages."""
    newest: list[_Score] = context.page.items[:1]
    scores = list(context.graph.items(_SCORES, type=_Score, top=_PAGE)) if context.is_first and newest else newest
    past = [it for it in scores if moment(it.created_date_time)]
    newest = [it for it in newest if moment(it.created_date_time)]
    records = {f"{it.created_date_time:%Y-%m-%d}": _to_secure_score(it) for it in past}
    by_day = [Record(key=day, body=body, kind="days") for day, body in records.items()]
    current = [Record(key=NEWEST, body=_to_secure_score(it, with_controls=True), kind="newest") for it in newest]
    undated = len(scores) - len(past)
    return Reading(records=[*by_day, *current], is_complete=context.is_first, link=_NEWEST, odd=undated, lost=undated)


def _to_secure_score(score: _Score, *, with_controls: bool = False) -> SecureScore:
    points, most = score.current_score or 0.0, score.max_score or 0.0
    average = next((a.average_score for a in score.average_comparative_scores if a.basis == _EVERYBODY), None)
    scored = score.control_scores if with_controls else []
    return SecureScore(
        as_of=score.created_date_time,
        points=round(points, 2),
        max_points=round(most, 2),
        percent=round(100 * points / most, 1) if most else None,
        average_percent=average,
        controls={clean(c.control_name, 100): round(c.score or 0.0, 2) for c in scored if c.control_name},
    )


def _read_controls(context: ReadContext) -> Reading:
    profiles = context.by_id(_Profile)
    return Reading(
        records=[Record(key=key_from(it.id), body=_control(it)) for it in profiles.values()], is_complete=True
    )


def _control(profile: _Profile) -> SecureScoreControl:
    return SecureScoreControl(
        id=clean(profile.id),
        title=clean(profile.title or "") or profile.id,
        category=clean_or_none(profile.control_category),
        service=clean_or_none(profile.service),
        max_points=profile.max_score or 0.0,
        rank=profile.rank,
        user_impact=clean_or_none(profile.user_impact),
        cost=clean_or_none(profile.implementation_cost),
        is_deprecated=bool(profile.deprecated),
    )


SECURE_SCORE = Dataset(
    name="secure_score",
    permission="SecurityEvents.Read.All",
    record=SecureScore,
    first_request=FirstRequest(path=_SCORES, query={"top": "1"}, page=_Score),
    read=_read,
    service=Service.SECURE_SCORE,
    cadence=Cadence.SIX_HOURS,
    full_read_every=timedelta(days=30),
)
SECURE_SCORE_CONTROLS = Dataset(
    name="secure_score_controls",
    permission="SecurityEvents.Read.All",
    record=SecureScoreControl,
    first_request=FirstRequest(path=_CONTROLS, page=_Profile),
    read=_read_controls,
    service=Service.SECURE_SCORE,
    cadence=Cadence.DAILY,
)
