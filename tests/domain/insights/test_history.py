"""A tenant's days."""

from datetime import UTC, date, datetime

from integrations.domain.evaluations.progress import State
from integrations.domain.ids import OrganizationId, TenantId
from integrations.domain.insights.history import HistoryMonth, day_of, month_of, months_around, months_of, of_measure
from integrations.domain.insights.summary import LicenseCounts, LicensesSummary, MfaSummary, ScoreSummary, TenantSummary

TENANT, DAY = TenantId("t1"), date(2026, 11, 29)
EMPTY = TenantSummary(tenant_id=TENANT, epoch=3, name="Contoso", organization_id=OrganizationId("o1"))
KNOWN = TenantSummary(
    tenant_id=TENANT,
    epoch=3,
    name="Contoso",
    organization_id=OrganizationId("o1"),
    score=ScoreSummary(as_of=datetime(2026, 11, 29, tzinfo=UTC), points=0.0, max_points=0.0),
    mfa=MfaSummary(
        state=State.FRESH,
        counts_by_kind={"administrator exposed": 2, "person protected": 5, "person unknown": 1, "guest exposed": 1},
        excepted={"alice": "administrator exposed"},
    ),
    licenses=LicensesSummary(counts=LicenseCounts(products=1, bought=5, assigned=4, unused=1)),
)


def test_what_is_not_known_is_missing_from_a_day() -> None:
    day = day_of(EMPTY, (), DAY)

    assert (day.score, day.mfa, day.controls, day.licenses) == (None, None, None, None)


def test_somebody_with_an_exception_is_one_of_the_people_but_not_of_the_unprotected() -> None:
    mfa = day_of(KNOWN, ["alice"], DAY).mfa

    assert mfa is not None
    assert (mfa.people, mfa.unprotected, mfa.unknown, mfa.excepted) == (8, 1, 1, 1)
    assert (mfa.administrators, mfa.unprotected_administrators) == (2, 1)
    assert (mfa.guests, mfa.unprotected_guests) == (1, 1)


def test_a_score_of_which_nothing_is_possible_has_points_and_no_percentage() -> None:
    score = day_of(KNOWN, (), DAY).score

    assert score is not None
    assert (score.percent, score.points) == (None, 0.0)


def test_the_last_numbers_of_a_day_replace_those_before_and_days_stay_in_order() -> None:
    month = HistoryMonth(tenant_id=TENANT, epoch=3, month=month_of(DAY))
    month = month.with_day(day_of(KNOWN, (), DAY)).with_day(day_of(EMPTY, (), date(2026, 11, 2)))

    after = month.with_day(day_of(EMPTY, (), DAY))

    assert [it.day.day for it in after.days] == [2, 29]
    assert after.days[-1].mfa is None
    assert after.key == "t1:3:2026-11"
    assert after.key.startswith(months_of(TENANT, 3))
    assert after.key.startswith(months_of(TENANT))


def test_one_measure_can_be_taken_out_of_a_day() -> None:
    day = day_of(KNOWN, (), DAY)

    assert of_measure(day, "") == day
    only = of_measure(day, "licenses")
    assert (only.day, only.licenses, only.mfa, only.score) == (DAY, day.licenses, None, None)


def test_a_tenant_whose_data_was_deleted_begins_anew() -> None:
    emptied = KNOWN.emptied(4)

    assert emptied.epoch == 4
    assert day_of(emptied, (), DAY) == day_of(EMPTY, (), DAY)


def test_a_day_belongs_to_another_month_elsewhere_only_at_the_ends_of_a_month() -> None:
    assert months_around(date(2026, 11, 29)) == ["2026-11"]
    assert months_around(date(2026, 11, 30)) == ["2026-11", "2026-12"]
    assert months_around(date(2027, 1, 1)) == ["2026-12", "2027-01"]
