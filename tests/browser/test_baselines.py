"""What baselines say of a tenant, and which permissions it has not granted, on the tenant's page."""

from collections.abc import Mapping

import pytest
from playwright.sync_api import expect

from tests.browser import told, told_mfa
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.told_baselines import NARROWED, NOT_MET, UNKNOWN, finding, findings
from tests.exhaustive import exhaustive

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


def test_a_tile_leads_to_what_is_wrong_which_stands_open_with_its_reason_and_the_rest_is_folded(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))
    tile = site.page.locator(".tiles").get_by_role("button", name="Baselines")
    expect(tile).to_contain_text("5 of 7")
    expect(tile).to_contain_text("1 control is not met")
    tile.click()
    expect(site.page.get_by_role("heading", name="Baselines", exact=True)).to_be_focused()
    section = site.page.get_by_role("region", name="Baselines")

    expect(section).to_contain_text("5 of 7 controls are met.")
    wrong = section.get_by_role("table", name="Narrowed: 1 control", exact=True)
    expect(wrong).to_contain_text("A policy requires MFA, but not in trusted locations.")
    expect(wrong).to_contain_text("Require MFA outside the office: it leaves out trusted locations")
    expect(section.get_by_role("table", name="Met: 5 controls")).to_be_hidden()
    wrong.get_by_text("How to mend it").click()
    expect(wrong).to_contain_text("Change the policy.")
    section.get_by_text("Unknown", exact=True).click()
    expect(section).to_contain_text("Permission: RoleManagement.Read.Directory")


def test_the_worst_comes_first_a_verdict_that_nothing_has_is_left_out_and_text_from_microsoft_stays_text(
    site: Site,
) -> None:
    last = finding("X.1", "met", title="Something else is on", severity="low")
    evil = {"id": "p", "name": "<img src=x onerror=alert(1)>", "why": "why"}
    by_hand = finding("X.2", "not_checked", nearest=[evil])
    with_tenant(site, told.single(20, "Contoso Dental"), findings=findings([last, UNKNOWN, NARROWED, by_hand, NOT_MET]))
    section = site.page.get_by_role("region", name="Baselines")

    groups = section.locator(".findings > summary")
    assert groups.all_inner_texts() == ["Not met 1", "Narrowed 1", "Unknown 1", "To check by hand 1", "Met 1"]
    expect(section.get_by_role("table", name="Not met: 1 control", exact=True)).to_contain_text("high3 days ago")
    expect(section).to_contain_text("<img src=x onerror=alert(1)>")
    expect(site.page.locator("#view img")).to_have_count(0)


def test_on_a_phone_every_verdict_is_folded_at_first(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))
    site.page.set_viewport_size({"width": 390, "height": 844})
    site.page.reload()
    site.page.locator(".tiles").get_by_role("button", name="Baselines").click()
    section = site.page.get_by_role("region", name="Baselines")

    expect(section.get_by_text("Legacy authentication is blocked")).to_be_hidden()
    section.get_by_text("Not met", exact=True).click()
    expect(section.get_by_text("Legacy authentication is blocked")).to_be_visible()


def test_behind_each_control_stands_what_it_requires_why_and_what_was_found(site: Site) -> None:
    found = [
        {"name": "grant.controls", "values": ["mfa", "compliantDevice"], "count": 5, "is_sent": True},
        {"name": "state", "values": [], "count": 0, "is_sent": True},
        {"name": "grant.strength", "values": [], "count": 0, "is_sent": False},
    ]
    wrong, met = NOT_MET | {"actual": found}, finding("X.1", "met", title="Something else is on")
    with_tenant(site, told.single(20, "Contoso Dental"), findings=findings([wrong, met]))
    section = site.page.get_by_role("region", name="Baselines")

    row = section.get_by_role("row").filter(has_text="Legacy authentication")
    row.get_by_text("How to mend it").click()
    for told_there in ("Required: what the control asks for", "Why it matters.", "Change the policy."):
        expect(row.get_by_text(told_there)).to_be_visible()
    assert row.locator("details li").all_inner_texts() == [
        "grant.controls: mfa, compliantDevice, of 5", "state: none", "grant.strength: not sent by Microsoft",
    ]  # fmt: skip
    source = row.get_by_role("link", name="MS.AAD.1.1v1")
    expect(source).to_have_attribute("href", "https://example.com/baseline")
    expect(source).to_have_attribute("target", "_blank")

    section.get_by_text("Met", exact=True).click()
    row = section.get_by_role("row").filter(has_text="Something else is on")
    row.get_by_text("About this control").click()
    expect(row).to_contain_text("Required: what the control asks for")
    expect(row).not_to_contain_text("Change the policy.")


def test_what_somebody_unfolded_or_folded_stays_so_when_the_tenant_is_judged_again(site: Site) -> None:
    row = told.single(20, "Contoso Dental")
    with_tenant(site, row, findings=findings([NOT_MET, UNKNOWN]))
    section = site.page.get_by_role("region", name="Baselines")
    section.get_by_text("Not met", exact=True).click()
    section.get_by_text("Unknown", exact=True).click()
    section.get_by_text("About this control").click()

    again = findings([NOT_MET | {"reason": "Two enabled policies block it."}, UNKNOWN, finding("X.1", "met")])
    site.answers(f"/tenants/{row['tenant_id']}/findings", again)

    expect(section).to_contain_text("1 of 2 controls are met.")
    expect(section.get_by_text("Two enabled policies block it.")).to_be_hidden()
    expect(section.get_by_text("Required: what the control asks for")).to_have_count(3)
    expect(section.get_by_text("Required: what the control asks for").nth(1)).to_be_visible()


@pytest.mark.parametrize(
    ("verdicts", "shown"),
    [
        ({"met": 3}, ("green", "3 of 3", "All are met")),
        ({"met": 1, "narrowed": 2, "not_met": 3}, ("red", "1 of 6", "3 controls are not met")),
        *exhaustive(({"met": 2, "narrowed": 1}, ("orange", "2 of 3", "1 control is narrowed"))),
    ],
)
def test_the_tile_has_the_colour_of_the_worst_verdict(
    site: Site, verdicts: Mapping[str, int], shown: tuple[str, str, str]
) -> None:
    items = [finding(f"{verdict}.{n}", verdict) for verdict, count in verdicts.items() for n in range(count)]
    with_tenant(site, told.single(20, "Contoso Dental"), findings=findings([*items, UNKNOWN]))
    tile = site.page.locator(".tiles").get_by_role("button", name="Baselines")
    colour, counted, said = shown

    expect(tile.locator(f".mark.{colour}")).to_have_text(counted)
    expect(tile).to_contain_text(said)


def test_where_nothing_could_be_judged_the_section_says_so(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"), findings=findings([UNKNOWN]))

    expect(site.page.get_by_role("region", name="Baselines")).to_contain_text("No control could be judged.")
    expect(site.page.locator(".tiles").get_by_role("button", name="Baselines")).to_have_count(0)


def test_a_tenant_that_was_never_judged_shows_neither_tile_nor_section(site: Site) -> None:
    empty = {"items": [], "counts": {}, "state": "not_evaluated", "as_of": None}
    with_tenant(site, told.single(20, "Contoso Dental"), findings=empty)

    expect(site.page.locator(".tiles").get_by_role("button", name="Baselines")).to_have_count(0)
    expect(site.page.get_by_role("region", name="Baselines")).to_have_count(0)


def test_missing_permissions_are_told_with_what_they_are_for_and_how_they_are_granted(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"), missing_permissions=MISSING)
    note = site.page.locator("[data-part=permissions]")

    expect(note).to_contain_text("1 more permission, for baselines")
    expect(note).to_contain_text("Select Reauthorize in the row's menu")
    note.get_by_text("Which, and what for").click()
    expect(note).to_contain_text("RoleManagement.Read.Directory: who has which role, from when until when")
    site.page.get_by_role("button", name="Actions for Contoso Dental").click()
    expect(site.page.get_by_role("menuitem", name="Reauthorize")).to_be_visible()


def test_what_a_sync_lacks_is_counted_with_what_a_feature_lacks(site: Site) -> None:
    sync = {"name": "User.Read.All", "kind": "required", "feature": None, "reason": "who the users are"}
    with_tenant(site, told.single(20, "C"), missing_permissions=MISSING | {"items": [sync, *MISSING["items"]]})
    note = site.page.locator("[data-part=permissions]")

    expect(note).to_contain_text("2 more permissions, for syncs and baselines")
    expect(note.get_by_role("button")).to_have_count(0)


def test_on_a_lower_plan_a_feature_cannot_be_turned_on(site: Site) -> None:
    site.answers(
        "/caller", {"user_id": "u", "name": "C", "can_manage": False, "detail": "It needs a plan.", "remedy": ""}
    )
    with_tenant(site, told.child(7, "C", "Active"), missing_permissions=MISSING | {"turn_on": ["baselines"]})

    expect(site.page.get_by_role("button", name="Turn on baselines")).to_be_disabled()


def test_a_customers_feature_can_be_turned_on_where_its_permissions_are_missing(site: Site) -> None:
    told_missing = MISSING | {"remedy": "Turn the feature on here.", "turn_on": ["baselines"]}
    kept = told_mfa.settings() | {"features": ["mailboxes"]}
    row = told.child(7, "Contoso Dental", "Active")
    with_tenant(site, row, settings=kept, missing_permissions=told_missing)

    with site.page.expect_request(lambda it: it.method == "PUT" and it.url.endswith("/settings")) as put:
        site.page.get_by_role("button", name="Turn on baselines").click()

    assert put.value.post_data_json == {"features": ["mailboxes", "baselines"]}
    site.answers(f"/tenants/{row['tenant_id']}", told.details(row))
    expect(site.page.locator("[data-part=permissions]")).to_be_empty()
