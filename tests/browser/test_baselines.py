"""What baselines say of a tenant, and which permissions it has not granted, on the tenant's page."""

from playwright.sync_api import expect

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.told_baselines import finding, findings

MISSING = {
    "items": [
        {
            "name": "RoleManagement.Read.Directory",
            "kind": "feature",
            "feature": "baselines",
            "reason": "who has which role, from when until when",
        }
    ],
    "remedy": "Select Reauthorize in the row's menu, and accept the permissions as a Global Administrator.",
}


def test_what_is_wrong_stands_open_with_its_reason_and_the_rest_is_folded(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))
    section = site.page.get_by_role("region", name="Baselines")

    expect(section).to_contain_text("5 of 7 controls are met.")
    wrong = section.get_by_role("table", name="Narrowed: 1 controls")
    expect(wrong).to_contain_text("A policy requires MFA, but not in trusted locations.")
    expect(wrong).to_contain_text("Require MFA outside the office: it leaves out trusted locations")
    expect(section.get_by_role("table", name="Met: 5 controls")).to_be_hidden()
    wrong.get_by_text("How to mend it").click()
    expect(wrong).to_contain_text("Change the policy.")
    section.get_by_text("Unknown", exact=True).click()
    expect(section).to_contain_text("Permission: RoleManagement.Read.Directory")


def test_a_tile_counts_the_controls_and_leads_to_them(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))
    tile = site.page.locator(".tiles").get_by_role("button", name="Baselines")

    expect(tile).to_contain_text("5 of 7")
    expect(tile).to_contain_text("1 control is not met")
    tile.click()
    expect(site.page.get_by_role("heading", name="Baselines", exact=True)).to_be_focused()


def test_a_tenant_that_was_never_judged_shows_neither_tile_nor_section(site: Site) -> None:
    empty = {"items": [], "counts": {}, "state": "not_evaluated", "as_of": None}
    with_tenant(site, told.single(20, "Contoso Dental"), findings=empty)

    expect(site.page.locator(".tiles").get_by_role("button", name="Baselines")).to_have_count(0)
    expect(site.page.get_by_role("region", name="Baselines")).to_have_count(0)


def test_text_from_microsoft_in_a_finding_stays_text(site: Site) -> None:
    evil = finding("X.1", "not_met", nearest=[{"id": "p", "name": "<img src=x onerror=alert(1)>", "why": "why"}])
    with_tenant(site, told.single(20, "Contoso Dental"), findings=findings([evil]))

    expect(site.page.get_by_role("region", name="Baselines")).to_contain_text("<img src=x onerror=alert(1)>")
    expect(site.page.locator("#view img")).to_have_count(0)


def test_missing_permissions_are_told_with_what_they_are_for_and_how_they_are_granted(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"), missing_permissions=MISSING)
    note = site.page.locator("[data-part=permissions]")

    expect(note).to_contain_text("1 more permission, for baselines")
    expect(note).to_contain_text("Select Reauthorize in the row's menu")
    note.get_by_text("Which, and what for").click()
    expect(note).to_contain_text("RoleManagement.Read.Directory: who has which role, from when until when")
    site.page.get_by_role("button", name="Actions for Contoso Dental").click()
    expect(site.page.get_by_role("menuitem", name="Reauthorize")).to_be_visible()


def test_a_customers_feature_can_be_turned_on_where_its_permissions_are_missing(site: Site) -> None:
    told_missing = MISSING | {"remedy": "Turn the feature on here.", "turn_on": ["baselines"]}
    site.answers("/settings", {"features": ["mailboxes"]})
    with_tenant(site, told.child(7, "Contoso Dental", "Active"), missing_permissions=told_missing)

    with site.page.expect_request(lambda it: it.method == "PUT" and it.url.endswith("/settings")) as put:
        site.page.get_by_role("button", name="Turn on baselines").click()

    assert put.value.post_data_json == {"features": ["mailboxes", "baselines"]}
