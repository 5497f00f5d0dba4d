"""The simulated Microsoft's account picker in a real browser."""

from playwright.sync_api import expect

from tests.browser.site import Site


def test_an_account_is_found_by_its_tenant_and_role(site: Site) -> None:
    contoso, tailspin = site.portal.has_tenant("Contoso"), site.portal.has_tenant("Tailspin Toys")
    site.open()
    site.begins()
    accounts = site.page.locator('button[name="username"]')
    admin = site.page.locator(f'button[name="username"][value="{tailspin["admin"]}"]')
    expect(accounts.first).to_be_visible()
    site.page.get_by_label("Search by name, tenant or role").fill("TAILSPIN admin")
    expect(admin).to_be_visible()
    expect(site.page.locator('button[name="username"]:visible')).to_have_count(1)
    expect(site.page.get_by_role("heading", name="Other people")).to_be_hidden()
    site.page.get_by_label("Search by name, tenant or role").fill("")
    expect(site.page.locator(f'button[name="username"][value="{contoso["member"]}"]')).to_be_visible()
