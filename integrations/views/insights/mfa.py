"""Who is protected by MFA in all mapped tenants: those with unprotected administrators first."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Annotated

import msgspec

from integrations.domain.account_settings import Thresholds
from integrations.domain.evaluations.progress import State
from integrations.domain.ids import TenantId
from integrations.domain.insights.scores import JudgedMfa, judged_mfa
from integrations.domain.insights.summary import TenantSummary
from integrations.domain.security.mfa_counts import ProtectionCounts
from integrations.views.insights.rows import InsightFilter, InsightRow, cell, of_tenant, selected
from integrations.views.status import to_second
from shared.http.schemas import one_of


class PeopleByProtection(ProtectionCounts, frozen=True, kw_only=True):
    """Numbers of people by what has to be done about their MFA.

    Attributes:
        unprotected: How many are surely not protected: all but the protected, the unknown and the excepted ones.
        excepted: How many are not protected, and the account has made an exception.
    """

    unprotected: int
    excepted: int


class MfaTrendDay(msgspec.Struct, frozen=True, kw_only=True):
    """Who was not protected on one day; people with an exception are left out.

    Attributes:
        day: The day, in the account's time zone.
        unprotected: How many enabled members were surely not protected.
        unprotected_administrators: How many of them were administrators.
    """

    day: date
    unprotected: int
    unprotected_administrators: int


class TenantMfaRow(InsightRow, frozen=True, kw_only=True):
    """The people of one tenant.

    Attributes:
        state: The state of the evaluation that these numbers come from.
        as_of: When the tenant was last evaluated. Null before the first time.
        people: Enabled members of the tenant, administrators included. Null while nothing is known.
        administrators: Those of them who have a directory role. Null while nothing is known.
        guests: Enabled guests. Null while nothing is known.
        disabled: How many accounts are disabled. Null while nothing is known.
        rooms: How many accounts belong to rooms and equipment. Null while nothing is known.
        is_listed: Whether more people are unprotected than the account's threshold allows.
        trend: The last 30 days on which this was known, the oldest first.
    """

    state: Annotated[str, one_of(State)]
    as_of: datetime | None
    people: PeopleByProtection | None
    administrators: PeopleByProtection | None
    guests: PeopleByProtection | None
    disabled: int | None
    rooms: int | None
    is_listed: bool
    trend: list[MfaTrendDay]


class MfaTenantCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many mapped tenants there are, whatever the filter.

    Attributes:
        tenants: All of them.
        unprotected: Those with more unprotected people than the threshold allows.
        administrators: Those with unprotected administrators.
        unknown: Those of which nothing is known, or not everybody.
    """

    tenants: int
    unprotected: int
    administrators: int
    unknown: int


class MfaInsights(msgspec.Struct, frozen=True, kw_only=True):
    """The people of the account's mapped tenants by their MFA.

    Attributes:
        items: The tenants of this page: most unprotected administrators first, then most unprotected people. Those of
            which nothing is known come last.
        next_cursor: The cursor of the next page. Null on the last one.
        total: How many tenants all pages have.
        counts: How many mapped tenants there are, whatever the filter.
        thresholds: The account's thresholds.
    """

    items: list[TenantMfaRow]
    next_cursor: str | None
    total: int
    counts: MfaTenantCounts
    thresholds: Thresholds


CONDITIONS: dict[str, Callable[[TenantMfaRow], bool]] = {
    "unprotected": lambda row: row.is_listed,
    "administrators": lambda row: row.administrators is not None and row.administrators.unprotected > 0,
    "unknown": lambda row: row.people is None or row.people.unknown > 0,
}
_OF_PEOPLE = ("total", "protected", "unprotected", "unknown", "excepted")
COLUMNS = (
    "name", "tenant_id", "default_domain", "organization", "state", "as_of",
    *(f"{who}_{what}" for who in ("people", "administrators", "guests") for what in _OF_PEOPLE), "disabled", "rooms",
)  # fmt: skip


def mfa_insights(
    summaries: Iterable[TenantSummary],
    exceptions: Mapping[TenantId, frozenset[str]],
    thresholds: Thresholds,
    chosen: InsightFilter,
) -> MfaInsights:
    """The tenants that the filter selects; ``exceptions`` are user ids by tenant.

    Raises:
        Invalid: the filter's cursor is not one of ours.
    """
    rows = [_row(it, exceptions.get(it.tenant_id, frozenset()), thresholds) for it in summaries]
    page = selected(rows, chosen, CONDITIONS, _most_first)
    counts = {name: sum(map(holds, rows)) for name, holds in CONDITIONS.items()}
    return MfaInsights(
        items=page.items,
        next_cursor=page.next_cursor,
        total=page.total,
        counts=MfaTenantCounts(tenants=len(rows), **counts),
        thresholds=thresholds,
    )


def cells(row: TenantMfaRow) -> Sequence[str]:
    """A row in the order of COLUMNS."""
    named = (row.name, row.tenant_id, row.default_domain, row.organization.name, row.state)
    at = row.as_of and row.as_of.isoformat().replace("+00:00", "Z")
    people = [getattr(it, what, None) for it in (row.people, row.administrators, row.guests) for what in _OF_PEOPLE]
    return [cell(it) for it in (*named, at, *people, row.disabled, row.rooms)]


def _row(summary: TenantSummary, exceptions: frozenset[str], thresholds: Thresholds) -> TenantMfaRow:
    judged = judged_mfa(summary.mfa, exceptions)
    people = _people(judged, "people")
    return TenantMfaRow(
        **of_tenant(summary),
        state=summary.mfa.state.value,
        as_of=to_second(summary.mfa.as_of),
        people=people,
        administrators=_people(judged, "administrators"),
        guests=_people(judged, "guests"),
        disabled=judged.counted.disabled if judged else None,
        rooms=judged.counted.rooms if judged else None,
        is_listed=people is not None and people.unprotected > thresholds.unprotected_people,
        trend=[
            MfaTrendDay(day=it.day, unprotected=it.people, unprotected_administrators=it.administrators)
            for it in summary.mfa.recent
        ],
    )


def _people(judged: JudgedMfa | None, who: str) -> PeopleByProtection | None:
    if judged is None:
        return None
    counted: ProtectionCounts = getattr(judged.counted, who)
    excepted: ProtectionCounts = getattr(judged.excepted, who)
    fields = msgspec.structs.asdict(counted) | {"total": counted.total + excepted.total}
    return PeopleByProtection(**fields, unprotected=counted.unprotected, excepted=excepted.total)


def _most_first(row: TenantMfaRow) -> tuple[float, float]:
    if row.people is None or row.administrators is None:
        return 1.0, 0.0
    return -float(row.administrators.unprotected), -float(row.people.unprotected)
