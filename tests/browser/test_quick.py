"""The page is light, also with a thousand tenants."""

import re
from pathlib import Path

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import security_scores, with_tenant

MOST_BYTES = 132_000
MOST_OF_A_VIEW = 84_000  # all that other views add, with what a tenant's page tells of its assets

ROWS = "document.querySelectorAll('#tenants tbody tr').length"
SCROLL = """
    () => new Promise((done) => {
        let last = -1;
        const step = () => {
            if (scrollY === last) return done(scrollY);
            last = scrollY;
            scrollBy({ top: 700, behavior: "instant" });
            requestAnimationFrame(() => requestAnimationFrame(step));
        };
        step();
    })
"""


def test_the_first_view_weighs_little_and_so_does_what_other_views_add(site: Site) -> None:
    sizes: dict[str, int] = {}
    site.page.context.new_cdp_session(site.page).send("Network.setCacheDisabled", {"cacheDisabled": True})
    site.page.on("response", lambda it: sizes.update({it.url: len(it.body())}) if "/api/page/" in it.url else None)

    site.open()
    first = sum(sizes.values())
    security_scores(site)
    with_tenant(site, told.single(20, "Contoso Dental"))

    assert len(sizes) > 10
    assert first < MOST_BYTES, sizes
    assert first < sum(sizes.values()) < first + MOST_OF_A_VIEW, sizes


def test_every_script_of_the_first_view_is_asked_for_at_once_and_no_other(root: Path) -> None:
    """One that is only found by reading another costs one more round trip before the first row."""
    portal = root / "integrations" / "portal"

    linked = re.findall(r'(?:href|src)="([a-z]+\.js)"', (portal / "index.html").read_text())

    assert sorted(map("".join, linked)) == sorted(imported(portal, r'from "\./([a-z]+\.js)"'))
    assert imported(portal, r'from "\./([a-z]+\.js)"|import\("\./([a-z]+\.js)"\)') == {
        it.name for it in portal.glob("*.js")
    }


def imported(portal: Path, pattern: str) -> set[str]:
    """The scripts that the first one reaches by imports of this form."""
    found, new = set[str](), {"page.js"}
    while new:
        found |= new
        new = {"".join(it) for name in new for it in re.findall(pattern, (portal / name).read_text())} - found
    return found


def test_a_thousand_tenants_are_drawn_a_part_at_a_time_and_can_be_scrolled_through(site: Site) -> None:
    """How quick that is, ``benchmarks/p8_browser.py`` measures."""
    site.answers("/integrations", told.overview(told.many(1000), told.csp()))
    site.open()

    for shown in (100, 500, 900):
        site.until(lambda shown=shown: site.page.evaluate(ROWS) == shown)
        site.page.locator("[data-key=more]").click()
    site.until(lambda: site.page.evaluate(ROWS) == 1000)
    site.page.evaluate("scrollTo(0, 0)")

    assert site.page.evaluate(SCROLL) > 35_000
