"""What an MSP does every day, through the page, against the real app."""

import re

from playwright.sync_api import expect

from tests.browser import told
from tests.browser.site import Site
from tests.browser.states import with_tenant


def test_the_first_state_explains_itself_and_what_microsoft_asks_for_is_said_before_the_first_screen(
    site: Site,
) -> None:
    site.open()

    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
    site.page.get_by_role("button", name="Integrate", exact=True).click()
    assert site.page.get_by_role("menuitem").all_inner_texts() == [
        "Single Tenant",
        "Cloud Solution Provider (CSP) Tenants",
    ]
    site.page.get_by_role("menuitem", name="Single Tenant", exact=True).click()

    expect(site.dialog).to_contain_text("Microsoft shows two screens, and you select Accept on each.")
    expect(site.dialog.get_by_role("listitem").filter(has_text="Sign in")).to_contain_text(["It shows who accepts"])
    site.dialog.get_by_text("Its 1 permission", exact=True).click()
    expect(site.dialog.get_by_text("User.Read", exact=True).first).to_be_visible()
    assert "login" not in site.page.url


def test_integrate_map_sync_and_unmap_a_single_tenant(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental", users=12)
    site.portal.organization("Acme Dental")
    site.open()

    site.integrates(tenant)
    cells = site.row("Contoso Dental").get_by_role("cell")
    expect(cells.nth(2)).to_contain_text("Success")
    assert [cells.nth(place).inner_text().strip() for place in (4, 5)] == ["-", "-"]

    site.page.locator("#notice").get_by_role("button", name="Map Syncro Tenant").click()
    site.dialog.get_by_role("searchbox").fill("acme")
    site.dialog.get_by_role("radio", name="Acme Dental").check()
    site.press("Start Tenant Mapping")
    mapped = site.row("Contoso Dental").get_by_role("link", name="Acme Dental")
    expect(mapped).to_be_visible()
    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("Contoso Dental is mapped to Acme Dental. Its data is synced.")
    expect(notice).to_contain_text("You can now see its users, devices, licenses")
    notice.get_by_role("link", name="Open its details").click()
    expect(notice).to_be_empty()

    expect(site.page.get_by_role("heading", name="Acme Dental")).to_be_visible()
    expect(site.page.get_by_role("region", name="Users")).to_contain_text("The first 10 are shown.")
    expect(site.page.get_by_role("img", name="Secure Score from")).to_be_visible()
    expect(site.page.get_by_role("button", name="MFA")).to_contain_text("not protected")
    expect(site.page.get_by_role("table", name="Findings")).to_be_visible()
    expect(site.page.get_by_role("table", name="Administrators")).to_contain_text("Global Administrator")
    expect(site.page.get_by_text(re.compile(r"All \d+ are up to date"))).to_be_visible()
    for nonsense in ("NaN", "Invalid", "undefined", "null"):
        assert nonsense not in site.page.inner_text("main")
    sync = site.page.get_by_role("button", name="Sync Now")
    expect(sync).to_be_enabled()
    sync.click()
    expect(site.page.get_by_role("table", name="Sync history").get_by_role("row")).to_have_count(3)
    expect(sync).to_be_enabled()

    site.page.get_by_role("link", name="All tenants").click()
    expect(mapped).to_be_visible()
    site.choose("Actions for Contoso Dental", "Unmap Syncro Tenant")
    site.press("Unmap")
    expect(mapped).to_have_count(0)


def test_a_notice_ends_when_it_is_no_longer_true(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental")
    site.open()
    site.integrates(tenant)
    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("Only its name has been read.")

    site.portal.map(tenant, to="Acme Dental")  # by somebody else

    expect(notice).to_be_empty()


def test_a_notice_ends_with_its_tenant_but_not_because_nobody_answers(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental")
    site.open()
    site.integrates(tenant)
    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("Only its name has been read.")

    asked: list[str] = []
    site.page.on("requestfinished", lambda it: asked.append(it.url) if it.url.endswith(tenant["id"]) else None)
    site.answers(f"/tenants/{tenant['id']}", {"detail": "Not now."}, status=503)
    site.until(lambda: len(asked) >= 2)
    expect(notice).to_contain_text("Only its name has been read.")

    site.answers(f"/tenants/{tenant['id']}", {"detail": "Gone."}, status=404)
    expect(notice).to_be_empty()


def test_an_organization_is_made_while_mapping_and_a_second_one_of_its_name_is_told_before_and_after(
    site: Site,
) -> None:
    site.portal.organization("Fabrikam")
    site.connected(site.portal.has_tenant("Fabrikam Legal"))
    site.open()

    site.choose("Actions for Fabrikam Legal", "Map Syncro Tenant")
    site.dialog.get_by_role("radio", name="New Organization").check()
    name = site.dialog.get_by_label("Name of the new Organization")
    name.fill("Fabrikam Inc")
    expect(site.dialog).not_to_contain_text("of this name already")
    name.fill("fabrikam")
    expect(site.dialog).to_contain_text("There is an Organization of this name already.")
    site.press("Start Tenant Mapping")

    expect(site.page.locator("#notice")).to_contain_text("There is another Organization named fabrikam.")
    expect(site.row("Fabrikam Legal").get_by_role("link", name="fabrikam", exact=True)).to_be_visible()


def test_declining_at_microsoft_says_what_to_do(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental")
    site.open()

    site.begins()
    site.signs_in(tenant["admin"])
    site.accepts(accept=False)

    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("The permissions were not accepted at Microsoft. Nothing was stored.")
    expect(notice).to_contain_text("Start again, and select Accept on Microsoft's page.")
    assert "#flow" not in site.page.url


def test_somebody_who_is_no_administrator_at_microsoft_is_told_so(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental", users=5)
    site.open()

    site.begins()
    site.signs_in(tenant["member"])

    expect(site.page.locator("#notice")).to_contain_text("not a Global Administrator of its tenant")


def test_a_failed_status_explains_itself(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental")
    site.synced(tenant)
    site.portal.microsoft.world.revoke_consent(tenant["id"], site.portal.services.settings.client_id)
    site.portal.services.sign_in.forget(tenant["id"])  # tokens that were given out work until they end
    site.portal.sync(tenant)
    site.until(lambda: site.portal.status(tenant) == "Auth Error")
    site.open()

    site.page.get_by_role("button", name=re.compile("^Auth Error")).click()

    expect(site.dialog).to_contain_text("What to do")
    expect(site.dialog).to_contain_text("Select Reauthorize in the row's menu")
    entra = site.dialog.get_by_role("link", name="Entra admin center")
    assert entra.get_attribute("href") == f"https://entra.microsoft.com/{tenant['id']}"
    assert entra.get_attribute("rel") == "noopener noreferrer"
    assert entra.get_attribute("target") == "_blank"


def test_a_technician_is_told_who_may_use_the_page(site: Site) -> None:
    site.open("tess")

    expect(site.page.locator("#view")).to_contain_text("This page is for Administrators of your account.")
    expect(site.page.get_by_role("button", name="Integrate", exact=True)).to_have_count(0)


def test_a_lower_plan_may_look_and_is_told_beforehand_what_it_lacks_and_whom_to_ask(site: Site) -> None:
    site.open("carl")

    note = site.page.locator("[data-part=plan]")
    expect(note).to_contain_text("require the Team plan")
    expect(note).to_contain_text("ask whoever manages your subscription")
    expect(site.page.get_by_role("button", name="Integrate: Single Tenant")).to_be_disabled()
    site.page.get_by_role("button", name="Integrate", exact=True).click()
    entry = site.page.get_by_role("menuitem", name="Single Tenant")
    expect(entry).to_have_attribute("aria-disabled", "true")
    expect(entry).to_have_accessible_description(re.compile("require the Team plan"))
    site.page.keyboard.press("Enter")  # the first entry has the focus
    expect(entry).to_be_visible()


def test_a_lower_plan_can_remove_and_nothing_else(site: Site) -> None:
    refusal = {"detail": "It needs a plan.", "remedy": "Ask Pat."}
    caller = {"user_id": "user_carl", "name": "Carl Clark", "can_manage": False}
    site.answers("/caller", caller | refusal)
    with_tenant(site, told.single(20, "Contoso Dental"))

    expect(site.page.get_by_role("button", name="Sync Now")).to_be_disabled()
    expect(site.page.locator("#view")).to_contain_text("It needs a plan. Ask Pat.")
    site.page.get_by_role("button", name="Actions for Contoso Dental").click()
    off = site.page.locator("[role=menuitem][aria-disabled=true]")
    assert off.all_inner_texts() == ["Unmap Syncro Tenant", "Reauthorize"]
    expect(site.page.get_by_role("menuitem", name="Remove Integration")).not_to_have_attribute("aria-disabled", "true")


def test_a_change_behind_the_pages_back_shows_without_a_reload(site: Site) -> None:
    site.open()
    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()

    site.connected(site.portal.has_tenant("Contoso Dental"))

    expect(site.row("Contoso Dental")).to_be_visible()


def test_long_lists_come_in_pages_and_people_are_found_among_all_and_not_only_among_those_shown(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental", users=61)
    site.synced(tenant)
    last = site.portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"][-1]
    site.open(place=f"#tenant={tenant['id']}")
    users = site.page.get_by_role("region", name="Users")
    rows = site.page.get_by_role("table", name="Users", exact=True).get_by_role("row")
    expect(rows).to_have_count(11)
    expect(users).not_to_contain_text(last["username"])

    search = users.get_by_role("searchbox", name="Search users")
    search.fill(last["username"])
    expect(users).to_contain_text("1 found among 61 users")
    expect(users.get_by_role("row")).to_have_count(2)
    expect(search).to_be_focused()
    search.fill("nobody has this name")
    expect(users).to_contain_text("Nobody matches.")
    search.fill("")
    expect(users).to_contain_text("The first 10 are shown.")
    users.get_by_role("button", name="Load more").click()
    expect(rows).to_have_count(62)


def test_what_has_not_changed_is_not_sent_again(site: Site) -> None:
    site.connected(site.portal.has_tenant("Contoso Dental"))
    site.open()
    expect(site.row("Contoso Dental")).to_be_visible()
    statuses: list[int] = []
    site.page.on("response", lambda it: statuses.append(it.status) if "/api/integrations" in it.url else None)

    site.until(lambda: len(statuses) >= 2)

    assert set(statuses) == {304}


def test_an_address_of_nothing_says_so_and_leads_back(site: Site) -> None:
    site.open(place="#tenant=00000000-0000-4000-8000-000000000001")

    expect(site.page.locator("#trouble")).to_contain_text("no such")
    site.page.get_by_role("link", name="All tenants").click()
    expect(site.page.get_by_role("heading", name="No Microsoft tenant is integrated yet")).to_be_visible()
    expect(site.page.locator("#trouble")).to_be_empty()


def test_reauthorize_tells_its_effects_and_goes_to_microsoft(site: Site) -> None:
    tenant = site.portal.has_tenant("Contoso Dental")
    site.connected(tenant)
    site.open()

    site.choose("Actions for Contoso Dental", "Reauthorize")
    expect(site.dialog).to_contain_text("Only a sign-in to this tenant is accepted")
    expect(site.dialog.get_by_text("Accept the permissions", exact=True)).to_be_visible()
    site.press("Continue to Microsoft")

    site.page.wait_for_url(f"{site.portal.microsoft.login_url}/**")
