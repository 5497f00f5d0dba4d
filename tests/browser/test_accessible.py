"""Nobody is shut out: axe-core finds nothing in any state, light or dark, wide or narrow; the keyboard is enough."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page

from tests.browser.site import Site
from tests.browser.states import STATES

AXE = Path("node_modules/axe-core/axe.min.js")


@pytest.mark.parametrize("state", STATES)
def test_axe_finds_nothing(site: Site, root: Path, state: str) -> None:
    STATES[state](site)

    for scheme in ("light", "dark"):
        for width in (1280, 360):
            site.page.emulate_media(color_scheme=scheme)
            site.page.set_viewport_size({"width": width, "height": 900})
            assert violations(site.page, root) == [], (scheme, width)
            wide = site.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, f"{wide} px too wide at {width}"


def violations(page: Page, root: Path) -> list[tuple[str, Any]]:
    if not page.evaluate("typeof axe !== 'undefined'"):
        page.evaluate((root / AXE).read_text() + "; undefined")
    found = page.evaluate("async () => (await axe.run()).violations")
    return [(it["id"], [(node["html"][:200], node["failureSummary"]) for node in it["nodes"][:3]]) for it in found]
