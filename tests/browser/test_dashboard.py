"""A tenant's page as a dashboard: tiles that lead to their sections, equal things told once, and every table named."""

import re

from playwright.sync_api import expect

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import child_details, configuration, with_tenant

ENDS = told.ago(days=-700)


def role(number: int, **changes: object) -> told.Object:
    way = {"relationship": "Relationship 1", "group": "AdminAgents", "member": True, "ends_at": ENDS}
    return {"role": f"Role {number}"} | way | changes


def customer(site: Site, *trace: told.Object, **changes: object) -> None:
    """The page of a customer in good order, whose roles come as told."""
    checks = [
        {"check": it, "state": "passed", "at": told.ago(minutes=4), "evidence": {}}
        for it in ("relationships", "consent")
    ]
    section = told.CSP_SECTION | {"trace": list(trace), "checks": checks}
    figures = {"state": "fresh", "as_of": told.ago(hours=1)}
    details = {
        "csp": section,
        "licenses": figures | {"products": 2, "bought": 60, "assigned": 44, "unused": 16},
    }
    with_tenant(site, told.child(7, "Contoso Dental", "Active"), **(details | changes))


def test_tiles_tell_how_a_customer_stands_at_one_look(site: Site) -> None:
    customer(site, *(role(number) for number in range(12)), role(12, ends_at=told.ago(days=-30)))

    def tile(name: str) -> str:
        return site.page.locator(".tiles").get_by_role("button", name=name).inner_text()

    until = site.page.evaluate(
        "at => new Date(at).toLocaleDateString(undefined, {dateStyle: 'medium'})", told.ago(days=-30)
    )
    assert re.split(r"\n+", tile("Access")) == ["Access", "Active", f"A role ends on {until}"]
    assert "Success" in tile("Sync")
    assert "53.4 %" in tile("Secure Score")
    assert "3 of 12 not protected" in tile("MFA")
    assert "44 of 60" in tile("Licenses")
    expect(site.page.locator(".tiles .spark polyline")).to_have_count(1)


def test_each_tile_and_each_anchor_leads_to_its_section(site: Site) -> None:
    customer(site, role(1))
    page = site.page
    tiles = {
        "Access": "Where each role comes from",
        "Sync": "Sync history",
        "Secure Score": "Microsoft Secure Score",
        "MFA": "Multi-factor authentication",
        "Baselines": "Baselines",
        "Licenses": "Licenses",
    }
    assert page.locator(".tile").count() == len(tiles)
    for name, section in tiles.items():
        page.locator(".tiles").get_by_role("button", name=name).click()
        expect(page.get_by_role("heading", name=section, exact=True)).to_be_focused()
        expect(page.get_by_role("heading", name=section, exact=True)).to_be_in_viewport()

    ways = page.get_by_role("navigation", name="Sections").get_by_role("button")
    assert ways.all_inner_texts() == page.locator("#view section[data-section] > h3").all_inner_texts()
    ways.filter(has_text="Devices").click()
    expect(page.get_by_role("heading", name="Devices")).to_be_focused()


def test_roles_that_come_the_same_way_are_told_as_one_and_unfolded_on_demand(site: Site) -> None:
    customer(site, *(role(number) for number in range(12)), role(12, group=None, member=False))
    region = site.page.get_by_role("region", name="Where each role comes from")
    until = site.page.evaluate("at => new Date(at).toLocaleDateString(undefined, {dateStyle: 'medium'})", ENDS)

    lines = region.locator("summary")
    assert lines.all_inner_texts() == [
        f"1 role by Relationship 1 until {until}, which the account does not have",
        f"12 roles by Relationship 1 until {until}",
    ]
    expect(region.get_by_text("Role 12", exact=True)).to_be_visible()
    expect(region.get_by_text("Role 3", exact=True)).to_be_hidden()
    lines.nth(1).click()
    expect(region.get_by_text("Role 3", exact=True)).to_be_visible()


def test_checks_that_all_passed_are_one_line_and_codes_are_folded_away(site: Site) -> None:
    customer(site, role(1))
    checks = site.page.get_by_role("region", name="Access checks")
    expect(checks.get_by_text("All 2 checks passed")).to_be_visible()
    expect(checks.get_by_role("table")).to_be_hidden()

    child_details(site)
    expect(checks.get_by_role("table", name="Access checks")).to_be_visible()
    code = checks.get_by_text("GDAP Helpdesk")
    expect(code).to_be_hidden()
    checks.get_by_text("Evidence").last.click()
    expect(code).to_be_visible()


def test_a_data_set_that_microsoft_does_not_offer_is_told_in_one_quiet_line(site: Site) -> None:
    row = told.single(3, "Contoso Dental")
    made = [{**it, "state": state, "error": ""} for it, state in zip(
        told.details(row)["datasets"], ("fresh", "not_offered", "not_licensed"), strict=True
    )]  # fmt: skip
    with_tenant(site, row, datasets=made)

    expect(site.page.get_by_text("All 1 are up to date")).to_contain_text(
        "1 is not offered by Microsoft in this tenant"
    )
    expect(site.page.get_by_role("table", name="Data sets")).to_be_hidden()


def test_every_table_has_a_caption(site: Site) -> None:
    for state in (child_details, configuration):
        state(site)
        tables = site.page.locator("#view table")
        assert tables.count() > 5
        assert tables.evaluate_all("all => all.filter(it => !it.caption?.textContent).length") == 0


def test_sections_stand_in_two_columns_where_there_is_room(site: Site) -> None:
    customer(site, role(1))
    score = site.page.get_by_role("region", name="Microsoft Secure Score")
    administrators = site.page.get_by_role("region", name="Administrators")

    def side_by_side() -> bool:
        one, other = score.bounding_box(), administrators.bounding_box()
        assert one
        assert other
        return other["x"] >= one["x"] + one["width"]

    site.page.set_viewport_size({"width": 1440, "height": 900})
    assert side_by_side()
    site.page.evaluate("document.querySelector('.halves').firstChild.replaceChildren()")
    box = site.page.get_by_role("region", name="Licenses").bounding_box()
    assert box
    assert box["width"] > 1000  # one column takes all the room
    site.page.reload()
    expect(site.page.get_by_role("region", name="Licenses")).to_be_visible()
    site.page.set_viewport_size({"width": 768, "height": 900})
    assert not side_by_side()


def test_on_a_phone_the_sections_are_folded_and_a_tile_unfolds_its_own(site: Site) -> None:
    customer(site, role(1))
    site.page.set_viewport_size({"width": 390, "height": 844})
    site.page.reload()
    licenses = site.page.get_by_role("region", name="Licenses")
    expect(licenses.get_by_role("button", name="Licenses")).to_have_attribute("aria-expanded", "false")
    expect(licenses.get_by_role("table")).to_be_hidden()
    assert site.page.evaluate("document.documentElement.scrollHeight") < 2600

    site.page.locator(".tiles").get_by_role("button", name="Licenses").click()
    expect(licenses.get_by_role("table")).to_be_visible()
    site.page.get_by_role("link", name="All tenants").click()
    expect(licenses).to_have_count(0)
    site.page.go_back()
    expect(licenses.get_by_role("table")).to_be_visible()  # as it was left
    licenses.get_by_role("button", name="Licenses").click()
    expect(licenses.get_by_role("table")).to_be_hidden()
