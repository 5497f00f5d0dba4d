"""Assets through the page, against the real app and the simulated Microsoft."""

from playwright.sync_api import expect

from tests.browser.site import Site


def test_an_administrator_decides_which_asset_a_device_is_and_whose(site: Site) -> None:
    tenant, world = site.portal.has_tenant("Contoso Dental", users=3, devices=0), site.portal.microsoft.world
    user = world.users(tenant["id"])[0]["id"]
    device = world.add_device(tenant["id"], owner_id=user, displayName="NW-LT-1")
    world.add_managed_device(
        tenant["id"],
        azureADDeviceId=device["deviceId"],
        deviceName="NW-LT-1",
        serialNumber="5CD1234XYZ",
        userId=user,
        lastSyncDateTime=site.portal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
    )
    site.synced(tenant)
    organization = f"/organizations/{site.portal.ask('GET', '/insights/assets')['items'][0]['organization']['id']}"
    site.portal.ask("POST", f"{organization}/end-users", {"name": "Eva Berg"}, expect=201)
    items = [{"external_id": it, "name": it, "kind": "laptop", "serial": "5CD1234XYZ"} for it in ("pc-1", "pc-2")]
    site.portal.ask("POST", f"{organization}/assets/bulk", {"items": items})
    site.until(lambda: site.portal.ask("GET", f"{organization}/assets?link=conflict")["total"] == 2)
    page = site.page

    site.open(place=f"#tenant={tenant['id']}")
    page.locator("[data-key=tile-Assets]").click()
    page.get_by_role("link", name="Assets to review").click()
    asked = page.locator(".question").filter(has=page.get_by_role("link", name="pc-2").first).filter(has_text="pc-1")
    expect(asked.first).to_contain_text("More than one asset fits this device")
    first = page.locator(".question").first
    name = first.locator("h3 a").inner_text()
    first.get_by_role("button", name="This is the device: NW-LT-1, 5CD1234XYZ").click()
    expect(page.locator("#notice")).to_contain_text(f"{name} is linked with this device.")
    site.until(lambda: site.portal.ask("GET", f"{organization}/assets?link=conflict")["total"] == 0)
    page.reload()
    expect(page.get_by_role("heading", name="Nothing to review")).to_be_visible()

    page.get_by_role("link", name="Assets", exact=True).last.click()
    page.get_by_role("link", name=name, exact=True).click()
    expect(page.get_by_role("region", name="Device at Microsoft")).to_contain_text("By hand")
    page.get_by_role("button", name="Choose the End User").click()
    site.dialog.get_by_role("radio", name="Eva Berg").check()
    site.press("Save")
    expect(page.get_by_role("region", name="End User", exact=True)).to_contain_text("Assigned by hand")
    page.get_by_role("button", name="Undo the link").click()
    expect(page.get_by_role("region", name="Device at Microsoft")).to_contain_text("None")
    expect(page.get_by_role("region", name="End User", exact=True)).to_contain_text("Eva Berg")
