"""Security and licence figures of a tenant, computed from its synced rows in the form the API returns. Pure."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Generic, NamedTuple, TypeVar

import msgspec

from integrations.domain.security.mfa import Registered, registered
from integrations.domain.sync.datasets import Cursor
from integrations.domain.sync.groups import everybody_in
from integrations.domain.sync.records import Group, License, Subscription
from integrations.domain.sync.security_records import Registration, RoleMember, SecureScore, SecureScoreControl

T = TypeVar("T")

TREND = timedelta(days=90)
MOST_PEOPLE = 100
NOT_MAPPED = "not_mapped"
NOT_READ_YET = "not_read_yet"


class Part(msgspec.Struct, Generic[T], frozen=True, kw_only=True):
    """All rows of a small data set. ``as_of`` is when it was last read completely."""

    items: list[T]
    state: str
    as_of: datetime | None


class ScorePoint(msgspec.Struct, frozen=True, kw_only=True):
    """The Secure Score of one day."""

    as_of: datetime
    points: float
    max_points: float
    percent: float | None


class SecureScoreView(msgspec.Struct, frozen=True, kw_only=True):
    """The newest Secure Score and its trend. ``as_of`` is Microsoft's date of the score, ``read_at`` when we read it.

    ``trend`` holds one point a day, the oldest first, up to 90. ``percent`` is None while there is no score.
    """

    state: str
    as_of: datetime | None = None
    read_at: datetime | None = None
    percent: float | None = None
    points: float | None = None
    max_points: float | None = None
    average_percent: float | None = None
    trend: list[ScorePoint] = []


class Improvement(msgspec.Struct, frozen=True, kw_only=True):
    """A control that would raise the Secure Score from ``points`` to at most ``max_points``."""

    id: str
    title: str
    category: str | None
    service: str | None
    points: float
    max_points: float
    user_impact: str | None
    cost: str | None


class MfaFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Who has registered for MFA. ``people`` is None while that is not known: see ``state``."""

    state: str
    as_of: datetime | None
    people: Registered | None


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has directory roles, directly or through the groups that ``through`` names.

    ``has_mfa`` is None where it is not known: the report needs a licence, and leaves some people out.
    """

    user_id: str
    name: str | None
    username: str | None
    roles: list[str]
    through: list[str]
    has_mfa: bool | None


class LicenseFigures(msgspec.Struct, frozen=True, kw_only=True):
    """Seats of all paid products together."""

    state: str
    as_of: datetime | None
    products: int
    bought: int
    assigned: int
    unused: int


class LicenseView(License, frozen=True, kw_only=True, omit_defaults=True):
    """A licence with its subscriptions; ``renews_at`` is the next day that one of them renews or ends."""

    subscriptions: list[Subscription] = msgspec.field(default_factory=list)
    renews_at: datetime | None = None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody without MFA. ``as_of`` is the report's own time."""

    user_id: str
    name: str
    username: str
    is_admin: bool
    is_guest: bool
    as_of: datetime | None


def state_of(cursor: Cursor | None) -> str:
    return cursor.outcome.value if cursor else NOT_READ_YET


def as_of(cursor: Cursor | None) -> datetime | None:
    return cursor.complete_at.replace(microsecond=0) if cursor and cursor.complete_at else None


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
    """Controls that are not fully implemented, in the order Microsoft recommends."""
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


def mfa_figures(cursor: Cursor | None) -> MfaFigures:
    """The figures from the counts in the cursor; no row is read."""
    people = registered(cursor.counts_by_kind) if cursor and cursor.complete_at else None
    return MfaFigures(state=state_of(cursor), as_of=as_of(cursor), people=people)


def without_mfa(registrations: Iterable[Registration]) -> list[Person]:
    """People without MFA, administrators first; the first hundred."""
    return first_people(person_of(it) for it in registrations if not it.is_mfa_registered)


def person_of(registration: Registration) -> Person:
    return Person(
        user_id=registration.user_id,
        name=registration.name,
        username=registration.username,
        is_admin=bool(registration.is_admin),
        is_guest=registration.is_guest,
        as_of=registration.as_of,
    )


def first_people(people: Iterable[Person]) -> list[Person]:
    """The first hundred: administrators before everybody else, guests last."""
    return heapq.nsmallest(MOST_PEOPLE, people, key=lambda it: (not it.is_admin, it.is_guest, it.username))


def administrators(
    members: Iterable[RoleMember], groups: Mapping[str, Group], registrations: Mapping[str, Registration]
) -> list[Administrator]:
    """Everybody who has a role, those without MFA first. Applications that have roles are left out."""
    held = holdings(members, groups)
    return in_order(administrator_of(key, holding, registrations.get(key)) for key, holding in held.items())


def in_order(people: Iterable[Administrator]) -> list[Administrator]:
    """Administrators in the order they are listed: those without MFA first."""
    return sorted(people, key=lambda it: (it.has_mfa is not False, it.username or "", it.user_id))


class Holding(NamedTuple):
    """The roles that somebody has, and the names of the groups through which they have some."""

    members: Sequence[RoleMember]
    through: Collection[str]


def holdings(members: Iterable[RoleMember], groups: Mapping[str, Group]) -> dict[str, Holding]:
    """The roles of everybody, by user id. Applications that have roles are left out."""
    held: dict[str, list[RoleMember]] = {}
    through: dict[str, set[str]] = {}
    for it in members:
        inside = everybody_in(groups, it.member_id) if it.kind == "group" else {it.member_id}
        for key in inside if it.kind != "application" else ():
            held.setdefault(key, []).append(it)
            through.setdefault(key, set()).update({it.name or it.member_id} if it.kind == "group" else ())
    return {key: Holding(roles, through[key]) for key, roles in held.items()}


def administrator_of(key: str, holding: Holding, known: Registration | None) -> Administrator:
    """One administrator; ``known`` is their entry in the registration report."""
    source = known or next((it for it in holding.members if it.kind == "user"), None)
    return Administrator(
        user_id=key,
        name=source.name if source else None,
        username=source.username if source else None,
        roles=sorted({it.role for it in holding.members}),
        through=sorted(holding.through),
        has_mfa=known.is_mfa_registered if known else None,
    )


def license_figures(licenses: Iterable[License], cursor: Cursor | None) -> LicenseFigures:
    paid = [it for it in licenses if not it.is_unlimited]
    return LicenseFigures(
        state=state_of(cursor),
        as_of=as_of(cursor),
        products=len(paid),
        bought=sum(it.bought for it in paid),
        assigned=sum(it.assigned for it in paid),
        unused=sum(it.unused for it in paid),
    )


def license_view(license_: License, subscriptions: Iterable[Subscription]) -> LicenseView:
    own = sorted((s for s in subscriptions if s.sku_id == license_.sku_id), key=lambda s: s.id)
    renewals = [s.renews_at for s in own if s.renews_at]
    return LicenseView(**msgspec.structs.asdict(license_), subscriptions=own, renews_at=min(renewals, default=None))


def _point(score: SecureScore) -> ScorePoint:
    return ScorePoint(as_of=score.as_of, points=score.points, max_points=score.max_points, percent=score.percent)
