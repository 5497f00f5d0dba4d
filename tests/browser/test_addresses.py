"""Links that somebody else made: what stands behind # or ? leads to no other route than the page's own."""

from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Request, expect

from tests.browser.site import Site
from tests.exhaustive import IS_FULL

HOSTILE = [
    "../export", "..%2Fexport", "%2e%2e/export", "%2E%2E%2Fexport", "../../api/export", "..\\\\export", "..%5Cexport",
    "./../export", "x/../../export", "x?limit=1", "x%3Flimit=1", "x#y", "x%23y", "//evil.example", "%00", "x%0d%0aY:1",
    "x/complete", "x%2Fcomplete", "int_1,../export", "../export,../export", " ", "\u2024\u2024/export", ".", "..",
]  # fmt: skip
SAMPLE = ["../export", "%2E%2E%2Fexport", "x%3Flimit=1", "int_1,../export"]  # every day; with FULL all of them
_QUIET_LOOKS = 5
_FRESH_EVERY = 8
OWN = {"/api/integrations", "/api/insights/baselines", "/api/caller", "/api/page/config.json"}


class Traffic:
    """What a page asks for, and whether it waits for an answer."""

    def __init__(self, page: Page) -> None:
        self.address = ""
        self.asked: list[tuple[str, str]] = []  # at which address, and for what
        self._page = page
        self._open: set[Request] = set()
        page.on("request", self._begin)
        page.on("requestfinished", self._end)
        page.on("requestfailed", self._end)

    def _begin(self, request: Request) -> None:
        self.asked.append((self.address, request.url))
        self._open.add(request)

    def _end(self, request: Request) -> None:
        self._open.discard(request)

    def end(self) -> None:
        """Wait until nothing is under way, and nothing follows from what came."""
        quiet = 0
        while quiet < _QUIET_LOOKS:
            self._page.wait_for_timeout(10)
            quiet = 0 if self._open else quiet + 1


@pytest.mark.parametrize(
    "kind",
    [
        *("tenant", "flow", "csp", "removal", "tenants?csp", "security?list=baselines&control"),
        *("user-sync", "organization", "end-user"),
    ],
)
def test_an_id_from_a_link_calls_no_other_route(site: Site, kind: str) -> None:
    traffic = Traffic(site.page)
    site.choose_persona("alice")

    for number, text in enumerate(HOSTILE if IS_FULL else SAMPLE):
        if number % _FRESH_EVERY == 0:  # else the page that is open follows the link
            site.page.goto("about:blank")
        traffic.address = text
        site.page.goto(f"{site.url}/api/page/#{kind}={text}")
        traffic.end()
        expect(site.page.locator("#view .loading")).to_have_count(0)
        traffic.end()

    paths = {(text, urlsplit(url).path) for text, url in traffic.asked if "/api/page/" not in url}
    assert paths
    assert {(text, path) for text, path in paths if "/api/" in path and path not in OWN} == set()
