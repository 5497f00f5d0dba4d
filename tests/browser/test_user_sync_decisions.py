"""What a user sync asks of people: a plan that is held, questions about who somebody is, and links that are wrong."""

import json
import re
from typing import Any

from playwright.sync_api import Locator, expect

from tests.browser import told, told_people, told_user_sync
from tests.browser.answering import Asked
from tests.browser.site import Site
from tests.browser.states import with_tenant
from tests.browser.states_user_sync import (
    PATH,
    TENANT,
    user_sync_failed,
    user_sync_held,
    user_sync_links,
    user_sync_queue,
    with_section,
)
from tests.browser.test_contract import Heard


def section(site: Site) -> Locator:
    return site.page.get_by_role("region", name="User sync")


def question(site: Site, name: str) -> Locator:
    return site.page.locator(".question").filter(has=site.page.get_by_role("heading", name=name))


def test_the_section_tells_how_many_are_linked_and_leads_to_everything(site: Site) -> None:
    with_section(site)
    shown = section(site)

    expect(shown).to_contain_text("Synced")
    expect(shown).to_contain_text("212 End Users, 8 of them inactive")
    expect(shown).to_contain_text("2: no mail address; 1: ignored, as somebody decided")
    expect(shown).to_contain_text("5 users, whom no filter takes")
    expect(site.page.locator(".tiles").get_by_role("button", name="User sync")).to_contain_text(
        "212 linked, 3 to decide"
    )
    for link, heading in (
        ("3 questions", "To decide for Contoso Dental"),
        ("212 End Users", "Links of Contoso Dental"),
        ("Contoso Dental", "End Users of Contoso Dental"),
    ):
        shown.get_by_role("link", name=link, exact=True).click()
        expect(site.page.get_by_role("heading", name=heading)).to_be_focused()
        site.page.go_back()
    shown.get_by_role("button", name="Settings").click()
    expect(site.page.get_by_role("heading", name="Entra ID User Sync of Contoso Dental")).to_be_focused()


def test_a_failed_sync_says_why_and_what_follows(site: Site) -> None:
    user_sync_failed(site)

    expect(section(site)).to_contain_text("The users were not read completely.")
    expect(section(site)).to_contain_text("The next sync tries again.")


def test_a_tenant_that_is_not_mapped_has_no_user_sync(site: Site) -> None:
    asked: list[str] = []
    site.page.on("request", lambda it: asked.append(it.url))
    unmapped = told.single(20, "Contoso Dental", mapped=False)
    with_tenant(site, unmapped)

    expect(section(site)).to_have_count(0)
    assert not any("user-sync" in it for it in asked if "/api/tenants/" in it)


def test_a_held_plan_says_why_what_would_change_and_is_released_with_one_click(site: Site) -> None:
    user_sync_held(site)
    heard = Heard(site, "POST", f"{PATH}/release", told_user_sync.user_sync("waiting"))
    shown = section(site)

    expect(shown).to_contain_text("The sync would make 300 of 400 End Users inactive.")
    expect(shown).to_contain_text("298: no Organization's filter takes them")
    shown.locator("summary", has_text="300 End Users that become inactive").click()
    expect(shown.get_by_role("row")).to_have_count(101)
    expect(shown).to_contain_text("100 examples are shown.")
    expect(shown.get_by_role("button", name="Edit the filters")).to_be_visible()
    site.answers(PATH, told_user_sync.user_sync("waiting"))
    shown.get_by_role("button", name="Release 300 changes").click()

    expect(site.page.locator("#notice")).to_contain_text("The changes are released.")
    expect(shown).not_to_contain_text("Held for review")
    assert heard.bodies == [{"plan_hash": "hash-held"}]


def test_another_plan_than_the_one_that_was_looked_at_is_not_released(site: Site) -> None:
    user_sync_held(site)
    newer = told_user_sync.harmful_plan("hash-newer", inactivate=320)
    heard = Heard(site, "POST", f"{PATH}/release", told_user_sync.problem("plan_changed", plan=newer), 409)
    hold = told_user_sync.HELD | {"plan": newer}
    site.answers(PATH, told_user_sync.user_sync("held", hold=hold))
    section(site).get_by_role("button", name="Release 300 changes").click()

    expect(site.page.locator("#notice")).to_contain_text("The plan has changed meanwhile.")
    section(site).get_by_role("button", name="Release 320 changes").click()
    site.until(lambda: len(heard.bodies) == 2)
    assert heard.bodies[1] == {"plan_hash": "hash-newer"}


def test_why_a_plan_is_held_is_told_for_every_reason(site: Site) -> None:
    reasons = ["filter_matches_nobody", "first_after_mapping"]
    several = told_user_sync.plan(counts=told_user_sync.NO_CHANGES | {"link": 30, "relink": 2, "move": 5}, harmful=7)
    with_section(
        site, told_user_sync.user_sync("held", hold=told_user_sync.HELD | {"reasons": reasons, "plan": several})
    )

    expect(section(site)).to_contain_text("A filter now matches nobody")
    expect(section(site)).to_contain_text("This is the first sync since the tenant was mapped")
    expect(section(site).get_by_role("button", name="Release 7 changes")).to_be_visible()
    site.answers(PATH, told_user_sync.user_sync("held", hold=told_user_sync.HELD | {"plan": several}))
    site.page.reload()
    expect(section(site)).to_contain_text(
        "The sync would link 2 End Users to another Microsoft user and move 5 End Users to another Organization."
    )


def test_a_chip_in_the_table_leads_to_what_is_held_and_to_what_is_to_decide(site: Site) -> None:
    held = {"state": "held", "label": "User sync held", "colour": "orange"}
    asking = {"state": "synced", "label": "3 to decide", "colour": "orange"}
    rows = [TENANT | {"user_sync": held}, told.single(21, "Fabrikam", user_sync=asking), told.single(22, "Tailspin")]
    with_section(site, told_user_sync.user_sync("held", hold=told_user_sync.HELD))
    site.answers("/integrations", told.overview(rows))
    site.open()

    expect(site.row("Tailspin").locator(".mark")).to_have_count(0)
    to_decide = site.page.get_by_role("link", name="3 to decide")
    expect(to_decide).to_have_attribute("href", f"#user-sync={rows[1]['tenant_id']}/queue")
    site.page.get_by_role("link", name="User sync held").click()
    expect(site.page.get_by_role("heading", name="User sync")).to_be_focused()


def test_chips_leave_sixteen_tenants_in_sight(site: Site) -> None:
    chip = {"state": "held", "label": "User sync held", "colour": "orange"}
    site.page.set_viewport_size({"width": 1440, "height": 900})
    site.answers("/integrations", told.overview([it | {"user_sync": chip} for it in told.many(40)], told.csp()))
    site.open()

    expect(site.page.get_by_role("link", name="User sync held")).to_have_count(40)
    rows = "[...document.querySelectorAll('#tenants tbody tr')]"
    assert site.page.evaluate(f"{rows}.filter((it) => it.getBoundingClientRect().bottom <= innerHeight).length") >= 16


def test_a_question_shows_both_sides_marks_what_is_equal_and_leads_to_a_filter_whose_group_is_gone(site: Site) -> None:
    user_sync_queue(site)
    asked = question(site, "Jo Two")
    sides = asked.locator(".side")

    expect(asked).to_contain_text("Which of these End Users is this Microsoft user?")
    expect(sides).to_have_count(3)
    expect(sides.nth(0)).to_contain_text("Sales")
    expect(sides.nth(1).locator("dd", has_text="Jo Two")).to_contain_text("equal")
    expect(sides.nth(2).locator("dd", has_text="Jo Two Reception")).not_to_contain_text("equal")
    expect(sides.nth(2)).to_contain_text("Found by: mail address.")
    expect(question(site, "Kim Back")).to_contain_text("Linked to Kim Old, whose account is gone.")
    expect(question(site, "Mo Ving").get_by_role("button", name="Move to Contoso North")).to_be_visible()
    expect(question(site, "Mary Married").get_by_role("button")).to_have_text(["Ignore", "Later"])
    expect(site.page.locator("#view img")).to_have_count(0)

    gone = question(site, "Contoso Dental")
    expect(gone).to_contain_text(told_user_sync.GONE_GROUP_ID)
    expect(gone.get_by_role("button")).to_have_count(0)
    gone.get_by_role("link", name="Change the filter").click()
    expect(site.page.get_by_role("heading", name="Entra ID User Sync of Contoso Dental")).to_be_focused()


def test_who_is_linked_to_somebody_who_is_there_is_to_be_freed_first(site: Site) -> None:
    user_sync_queue(site)
    questions = [told_user_sync.HELD_BY_ANOTHER, told_user_sync.GROUPS_NOT_READ]
    site.answers(f"{PATH}/queue", told_user_sync.queue(questions))
    site.page.reload()
    asked = question(site, "Al Ready")

    expect(asked).to_contain_text("Linked to Al First.")
    expect(asked.get_by_role("button")).to_have_text(["Create a new End User", "Ignore", "Later"])
    expect(asked.get_by_role("link", name="undo that link")).to_have_attribute("href", re.compile("#end-user=eu_16"))
    expect(question(site, "Contoso Dental")).to_contain_text("were not read completely, or not lately")


def test_questions_are_decided_one_after_the_other(site: Site) -> None:
    left: list[told.Object] = list(told_user_sync.QUESTIONS)
    decided: list[tuple[str, Any]] = []

    def decide(asked: Asked) -> None:
        question_id = asked.target.split("/")[-2]
        decided.append((question_id, json.loads(asked.body)))
        left[:] = [it for it in left if it["id"] != question_id]
        asked.answer({"item": None})

    user_sync_queue(site)
    site.answers(f"{PATH}/queue", told_user_sync.queue(left))
    site.answers(f"{PATH}/queue/q_\\d/decision", decide, method="POST")

    question(site, "Jo Two").get_by_role("button", name="Link to this End User: Jo Two Reception").click()
    expect(question(site, "Jo Two")).to_have_count(0)
    expect(question(site, told.HOSTILE).get_by_role("heading").first).to_be_focused()
    question(site, told.HOSTILE).get_by_role("button", name="Create a new End User").click()
    expect(question(site, "Kim Back").get_by_role("heading").first).to_be_focused()
    question(site, "Kim Back").get_by_role("button", name="Ignore").click()
    expect(question(site, "Kim Back")).to_have_count(0)
    question(site, "Mo Ving").get_by_role("button", name="Move to Contoso North").click()
    expect(site.page.locator("#said")).to_have_text("Done. 2 questions left.")

    assert decided == [
        ("q_1", {"choice": "link", "end_user_id": "eu_11"}),
        ("q_2", {"choice": "create"}),
        ("q_3", {"choice": "ignore"}),
        ("q_4", {"choice": "move"}),
    ]


def test_a_question_that_somebody_else_has_answered_goes_away(site: Site) -> None:
    user_sync_queue(site)
    gone = told_user_sync.refuse(404, told_user_sync.problem("question_gone"))
    site.answers(f"{PATH}/queue/q_1/decision", gone, method="POST")
    site.answers(f"{PATH}/queue", told_user_sync.queue(told_user_sync.QUESTIONS[1:]))

    question(site, "Jo Two").get_by_role("button", name="Ignore").click()

    expect(question(site, "Jo Two")).to_have_count(0)
    expect(site.dialog).to_be_hidden()


def test_questions_are_listed_by_kind_and_those_put_off_apart(site: Site) -> None:
    user_sync_queue(site)
    shown = site.page.locator(".question")
    expect(shown).to_have_count(6)

    site.page.get_by_role("button", name="1 same name").click()
    expect(shown).to_have_count(1)
    site.page.get_by_role("button", name="Put off").click()
    expect(question(site, "Later Liv")).to_be_visible()
    expect(question(site, "Later Liv").get_by_role("button", name="Later")).to_have_count(0)


def test_links_are_searched_and_undone_with_one_click(site: Site) -> None:
    user_sync_links(site)
    rows = site.page.get_by_role("table", name="Links").locator("tbody tr")
    expect(rows).to_have_count(50)
    expect(site.page.locator("#view")).to_contain_text("50 of 64 links")
    site.page.get_by_role("button", name="Load more").click()
    expect(rows).to_have_count(64)
    site.page.get_by_role("combobox", name="Which links").select_option("Inactive")
    expect(rows).to_have_count(1)
    expect(rows.first).to_contain_text("account disabled")
    site.page.get_by_role("combobox", name="Which links").select_option("All")
    site.page.get_by_role("searchbox", name="Search links").fill("ada")
    expect(rows).to_have_count(1)
    heard = Heard(site, "DELETE", f"{PATH}/links/object-1", None, 204)
    site.answers(f"{PATH}/links", told_user_sync.links([told_user_sync.link(told_people.PEOPLE[0], end_user=None)]))

    site.page.get_by_role("button", name="Undo the link of Ada Lund").click()

    expect(site.page.locator("#notice")).to_contain_text(
        "The sync does not make it again. The End User stays as it is."
    )
    expect(rows.first).to_contain_text("undone")
    assert len(heard.targets) == 1
