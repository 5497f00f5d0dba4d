"""The user sync through the page, against the real app and the simulated Microsoft."""

from playwright.sync_api import expect

from tests.browser.site import Site


def test_an_administrator_sets_it_up_and_releases_what_it_held(site: Site) -> None:
    tenant, world = site.portal.has_tenant("Contoso Dental", users=30), site.portal.microsoft.world
    site.synced(tenant)
    page = site.page
    site.open(place=f"#tenant={tenant['id']}")
    page.get_by_role("button", name="Set up user sync").click()
    page.get_by_role("button", name="Preview", exact=True).click()
    preview = page.get_by_role("region", name="Preview")
    expect(preview).to_contain_text("new")
    page.get_by_role("button", name="Turn on user sync").click()
    section = page.get_by_role("region", name="User sync")
    expect(section).to_contain_text("End Users")
    path = f"/tenants/{tenant['id']}/user-sync"
    site.until(lambda: site.portal.ask("GET", path)["state"] == "synced")
    active = site.portal.ask("GET", path)["counts"]["active"]
    assert active > 20

    people = [it["id"] for it in world.users(tenant["id"]) if it["accountEnabled"]]
    for it in people[1:25]:
        world.change_user(tenant["id"], it, accountEnabled=False)
    site.portal.sync(tenant)
    site.until(lambda: site.portal.ask("GET", path)["state"] == "held")

    site.open()
    page.get_by_role("link", name="User sync held").click()
    expect(section).to_contain_text("inactive")
    section.get_by_role("button", name="Release").click()
    site.until(lambda: site.portal.ask("GET", path)["state"] == "synced")
    assert site.portal.ask("GET", path)["counts"]["active"] <= active - 20
    expect(section.get_by_role("button", name="Release")).to_have_count(0)
