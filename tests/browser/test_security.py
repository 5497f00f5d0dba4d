"""Security: all mapped tenants by MFA, by Secure Score and by the baselines, the worst first."""

import csv
import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import told, told_insights, told_mfa
from tests.browser.site import Site
from tests.browser.states import security_mfa, with_insights, with_rows, with_tenant
from tests.exhaustive import exhaustive

CONTROL = told_insights.CONTROLS[0]


def names(site: Site) -> list[str]:
    """The tenants that are listed, in their order."""
    return site.page.locator(".ranked tbody td:first-child a").all_inner_texts()


def row(site: Site, name: str) -> Locator:
    return site.page.locator(".ranked tbody tr").filter(has=site.page.get_by_role("link", name=name, exact=True))


def chip(site: Site, text: str) -> Locator:
    return site.page.get_by_role("group", name="Tenants that need attention").get_by_role("button", name=text)


def test_security_stands_beside_the_integrations_and_both_are_found_again_as_they_were(site: Site) -> None:
    with_rows(site)
    site.answers("/insights/mfa", told_insights.mfa())
    views = site.page.get_by_role("navigation", name="Views")
    site.page.get_by_role("searchbox", name="Search tenants").fill("Contoso")
    expect(site.page).to_have_url(re.compile("q=Contoso"))

    views.get_by_role("link", name="Security").click()
    expect(row(site, "Adatum")).to_be_visible()
    expect(views.get_by_role("link", name="Security")).to_have_attribute("aria-current", "page")
    chip(site, "with unprotected administrators").click()
    expect(row(site, "Adatum")).to_have_count(0)
    views.get_by_role("link", name="Integrations").click()
    expect(site.page.get_by_role("searchbox", name="Search tenants")).to_have_value("Contoso")
    views.get_by_role("link", name="Security").click()
    expect(chip(site, "with unprotected administrators")).to_have_attribute("aria-pressed", "true")
    assert names(site) == ["Contoso Dental", "Fabrikam Clinics"]


def test_tenants_stand_in_the_order_of_the_api_unknown_ones_apart_and_a_search_stays_through_the_lists(
    site: Site,
) -> None:
    security_mfa(site)

    assert names(site)[:3] == ["Contoso Dental", "Fabrikam Clinics", "Adatum"]
    expect(row(site, "Contoso Dental")).to_contain_text("1 of 5")
    expect(row(site, "Contoso Dental")).to_contain_text("14 of 212")
    unknown = site.page.get_by_role("region", name="Not known")
    expect(unknown).to_contain_text("Wingtip Law")
    expect(unknown).to_contain_text("Not evaluated yet. This happens automatically after the first sync.")

    site.page.get_by_role("searchbox", name="Search tenants").fill("client 1")
    site.until(lambda: names(site) == ["Fabrikam Clinics"])
    site.page.get_by_role("link", name="Secure Score").click()
    expect(site.page).to_have_url(re.compile("list=secure-score"))
    site.until(lambda: names(site) == ["Fabrikam Clinics"])
    expect(site.page.get_by_role("searchbox", name="Search tenants")).to_have_value("client 1")
    site.page.get_by_role("searchbox", name="Search tenants").fill("nobody")
    expect(site.page.locator("#view")).to_contain_text("No tenant matches.")


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("2 with unprotected administrators", ["Contoso Dental", "Fabrikam Clinics"]),
        ("not fully known", ["Wingtip Law"]),
        *exhaustive(
            ("4 with unprotected people", ["Contoso Dental", "Fabrikam Clinics", "Adatum", "Northwind Traders"])
        ),
    ],
)
def test_each_count_is_a_filter_and_stands_in_the_address(site: Site, label: str, expected: list[str]) -> None:
    security_mfa(site)

    chip(site, label).click()
    site.until(lambda: names(site) == expected)
    site.page.reload()
    site.until(lambda: names(site) == expected)
    site.page.get_by_role("button", name="Clear filters").click()
    site.until(lambda: len(names(site)) == len(told_insights.MFA))
    site.page.go_back()
    site.until(lambda: names(site) == expected)


def test_a_low_score_and_a_drop_are_told_with_the_trend_and_what_would_raise_it(site: Site) -> None:
    with_insights(site, "#security?list=secure-score")

    expect(site.page.locator("#view")).to_contain_text("Below 50 % is low")
    worst = row(site, "Contoso Dental")
    expect(worst.locator(".mark.red")).to_have_text("31.2 %")
    expect(worst.locator(".mark.orange")).to_contain_text("9.8 points")
    expect(worst.locator(".spark polyline")).to_have_count(1)
    worst.get_by_text("Require MFA for administrators: 10 points").click()
    expect(worst).to_contain_text("Block legacy authentication: 8.5 points (no license for Microsoft Entra ID P2)")
    expect(site.page.get_by_role("region", name="Not known")).to_contain_text("The tenant has no license for it.")
    chip(site, "dropped by 5 points or more").click()
    site.until(lambda: names(site) == ["Contoso Dental", "Northwind Traders"])


def test_each_list_shows_how_its_numbers_have_changed(site: Site) -> None:
    trends = [[9, 14], [14, 14], [20, 3], []]
    site.answers(
        "/insights/mfa",
        told_insights.mfa(
            [
                told_insights.mfa_row(n, 0, 3, trend=told_insights.trend_of("unprotected", *it))
                for n, it in enumerate(trends)
            ]
        ),
    )
    site.answers("/insights/baselines", told_insights.baselines())
    site.open(place="#security")
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date()

    courses = site.page.locator(".ranked td[data-title='30 days']")
    expect(courses).to_contain_text([f"+5 since {yesterday.day} ", "\u00b10 since", "\u221217 since", ""])
    expect(courses.locator("polyline")).to_have_count(3)
    site.page.get_by_role("link", name="Baselines", exact=True).click()
    expect(site.page.locator(".ranked td[data-title='30 days'] polyline")).to_have_count(4)


def test_a_threshold_is_said_where_it_counts(site: Site) -> None:
    site.answers("/insights/mfa", told_insights.mfa(thresholds=told_mfa.THRESHOLDS | {"unprotected_people": 5}))
    site.open(place="#security")

    expect(chip(site, "with more than 5 unprotected people")).to_be_visible()

    limits = told_mfa.THRESHOLDS | {"secure_score": 62.5, "secure_score_drop": 7}
    site.answers("/insights/secure-score", told_insights.scores(thresholds=limits))
    site.page.get_by_role("link", name="Secure Score", exact=True).click()
    expect(site.page.locator("#view")).to_contain_text("Below 62.5 % is low; a fall of 7 percentage points")
    expect(chip(site, "below 62.5 %")).to_be_visible()
    expect(chip(site, "dropped by 7 points or more")).to_be_visible()


def test_thresholds_and_time_zone_are_changed_and_nothing_else(site: Site) -> None:
    security_mfa(site)
    site.answers("/settings", told_mfa.settings(), method="PUT")
    site.page.get_by_role("button", name="Thresholds").click()
    site.dialog.get_by_label("Its Secure Score is below").fill("101")
    site.press("Save")
    expect(site.dialog).to_be_visible()
    site.dialog.get_by_label("Its Secure Score is below").fill("62.5")
    site.dialog.get_by_label("Time zone, in which").select_option("Europe/Berlin")

    with site.page.expect_request(lambda it: it.method == "PUT" and it.url.endswith("/settings")) as put:
        site.press("Save")

    thresholds = {"secure_score": 62.5, "secure_score_drop": 5, "unprotected_people": 0}
    assert put.value.post_data_json == {"thresholds": thresholds, "time_zone": "Europe/Berlin"}
    expect(site.dialog).to_be_hidden()


def test_a_tenant_leads_to_its_section_and_back_to_the_list(site: Site) -> None:
    tenant = told.single(0, "Contoso Dental")
    with_tenant(site, tenant)
    with_insights(site, "#security?q=contoso")

    row(site, "Contoso Dental").get_by_role("link").click()
    heading = site.page.get_by_role("heading", name="Multi-factor authentication", exact=True)
    expect(heading).to_be_focused()
    expect(heading).to_be_in_viewport()
    site.page.get_by_role("link", name="\u2190 Security").click()
    site.until(lambda: names(site) == ["Contoso Dental"])


def test_controls_lead_to_the_tenants_that_do_not_meet_them(site: Site) -> None:
    with_insights(site, "#security?list=baselines")
    site.page.get_by_role("button", name="Controls", exact=True).click()
    table = site.page.get_by_role("table", name="Controls")
    expect(table.get_by_role("row").filter(has_text="Legacy authentication")).to_contain_text("3 tenants")
    site.page.get_by_role("searchbox", name="Search controls").fill("legacy")
    expect(table.get_by_role("row")).to_have_count(2)
    site.page.get_by_role("searchbox", name="Search controls").fill(CONTROL["control"].lower())
    expect(table.get_by_role("row")).to_have_count(2)

    table.get_by_role("link", name=CONTROL["title"]).click()
    expect(site.page.get_by_role("heading", name=CONTROL["title"])).to_be_visible()
    expect(row(site, "Contoso Dental")).to_contain_text("Not met")
    expect(row(site, "Northwind Traders")).to_contain_text("Met")
    site.page.get_by_role("group", name="Tenants by verdict").get_by_role(
        "button", name="Met", exact=False
    ).last.click()
    site.until(lambda: names(site) == ["Northwind Traders"])
    site.page.get_by_role("link", name="All controls").click()
    expect(table).to_be_visible()


def test_the_list_is_exported_as_it_is_filtered_and_no_cell_is_a_formula(site: Site, tmp_path: Path) -> None:
    evil = told_insights.mfa_row(1, 0, 2, name="=HYPERLINK(1)")
    site.answers(
        "/insights/mfa", told_insights.mfa([told_insights.mfa_row(0, 1, 14), evil, told_insights.mfa_row(2, 0, 0)])
    )
    site.open(place="#security?only=unprotected")
    expect(site.page.get_by_role("button", name="Export CSV")).to_be_visible()

    with site.page.expect_download() as saved:
        site.page.get_by_role("button", name="Export CSV").click()
    saved.value.save_as(tmp_path / "mfa.csv")

    heads, *rows = csv.reader((tmp_path / "mfa.csv").read_text(encoding="utf-8-sig").splitlines())
    assert saved.value.suggested_filename.startswith("microsoft-mfa-")
    assert [it[0] for it in rows] == ["Contoso Dental", "'=HYPERLINK(1)"]
    assert rows[0][heads.index("People: unprotected")] == "14"


def test_many_tenants_are_drawn_a_part_at_a_time(site: Site) -> None:
    site.answers("/insights/mfa", told_insights.mfa([told_insights.mfa_row(n, 0, 1) for n in range(350)]))
    site.open(place="#security")
    site.until(lambda: len(names(site)) == 100)

    site.page.get_by_role("button", name="Load more").click()
    site.until(lambda: len(names(site)) == 350)


def test_while_nothing_is_mapped_the_page_says_how_it_begins(site: Site) -> None:
    """Against the real API; the remedy leads to where tenants are mapped."""
    site.connected(site.portal.has_tenant("Contoso Dental"))
    site.open(place="#security")
    expect(site.page.get_by_role("heading", name="No tenant is mapped yet")).to_be_visible()

    site.page.get_by_role("link", name="Go to Integrations").click()
    site.choose("Actions for Contoso Dental", "Map Syncro Tenant")
    expect(site.dialog).to_be_visible()


def test_on_a_lower_plan_thresholds_are_seen_to_be_out_of_reach(site: Site) -> None:
    held = {
        "user_id": "u",
        "name": "U",
        "can_manage": False,
        "detail": "The Core plan is needed.",
        "remedy": "Upgrade.",
    }
    site.answers("/caller", held)
    security_mfa(site)

    expect(site.page.locator("[data-part=plan]")).to_contain_text("The Core plan is needed.")
    button = site.page.get_by_role("button", name="Thresholds")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "The Core plan is needed. Upgrade.")


def test_a_script_that_does_not_arrive_is_asked_for_again(site: Site) -> None:
    with_rows(site)
    site.answers("/insights/mfa", told_insights.mfa())
    script = re.compile(r"/page/insights\.js")
    site.page.route(script, lambda route: route.abort())
    site.page.get_by_role("navigation", name="Views").get_by_role("link", name="Security").click()
    expect(site.page.locator("#trouble")).to_contain_text("The service cannot be reached.")

    site.page.unroute(script)
    site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row(site, "Contoso Dental")).to_be_visible()


def test_trouble_of_storage_is_told_and_ends_by_itself(site: Site) -> None:
    site.answers("/insights/mfa", {"detail": "Our storage does not answer.", "remedy": "Try again."}, status=503)
    site.open(place="#security")
    expect(site.page.locator("#trouble")).to_contain_text("Our storage does not answer.")

    site.answers("/insights/mfa", told_insights.mfa())
    site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(row(site, "Contoso Dental")).to_be_visible()
    expect(site.page.locator("#trouble")).to_be_empty()


def test_people_left_out_of_the_policy_are_found_across_tenants_and_excepted_on_the_tenants_page(site: Site) -> None:
    """With the simulated Microsoft: from the list to the person, the policy and the group, and to the exception."""
    tenant, world = site.portal.has_tenant("Contoso Dental", users=6), site.portal.microsoft.world
    ids = [it["id"] for it in world.users(tenant["id"])]
    for it in ids:
        world.set_registration(tenant["id"], it, isMfaRegistered=True, isMfaCapable=True)
    left_out = world.users(tenant["id"])[2]["displayName"]
    group = world.add_group(tenant["id"], "Break glass", ids[2:3])
    policy = world.conditional_access(tenant["id"])[0]
    users = {"includeUsers": ["All"], "excludeGroups": [group]}
    world.change_conditional_access(tenant["id"], policy["id"], conditions={**policy["conditions"], "users": users})
    site.synced(tenant)
    site.until(lambda: site.portal.ask("GET", "/insights/mfa")["counts"]["unprotected"] == 1)

    site.open(place="#security")
    chip(site, "1 with unprotected people").click()
    row(site, "Contoso Dental").get_by_role("link").click()
    people = site.page.get_by_role("region", name="Multi-factor authentication")
    first = people.locator("tbody tr").first
    expect(first).to_contain_text(left_out)
    first.locator("summary").click()
    expect(first).to_contain_text("excluded through the group Break glass")

    site.choose(f"Actions for {left_out}", "Make an exception")
    site.dialog.get_by_label("Reason").fill("Key in the safe")
    site.press("Save")
    expect(people).to_contain_text("1 excepted")
    expect(first).to_contain_text("Exception: Key in the safe")
    site.until(lambda: site.portal.ask("GET", "/insights/mfa")["counts"]["unprotected"] == 0)
    site.page.get_by_role("link", name="\u2190 Security").click()
    site.page.get_by_role("button", name="Clear filters").click()
    expect(row(site, "Contoso Dental")).to_contain_text("0 of")
