"""Nobody is shut out: axe-core finds nothing in any state, light or dark, wide or narrow; the keyboard is enough."""

from collections.abc import Iterable
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import STATES, with_rows, with_tenant
from tests.browser.states_assets import ASSET_STATES
from tests.browser.states_user_sync import USER_SYNC_STATES
from tests.exhaustive import IS_FULL

Look = tuple[str, int]

AXE = Path("node_modules/axe-core/axe.min.js")
EVERY_LOOK = list(product(("light", "dark"), (1280, 360)))
# Every day each scheme and each width is seen; colours do not depend on the width, nor layouts on the scheme.
LOOKS = EVERY_LOOK if IS_FULL else [("light", 1280), ("dark", 360)]


ALL_STATES = {**STATES, **USER_SYNC_STATES, **ASSET_STATES}
HELP = ["important-information", "troubleshooting", "mapping", "user-sync", "assets"]


def each_with_its_looks(names: Iterable[str]) -> list[Any]:
    """Cases of a name and the looks in which axe examines it: every day one, each look every other name."""
    return [
        pytest.param(name, LOOKS if IS_FULL else [LOOKS[number % len(LOOKS)]], id=name)
        for number, name in enumerate(names)
    ]


@pytest.mark.parametrize(("state", "examined"), each_with_its_looks(ALL_STATES))
def test_axe_finds_nothing(site: Site, root: Path, state: str, examined: list[Look]) -> None:
    ALL_STATES[state](site)

    for look in LOOKS:
        show_in(site, look)
        assert look not in examined or violations(site, root) == [], look
        wide = site.page.evaluate("document.documentElement.scrollWidth - innerWidth")
        assert wide <= 0, f"{wide} px too wide at {look}"


@pytest.mark.parametrize(("name", "examined"), each_with_its_looks(HELP))
def test_axe_finds_nothing_on_the_help_pages(site: Site, root: Path, name: str, examined: list[Look]) -> None:
    site.page.goto(f"{site.url}/api/page/help/{name}.html")

    for look in examined:
        show_in(site, look)
        assert violations(site, root) == [], look


def show_in(site: Site, look: Look) -> None:
    scheme, width = look
    site.page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    site.page.set_viewport_size({"width": width, "height": 900})


def violations(site: Site, root: Path) -> list[tuple[str, Any]]:
    """What breaks a rule of axe, as the page is seen now."""
    if not site.page.evaluate("typeof axe !== 'undefined'"):
        script = (root / AXE).read_text()
        site.answers("/page/axe.js", lambda asked: asked.fulfill(script, content_type="text/javascript"))
        site.page.add_script_tag(url=f"{site.url}/api/page/axe.js")
    found = site.page.evaluate(
        "async () => (await axe.run({ resultTypes: ['violations'], preload: false })).violations"
    )
    return [(it["id"], [(node["html"][:200], node["failureSummary"]) for node in it["nodes"][:3]]) for it in found]


def test_the_first_tab_stop_leads_past_the_header_and_the_keyboard_is_enough_for_the_menu_of_a_row(site: Site) -> None:
    with_rows(site)
    site.page.keyboard.press("Tab")
    expect(site.page.get_by_role("button", name="Skip to the content")).to_be_focused()
    site.page.keyboard.press("Enter")
    site.page.keyboard.press("Tab")
    expect(site.page.get_by_role("link", name="Northwind Partner")).to_be_focused()

    button = site.page.get_by_role("button", name="Actions for Contoso Dental")
    button.focus()

    site.page.keyboard.press("Enter")
    items = site.page.get_by_role("menuitem")
    expect(items.nth(0)).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "true")
    site.page.keyboard.press("ArrowUp")
    expect(items.nth(2)).to_be_focused()
    site.page.keyboard.press("Home")
    expect(items.nth(0)).to_be_focused()
    site.page.keyboard.press("r")
    expect(items.nth(1)).to_have_text("Reauthorize")
    expect(items.nth(1)).to_be_focused()
    site.page.keyboard.press("Escape")
    expect(items).to_have_count(0)
    expect(button).to_be_focused()
    expect(button).to_have_attribute("aria-expanded", "false")


def test_a_dialog_gives_the_focus_back_to_where_it_was_opened_and_changes_by_search_are_said(site: Site) -> None:
    with_rows(site)
    badge = site.page.get_by_role("button", name="Sync Status of Contoso Dental: explain")

    badge.focus()
    site.page.keyboard.press("Enter")
    expect(site.dialog).to_be_visible()
    site.page.keyboard.press("Escape")
    expect(badge).to_be_focused()
    site.page.get_by_role("button", name="Actions for Contoso Dental").focus()
    site.page.keyboard.press("Enter")
    site.page.keyboard.press("Enter")
    expect(site.dialog).to_be_visible()
    site.page.keyboard.press("Escape")
    expect(site.page.get_by_role("button", name="Actions for Contoso Dental")).to_be_focused()

    site.page.get_by_role("searchbox").fill("Contoso")

    expect(site.page.locator("#said")).to_have_text("1 tenant is shown.")


def test_the_way_back_from_the_details_leads_to_the_row_it_began_at(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"))
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp()))
    site.open()
    link = site.page.locator("#tenants").get_by_role("link", name="Contoso Dental", exact=True)
    link.focus()
    place = link.bounding_box()

    site.page.keyboard.press("Enter")
    expect(site.page.get_by_role("heading", name="Contoso")).to_be_focused()
    assert site.page.evaluate("scrollY") == 0
    site.page.go_back()

    expect(link).to_be_focused()
    site.until(lambda: link.bounding_box() == place)
