"""An Organization's assets on the page: whose each is, which device it is and why, and what can be decided about it."""

from playwright.sync_api import Locator, expect

from tests.browser import told_assets
from tests.browser.site import Site
from tests.browser.states_assets import (
    answers_assets,
    asset_by_hand,
    asset_linked,
    assets_not_compared,
    organization_assets,
    organization_without_assets,
    with_asset,
    with_assets,
)
from tests.browser.states_user_sync import organization_people
from tests.browser.test_contract import Heard
from tests.browser.told import HOSTILE, Object

READER = {"user_id": "u", "name": "U", "can_manage": False, "detail": "The Core plan is needed.", "remedy": "Upgrade."}


def rows(site: Site) -> Locator:
    return site.page.get_by_role("table", name="Assets").locator("tbody tr")


def row(site: Site, name: str) -> Locator:
    return rows(site).filter(has=site.page.get_by_role("link", name=name, exact=True))


def chip(site: Site, text: str) -> Locator:
    return site.page.get_by_role("group", name="Assets by what is to do").get_by_role("button", name=text)


def told(number: int) -> Object:
    return next(it for it in told_assets.ASSETS if it["id"] == f"ast_{number}")


def test_each_asset_is_told_with_its_end_user_and_its_device_and_why_it_is_that_one_or_none(site: Site) -> None:
    organization_assets(site)

    expect(site.page.locator("#view")).to_contain_text("58 of 65 assets assigned to an End User.")
    linked = row(site, "LAPTOP-01")
    expect(linked).to_contain_text("Ada Lund")
    expect(linked).to_contain_text("as Microsoft says, since")
    expect(linked).to_contain_text("Serial number 5CD0001XYZ and Entra device id")
    expect(linked).to_contain_text("confidence 99\u00a0%")
    expect(linked).to_contain_text("12 days ago")
    expect(row(site, "LAPTOP-02")).to_contain_text("by hand, since")
    expect(row(site, "LAPTOP-02")).to_contain_text("Microsoft names somebody else: Ada Lund")
    expect(row(site, "LAPTOP-09")).to_contain_text("By hand")
    expect(row(site, "LAPTOP-09")).to_contain_text("gone at Microsoft")
    expect(row(site, "LAPTOP-09")).to_contain_text("This End User is inactive")
    expect(site.page.locator("#view img")).to_have_count(0)

    expect(row(site, "LAPTOP-03")).to_contain_text("Nobody")
    expect(row(site, "LAPTOP-03")).to_contain_text(told_assets.NO_DEVICE["detail"])
    expect(row(site, "LAPTOP-03")).to_contain_text(told_assets.NO_DEVICE["remedy"])
    row(site, "LAPTOP-08").get_by_role("link", name="LAPTOP-08").click()
    expect(site.page.get_by_role("link", name="User sync of the tenant")).to_have_attribute(
        "href", f"#tenant={told_assets.TENANT_ID}/user-sync"
    )


def test_assets_are_searched_and_listed_by_what_is_to_do(site: Site) -> None:
    organization_assets(site)
    expect(rows(site)).to_have_count(50)
    site.page.get_by_role("button", name="Load more").click()
    expect(rows(site)).to_have_count(65)
    expect(row(site, "OLD-LAPTOP")).to_have_count(0)

    for label, count in (
        ("3 in conflict", 3),
        ("2 to review", 2),
        ("7 without End User", 7),
        ("5 without device", 5),
        ("1 archived or gone", 1),
    ):
        chip(site, label).click()
        expect(rows(site)).to_have_count(count)
    chip(site, "1 archived or gone").click()
    for text, count in (("eva berg", 1), ("5cd0005", 2), ("laptop-07", 1)):
        site.page.get_by_role("searchbox", name="Search assets").fill(text)
        expect(rows(site)).to_have_count(count)
    site.page.get_by_role("searchbox", name="Search assets").fill("no such asset")
    expect(site.page.locator("#view")).to_contain_text("No asset matches.")


def test_people_assets_and_questions_of_an_organization_lead_to_each_other(site: Site) -> None:
    organization_people(site)
    answers_assets(site)
    ways = site.page.get_by_role("navigation", name="Organization")

    for name, heading in (
        ("Assets", "Assets of Contoso Dental"),
        ("Assets to review", "Assets of Contoso Dental to review"),
        ("End Users", "End Users of Contoso Dental"),
    ):
        ways.get_by_role("link", name=name, exact=True).click()
        expect(site.page.get_by_role("heading", name=heading, exact=True)).to_be_focused()
        expect(ways.get_by_role("link", name=name, exact=True)).to_have_attribute("aria-current", "page")


def test_without_assets_or_without_a_tenant_the_page_says_what_is_missing(site: Site) -> None:
    organization_without_assets(site)
    expect(site.page.locator("#view")).to_contain_text(
        "This Organization has no assets in use. Your portal sends them."
    )

    assets_not_compared(site)
    site.page.reload()
    expect(site.page.locator("#view")).to_contain_text("These assets are not compared with devices yet.")
    site.page.get_by_role("link", name="Go to Integrations").click()
    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()


def test_a_link_is_undone_in_the_list_and_said_not_to_come_back(site: Site) -> None:
    listed = [dict(it) for it in told_assets.ASSETS[:3]]
    with_assets(site, listed)
    heard = Heard(site, "DELETE", "/assets/ast_1/link", None, 204)
    listed[0]["linking"] = told_assets.linking()

    site.choose("Actions for LAPTOP-01", "Undo the link")

    expect(site.page.locator("#notice")).to_contain_text("The link of LAPTOP-01 is undone.")
    expect(site.page.locator("#notice")).to_contain_text("The sync does not make it again.")
    expect(row(site, "LAPTOP-01")).to_contain_text("None")
    expect(row(site, "LAPTOP-01")).to_contain_text("Ada Lund")
    assert len(heard.targets) == 1


def test_an_end_user_is_chosen_cleared_and_left_to_microsoft_again(site: Site) -> None:
    with_asset(site, 3)
    heard = Heard(site, "PUT", "/assets/ast_3/end-user", told(3))
    site.answers("/assets/ast_3", told(3) | told_assets.BY_HAND)

    site.page.get_by_role("button", name="Choose the End User").click()
    expect(site.dialog.get_by_role("radio", name="As Microsoft says")).to_be_checked()
    expect(site.dialog.get_by_role("button", name="Save")).to_be_disabled()
    site.dialog.get_by_role("searchbox").fill("eva")
    site.dialog.get_by_role("radio", name="Eva Berg").check()
    site.press("Save")
    expect(site.page.locator("#notice")).to_contain_text("LAPTOP-03 belongs to Eva Berg.")
    shown = site.page.get_by_role("region", name="End User", exact=True)
    expect(shown).to_contain_text("Assigned by hand")
    for name, said in (
        ("Nobody the asset is not assigned", "belongs to nobody."),
        ("As Microsoft says", "follows Microsoft again."),
    ):
        site.page.get_by_role("button", name="Choose the End User").click()
        site.dialog.get_by_role("radio", name=name).check()
        site.press("Save")
        expect(site.page.locator("#notice")).to_contain_text(said)

    assert heard.bodies == [{"end_user_id": "eu_5"}, {"end_user_id": None}, {"is_automatic": True}]


def test_an_asset_is_linked_by_hand_with_any_device_of_the_tenant(site: Site) -> None:
    with_asset(site, 3)
    heard = Heard(site, "PUT", "/assets/ast_3/link", told(3))
    site.page.get_by_role("button", name="Link with a device").click()
    expect(site.dialog).to_contain_text("71 found. The first 60 are shown")
    site.dialog.get_by_role("searchbox").fill("spare-69")
    site.dialog.get_by_role("radio", name="SPARE-69").check()
    site.press("Link")

    expect(site.page.locator("#notice")).to_contain_text("LAPTOP-03 is linked with this device.")
    assert heard.bodies == [{"device_id": "00000000-0000-4000-8000-0000000d0069"}]


def test_what_cannot_be_linked_is_told_in_the_dialog(site: Site) -> None:
    with_asset(site, 3)
    refusal = {"code": "not_mapped", "detail": "No Microsoft tenant is mapped.", "remedy": "Map one."}
    site.answers("/assets/ast_3/link", refusal, status=409, method="PUT")
    site.page.get_by_role("button", name="Link with a device").click()
    site.dialog.get_by_role("radio", name="SPARE-01").check()
    site.press("Link")

    expect(site.dialog.get_by_role("alert")).to_contain_text("No Microsoft tenant is mapped.")
    expect(site.dialog.get_by_role("alert")).to_contain_text("Map one.")


def test_one_asset_tells_who_linked_it_and_whose_it_was(site: Site) -> None:
    asset_linked(site)
    device = site.page.get_by_role("region", name="Device at Microsoft")
    expect(device).to_contain_text("Serial number 5CD0001XYZ and Entra device id")
    expect(site.page.get_by_role("table", name="Earlier End Users")).to_contain_text("Bo Dahl")
    expect(site.page.get_by_role("link", name="Intune admin center, all devices")).to_have_attribute(
        "href",
        f"https://intune.microsoft.com/{told_assets.TENANT_ID}/#view/Microsoft_Intune_DeviceSettings/DevicesMenu/~/allDevices",
    )

    asset_by_hand(site)
    site.page.reload()
    expect(device).to_contain_text("By hand")
    expect(device).to_contain_text("linked by")
    expect(device).to_contain_text("Gone at Microsoft")


def test_whoever_may_only_look_sees_everything_and_no_button_that_changes_it(site: Site) -> None:
    site.answers("/caller", READER)
    organization_assets(site)
    expect(site.page.locator("[data-part=plan]")).to_contain_text("The Core plan is needed.")
    expect(row(site, "LAPTOP-01")).to_contain_text("Ada Lund")
    expect(site.page.get_by_role("button", name="Actions for")).to_have_count(0)

    with_asset(site, 5)
    site.page.reload()
    expect(site.page.get_by_role("region", name="LAPTOP-05: several assets")).to_contain_text("agrees")
    expect(site.page.locator("[data-part=plan]")).to_contain_text("The Core plan is needed.")
    for name in ("Choose the End User", "Link with a device", "This is the device"):
        expect(site.page.get_by_role("button", name=name)).to_have_count(0)


def test_names_from_outside_stay_text(site: Site) -> None:
    with_asset(site, 6)

    expect(site.page.get_by_role("heading", name=HOSTILE)).to_be_visible()
    expect(site.page.locator("#view img")).to_have_count(0)
