"""The page is light, also with a thousand tenants."""

import re
from pathlib import Path

from tests.browser import told
from tests.browser.site import Site

MOST_BYTES = 165_000

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


def test_the_whole_page_weighs_little(site: Site) -> None:
    sizes: dict[str, int] = {}
    site.page.on("response", lambda it: sizes.update({it.url: len(it.body())}) if "/api/page/" in it.url else None)

    site.open()

    assert len(sizes) > 10
    assert sum(sizes.values()) < MOST_BYTES, sizes


def test_every_script_is_asked_for_at_once(root: Path) -> None:
    """One that is only found by reading another costs one more round trip before the first row."""
    portal = root / "integrations" / "portal"

    linked = re.findall(r'href="([a-z]+\.js)"|src="([a-z]+\.js)"', (portal / "index.html").read_text())

    assert sorted(map("".join, linked)) == sorted(it.name for it in portal.glob("*.js"))


def test_a_thousand_tenants_are_drawn_a_part_at_a_time_and_can_be_scrolled_through(site: Site) -> None:
    """How quick that is, ``benchmarks/p8_browser.py`` measures."""
    site.answers("/integrations", told.overview(told.many(1000), told.csp()))
    site.open()
    first = site.page.evaluate(ROWS)

    for shown in (500, 900, 1000):
        site.page.locator("[data-key=more]").click()
        site.until(lambda shown=shown: site.page.evaluate(ROWS) == shown)
    site.page.evaluate("scrollTo(0, 0)")

    assert first == 100
    assert site.page.evaluate(SCROLL) > 35_000
