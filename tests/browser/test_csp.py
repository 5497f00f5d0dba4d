"""A CSP through the page, against the real app and a simulated partner."""

import pytest
from playwright.sync_api import expect

from local.worlds.csp import CUSTOMERS, NAMES, add_csp, add_failing_csp
from tests.browser.site import Site
from tests.exhaustive import exhaustive
from tests.flows.partner import Csp, has_csp


def integrated(site: Site) -> Csp:
    """A CSP with two customers, integrated through the page."""
    csp = has_csp(site.portal)
    for name in ("Contoso", "Fabrikam"):
        csp.has(name)
    site.open()
    site.choose("Integrate", "Cloud Solution Provider (CSP) Tenants")
    site.dialog.get_by_role("checkbox").check()
    site.press("Continue")
    site.signs_in(csp.partner["admin"])
    expect(site.dialog).to_contain_text("Finish the CSP integration")
    expect(site.dialog).to_contain_text("Northwind Partner")
    site.press("Finish")
    return csp


def connected(site: Site, csp: Csp) -> None:
    """Integrated behind the page's back."""
    flow = csp.signs_in(csp.start())
    site.until(lambda: site.portal.flow(flow["flow_id"])["state"] == "proven")
    csp.complete(flow)


def with_csp(site: Site) -> None:
    """The page of a CSP with two customers, whose checks have been made."""
    csp = has_csp(site.portal)
    for name in ("Contoso", "Fabrikam"):
        csp.has(name)
    connected(site, csp)
    site.until(lambda: csp.row()["last_synced_at"])
    site.open()


def test_one_sign_in_brings_the_csp_and_its_customers(site: Site) -> None:
    integrated(site)

    row = site.page.get_by_role("article", name="Northwind Partner")
    expect(row).to_contain_text("Cloud Solution Provider (CSP) with 2 tenants")
    expect(site.page.locator("#notice")).to_contain_text("Map each of them to an Organization")
    expect(row.get_by_role("button", name="Sync Status of Northwind Partner: explain")).to_contain_text("Success")
    for name in ("Contoso", "Fabrikam"):
        cells = site.row(name).get_by_role("cell")
        expect(cells.nth(4)).to_have_text("Northwind Partner")
        expect(cells.nth(5).get_by_role("button")).to_be_visible()
    site.page.get_by_role("button", name="Actions for Contoso").click()
    assert site.page.get_by_role("menuitem").all_inner_texts() == ["Map Syncro Tenant"]


def test_a_csps_own_view_checks_again_and_a_customer_can_be_left_out_and_taken_in_again(site: Site) -> None:
    with_csp(site)
    site.page.get_by_role("article").get_by_role("link", name="Northwind Partner").click()

    checks = site.page.get_by_role("table", name="Access checks")
    expect(checks).to_contain_text("passed")
    before = checks.locator("time").first.get_attribute("datetime")
    site.portal.later(seconds=2)
    site.page.get_by_role("button", name="Check access").click()

    site.until(lambda: checks.locator("time").first.get_attribute("datetime") != before)
    expect(site.page.get_by_role("button", name="Check access")).to_be_enabled()
    expect(site.page.get_by_role("table", name="Status history")).to_contain_text("Success")

    site.page.get_by_role("link", name="All tenants").click()
    site.row("Contoso").get_by_role("link", name="Contoso").click()

    expect(site.page.get_by_role("region", name="Where each role comes from")).to_contain_text("roles by")
    expect(site.page.get_by_role("table", name="Admin relationships")).to_be_visible()
    site.page.get_by_role("button", name="Ignore", exact=True).click()
    expect(site.page.locator("#view")).to_contain_text("This tenant is ignored.")
    site.page.get_by_role("link", name="All tenants").click()
    expect(site.row("Contoso")).to_have_count(0)
    expect(site.page.get_by_role("article")).to_contain_text("with 1 tenant, 1 ignored")
    site.page.get_by_role("combobox", name="Ignored").select_option("true")
    site.row("Contoso").get_by_role("link", name="Contoso").click()
    site.page.get_by_role("button", name="Stop ignoring").click()

    expect(site.page.get_by_role("button", name="Ignore", exact=True)).to_be_visible()


def test_an_account_without_mfa_is_told_what_to_do(site: Site) -> None:
    csp = has_csp(site.portal)
    csp.has("Contoso")
    csp.world.set_methods(csp.partner, csp.partner["admin"], ["pwd", "ngcmfa"])
    site.open()

    site.choose("Integrate", "Cloud Solution Provider (CSP) Tenants")
    site.dialog.get_by_role("checkbox").check()
    site.press("Continue")
    site.signs_in(csp.partner["admin"])

    expect(site.dialog).to_contain_text("You can still finish")
    expect(site.dialog).to_contain_text("MFA")
    site.press("Finish")
    status = site.page.get_by_role("button", name="Sync Status of Northwind Partner: explain")
    expect(status).to_contain_text("Auth Failed")
    expect(site.page.locator("#notice")).to_be_empty()  # it promised tenants
    status.click()
    expect(site.dialog).to_contain_text("no_mfa_prompt")
    expect(site.dialog).to_contain_text("Reauthorize CSP")


ADVICE = {
    "no_mfa_prompt": "MFA",
    "not_in_admin_agents": "AdminAgents",
    "no_child_tenants": "customer",
    "policy_blocking": "Conditional Access",
    "unknown": "Reauthorize CSP",
}


@pytest.mark.parametrize(
    "reason", ["no_mfa_prompt", "not_in_admin_agents", *exhaustive("no_child_tenants", "policy_blocking", "unknown")]
)
def test_each_reason_of_a_failed_authorization_says_what_to_do(site: Site, reason: str) -> None:
    connected(site, Csp(site.portal, add_failing_csp(site.portal.microsoft.world, reason)))
    site.until(lambda: site.portal.ask("GET", "/integrations")["csps"][0]["sync_status"]["label"] == "Auth Failed")
    site.open()

    status = site.page.get_by_role("article").get_by_role("button", name="Sync Status of")
    expect(status).to_contain_text("Auth Failed")
    status.click()

    expect(site.dialog).to_contain_text(reason)
    expect(site.dialog).to_contain_text("What to do")
    expect(site.dialog).to_contain_text(ADVICE[reason])


def test_every_status_of_csp_auth_explains_itself(site: Site) -> None:
    connected(site, Csp(site.portal, add_csp(site.portal.microsoft.world, list(CUSTOMERS))))
    wanted = {NAMES[state]: told.label for state, told in CUSTOMERS.items()}
    site.until(lambda: shown(site) == wanted)
    site.open()

    for name, label in wanted.items():
        status = site.page.get_by_role("button", name=f"CSP Auth of {name}: explain")
        expect(status).to_contain_text(label)
        status.click()
        expect(site.dialog.get_by_role("heading", name=f"CSP Auth of {name}")).to_be_visible()
        expect(site.dialog).to_contain_text("Since")
        if label != "Active":
            expect(site.dialog).to_contain_text("What to do")
        site.press("Close")


def shown(site: Site) -> dict[str, str]:
    rows = site.portal.ask("GET", "/integrations")["tenants"]["items"]
    return {row["name"]: row["csp_auth"]["label"] for row in rows}
