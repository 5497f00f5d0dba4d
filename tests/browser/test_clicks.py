"""What is clicked happens: while the page draws itself anew, and while a search waits for the typing to end."""

import pytest
from playwright.sync_api import expect

from tests.browser import told, told_insights
from tests.browser.site import Site
from tests.browser.states import with_rows
from tests.browser.test_security import with_insights

# On a slow machine the second for which the page waits may be over before the test goes on.
PRESSED_FOREVER = """() => {
  const begin = setTimeout;
  window.setTimeout = (done, ms, ...more) => (ms === 1000 ? 0 : begin(done, ms, ...more));
}"""


def test_a_link_that_is_pressed_while_its_list_changes_is_followed(site: Site) -> None:
    rows = [told_insights.mfa_row(0, 1, 14)]
    site.answers("/insights/mfa", told_insights.mfa(rows))
    site.open(place="#security")
    link = site.page.get_by_role("link", name="Contoso Dental")
    link.hover()
    site.page.evaluate(PRESSED_FOREVER)
    site.page.mouse.down()
    rows[0] = told_insights.mfa_row(0, 1, 15)

    with site.page.expect_response(lambda it: "/insights/mfa" in it.url):
        site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    site.page.wait_for_timeout(200)
    site.page.mouse.up()

    site.page.wait_for_url("**#tenant=**")


def test_what_is_pressed_for_long_does_not_hold_the_page(site: Site) -> None:
    rows = told.rows_of_every_kind()
    site.answers("/integrations", told.overview(rows, told.csp()))
    site.open()
    site.page.get_by_role("link", name="Tailspin Toys").hover()
    site.page.mouse.down()

    rows[0]["name"] = "Renamed Dental"
    site.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")

    expect(site.page.get_by_role("link", name="Renamed Dental")).to_be_visible()


LEAVES = {
    "a link": '[...document.querySelectorAll("a")].find((it) => it.textContent === "MFA").click()',
    "the Back button": "history.back()",
}


@pytest.mark.parametrize("way", LEAVES)
def test_whoever_leaves_a_list_is_not_called_back_by_what_she_typed(site: Site, way: str) -> None:
    with_insights(site, "#security")
    site.page.get_by_role("link", name="Secure Score", exact=True).click()
    site.page.wait_for_url("**#security?list=secure-score")

    # All at once: on a slow machine the field would not wait for whoever leaves.
    site.page.get_by_role("searchbox", name="Search tenants").evaluate(
        f"""field => {{
            field.value = "nobody";
            field.dispatchEvent(new Event("input"));
            {LEAVES[way]};
        }}"""
    )

    site.page.wait_for_timeout(600)
    assert site.page.url.endswith("#security")
    expect(site.page.get_by_role("searchbox", name="Search tenants")).to_have_value("")


def test_a_filter_does_not_lose_what_is_typed_beside_it(site: Site) -> None:
    with_rows(site, "#")
    site.page.get_by_role("searchbox", name="Search tenants").fill("tailspin")
    site.page.get_by_role("combobox", name="Mapping").select_option("true")

    expect(site.page.locator("#tenants tbody tr")).to_have_count(1)
    site.page.wait_for_url("**#tenants?q=tailspin&mapped=true")
