"""What was known about a tenant day by day, for as long as it is mapped."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.domain.insights.history import HistoryMonth
from tests.flows.evaluating import order_of
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal


def history(portal: Portal, tenant: dict[str, str], query: str = "") -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"/tenants/{tenant['id']}/history{query}")["items"])


def evaluated(portal: Portal, tenant: dict[str, str]) -> None:
    portal.services.send(order_of(portal.services, tenant))
    portal.run_queues()


def months(portal: Portal, tenant: dict[str, str]) -> list[HistoryMonth]:
    stored = portal.services.control(ACCOUNT).history.list(tenant["id"])  # type: ignore[arg-type]
    return [it.value for it in stored]


def at(portal: Portal, moment: datetime) -> None:
    """Have it this time of the day, some day to come."""
    portal.later(seconds=(moment - portal.clock()).total_seconds())


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    return tenant


def test_each_day_has_the_numbers_that_were_known_last(portal: Portal, tenant: dict[str, str]) -> None:
    portal.later(days=1)
    evaluated(portal, tenant)
    portal.later(days=2)
    evaluated(portal, tenant)
    portal.microsoft.world.set_secure_score(tenant["id"], f"{portal.clock():%Y-%m-%d}", points=20, most=80)
    portal.sync(tenant)

    found = history(portal, tenant)

    today = portal.clock().date()
    assert [it["day"] for it in found] == [f"{today - timedelta(days=ago)}" for ago in (3, 2, 0)]
    assert found[-1]["score"] == {"percent": 25.0, "points": 20.0, "max_points": 80.0}
    assert found[0]["score"] != found[-1]["score"]
    [row] = portal.ask("GET", "/insights/mfa")["items"]
    assert found[-1]["mfa"]["people"] == row["people"]["total"]
    assert found[-1]["mfa"]["unprotected"] == row["people"]["unprotected"]
    [judged] = portal.ask("GET", "/insights/baselines")["items"]
    assert found[-1]["controls"] == {"score": judged["score"], "counts": judged["counts"]}
    numbers = ("unprotected", "unprotected_administrators")
    assert row["trend"] == [{"day": it["day"]} | {name: it["mfa"][name] for name in numbers} for it in found]
    scores = [{"day": it["day"], "score": it["controls"]["score"]} for it in found]
    assert judged["trend"] == [it for it in scores if it["score"] is not None]
    licenses = portal.ask("GET", f"/tenants/{tenant['id']}")["licenses"]
    assert found[-1]["licenses"] == {it: licenses[it] for it in ("products", "bought", "assigned", "unused")}


def test_one_measure_of_the_last_days_can_be_asked_for(portal: Portal, tenant: dict[str, str]) -> None:
    portal.later(days=2)
    evaluated(portal, tenant)

    [day] = history(portal, tenant, "?measure=licenses&days=2")

    assert day.keys() == {"day", "licenses"}
    assert len(history(portal, tenant, "?days=3")) == 2


def test_a_day_begins_when_it_does_in_the_accounts_time_zone(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("PUT", "/settings", {"time_zone": "Asia/Tokyo"})
    late = datetime.combine(portal.clock().date() + timedelta(days=2), datetime.min.time(), UTC).replace(hour=16)
    at(portal, late)
    evaluated(portal, tenant)

    answer = portal.ask("GET", f"/tenants/{tenant['id']}/history")

    assert answer["time_zone"] == "Asia/Tokyo"
    assert answer["items"][-1]["day"] == f"{late.date() + timedelta(days=1)}"


def test_the_history_ends_with_the_mapping(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    unmapped = portal.ask("GET", f"/tenants/{tenant['id']}/history")
    portal.ask("DELETE", f"/tenants/{tenant['id']}/data", expect=204)
    portal.run_queues()
    purged = months(portal, tenant)
    portal.later(days=1)
    portal.map(tenant, to="Another")
    portal.run_queues()

    assert (unmapped["mapped_at"], unmapped["items"]) == (None, [])
    assert purged == []
    assert [it["day"] for it in history(portal, tenant)] == [f"{portal.clock():%Y-%m-%d}"]


def test_what_was_kept_of_an_earlier_mapping_is_never_shown(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.later(days=1)

    portal.map(tenant, to="Another")
    portal.run_queues()

    assert len(history(portal, tenant)) == 1
    assert len({it.epoch for it in months(portal, tenant)}) == 2
    portal.later(days=31)
    portal.tick()
    assert len({it.epoch for it in months(portal, tenant)}) == 1


def test_a_removal_leaves_nothing_of_it(portal: Portal, tenant: dict[str, str]) -> None:
    portal.remove(portal.row(tenant)["integration_id"])
    portal.run_queues()

    assert months(portal, tenant) == []
    assert portal.services.control(ACCOUNT).summaries.list() == []  # type: ignore[arg-type]


def test_months_are_deleted_once_all_of_their_days_are_older_than_four_hundred_days(
    portal: Portal, tenant: dict[str, str]
) -> None:
    first = months(portal, tenant)[0].month
    portal.later(days=370)
    evaluated(portal, tenant)
    kept = [it.month for it in months(portal, tenant)]

    portal.later(days=70)
    evaluated(portal, tenant)

    assert kept[0] == first
    assert [it.month for it in months(portal, tenant)] == [kept[1], f"{portal.clock():%Y-%m}"]
