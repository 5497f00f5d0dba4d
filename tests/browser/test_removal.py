"""Removing through the page, against the real app: the effects, the typed word, every step, the receipt."""

import json
import re
from pathlib import Path

from playwright.sync_api import expect

from tests.browser.site import Site
from tests.flows.partner import has_csp
from tests.flows.portal import CLIENT_ID


def test_a_single_tenant_is_removed_and_its_receipt_kept(site: Site, tmp_path: Path) -> None:
    site.portal.microsoft.world.switch(owned_by_removes_itself=True)
    tenant = site.portal.has_tenant("Contoso Dental", users=7)
    site.synced(tenant)
    site.open()

    site.choose("Actions for Contoso Dental", "Remove Integration")
    expect(site.dialog).to_contain_text("Disconnects the Microsoft tenant Contoso Dental.")
    expect(site.dialog).to_contain_text("Deletes no data from your Microsoft accounts.")
    go = site.dialog.get_by_role("button", name="Remove Integration")
    expect(go).to_be_disabled()
    site.dialog.get_by_role("textbox").fill("Contoso Dental")
    go.click()

    card = site.page.get_by_role("region", name="Contoso Dental")
    expect(card).to_contain_text("The integration is removed. This will be verified")
    expect(card.get_by_role("listitem").filter(has_text="Application removed from Microsoft")).to_contain_text("done")
    with site.page.expect_download() as download:
        card.get_by_role("button", name="Download the preliminary receipt").click()
    assert download.value.suggested_filename.endswith("-preliminary.json")
    download.value.save_as(tmp_path / "receipt.json")
    told = json.loads((tmp_path / "receipt.json").read_text())
    assert told["statement"]["rows"]["users"] == 7
    assert told["jws"].count(".") == 2
    site.page.get_by_role("link", name="All tenants").click()
    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
    assert site.portal.microsoft.world.service_principal(tenant["id"], CLIENT_ID) is None


def test_what_waits_for_microsoft_is_told_above_the_table(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental", users=3)
    site.connected(tenant)
    world = site.portal.microsoft.world
    world.fault(host="graph", method="DELETE", status=503, times=None)
    site.open()

    site.choose("Actions for Contoso Dental", "Remove Integration")
    site.dialog.get_by_role("textbox").fill("Contoso Dental")
    site.press("Remove Integration")
    step = site.page.get_by_role("listitem").filter(has_text="Remove the application from Microsoft")
    expect(step).to_contain_text("Microsoft is not answering. We try again automatically.")
    site.page.get_by_role("link", name="All tenants").click()

    note = site.page.locator("#view .notice").filter(has_text="Removing Contoso Dental")
    expect(note).to_be_visible()
    note.get_by_role("link", name="Show all steps").click()
    expect(step).to_be_visible()


def test_a_csp_is_removed_and_what_is_left_to_do_by_hand_is_told(site: Site) -> None:
    csp = has_csp(site.portal)
    csp.has("Fabrikam")
    flow = csp.signs_in(csp.start())
    site.until(lambda: site.portal.flow(flow["flow_id"])["state"] == "proven")
    csp.complete(flow)
    site.open()
    expect(site.page.get_by_role("article", name="Northwind Partner")).to_contain_text("with 1 tenant")

    site.choose("Actions for Northwind Partner", "Remove CSP Integration")
    expect(site.dialog).to_contain_text("Disconnects the Cloud Solution Provider Northwind Partner and its 1 tenant.")
    expect(site.dialog).to_contain_text("Leaves our application in your own tenant (Northwind Partner)")
    expect(site.dialog).to_contain_text("Left to do by hand afterwards")
    expect(site.dialog).to_contain_text(f"Search for {CLIENT_ID}")
    site.dialog.get_by_role("textbox").fill("Northwind Partner")
    site.press("Remove CSP Integration")

    card = site.page.get_by_role("region", name="Northwind Partner")
    expect(card).to_contain_text("1 step is left to do by hand.")
    expect(card).to_contain_text("In 1 tenant our application has no permissions left; an empty entry remains.")
    (left,) = card.locator(".leftovers > li").all()
    expect(left).to_contain_text("Our application is still in Northwind Partner")
    expect(left).to_contain_text(re.compile(f"Cloud Application Administrator .*Search for {CLIENT_ID}", re.DOTALL))
    expect(card.get_by_role("listitem").filter(has_text="Stored credential deleted")).to_contain_text("done")

    site.page.get_by_role("link", name="All tenants").click()
    expect(site.page.locator("#view .notice")).to_contain_text("1 step is left to do by hand after a removal.")
    site.page.get_by_role("link", name="Show what to do").click()
    site.page.get_by_role("button", name="Mark as done").click()
    expect(site.page.get_by_role("button", name="Mark as done")).to_have_count(0)
    expect(site.page.get_by_role("table", name="Removed integrations")).to_contain_text("Northwind Partner")
    site.page.get_by_role("link", name="All tenants").click()
    expect(site.page.locator("#view")).to_contain_text("1 integration was removed.")
    expect(site.page.locator("#view .notice")).to_have_count(0)


def test_all_integrations_are_removed_at_once(site: Site) -> None:
    site.portal.microsoft.world.switch(owned_by_removes_itself=True)
    for name in ("Contoso Dental", "Fabrikam Legal"):
        site.connected(site.portal.has_tenant(name))
    site.open()

    site.choose("Integrate", "Remove All Integrations")
    expect(site.dialog).to_contain_text("Disconnects all 2 integrations with 2 Microsoft tenants.")
    site.dialog.get_by_role("textbox").fill("all")
    site.press("Remove All Integrations")

    for name in ("Contoso Dental", "Fabrikam Legal"):
        card = site.page.get_by_role("region", name=name)
        expect(card).to_contain_text("The integration is removed.")
    site.page.get_by_role("link", name="All tenants").click()
    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
