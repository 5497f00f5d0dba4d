"""Links that somebody else made: what stands behind # or ? leads to no other route than the page's own."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import expect

from tests.browser.site import Site

HOSTILE = [
    "../export", "..%2Fexport", "%2e%2e/export", "%2E%2E%2Fexport", "../../api/export", "..\\\\export", "..%5Cexport",
    "./../export", "x/../../export", "x?limit=1", "x%3Flimit=1", "x#y", "x%23y", "//evil.example", "%00", "x%0d%0aY:1",
    "x/complete", "x%2Fcomplete", "int_1,../export", "../export,../export", " ", "\u2024\u2024/export", ".", "..",
]  # fmt: skip
OWN = {"/api/integrations", "/api/page/config.json"}


@pytest.mark.parametrize("kind", ["flow", "tenant", "csp", "removal"])
def test_an_id_from_a_link_calls_no_other_route(site: Site, kind: str) -> None:
    asked: list[str] = []
    site.page.on("request", lambda it: asked.append(it.url))
    site.open()

    wrong = []
    for text in HOSTILE:
        asked.clear()
        site.page.goto("about:blank")
        site.page.goto(f"{site.url}/api/page/#{kind}={text}")
        expect(site.page.locator("#view .loading")).to_have_count(0)
        site.page.wait_for_load_state("networkidle")
        paths = {urlsplit(it).path for it in asked if "/api/" in it and "/api/page/" not in it}
        wrong += [(text, it) for it in sorted(paths - OWN)]

    assert wrong == []
