"""An Organization's people: who is active, who is linked to Microsoft, and what can be done about one of them."""

from playwright.sync_api import Locator, expect

from tests.browser import told_people
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.states_user_sync import ID, PATH, TENANT, answers_user_sync, organization_people, with_view
from tests.browser.test_contract import Heard
from tests.browser.told_user_sync import user_sync

ADA = told_people.PEOPLE[0]


def rows(site: Site) -> Locator:
    return site.page.get_by_role("table", name="End Users").locator("tbody tr")


def row(site: Site, name: str) -> Locator:
    return rows(site).filter(has=site.page.get_by_role("link", name=name, exact=True))


def test_people_are_told_with_why_they_are_inactive_and_what_microsoft_keeps(site: Site) -> None:
    organization_people(site)

    expect(site.page.locator("#view")).to_contain_text("65 End Users.")
    expect(row(site, "Ada Lund")).to_contain_text("Microsoft keeps: name, mail address")
    expect(row(site, "Bo Dahl")).to_contain_text("kept active")
    expect(row(site, "Cy Holm")).to_contain_text("account disabled, 4 days ago")
    expect(row(site, "Eva Berg").get_by_role("cell").last).to_have_text("")
    expect(site.page.locator("#view img")).to_have_count(0)


def test_people_are_searched_and_listed_by_state(site: Site) -> None:
    organization_people(site)
    expect(rows(site)).to_have_count(50)
    site.page.get_by_role("button", name="Load more").click()
    expect(rows(site)).to_have_count(65)

    site.page.get_by_role("button", name="1 inactive").click()
    expect(rows(site)).to_have_count(1)
    site.page.get_by_role("button", name="1 inactive").click()
    site.page.get_by_role("searchbox", name="Search End Users").fill("person5@")
    expect(rows(site)).to_have_count(1)
    expect(row(site, "Eva Berg")).to_be_visible()
    site.page.get_by_role("searchbox", name="Search End Users").fill("no such person")
    expect(site.page.locator("#view")).to_contain_text("Nobody matches.")


def test_the_organizations_of_a_tenant_lead_to_their_people(site: Site) -> None:
    answers_user_sync(site, user_sync())
    with_tenant(site, TENANT, organizations=[{"id": "org_1", "name": "Contoso Dental"}])

    site.page.get_by_role("region", name="Microsoft Details").get_by_role("link", name="Contoso Dental").click()
    expect(site.page.get_by_role("heading", name="End Users of Contoso Dental")).to_be_focused()
    row(site, "Bo Dahl").get_by_role("link").click()
    expect(site.page.get_by_role("heading", name="Bo Dahl")).to_be_focused()
    site.page.get_by_role("link", name="End Users of Contoso Dental").click()
    expect(rows(site).first).to_be_visible()


def test_a_person_is_kept_active_and_no_other_field_changes(site: Site) -> None:
    with_view(site, "#end-user=eu_1", "Ada Lund")
    heard = Heard(site, "PUT", "/end-users/eu_1", ADA | {"keep_active": True, "ignored_fields": []})
    site.answers("/end-users/eu_1", ADA | {"keep_active": True})

    site.page.get_by_role("checkbox", name="Keep active").check()

    expect(site.page.get_by_role("region", name="End User", exact=True)).to_contain_text("kept active")
    fields = (
        "name", "given_name", "surname", "mail", "username", "aliases", "phone", "mobile_phone", "job_title", "notes",
        "external_id", "is_active",
    )  # fmt: skip
    assert heard.bodies == [{name: ADA[name] for name in fields} | {"keep_active": True}]


def test_a_person_who_could_not_be_kept_active_is_shown_as_they_are(site: Site) -> None:
    with_view(site, "#end-user=eu_1", "Ada Lund")
    site.answers(
        "/end-users/eu_1", {"detail": "Somebody else is at it.", "remedy": "Try again."}, status=409, method="PUT"
    )

    site.page.get_by_role("checkbox", name="Keep active").click()

    expect(site.dialog).to_contain_text("Somebody else is at it.")
    site.press("Close")
    expect(site.page.get_by_role("checkbox", name="Keep active")).not_to_be_checked()


def test_what_microsoft_knows_of_a_person_is_shown_beside_the_link(site: Site) -> None:
    (user,) = ADA["microsoft"]
    gone = {"username": None, "licenses": [], "is_gone": True, "mfa": None, "mailbox": None, "mailbox_evidence": None}
    unknown = {"username": "ada@other.example", "mailbox": "unknown", "mailbox_evidence": "none", "licenses": []}
    answers_user_sync(site, user_sync())
    site.answers("/end-users/eu_1", ADA | {"microsoft": [user, user | unknown, user | gone]})
    site.open(place="#end-user=eu_1")

    section = site.page.get_by_role("region", name="Microsoft users")
    expect(section.locator("dl")).to_have_count(2)
    expect(section).to_contain_text("gone at Microsoft")
    for text in ("Surgery", "Oslo", "Microsoft 365 E3", "a person's"):
        expect(section.locator("dl").first).to_contain_text(text)
    expect(section.get_by_role("heading", name="ada@other.example")).to_be_visible()
    expect(section.locator("dl").last).to_contain_text("kind unknown (our application may not read it, or has not yet)")
    expect(section.get_by_role("link", name="No MFA").first).to_have_attribute("href", f"#tenant={ID}/mfa")


def test_a_persons_link_is_shown_and_undone(site: Site) -> None:
    with_view(site, "#end-user=eu_1", "Ada Lund")
    table = site.page.get_by_role("table", name="Microsoft users")
    expect(table.get_by_role("link", name="Contoso Dental")).to_have_attribute("href", f"#tenant={ID}/user-sync")
    expect(site.page.get_by_role("region", name="End User", exact=True)).to_contain_text(
        "person1@contoso.example kept by Microsoft"
    )
    heard = Heard(site, "DELETE", f"{PATH}/links/object-1", None, 204)
    site.answers("/end-users/eu_1", ADA | told_people.UNLINKED)

    table.get_by_role("button", name="Undo the link of person1@contoso.example").click()

    expect(site.page.locator("#view")).to_contain_text("Not linked to a Microsoft user.")
    assert len(heard.targets) == 1


def test_nobody_who_may_only_look_can_change_a_person(site: Site) -> None:
    held = {
        "user_id": "u",
        "name": "U",
        "can_manage": False,
        "detail": "The Core plan is needed.",
        "remedy": "Upgrade.",
    }
    site.answers("/caller", held)
    with_view(site, "#end-user=eu_1", "Ada Lund")

    expect(site.page.get_by_role("checkbox", name="Keep active")).to_be_disabled()
    expect(site.page.get_by_role("button", name="Undo the link of person1@contoso.example")).to_be_disabled()


def test_an_organization_without_people_says_so(site: Site) -> None:
    organization_people(site)
    site.answers("/organizations/org_1/end-users", told_people.people([]))
    site.page.reload()

    expect(site.page.locator("#view")).to_contain_text("This Organization has no End Users yet.")
