"""Pictures of the page's main states, taken of the real app; with PICTURES=1 they become those of docs/pictures."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.worlds.csp import CUSTOMERS, add_csp
from tests.browser.site import Site
from tests.flows.partner import Csp

_MOST_BYTES = 220_000


class Album:
    """Where the pictures go: into the documents when that is asked for, else only looked at."""

    def __init__(self, site: Site, root: Path, other: Path) -> None:
        self._site = site
        self._folder = root / "docs" / "pictures" if os.environ.get("PICTURES") else other
        self._folder.mkdir(exist_ok=True)
        self.taken: list[str] = []

    def take(self, name: str, *, width: int = 1280, height: int = 860, scheme: str = "light") -> None:
        page = self._site.page
        page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
        page.set_viewport_size({"width": width, "height": height})
        page.mouse.move(0, 0)
        page.wait_for_timeout(300)
        taken = page.screenshot(path=self._folder / f"{name}.png")
        assert len(taken) < _MOST_BYTES, (name, len(taken))
        self.taken.append(name)


@pytest.mark.exhaustive
def test_pictures_of_the_main_states(site: Site, root: Path, tmp_path: Path) -> None:
    album, page = Album(site, root, tmp_path), site.page
    site.open()
    expect(page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
    album.take("blank", height=640)
    page.get_by_role("button", name="Integrate: Cloud Solution Provider (CSP) Tenants").click()
    expect(site.dialog).to_be_visible()
    album.take("prerequisites")

    partner = add_csp(site.portal.microsoft.world, list(CUSTOMERS))
    csp = Csp(site.portal, partner)
    flow = csp.signs_in(csp.start())
    site.until(lambda: site.portal.flow(flow["flow_id"])["state"] == "proven")
    csp.complete(flow)
    dental = site.portal.has_tenant("Contoso Dental", users=48)
    site.synced(dental)
    clinic = site.portal.has_tenant("Fabrikam Clinics", users=9)
    site.connected(clinic)
    site.until(lambda: {"Active", "Consent Failure"} <= {labels(site, it) for it in range(12)})
    site.open()
    expect(site.row("Contoso Dental")).to_be_visible()
    album.take("table", height=900)
    album.take("table-dark", height=900, scheme="dark")
    album.take("table-narrow", width=390, height=844)

    page.set_viewport_size({"width": 1280, "height": 860})
    page.emulate_media(color_scheme="light")
    page.get_by_role("button", name="CSP Auth of Proseware Clinics: explain").click()
    album.take("explanation", height=620)
    site.press("Close")
    site.open(place=f"#tenant={dental['id']}")
    expect(page.get_by_role("table", name="Users", exact=True)).to_be_visible()
    album.take("details", height=1150)
    site.open(place=f"#user-sync={dental['id']}")
    page.get_by_role("button", name="Preview", exact=True).click()
    expect(page.get_by_role("region", name="Preview")).to_contain_text("new")
    album.take("user-sync", height=1150)

    site.open()
    site.choose("Actions for Fabrikam Clinics", "Remove Integration")
    expect(site.dialog).to_be_visible()
    album.take("remove", height=760)
    site.dialog.get_by_role("textbox").fill("Fabrikam Clinics")
    site.press("Remove Integration")
    expect(page.get_by_role("region", name="Fabrikam Clinics")).to_contain_text("The integration is removed.")
    album.take("removal")
    assert len(album.taken) == 10


def labels(site: Site, place: int) -> str:
    rows = site.portal.ask("GET", "/integrations")["tenants"]["items"]
    auth = rows[place]["csp_auth"] if place < len(rows) else "-"
    return str(auth if isinstance(auth, str) else auth["label"])
