"""The states of assets, each reached through intercepted answers."""

from collections.abc import Callable

from playwright.sync_api import expect

from tests.browser import told_assets, told_people
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.states_user_sync import ID, TENANT
from tests.browser.told import Object
from tests.browser.told_security import DEVICES
from tests.browser.told_user_sync import ORGANIZATION


def answers_assets(site: Site, listed: list[Object] | None = None) -> None:
    everything = told_assets.ASSETS if listed is None else listed
    site.answers("/organizations/org_1", ORGANIZATION | {"domains": [], "syncro_tenant_id": "st_1"})
    site.answers("/organizations/org_1/end-users", told_people.people())
    site.answers("/organizations/org_1/assets", told_assets.assets(everything))
    for it in everything[:12]:
        site.answers(f"/assets/{it['id']}", it)
    site.answers("/end-users/eu_1", told_people.PEOPLE[0])
    devices = [{"id": f"00000000-0000-4000-8000-0000000d{n:04d}", "name": f"SPARE-{n:02d}"} for n in range(1, 70)]
    page = {"items": [*devices, *DEVICES], "state": "fresh", "as_of": None, "next_cursor": None}
    site.answers(f"/tenants/{told_assets.TENANT_ID}/devices", page)


def with_assets(site: Site, listed: list[Object] | None = None) -> None:
    answers_assets(site, listed)
    site.open(place="#organization=org_1/assets")
    expect(site.page.get_by_role("heading", name="Assets of Contoso Dental")).to_be_visible()


def with_review(site: Site, listed: list[Object] | None = None) -> None:
    answers_assets(site, listed)
    site.open(place="#organization=org_1/review")
    expect(site.page.get_by_role("heading", name="Assets of Contoso Dental to review")).to_be_visible()


def with_asset(site: Site, number: int) -> None:
    answers_assets(site)
    site.open(place=f"#asset=ast_{number}")
    expect(site.page.get_by_role("region", name="Device at Microsoft")).to_be_visible()


def organization_assets(site: Site) -> None:
    with_assets(site)


def organization_without_assets(site: Site) -> None:
    with_assets(site, [])


def assets_not_compared(site: Site) -> None:
    with_assets(site, [it | {"linking": None} for it in told_assets.ASSETS[:3]])


def assets_review(site: Site) -> None:
    with_review(site)


def assets_review_is_empty(site: Site) -> None:
    with_review(site, told_assets.ASSETS[:3])
    expect(site.page.get_by_role("heading", name="Nothing to review")).to_be_visible()


def asset_linked(site: Site) -> None:
    with_asset(site, 1)


def asset_by_hand(site: Site) -> None:
    with_asset(site, 9)


def asset_in_conflict(site: Site) -> None:
    with_asset(site, 5)


def asset_of_another_organization(site: Site) -> None:
    with_asset(site, 7)


def asset_end_user(site: Site) -> None:
    with_asset(site, 8)
    site.page.get_by_role("button", name="Choose the End User").click()
    expect(site.dialog).to_be_visible()


def asset_device(site: Site) -> None:
    with_asset(site, 3)
    site.page.get_by_role("button", name="Link with a device").click()
    expect(site.dialog).to_be_visible()


def tenant_assets(site: Site) -> None:
    site.answers("/insights/assets", told_assets.insights())
    with_tenant(site, TENANT)
    expect(site.page.get_by_role("region", name="Assets", exact=True)).to_be_visible()


LINKING = f"/tenants/{ID}/asset-links"


def asset_linking(site: Site) -> None:
    """How assets are linked, as somebody chooses it."""
    site.answers(LINKING, told_assets.linking_of_a_tenant())
    tenant_assets(site)
    site.page.get_by_role("button", name="How assets are linked").click()
    expect(site.dialog.get_by_role("checkbox").first).to_be_visible()


def assets_of_all_tenants(site: Site) -> None:
    site.answers("/insights/assets", told_assets.insights())
    site.open(place="#assets")
    expect(site.page.get_by_role("table", name="Assets")).to_be_visible()


def assets_of_nothing(site: Site) -> None:
    site.answers("/insights/assets", told_assets.insights([]))
    site.open(place="#assets")
    expect(site.page.get_by_role("heading", name="No tenant is mapped yet")).to_be_visible()


ASSET_STATES: dict[str, Callable[[Site], None]] = {
    it.__name__.replace("_", "-"): it
    for it in (
        organization_assets,
        organization_without_assets,
        assets_not_compared,
        assets_review,
        assets_review_is_empty,
        asset_linked,
        asset_by_hand,
        asset_in_conflict,
        asset_of_another_organization,
        asset_end_user,
        asset_device,
        tenant_assets,
        asset_linking,
        assets_of_all_tenants,
        assets_of_nothing,
    )
}
