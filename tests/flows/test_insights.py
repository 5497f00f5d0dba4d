"""What is known across all mapped tenants, answered from one small row for each."""

import csv
import io
import json
from datetime import timedelta
from typing import Any

import pytest

from integrations.actions.account import Account
from integrations.actions.evaluate import evaluate_tenant
from integrations.domain.evaluations.controls import CONTROLS
from integrations.domain.insights import summarizing
from integrations.domain.insights.summary import MfaSummary, ScoreSummary
from tests.flows.evaluating import order_of, resynced
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal
from tests.stored import Storage

SCORES, BASELINES, MFA = "/insights/secure-score", "/insights/baselines", "/insights/mfa"
CODES = "MS.AAD.3.9v1"


def rows(portal: Portal, path: str, query: str = "") -> list[dict[str, Any]]:
    return list(portal.ask("GET", f"{path}{query}")["items"])


def names(portal: Portal, path: str, query: str = "") -> list[str]:
    return [it["name"] for it in rows(portal, path, query)]


def stored(portal: Portal, kind: str) -> dict[tuple[str, str], dict[str, Any]]:
    storage = Storage(portal.services.settings.storage)
    try:
        return storage.read(queues=False).documents(kind)
    finally:
        storage.close()


def connected(portal: Portal, name: str, score: float | None = None, **days: float) -> dict[str, str]:
    """A tenant with this Secure Score today, and others so many days ago: ``d3`` for three."""
    tenant, world = portal.has_tenant(name), portal.microsoft.world
    world.keep_scores(tenant["id"], 0 if score is None else 10)
    for ago in range(10) if score is not None else ():
        day = portal.clock() - timedelta(days=ago)
        world.set_secure_score(tenant["id"], f"{day:%Y-%m-%d}", points=days.get(f"d{ago}", score), most=100)
    portal.integrate(tenant)
    portal.map(tenant, to=f"{name} Ltd")
    portal.run_queues()
    return tenant


def test_a_tenant_is_listed_from_its_mapping_on_until_its_end(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    assert rows(portal, SCORES) == []

    portal.map(tenant)
    [mapped] = rows(portal, SCORES)
    portal.run_queues()
    [synced] = rows(portal, SCORES)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)

    assert (mapped["state"], mapped["percent"], mapped["organization"]["name"]) == ("not_read_yet", None, "Acme Dental")
    assert synced["state"] == "fresh"
    assert synced["percent"] == portal_score(synced)
    assert len(synced["trend"]) == 30
    assert rows(portal, SCORES) == rows(portal, BASELINES) == rows(portal, MFA) == []
    assert stored(portal, "summary") == {}


def portal_score(row: dict[str, Any]) -> float:
    return round(100 * float(row["points"]) / float(row["max_points"]), 1)


def test_the_lowest_score_comes_first_and_tenants_without_one_last(portal: Portal) -> None:
    connected(portal, "Contoso", 80)
    connected(portal, "Fabrikam", None)
    connected(portal, "Tailspin", 30)

    found = portal.ask("GET", SCORES)

    assert [(it["name"], it["percent"], it["is_low"]) for it in found["items"]] == [
        ("Tailspin", 30.0, True),
        ("Contoso", 80.0, False),
        ("Fabrikam", None, False),
    ]
    assert found["counts"] == {"tenants": 3, "low": 1, "dropped": 0, "unknown": 1}
    assert names(portal, SCORES, "?only=low") == ["Tailspin"]
    assert names(portal, SCORES, "?only=unknown") == ["Fabrikam"]
    assert names(portal, SCORES, "?q=tailspin%20ltd") == ["Tailspin"]
    gains = [it["points"] for it in found["items"][0]["improvements"]]
    assert gains == sorted(gains, reverse=True)
    assert len(gains) == 5


def test_an_improvement_for_which_the_tenant_has_no_license_is_marked(portal: Portal) -> None:
    connected(portal, "Contoso", 30)

    [row] = rows(portal, SCORES)

    missing = {it["id"]: it.get("missing_license") for it in row["improvements"]}
    assert missing["scid_2010"] == "Microsoft Defender for Endpoint or for Business"
    assert missing["AdminMFAV2"] is None
    text = portal.call("GET", f"{SCORES}?format=csv").body.decode()
    assert text.count("no license for Microsoft Defender for Endpoint or for Business") == 2


def test_a_score_that_fell_within_a_week_is_told(portal: Portal) -> None:
    connected(portal, "Contoso", 60, d6=66, d9=90)
    connected(portal, "Fabrikam", 60, d8=90)

    by_name = {it["name"]: it for it in rows(portal, SCORES)}

    assert (by_name["Contoso"]["drop"], by_name["Contoso"]["has_dropped"]) == (6.0, True)
    assert (by_name["Fabrikam"]["drop"], by_name["Fabrikam"]["has_dropped"]) == (0.0, False)
    assert names(portal, SCORES, "?only=dropped") == ["Contoso"]


def test_pages_follow_each_other_without_a_gap_though_a_tenant_leaves(portal: Portal) -> None:
    first = connected(portal, "Contoso", 10)
    connected(portal, "Fabrikam", 20)
    connected(portal, "Tailspin", 20)

    page = portal.ask("GET", f"{SCORES}?limit=1")
    portal.ask("DELETE", f"/tenants/{first['id']}/mapping", expect=204)
    second = portal.ask("GET", f"{SCORES}?limit=1&cursor={page['next_cursor']}")
    third = portal.ask("GET", f"{SCORES}?limit=1&cursor={second['next_cursor']}")

    assert [it["items"][0]["name"] for it in (page, second, third)] == ["Contoso", "Fabrikam", "Tailspin"]
    assert third["next_cursor"] is None
    assert portal.call("GET", f"{SCORES}?cursor=abc").status == 400


def test_a_new_score_arrives_though_no_evaluation_needs_it(portal: Portal) -> None:
    tenant = connected(portal, "Contoso", 60)
    portal.later(minutes=10)
    portal.microsoft.world.set_secure_score(tenant["id"], f"{portal.clock():%Y-%m-%d}", points=40, most=80)

    portal.sync(tenant)

    [row] = rows(portal, SCORES)
    assert (row["percent"], row["points"], row["drop"]) == (50.0, 40.0, 10.0)


def test_tenants_are_compared_by_controls_and_controls_by_tenants(portal: Portal) -> None:
    tenant = connected(portal, "Contoso")
    connected(portal, "Fabrikam")
    portal.microsoft.world.add_conditional_access(
        tenant["id"],
        displayName="No codes",
        conditions={
            "users": {"includeUsers": ["All"]},
            "applications": {"includeApplications": ["All"]},
            "clientAppTypes": ["all"],
            "authenticationFlows": {"transferMethods": "deviceCodeFlow"},
        },
        grantControls={"operator": "OR", "builtInControls": ["block"]},
    )
    resynced(portal, tenant)

    found = portal.ask("GET", f"{BASELINES}?control={CODES}")

    assert [(it["name"], it["verdict"]) for it in found["items"]] == [("Fabrikam", "not_met"), ("Contoso", "met")]
    assert [(it["control"], it["counts"]) for it in found["controls"]] == [(CODES, {"not_met": 1, "met": 1})]
    assert names(portal, BASELINES, f"?control={CODES}&verdict=met") == ["Contoso"]
    assert names(portal, BASELINES, "?verdict=met") == names(portal, BASELINES)
    findings = portal.ask("GET", f"/tenants/{tenant['id']}/findings")
    [contoso] = rows(portal, BASELINES, "?q=contoso")
    assert contoso["counts"] == findings["counts"]
    assert contoso["by_verdict"]["met"] == sorted(it["control"] for it in findings["items"] if it["verdict"] == "met")
    assert contoso["score_with_unlicensed"] <= contoso["score"]


def test_an_evaluation_that_is_switched_off_leaves_tenants_unknown(portal: Portal) -> None:
    object.__setattr__(portal.services.settings, "evaluations_off", frozenset({CONTROLS.name}))
    connected(portal, "Contoso")

    found = portal.ask("GET", BASELINES)

    assert [(it["state"], it["score"], it["counts"]) for it in found["items"]] == [("off", None, {})]
    assert found["counts"] == {"tenants": 1, "not_met": 0, "unknown": 1}


@pytest.mark.parametrize("path", [SCORES, BASELINES, MFA])
def test_every_view_is_a_table_for_spreadsheets_too_without_formulas(portal: Portal, path: str) -> None:
    connected(portal, "=HYPERLINK(1)", 60)

    by_accept = portal.call("GET", path, headers={"accept": "text/csv"})
    by_format = portal.call("GET", f"{path}?format=csv")
    as_json = portal.call("GET", f"{path}?format=json", headers={"accept": "text/csv"})

    [row] = csv.DictReader(io.StringIO(by_accept.body.decode()))
    assert row["name"] == "'=HYPERLINK(1)"
    assert by_format.body == by_accept.body
    assert json.loads(as_json.body)["total"] == 1


def test_an_evaluation_that_changes_nothing_writes_nothing(portal: Portal) -> None:
    tenant = connected(portal, "Contoso", 60)
    summaries = portal.services.control(ACCOUNT).summaries  # type: ignore[arg-type]
    before = summaries.find(tenant["id"])

    portal.services.send(order_of(portal.services, tenant))
    portal.run_queues()

    assert before is not None
    assert summaries.find(tenant["id"]) == before


def forgotten(portal: Portal, tenant: dict[str, str]) -> None:
    """As if an earlier version of the service had mapped the tenant: it has no summary."""
    account = Account(portal.services, ACCOUNT)  # type: ignore[arg-type]
    with account.change() as change:
        change.write(account.control.summaries.dropped(tenant["id"]))


def test_a_tenant_that_an_earlier_version_mapped_is_listed_after_its_next_evaluation(portal: Portal) -> None:
    tenant = connected(portal, "Contoso", 60)
    before = rows(portal, SCORES)
    forgotten(portal, tenant)
    assert rows(portal, SCORES) == []

    portal.services.send(order_of(portal.services, tenant))
    portal.run_queues()

    assert rows(portal, SCORES) == before
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    assert stored(portal, "summary") == {}


@pytest.mark.parametrize("has_summary", [True, False], ids=["with a summary", "mapped by an earlier version"])
def test_an_unmapping_in_the_middle_of_an_evaluation_leaves_no_summary(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, has_summary: bool
) -> None:
    tenant = connected(portal, "Contoso", 60)
    if not has_summary:
        forgotten(portal, tenant)
    portal.microsoft.world.set_secure_score(tenant["id"], f"{portal.clock():%Y-%m-%d}", points=1, most=10)
    order, summarized = order_of(portal.services, tenant), summarizing.mfa_summary
    portal.later(days=1)  # so that there is something to write

    def unmapping(*rows: Any) -> MfaSummary:
        portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
        return summarized(*rows)

    monkeypatch.setattr(summarizing, "mfa_summary", unmapping)
    before = stored(portal, "history")
    portal.services.send(order)
    portal.run_queues()

    assert portal.row(tenant)["syncro_tenant"] is None
    assert stored(portal, "summary") == {}
    assert stored(portal, "history") == before


def test_a_summary_that_somebody_made_of_later_data_meanwhile_stays(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    tenant = connected(portal, "Contoso", 60)
    summarized, synced, points_told = summarizing.score_summary, evaluate_tenant.sync_users, list[float]()

    def scored(points: float) -> None:
        day = portal.clock() + timedelta(hours=7)
        portal.microsoft.world.set_secure_score(tenant["id"], f"{day:%Y-%m-%d}", points=points, most=100)
        resynced(portal, tenant)

    def overtaken(*rows: Any) -> ScoreSummary:
        monkeypatch.setattr(summarizing, "score_summary", summarized)
        scored(80)
        return summarized(*rows)

    def after_the_summary(*arguments: Any) -> None:
        points_told.extend(it["points"] for it in rows(portal, SCORES))
        synced(*arguments)

    monkeypatch.setattr(summarizing, "score_summary", overtaken)
    monkeypatch.setattr(evaluate_tenant, "sync_users", after_the_summary)
    scored(70)

    assert set(points_told) == {80}
