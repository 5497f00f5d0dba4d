"""Setting up a user sync: its settings, the preview of what it would do, and nothing saved that nobody has seen."""

import pytest
from playwright.sync_api import Locator, expect

from tests.browser import told, told_user_sync
from tests.browser.site import Site
from tests.browser.states_user_sync import (
    ID,
    PATH,
    TENANT,
    answers_user_sync,
    filtered,
    user_sync_harm,
    user_sync_invalid,
    with_form,
    with_section,
)
from tests.browser.test_contract import Heard

CANNOT = {"user_id": "u", "name": "U", "can_manage": False, "detail": "The Core plan is needed.", "remedy": "Upgrade."}


def preview(site: Site) -> Locator:
    return site.page.get_by_role("region", name="Preview")


def press(site: Site, name: str) -> None:
    site.page.get_by_role("button", name=name, exact=True).click()


def saved(site: Site) -> Heard:
    """Saving works, and the sync is on from then on."""
    return Heard(site, "PUT", PATH, told_user_sync.user_sync("waiting"))


def test_three_clicks_lead_from_the_tenant_to_a_sync_of_all_its_members(site: Site) -> None:
    with_section(site, told_user_sync.user_sync("off"))
    plans = Heard(site, "POST", f"{PATH}/plan", told_user_sync.plan())
    expect(site.page.locator(".tiles").get_by_role("button", name="User sync")).to_contain_text("Off")

    press(site, "Set up user sync")
    expect(site.page.get_by_role("region", name="Contoso Dental")).to_contain_text("Takes all members.")
    press(site, "Preview")
    expect(preview(site)).to_contain_text("212 linked, 14 new, 3 to decide")
    expect(preview(site).get_by_role("heading", name="Preview")).to_be_focused()
    site.answers(PATH, told_user_sync.user_sync("waiting"), method="PUT")
    with site.page.expect_request(lambda it: it.method == "PUT") as put:
        press(site, "Turn on user sync")

    wanted = told_user_sync.settings(told_user_sync.organization_sync())
    assert plans.bodies == [{"settings": wanted}]
    assert put.value.post_data_json == {"settings": wanted, "plan_hash": "hash-1"}
    assert put.value.headers["if-match"].startswith('"')
    expect(site.page.get_by_role("heading", name="User sync")).to_be_focused()


def test_a_preview_shows_each_kind_of_change_with_examples_and_why_users_are_left_out(site: Site) -> None:
    with_form(site)
    press(site, "Preview")
    shown = preview(site)
    row = shown.get_by_role("row").filter(has_text="Ada Lund")

    expect(row).to_be_hidden()
    shown.locator("summary", has_text="212 End Users that are linked to their Microsoft user").click()
    expect(row).to_contain_text("Linked by mail address.")
    expect(row).to_contain_text("Job title: Nurse \u2192 Dentist")
    expect(shown).to_contain_text("2 examples are shown.")
    shown.locator("summary", has_text="14 new End Users").click()
    new = shown.get_by_role("row").filter(has_text="Nora New")
    expect(new).to_contain_text("new in Contoso Dental")
    expect(new).to_contain_text("Name: Nora New (cut: it is longer at Microsoft)")
    expect(new).to_contain_text("The filter of Contoso North would take them, too.")
    expect(new).to_contain_text("Somebody in Contoso South has the same address.")
    shown.locator("summary", has_text="1 new End User looks like a service or a device").click()
    expect(shown.get_by_role("listitem").filter(has_text="Backup Exec (person21@contoso.example)")).to_be_visible()
    shown.locator("summary", has_text="11 Microsoft users without an End User").click()
    expect(shown.get_by_role("listitem").filter(has_text="9: account disabled")).to_be_visible()
    shown.locator("summary", has_text="values that were cleared at Microsoft and stay here").click()
    expect(shown.get_by_role("row").filter(has_text="Di Moe")).to_contain_text("Phone: +47 1")
    expect(site.page.locator("#view img")).to_have_count(0)


def test_what_hurts_is_said_before_everything_else(site: Site) -> None:
    user_sync_harm(site)
    shown = preview(site)

    expect(shown.locator(".notice")).to_contain_text("The sync would make 12 of 40 End Users inactive.")
    expect(shown.locator(".notice")).to_contain_text("10: no Organization's filter takes them")
    assert shown.locator("summary").first.inner_text() == "12 End Users that become inactive"
    expect(shown.get_by_role("row").filter(has_text="Ola Nilsen 11")).to_contain_text("No Organization's filter")


def test_a_filter_is_made_of_what_there_is_with_the_number_of_people(site: Site) -> None:
    with_form(site)
    plans = Heard(site, "POST", f"{PATH}/plan", told_user_sync.plan())
    site.page.locator("summary", has_text="Filter the users").click()

    press(site, "Add to take only: Department")
    expect(site.dialog.get_by_role("checkbox", name="Sales 48 people")).to_be_visible()
    site.dialog.get_by_role("checkbox", name="Sales 48 people").check()
    site.dialog.get_by_role("searchbox").fill("eng")
    expect(site.dialog.get_by_role("checkbox").first).to_have_accessible_name("Starts with eng 32 people")
    site.dialog.get_by_role("checkbox", name="Starts with eng").check()
    site.press("Add")
    expect(site.page.get_by_role("button", name="Add to take only: Department")).to_be_focused()
    press(site, "Add to leave out: Domain")
    site.dialog.get_by_role("searchbox").fill("@Other.example")
    site.dialog.get_by_role("checkbox", name="other.example").check()
    site.press("Add")
    site.page.get_by_role("checkbox", name="Domains below these, too").check()
    press(site, "Add to take only: Group")
    site.dialog.get_by_role("checkbox", name="All staff").check()
    site.press("Add")
    site.page.get_by_role("checkbox", name="Guests").check()
    site.page.get_by_label("Users without an office are").select_option("left out")
    expect(site.page.get_by_role("region", name="Contoso Dental")).to_contain_text(
        "Takes members and guests; department Sales or starting with eng; not without an office; "
        "not domain other.example or below; group All staff."
    )
    press(site, "Preview")
    expect(preview(site)).to_be_visible()

    starts = {"value": "eng", "operator": "starts_with"}
    assert plans.bodies[0]["settings"]["organizations"][0]["filter"] == told_user_sync.user_filter(
        user_types=["member", "guest"],
        department=told_user_sync.texts(told_user_sync.SALES, starts),
        office=told_user_sync.texts(blank="exclude"),
        domain=told_user_sync.texts(exclude=["other.example"], also_subdomains=True),
        group={"include": [told_user_sync.GROUP_ID], "exclude": []},
    )


def test_what_was_chosen_for_a_filter_can_be_taken_out_again(site: Site) -> None:
    with_form(site, filtered())
    card = site.page.get_by_role("region", name=told.HOSTILE)
    card.locator("summary").click()

    card.get_by_role("button", name="Remove starting with Eng").click()
    expect(card.get_by_role("button", name="Add to take only: Department")).to_be_focused()
    expect(card).to_contain_text("department Sales;")
    card.get_by_role("button", name="Add to take only: Department").click()
    expect(site.dialog.get_by_role("checkbox", name="Sales 48 people")).to_have_count(0)  # it is chosen already
    site.press("Cancel")
    card.get_by_role("button", name="Clear the filter").click()
    expect(card).to_contain_text("Takes all members.")
    press(site, "Discard changes")
    expect(card).to_contain_text("starting with Eng")


def test_organizations_are_put_in_order_added_left_out_and_switched_off(site: Site) -> None:
    with_form(site, filtered())
    plans = Heard(site, "POST", f"{PATH}/plan", told_user_sync.plan())

    def cards() -> list[str]:
        return site.page.locator(".takes h3").all_inner_texts()

    press(site, "Move up Contoso Dental")
    expect(site.page.get_by_role("button", name="Move up Contoso Dental")).to_be_focused()
    press(site, "Move up Contoso Dental")
    expect(site.page.get_by_role("button", name="Move down Contoso Dental")).to_be_focused()  # it is the first now
    assert cards()[0] == "1. Contoso Dental"
    press(site, f"Remove {told.HOSTILE}")
    press(site, "Move down Contoso Dental")
    assert cards() == ["1. Contoso North", "2. Contoso Dental"]
    site.page.get_by_role("region", name="Contoso North").get_by_role("checkbox", name="On").check()
    press(site, "Add Organization")
    assert cards() == ["1. Contoso North", f"2. {told.HOSTILE}", "3. Contoso Dental"]  # before the one that takes all
    press(site, "Preview")
    expect(preview(site)).to_be_visible()

    listed = plans.bodies[0]["settings"]["organizations"]
    assert [(it["organization_id"], it["is_on"]) for it in listed] == [
        ("org_2", True),
        ("org_3", True),
        ("org_1", True),
    ]


def test_a_preview_of_many_users_tells_how_far_it_is(site: Site) -> None:
    with_form(site)
    job = {"plan_id": "plan_1", "state": "running", "progress": None, "plan": None, "failure": None}
    site.answers(f"{PATH}/plan", job, status=202, method="POST")
    site.answers(f"{PATH}/plans/plan_1", job | {"progress": {"done": 1200, "total": 9000}})
    press(site, "Preview")

    expect(site.page.locator("#view")).to_contain_text("1,200 of 9,000 users compared.")
    expect(site.page.get_by_role("button", name="Preview", exact=True)).to_be_disabled()
    site.answers(f"{PATH}/plans/plan_1", job | {"state": "done", "plan": told_user_sync.plan()})
    expect(preview(site)).to_contain_text("212 linked")
    expect(site.page.get_by_role("button", name="Turn on user sync")).to_be_enabled()


def test_a_preview_that_could_not_be_made_says_why(site: Site) -> None:
    with_form(site)
    failure = {"detail": "The users were not read completely.", "remedy": "Try again after the next sync."}
    failed = {"plan_id": "plan_1", "state": "failed", "progress": None, "plan": None, "failure": failure}
    site.answers(f"{PATH}/plan", {"plan_id": "plan_1", "state": "running"}, status=202, method="POST")
    site.answers(f"{PATH}/plans/plan_1", failed)
    press(site, "Preview")

    expect(site.page.locator("#view .notice.red")).to_contain_text("The users were not read completely.")
    expect(site.page.get_by_role("button", name="Preview", exact=True)).to_be_enabled()


def test_a_plan_that_has_changed_meanwhile_is_shown_and_asked_for_again(site: Site) -> None:
    with_form(site)
    newer = told_user_sync.harmful_plan("hash-2", inactivate=12, of=40)
    puts = Heard(site, "PUT", PATH, told_user_sync.problem("plan_changed", plan=newer), 409)
    press(site, "Preview")
    press(site, "Turn on user sync")

    expect(preview(site)).to_contain_text("so nothing was saved")
    expect(preview(site)).to_contain_text("The sync would make 12 of 40 End Users inactive.")
    press(site, "Turn on user sync")
    site.until(lambda: len(puts.bodies) == 2)
    assert [it["plan_hash"] for it in puts.bodies] == ["hash-1", "hash-2"]


def test_settings_changed_after_the_preview_are_previewed_again_before_they_are_saved(site: Site) -> None:
    with_form(site, told_user_sync.user_sync())
    press(site, "Preview")
    expect(site.page.get_by_role("button", name="Save")).to_be_enabled()

    site.page.get_by_role("checkbox", name="Only users with a paid license").check()
    expect(preview(site)).to_contain_text("The settings have changed since this preview.")
    expect(site.page.get_by_role("button", name="Save")).to_be_disabled()
    press(site, "Preview again")
    expect(site.page.get_by_role("button", name="Save")).to_be_enabled()


def test_which_side_a_field_follows_is_saved_without_a_preview(site: Site) -> None:
    with_form(site, told_user_sync.user_sync())
    puts = saved(site)
    expect(site.page.get_by_role("button", name="Save")).to_have_count(0)
    site.page.locator("summary", has_text="Which side a field follows").click()
    site.page.get_by_role("combobox", name="Phone", exact=True).select_option("The portal")
    press(site, "Save")

    site.page.wait_for_url(f"**#tenant={ID}/user-sync")
    assert puts.bodies[0]["settings"]["authority"] == {"phone": "portal"}
    assert "plan_hash" not in puts.bodies[0]


def test_what_is_not_valid_is_said_beside_its_field(site: Site) -> None:
    user_sync_invalid(site)
    first = site.page.get_by_role("region", name=told.HOSTILE)

    expect(first.get_by_role("group", name="Take only: Department")).to_contain_text("This value is listed twice.")
    expect(site.page.get_by_role("region", name="Contoso North")).to_contain_text(
        "An Organization without a filter must be the last one."
    )
    expect(site.page.get_by_role("alert").filter(has_text="not valid yet")).to_be_visible()
    first.get_by_role("button", name="Remove starting with Eng").click()
    expect(first).not_to_contain_text("listed twice")
    expect(site.page.get_by_role("region", name="Contoso North")).to_contain_text("must be the last one")


def test_settings_that_somebody_else_has_changed_are_not_overwritten(site: Site) -> None:
    with_form(site, told_user_sync.user_sync())
    puts = saved(site)
    site.page.get_by_role("checkbox", name="Only users with a paid license").check()
    press(site, "Preview")
    theirs = told_user_sync.settings(told_user_sync.organization_sync(), mail_required=False)
    site.answers(PATH, told_user_sync.user_sync(settings=theirs))
    press(site, "Save")

    expect(site.page.locator("#view")).to_contain_text("Somebody else has changed these settings")
    assert puts.bodies == []
    press(site, "Discard my changes")
    expect(site.page.get_by_role("checkbox", name="Create End Users only")).not_to_be_checked()
    expect(site.page.get_by_role("checkbox", name="Only users with a paid license")).not_to_be_checked()


def test_turning_it_off_says_what_stays(site: Site) -> None:
    with_form(site, told_user_sync.user_sync())
    heard = Heard(site, "DELETE", PATH, told_user_sync.user_sync("off"))
    press(site, "Turn off user sync")

    expect(site.dialog).to_contain_text("End Users stay as they are. None is deleted")
    site.press("Turn off")
    site.page.wait_for_url(f"**#tenant={ID}/user-sync")
    assert len(heard.targets) == 1


def test_unsaved_settings_are_still_there_after_another_view(site: Site) -> None:
    with_form(site)
    site.page.get_by_role("checkbox", name="Only users with a paid license").check()

    site.page.evaluate("location.hash += '/queue'")
    expect(site.page.get_by_role("heading", name="To decide for Contoso Dental")).to_be_visible()
    site.page.go_back()

    expect(site.page.get_by_role("checkbox", name="Only users with a paid license")).to_be_checked()


def test_who_may_not_change_anything_is_told_why(site: Site) -> None:
    site.answers("/caller", CANNOT)
    with_section(site, told_user_sync.user_sync("off"))

    button = site.page.get_by_role("button", name="Set up user sync")
    expect(button).to_be_disabled()
    expect(button).to_have_attribute("title", "The Core plan is needed. Upgrade.")
    site.open(place=f"#user-sync={ID}")
    expect(site.page.get_by_role("button", name="Preview")).to_be_disabled()
    expect(site.page.locator("#view")).to_contain_text("The Core plan is needed.")


@pytest.mark.parametrize(("state", "is_offered"), [("off", True), ("waiting", False)])
def test_after_mapping_the_next_step_is_the_user_sync(site: Site, state: str, is_offered: bool) -> None:
    unmapped = told.single(20, "Contoso Dental", mapped=False)
    answers_user_sync(site, told_user_sync.user_sync("off"))
    site.answers("/integrations", told.overview([unmapped]))
    site.answers("/organizations", {"items": [told_user_sync.ORGANIZATION], "next_cursor": None})
    site.answers(f"/tenants/{ID}/mapping", {}, method="PUT")
    sync = {"state": state, "label": "Off", "colour": "grey"}
    site.answers(f"/tenants/{ID}", told.details(TENANT, user_sync=sync))
    site.open()
    site.choose("Actions for Contoso Dental", "Map Syncro Tenant")
    site.dialog.get_by_role("radio", name="Contoso Dental").check()
    site.press("Start Tenant Mapping")

    notice = site.page.locator("#notice")
    expect(notice).to_contain_text("Its data is synced.")
    expect(notice.get_by_role("link", name="Set up user sync")).to_have_count(int(is_offered))
    if is_offered:
        notice.get_by_role("link", name="Set up user sync").click()
        expect(site.page.get_by_role("heading", name="Entra ID User Sync of Contoso Dental")).to_be_visible()
