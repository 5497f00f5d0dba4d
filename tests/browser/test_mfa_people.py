"""The people of a tenant by their MFA, on the tenant's page: who is not protected, why, and who is excepted."""

from collections.abc import Iterable

from playwright.sync_api import Locator, expect

from tests.browser import told, told_mfa
from tests.browser.site import Site
from tests.browser.states import with_tenant

TENANT = told.single(20, "Contoso Dental")
ID = TENANT["tenant_id"]


def section(site: Site) -> Locator:
    return site.page.get_by_role("region", name="Multi-factor authentication")


def person(site: Site, name: str) -> Locator:
    rows = section(site).get_by_role("table", name="People by MFA").get_by_role("row")
    return rows.filter(has=site.page.get_by_text(name, exact=True))


def names(site: Site) -> list[str]:
    return section(site).locator("tbody td:first-child > div > bdi").all_inner_texts()


def list_by(site: Site, label: str) -> None:
    section(site).get_by_role("group", name="People by MFA").get_by_role("button", name=label).click()


def choose_who(site: Site, label: str) -> None:
    section(site).get_by_role("combobox", name="Who is listed").select_option(label)


def begins_with(site: Site, expected: Iterable[str]) -> None:
    wanted = list(expected)
    site.until(lambda: names(site)[: len(wanted)] == wanted)


def test_a_tile_leads_to_the_people_and_each_has_three_facts_the_gap_in_words_and_the_policies_behind_it(
    site: Site,
) -> None:
    with_tenant(site, TENANT)
    tile = site.page.locator(".tiles").get_by_role("button", name="MFA")

    expect(tile).to_contain_text("3 of 12 not protected, 1 administrator, 1 unknown")
    expect(tile.locator(".mark.red")).to_have_text("66 %")
    tile.click()
    expect(site.page.get_by_role("heading", name="Multi-factor authentication", exact=True)).to_be_focused()
    expect(section(site)).to_contain_text("Not protected: 6 on")

    begins_with(site, ["Break Glass", "Robin Taylor", "Sam Shaw"])
    cells = person(site, "Robin Taylor").get_by_role("cell")

    expect(person(site, "Break Glass")).to_contain_text("Administrator")
    expect(cells.nth(1)).to_have_text("Not required")
    assert [cells.nth(place).inner_text() for place in (2, 3, 4)] == ["yes", "yes", "at some sign-ins"]
    expect(cells.nth(5)).to_contain_text("Not required for desktop apps in HQ")
    why = cells.nth(5).get_by_text("only for some places")
    expect(why).to_be_hidden()
    cells.nth(5).get_by_text("Require MFA outside the office and 2 more").click()
    expect(why).to_contain_text("Require MFA outside the office: requires MFA only for some places")
    expect(cells.nth(5)).to_contain_text("Require MFA for all users: excluded through the group Break glass")
    expect(site.page.locator("#view img")).to_have_count(0)


def test_people_are_listed_by_what_is_to_be_done_by_who_they_are_and_by_name(site: Site) -> None:
    with_tenant(site, TENANT)

    list_by(site, "1 Must register")
    site.until(lambda: names(site) == ["Sam Shaw"])
    expect(section(site)).to_contain_text("Whoever has the password can register first.")
    list_by(site, "1 Must register")
    choose_who(site, "Guests (1)")
    site.until(lambda: names(site) == ["Gus Guest"])
    expect(person(site, "Gus Guest")).to_contain_text("in their own tenant")
    choose_who(site, "Disabled accounts (1)")
    site.until(lambda: names(site) == ["Lee Left"])
    choose_who(site, "People (12)")
    site.until(lambda: len(names(site)) == 10)
    section(site).get_by_role("button", name="Load more").click()
    site.until(lambda: len(names(site)) == 12)
    section(site).get_by_role("searchbox", name="Search people by MFA").fill("berg 3")
    site.until(lambda: names(site) == ["Ola Berg 3"])
    section(site).get_by_role("searchbox", name="Search people by MFA").fill("no such name")
    expect(section(site)).to_contain_text("Nobody matches.")


def test_an_exception_is_made_with_a_reason_and_an_end_and_no_other_setting_changes(site: Site) -> None:
    other = told_mfa.exception("00000000-0000-4000-8000-000000000099", "u")
    with_tenant(site, TENANT, settings=told_mfa.settings(other))
    site.answers("/settings", told_mfa.settings(), method="PUT")
    expect(section(site).get_by_text("1 exception")).to_have_count(0)  # that one is another tenant's
    site.choose("Actions for Break Glass", "Make an exception")
    expect(site.dialog.get_by_role("button", name="Save")).to_be_disabled()
    site.dialog.get_by_label("Reason").fill("Key in the safe")
    site.dialog.get_by_label("Last day").fill("2099-12-31")

    with site.page.expect_request(lambda it: it.method == "PUT" and it.url.endswith("/settings")) as put:
        site.press("Save")

    sent = put.value.post_data_json
    until = sent["exceptions"][1].pop("until")
    assert sent["exceptions"] == [other, {"tenant_id": ID, "user_id": "break-glass", "reason": "Key in the safe"}]
    assert until == site.page.evaluate("new Date('2099-12-31T23:59:59').toISOString().replace('.000Z', 'Z')")
    assert list(sent) == ["exceptions"]


def test_whoever_is_excepted_is_marked_and_counted_apart_until_the_exception_ends(site: Site) -> None:
    made = told_mfa.exception(ID, "break-glass", until=told.ago(days=-30))
    gone = told_mfa.exception(ID, "a-user-who-left", until=told.ago(days=2))
    excepted = told_mfa.NOBODY | dict.fromkeys(("people", "administrators"), told_mfa.numbers(1, exposed=1))
    with_tenant(site, TENANT, settings=told_mfa.settings(made, gone), mfa=told_mfa.mfa(excepted=excepted))
    site.answers("/settings", told_mfa.settings(made, gone), method="PUT")

    expect(section(site)).to_contain_text("2 of 12 not protected, 1 unknown, 1 excepted")
    expect(person(site, "Break Glass")).to_contain_text("Break-glass, key in the safe")
    section(site).get_by_text("2 exceptions").click()
    expect(section(site).get_by_role("button", name="Remove the exception of a-user-who-left")).to_be_visible()
    site.choose("Actions for Break Glass", "End the exception")
    with site.page.expect_request(lambda it: it.method == "PUT" and it.url.endswith("/settings")) as put:
        site.press("End the exception")
    assert put.value.post_data_json["exceptions"] == [gone]


def test_who_may_not_change_anything_is_told_why_there_is_no_exception_to_make(site: Site) -> None:
    held = {
        "user_id": "u",
        "name": "U",
        "can_manage": False,
        "detail": "The Core plan is needed.",
        "remedy": "Upgrade.",
    }
    site.answers("/caller", held)
    with_tenant(site, TENANT)
    site.until(lambda: site.page.locator("#held-back").count() == 1)

    site.page.get_by_role("button", name="Actions for Break Glass").click()
    entry = site.page.get_by_role("menuitem", name="Make an exception")
    expect(entry).to_have_attribute("aria-disabled", "true")
    expect(site.page.locator("#menu-reason")).to_have_text("The Core plan is needed. Upgrade.")


def test_before_people_are_evaluated_the_section_says_when_that_happens(site: Site) -> None:
    with_tenant(site, TENANT, mfa=told_mfa.mfa(state="not_evaluated"))

    expect(section(site)).to_contain_text("Not evaluated yet. This happens automatically after the first sync.")
    expect(site.page.locator(".tiles").get_by_role("button", name="MFA")).to_have_count(0)


def test_a_tenant_that_is_not_mapped_has_no_such_section(site: Site) -> None:
    with_tenant(site, TENANT, mfa=told_mfa.mfa(state="not_mapped"))

    expect(section(site)).to_have_count(0)
