"""Questions about assets: asset and device side by side, decided one by one; and what is to do across tenants."""

import csv
import json
from functools import partial
from pathlib import Path

from playwright.sync_api import Locator, expect

from tests.browser import told, told_assets
from tests.browser.answering import Asked
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.states_assets import (
    LINKING,
    asset_linking,
    assets_of_all_tenants,
    assets_review,
    tenant_assets,
    with_review,
)
from tests.browser.states_user_sync import TENANT
from tests.browser.test_contract import Heard


def question(site: Site, name: str) -> Locator:
    return site.page.locator(".question").filter(has=site.page.get_by_role("link", name=name, exact=True).first)


def names(site: Site) -> list[str]:
    return site.page.locator(".question h3 a").all_inner_texts()


def test_asset_and_device_stand_side_by_side_with_what_agrees_and_differs_and_somebody_of_elsewhere_is_named(
    site: Site,
) -> None:
    assets_review(site)
    asked = question(site, "FRONTDESK-LAPTOP.contoso.local")
    device = asked.locator(".side").nth(1)

    expect(asked).to_contain_text("Only the name is the same. Is this device the asset?")
    expect(asked.locator(".side")).to_have_count(2)
    expect(asked.locator(".side").nth(0)).to_contain_text("Asset")
    expect(device.locator("dd", has_text="FRONTDESK-LAPTO")).to_contain_text("agrees")
    expect(device.locator("dd", has_text="Dell")).to_contain_text("differs")
    expect(device.locator("dd", has_text="5CD0004XYZ").locator(".mark")).to_have_count(0)
    expect(device).to_contain_text("Ada Lund")
    differing = question(site, "LAPTOP-11").locator(".side").nth(1)
    expect(differing.locator("dd", has_text="5CD0099XYZ").locator(".mark.orange")).to_have_text("differs")

    elsewhere = question(site, "LAPTOP-07")
    expect(elsewhere).to_contain_text("An asset only gets End Users of its own, so nobody was assigned.")
    expect(elsewhere).to_contain_text("Mo Ving is an End User of Contoso North.")
    expect(elsewhere.get_by_role("link", name="Mo Ving")).to_have_attribute("href", "#end-user=eu_90")
    expect(elsewhere.get_by_role("button")).to_have_text(["Choose an End User", "Undo the link"])


def test_conflicts_come_first_and_name_the_other_asset(site: Site) -> None:
    assets_review(site)
    assert names(site)[:3] == ["LAPTOP-05", told.HOSTILE, "LAPTOP-11"]

    site.page.get_by_role("button", name="2 to review").click()
    expect(site.page.locator(".question")).to_have_count(2)
    site.page.get_by_role("button", name="2 to review").click()
    first = site.page.locator(".question").first
    expect(first).to_contain_text("More than one asset fits this device")
    first.get_by_role("link", name=told.HOSTILE).click()
    expect(site.page.get_by_role("heading", name=told.HOSTILE)).to_be_focused()


def test_questions_are_decided_one_after_the_other(site: Site) -> None:
    listed = [it for it in told_assets.ASSETS if it["id"] in {"ast_4", "ast_5", "ast_7"}]
    decided: list[tuple[str, str, object]] = []

    def decide(method: str, asked: Asked) -> None:
        asset_id = asked.target.split("/")[-2]
        decided.append((method, asset_id, json.loads(asked.body or "null")))
        listed[:] = [it for it in listed if it["id"] != asset_id]
        asked.answer({}, 204 if method == "DELETE" else 200)

    with_review(site, listed)
    for method in ("PUT", "DELETE"):
        site.answers("/assets/ast_\\d/(link|end-user)", partial(decide, method), method=method)

    question(site, "LAPTOP-05").get_by_role("button", name="This is the device: LAPTOP-05, 5CD0005XYZ").click()
    expect(site.page.locator("#notice")).to_contain_text("LAPTOP-05 is linked with this device.")
    expect(question(site, "FRONTDESK-LAPTOP.contoso.local").get_by_role("heading").first).to_be_focused()
    question(site, "FRONTDESK-LAPTOP.contoso.local").get_by_role("button", name="None of these").click()
    expect(site.page.locator("#notice")).to_contain_text("No device is proposed for FRONTDESK-LAPTOP")
    expect(question(site, "LAPTOP-07").get_by_role("heading").first).to_be_focused()
    question(site, "LAPTOP-07").get_by_role("button", name="Choose an End User").click()
    site.dialog.get_by_role("radio", name="Eva Berg").check()
    site.press("Save")
    expect(site.page.get_by_role("heading", name="Nothing to review")).to_be_visible()

    assert decided == [
        ("PUT", "ast_5", {"device_id": "00000000-0000-4000-8000-0000000d0005"}),
        ("DELETE", "ast_4", None),
        ("PUT", "ast_7", {"end_user_id": "eu_5"}),
    ]


def test_the_tile_tells_how_many_are_assigned_and_leads_to_the_assets(site: Site) -> None:
    tenant_assets(site)
    tile = site.page.locator("[data-key=tile-Assets]")

    expect(tile).to_contain_text("118 of 124")
    expect(tile).to_contain_text("assigned, 4 to review")
    expect(tile).to_have_attribute("href", "#organization=org_1/assets")
    section = site.page.get_by_role("region", name="Assets", exact=True)
    expect(section).to_contain_text(f"2: {told_assets.NO_DEVICE['detail']} {told_assets.NO_DEVICE['remedy']}")
    expect(section).to_contain_text("3 computers of this tenant")
    expect(section.get_by_role("link", name="Contoso North").first).to_have_attribute(
        "href", "#organization=org_1/review"
    )


def test_how_assets_are_linked_is_chosen_and_what_is_wrong_stands_below_its_list(site: Site) -> None:
    asset_linking(site)
    wrong = [{"pointer": "/settings/good_serials/1", "detail": "this is no serial number, or one that never counts"}]
    site.answers(LINKING, {"detail": "Some fields are not valid.", "errors": wrong}, status=400, method="PUT")
    expect(site.dialog.get_by_role("checkbox", name="A name alone links")).not_to_be_checked()
    expect(site.dialog.get_by_role("checkbox", name="Microsoft replaces what was assigned by hand")).to_be_checked()
    junk, good = site.dialog.get_by_role("textbox").all()
    expect(junk).to_have_value("1234567")

    good.fill("5CD1234XYZ\n\n n/a ")
    site.press("Save")

    expect(site.dialog).to_contain_text("n/a: this is no serial number, or one that never counts.")
    saved = Heard(site, "PUT", LINKING, told_assets.linking_of_a_tenant(link_by_name=True))
    site.dialog.get_by_role("checkbox", name="A name alone links").check()
    good.fill("5CD1234XYZ")
    site.press("Save")
    expect(site.dialog).not_to_be_visible()
    chosen = {
        "link_by_name": True,
        "override_manual": True,
        "junk_serials": ["1234567"],
        "good_serials": ["5CD1234XYZ"],
    }
    assert saved.bodies == [{"settings": chosen}]
    expect(site.page.get_by_role("button", name="How assets are linked")).to_be_focused()


def test_a_tenant_without_assets_has_neither_tile_nor_section(site: Site) -> None:
    site.answers("/insights/assets", told_assets.insights([]))
    with_tenant(site, TENANT)

    expect(site.page.locator("[data-key=tile-MFA]")).to_be_visible()
    expect(site.page.locator("[data-key=tile-Assets]")).to_have_count(0)
    expect(site.page.get_by_role("region", name="Assets", exact=True)).to_have_count(0)


def test_tenants_are_listed_with_what_is_to_review_and_why_assets_have_nobody(site: Site) -> None:
    assets_of_all_tenants(site)
    listed = site.page.locator(".ranked tbody td:first-child a")
    first = site.page.locator(".ranked tbody tr").first

    expect(listed).to_have_text(["Contoso Dental", "Fabrikam Clinics", told.HOSTILE, "Adatum", "Wingtip Law"])
    expect(first).to_contain_text("6 of 124")
    expect(first).to_contain_text(f"4: {told_assets.REVIEW['detail']}")
    first.locator("summary").click()
    expect(first).to_contain_text(told_assets.NO_DEVICE["remedy"])
    expect(site.page.get_by_role("region", name="Not known")).to_contain_text("Not compared yet.")
    expect(listed.first).to_have_attribute("href", f"#tenant={told_assets.TENANT_ID}/assets")
    for label, found in (
        ("2 with assets to review", 2),
        ("2 with assets without End User", 2),
        ("2 with computers that are no asset", 2),
        ("1 not known", 1),
    ):
        site.page.get_by_role("button", name=label).click()
        expect(listed).to_have_count(found)
    site.page.get_by_role("button", name="Clear filters").click()
    expect(listed).to_have_count(5)
    site.page.go_back()
    expect(listed).to_have_count(1)


def test_the_assets_of_all_tenants_stand_beside_security_and_are_exported_as_they_are_filtered(
    site: Site, tmp_path: Path
) -> None:
    assets_of_all_tenants(site)
    site.page.get_by_role("button", name="2 with assets to review").click()
    expect(site.page.locator(".ranked tbody tr")).to_have_count(2)

    with site.page.expect_download() as saved:
        site.page.get_by_role("button", name="Export CSV").click()
    saved.value.save_as(tmp_path / "assets.csv")

    heads, *rows = csv.reader((tmp_path / "assets.csv").read_text(encoding="utf-8-sig").splitlines())
    assert saved.value.suggested_filename.startswith("microsoft-assets-")
    assert [it[heads.index("Microsoft Tenant")] for it in rows] == ["Contoso Dental", "Fabrikam Clinics"]
    assert rows[0][heads.index("Assigned")] == "118"
    assert told_assets.NO_DEVICE["detail"] in rows[0][heads.index("Why without End User")]
    site.page.get_by_role("button", name="Clear filters").click()

    views = site.page.get_by_role("navigation", name="Views")
    expect(views.get_by_role("link")).to_have_text(["Integrations", "Security", "Assets"])
    expect(views.get_by_role("link", name="Assets")).to_have_attribute("aria-current", "page")
    site.page.get_by_role("searchbox", name="Search tenants").fill("adatum")
    expect(site.page.locator(".ranked tbody tr")).to_have_count(1)
    views.get_by_role("link", name="Integrations").click()
    views.get_by_role("link", name="Assets").click()
    expect(site.page.get_by_role("searchbox", name="Search tenants")).to_have_value("adatum")


def test_a_keyboard_is_enough_to_decide(site: Site) -> None:
    listed = list(told_assets.ASSETS[3:5])
    with_review(site, listed)
    heard = Heard(site, "PUT", "/assets/ast_5/link", {})
    site.page.get_by_role("button", name="This is the device: LAPTOP-05, 5CD0005XYZ").focus()
    listed.pop()

    site.page.keyboard.press("Enter")

    expect(question(site, "FRONTDESK-LAPTOP.contoso.local").get_by_role("heading").first).to_be_focused()
    assert heard.bodies == [{"device_id": "00000000-0000-4000-8000-0000000d0005"}]
