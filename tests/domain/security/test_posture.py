"""What the details of a tenant tell about its security and its licences."""

from datetime import UTC, datetime, timedelta

from integrations.domain.security.posture import without_mfa
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.records import License, Subscription
from integrations.domain.sync.security_records import Registration, SecureScore, SecureScoreControl
from integrations.views.security.licenses import license_figures, license_view
from integrations.views.security.mfa import mfa_figures
from integrations.views.security.secure_score import improvements, secure_score_view

TODAY = datetime(2026, 11, 23, tzinfo=UTC)
CURSOR = Cursor(dataset="x", outcome=DatasetOutcome.FRESH, attempted_at=TODAY, complete_at=TODAY + timedelta(hours=7))


def score(days_ago: int, percent: float = 50.0, **controls: float) -> SecureScore:
    at = TODAY - timedelta(days=days_ago)
    return SecureScore(as_of=at, points=percent, max_points=100.0, percent=percent, controls=controls)


def license(bought: int, assigned: int, **more: object) -> License:  # noqa: A001 - the product's word
    return License(
        sku_id="s", part_number="SPB", name="Premium", is_assignable=True, is_per_user=True, bought=bought,
        assigned=assigned, unused=bought - assigned, **more,
    )  # fmt: skip


def test_the_trend_holds_ninety_days_with_one_point_each() -> None:
    scores = [score(days, percent=float(days)) for days in range(120)] + [score(0, percent=0.0, mfa=1.0)]

    view = secure_score_view(scores, CURSOR)

    assert (view.percent, view.as_of, view.state) == (0.0, TODAY, "fresh")
    assert [it.percent for it in view.trend] == [float(days) for days in reversed(range(90))]


def test_a_new_tenant_has_no_score_yet() -> None:
    view = secure_score_view([], CURSOR)

    assert (view.state, view.percent, view.trend, view.read_at) == ("fresh", None, [], CURSOR.complete_at)
    assert secure_score_view([], None).state == "not_read_yet"


def test_improvements_are_what_is_not_done_the_best_first() -> None:
    def control(id_: str, rank: int | None, most: float = 10.0, **more: object) -> SecureScoreControl:
        return SecureScoreControl(id=id_, title=id_, max_points=most, rank=rank, **more)

    newest = score(0, open=3.0, done=10.0, old=1.0, later=0.0, unranked=0.0)
    controls = [
        control("later", 9), control("open", 2), control("done", 1), control("old", 3, is_deprecated=True),
        control("not scored", 4), control("unranked", None),
    ]  # fmt: skip

    assert [(it.id, it.points) for it in improvements(newest, controls)] == [
        ("open", 3.0), ("later", 0.0), ("unranked", 0.0),
    ]  # fmt: skip
    assert improvements(None, controls) == []


def test_figures_nobody_has_read_are_unknown_not_zero() -> None:
    assert (mfa_figures(None).state, mfa_figures(None).people) == ("not_read_yet", None)
    unlicensed = Cursor(dataset="registrations", outcome=DatasetOutcome.NOT_LICENSED, attempted_at=TODAY)
    assert (mfa_figures(unlicensed).state, mfa_figures(unlicensed).people) == ("not_licensed", None)


def test_people_without_mfa_begin_with_the_administrators() -> None:
    def person(username: str, *, admin: bool = False, guest: bool = False, mfa: bool = False) -> Registration:
        return Registration(
            user_id=username, name=username, username=username, is_mfa_registered=mfa, is_mfa_capable=mfa,
            is_admin=admin, is_guest=guest,
        )  # fmt: skip

    people = [
        person("guest", guest=True),
        person("zoe"),
        person("ana"),
        person("root", admin=True),
        person("b", mfa=True),
    ]

    assert [it.username for it in without_mfa(people)] == ["root", "ana", "zoe", "guest"]
    assert len(without_mfa([person(f"p{n}") for n in range(150)])) == 100


def test_seats_that_nobody_paid_for_are_not_counted() -> None:
    figures = license_figures([license(25, 20), license(10_000, 3, is_unlimited=True)], CURSOR)

    assert (figures.products, figures.bought, figures.assigned, figures.unused) == (1, 25, 20, 5)


def test_a_licence_names_its_next_renewal() -> None:
    def order(key: str, sku: str, day: int | None) -> Subscription:
        at = TODAY + timedelta(days=day) if day is not None else None
        return Subscription(id=key, sku_id=sku, status="Enabled", seats=5, renews_at=at)

    view = license_view(license(10, 1), [order("b", "s", 30), order("a", "s", 60), order("c", "other", 1)])

    assert ([it.id for it in view.subscriptions], view.renews_at) == (["a", "b"], TODAY + timedelta(days=30))
    assert license_view(license(10, 1), [order("a", "s", None)]).renews_at is None
