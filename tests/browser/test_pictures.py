"""Pictures of the page's main states, taken of the real app; with PICTURES=1 they become those of docs/pictures."""

import os
from collections.abc import Mapping
from pathlib import Path

import pytest
from playwright.sync_api import expect

from local.worlds.csp import CUSTOMERS, add_csp
from tests.browser.site import Site
from tests.flows.partner import Csp
from tests.flows.user_sync import UserSync

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
    site.open(place=f"#organization={with_assets(site, dental)}/assets")
    expect(page.get_by_role("link", name="Accounting laptop 1", exact=True)).to_be_visible()
    album.take("assets", height=900)

    site.open()
    site.choose("Actions for Fabrikam Clinics", "Remove Integration")
    expect(site.dialog).to_be_visible()
    album.take("remove", height=760)
    site.dialog.get_by_role("textbox").fill("Fabrikam Clinics")
    site.press("Remove Integration")
    expect(page.get_by_role("region", name="Fabrikam Clinics")).to_contain_text("The integration is removed.")
    album.take("removal")
    assert len(album.taken) == 11


def with_assets(site: Site, tenant: Mapping[str, str]) -> str:
    """An Organization whose people are synced and whose assets are linked, with something to decide; returns its id."""
    portal, world = site.portal, site.portal.microsoft.world
    organization = next(it["id"] for it in portal.ask("GET", "/organizations")["items"] if it["name"] == "Acme Dental")
    sync = UserSync(portal, tenant, organization)
    assert sync.put(sync.settings(), sync.plan()["plan_hash"]).status == 200
    site.until(lambda: sync.state()["state"] == "synced")
    for number, user in enumerate(world.users(tenant["id"])[:6], start=1):
        device = world.add_device(tenant["id"], owner_id=user["id"], displayName=f"CD-LT-{number}")
        world.add_managed_device(
            tenant["id"],
            azureADDeviceId=device["deviceId"],
            deviceName=f"CD-LT-{number}",
            serialNumber=f"5CD100{number}XYZ",
            manufacturer="HP",
            model="EliteBook 840",
            userId=user["id"],
            lastSyncDateTime=portal.clock().strftime("%Y-%m-%dT%H:%M:%SZ"),
        )
    portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
    of_people = [
        {"external_id": f"pc-{number}", "name": f"Accounting laptop {number}", "serial": f"5CD100{number}XYZ"}
        for number in range(1, 7)
    ]
    twin = {"external_id": "pc-7", "name": "Reception desktop", "serial": "5CD1006XYZ"}
    others = [{"external_id": "pc-8", "name": "Workshop laptop"}, {"external_id": "prn-1", "name": "Front printer"}]
    kinds = ["laptop"] * 6 + ["desktop", "laptop", "printer"]
    items = [{**it, "kind": kind} for it, kind in zip([*of_people, twin, *others], kinds, strict=True)]
    portal.ask("POST", f"/organizations/{organization}/assets/bulk", {"items": items})
    site.until(lambda: portal.ask("GET", f"/organizations/{organization}/assets?link=linked")["total"] == 5)
    return str(organization)


def labels(site: Site, place: int) -> str:
    rows = site.portal.ask("GET", "/integrations")["tenants"]["items"]
    auth = rows[place]["csp_auth"] if place < len(rows) else "-"
    return str(auth if isinstance(auth, str) else auth["label"])
