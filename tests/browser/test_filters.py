"""What the table is filtered by: counts, lists, the search, the address; and what stays open above it."""

import re

from playwright.sync_api import expect

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import with_rows


def test_a_count_that_filters_stays_in_sight_at_zero_until_it_is_let_go(site: Site) -> None:
    rows = told.rows_of_every_kind()
    site.answers("/integrations", told.overview(rows, told.csp()))
    site.open()
    counts = site.page.get_by_role("group", name="Tenants that need attention")
    expect(counts.get_by_role("button")).to_have_text(
        ["2 not mapped", "1 Auth Error", "6 CSP Auth to fix", "1 expiring within 30 days", "1 stalled"]
    )
    counts.get_by_role("button", name="Auth Error").click()
    expect(site.page.locator("#tenants tbody tr")).to_have_count(1)

    next(it for it in rows if it["name"] == "Tailspin Toys")["sync_status"] = told.status("Success", "green")

    expect(site.page.locator("#view")).to_contain_text("No tenant matches.")
    counts.get_by_role("button", name="0 Auth Error").click()
    expect(site.page.locator("#tenants tbody tr")).to_have_count(17)
    expect(counts.get_by_role("button", name="Auth Error")).to_have_count(0)


def test_clearing_lets_go_of_everything_but_the_order(site: Site) -> None:
    with_rows(site, "#tenants?q=Tailspin&attention=auth_error&sync_status=Auth+Error&mapped=true&sort=-name")
    expect(site.page.locator("#tenants tbody tr")).to_have_count(1)

    site.page.get_by_role("button", name="Clear filters").click()

    expect(site.page.locator("#tenants tbody tr")).to_have_count(17)
    assert site.page.url.endswith("#tenants?sort=-name")


def test_lists_of_csps_are_there_where_a_csp_is_or_where_they_filter(site: Site) -> None:
    site.answers("/integrations", told.overview([told.single(1, "Contoso Dental")]))
    site.open()
    lists = site.page.get_by_role("combobox")
    expect(site.row("Contoso Dental")).to_be_visible()
    assert [it.get_attribute("aria-label") for it in lists.all()] == ["Sync Status", "Mapping"]

    site.page.goto(f"{site.url}/api/page/#tenants?csp_auth=Expired&csp=int_gone&ignored=true")

    expect(lists).to_have_count(5)
    expect(site.page.get_by_role("combobox", name="CSP Name")).to_have_value("int_gone")
    expect(site.page.get_by_role("combobox", name="CSP Auth")).to_have_value("Expired")
    expect(site.page.get_by_role("combobox", name="Ignored")).to_have_value("true")


def test_csps_of_one_name_are_told_apart_by_their_domain(site: Site) -> None:
    two = [told.csp(id=f"int_{n}", name="Northwind", domain=f"n{n}.example", ignored_count=0) for n in (1, 2)]
    site.answers("/integrations", told.overview([told.child(1, "Contoso", "Active")], *two))
    site.open()

    choices = site.page.get_by_role("combobox", name="CSP Name").get_by_role("option")
    expect(choices).to_have_text(["CSP Name", "Northwind (n1.example)", "Northwind (n2.example)"])
    expect(site.page.get_by_role("combobox", name="Ignored")).to_have_count(0)


def test_the_order_stands_in_the_address(site: Site) -> None:
    with_rows(site)
    head = site.page.get_by_role("columnheader", name="Microsoft Tenant")

    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "descending")
    assert site.page.url.endswith("#tenants?sort=-name")
    site.page.reload()
    expect(head).to_have_attribute("aria-sort", "descending")
    head.get_by_role("button").click()
    expect(head).to_have_attribute("aria-sort", "ascending")
    assert "#" not in site.page.url


def test_one_step_back_undoes_a_search_however_slowly_it_was_typed(site: Site) -> None:
    with_rows(site)
    search = site.page.get_by_role("searchbox")
    for text in ("Mis", "Missing", "Missing Roles"):
        search.fill(text)
        site.until(lambda text=text: f"q={text.replace(' ', '+')}" in site.page.url)

    site.page.go_back()

    expect(search).to_have_value("")
    expect(site.page.locator("#tenants tbody tr")).to_have_count(17)


def test_other_tenants_begin_with_the_first_hundred_again(site: Site) -> None:
    site.answers("/integrations", told.overview(told.many(1203), told.csp()))
    site.open()
    rows = site.page.locator("#tenants tbody tr")
    site.page.get_by_role("button", name="Load more").click()
    expect(rows).to_have_count(500)

    site.page.get_by_role("combobox", name="Mapping").select_option("true")
    expect(rows).to_have_count(100)


def test_what_is_not_well_is_never_folded_away_and_the_fold_stays_as_it_was(site: Site) -> None:
    csps = [told.csp(id=f"int_{n}", name=f"Northwind {n}", domain=f"n{n}.example") for n in range(3)]
    late = told.csp(
        id="int_8", name="Late", sync_status=told.status("Success", "green", overdue_since=told.ago(hours=2))
    )
    waiting = told.csp(id="int_9", name="Waiting", sync_status=told.status("Auth Pending", "orange"))
    site.answers("/integrations", told.overview([], *csps, late, waiting))
    site.open()
    shown = site.page.get_by_role("article")
    expect(shown.get_by_role("heading")).to_have_text(["Late", "Waiting"])
    site.page.get_by_text("3 CSPs with 18 tenants are synced").click()
    expect(shown).to_have_count(5)

    site.answers("/integrations", told.overview([], *csps[1:], late, csps[0] | {"name": "Renamed"}, waiting))

    expect(shown.filter(has_text="Renamed")).to_be_visible()
    shown.get_by_role("link", name="Renamed").click()
    site.page.get_by_role("link", name="All tenants").click()
    expect(shown).to_have_count(5)


def test_two_csps_that_work_are_not_folded(site: Site) -> None:
    site.answers("/integrations", told.overview([], told.csp(), told.csp(id="int_2", name="Southridge")))
    site.open()

    expect(site.page.get_by_role("article")).to_have_count(2)
    expect(site.page.get_by_text(re.compile("CSPs with"))).to_have_count(0)
