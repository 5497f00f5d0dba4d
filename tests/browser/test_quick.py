"""The page is light and quick, also with a thousand tenants."""

import json
import logging

from playwright.sync_api import Browser

from tests.browser import told
from tests.browser.site import Site

MOST_BYTES = 150_000
FIRST_TABLE_MS = 1000
LONG_TASK_MS = 50

ROWS = "document.querySelectorAll('#tenants tbody tr').length"
SEEN = """
    new MutationObserver((_, watcher) => {
        if (!document.querySelector("#tenants tbody tr")) return;
        watcher.disconnect();
        requestAnimationFrame(() => setTimeout(() => { window.firstTable = performance.now(); }));
    }).observe(document, { childList: true, subtree: true });
"""
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


def test_a_thousand_tenants_show_at_once_and_scroll_smoothly(site: Site, chromium: Browser) -> None:
    site.answers("/integrations", told.overview(told.many(1000), told.csp()))
    site.open()
    site.page.add_init_script(SEEN)
    site.page.goto(f"{site.url}/api/page/config.json")
    site.page.goto(f"{site.url}/api/page/")

    site.until(lambda: site.page.evaluate("window.firstTable"))
    first_ms = site.page.evaluate("firstTable")
    chromium.start_tracing(page=site.page, categories=["toplevel"])
    for shown in (500, 900, 1000):
        site.page.evaluate("document.querySelector('[data-key=more]').click()")  # Playwright's own search takes longer
        site.until(lambda shown=shown: site.page.evaluate(ROWS) == shown)
    loading_ms = longest_task_ms(chromium.stop_tracing())
    site.page.evaluate("scrollTo(0, 0)")
    chromium.start_tracing(page=site.page, categories=["toplevel"])
    depth = site.page.evaluate(SCROLL)
    scrolling_ms = longest_task_ms(chromium.stop_tracing())

    figures = {"first table": first_ms, "task while loading": loading_ms, "task while scrolling": scrolling_ms}
    logging.getLogger(__name__).info("milliseconds at most: %s", figures)
    assert depth > 50_000
    assert first_ms < FIRST_TABLE_MS, figures
    assert max(loading_ms, scrolling_ms) < LONG_TASK_MS, figures


def longest_task_ms(trace: bytes) -> float:
    """The longest task of a page's main thread, in processor time: other work on the machine does not count."""
    events = json.loads(trace)["traceEvents"]
    threads = {(it["pid"], it["tid"]) for it in events if it.get("args", {}).get("name") == "CrRendererMain"}
    tasks = [it for it in events if "RunTask" in it["name"] and (it["pid"], it["tid"]) in threads and "tdur" in it]
    assert tasks
    return max(it["tdur"] for it in tasks) / 1000
