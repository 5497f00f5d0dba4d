"""What the page does with the parts of the contract that are answered here instead of by the back end."""

import json
import re
from typing import Any
from urllib.parse import unquote_plus

import pytest
from playwright.sync_api import expect

from tests.browser import told, told_removal
from tests.browser.answering import Asked
from tests.browser.site import Site
from tests.browser.states import (
    FLOW,
    child_details,
    configuration,
    csp_details,
    flow_proven,
    prerequisites,
    removal_dialog,
    removal_done,
    removals,
    with_rows,
    with_tenant,
)
from tests.browser.told_security import SECURITY
from tests.exhaustive import exhaustive


class Heard:
    """Answers requests and remembers what they said."""

    def __init__(self, site: Site, method: str, path: str, answer: Any, status: int = 200) -> None:
        self.bodies: list[Any] = []
        self.targets: list[str] = []
        self.keys: list[str] = []
        self._answer = answer
        self._status = status
        site.answers(path, self._handle, method=method)

    def _handle(self, asked: Asked) -> None:
        self.targets.append(asked.target)
        self.bodies.append(json.loads(asked.body or "null"))
        self.keys.append(asked.headers.get("idempotency-key", ""))
        asked.answer(self._answer, self._status)


def test_prerequisites_must_be_ticked_before_continue_works(site: Site) -> None:
    started = {
        "flow_id": "flow_1",
        "authorize_url": "https://login.example/authorize",
        "expires_at": told.ago(minutes=-9),
    }
    heard = Heard(site, "POST", "/integrations", started, 201)
    site.page.route("https://login.example/**", lambda route: route.fulfill(body="Microsoft"))
    prerequisites(site)
    go = site.dialog.get_by_role("button", name="Continue")

    expect(site.dialog).to_contain_text("Your service account signs in once, with MFA")
    expect(go).to_be_disabled()
    site.dialog.get_by_role("checkbox", name="I have met these prerequisites.").check()
    expect(go).to_be_enabled()
    site.dialog.get_by_role("checkbox").uncheck()
    expect(go).to_be_disabled()
    site.dialog.get_by_role("checkbox").check()
    go.click()
    site.page.wait_for_url("https://login.example/authorize")

    assert heard.bodies == [
        {"kind": "csp", "prerequisites": {"accepted": True, "version": told.PREREQUISITES["version"]}}
    ]


def test_an_address_that_is_no_web_address_is_not_followed(site: Site) -> None:
    Heard(
        site, "POST", "/integrations", {"flow_id": "f", "authorize_url": "javascript:alert(1)", "expires_at": ""}, 201
    )
    with_rows(site)

    site.begins()

    expect(site.dialog).to_contain_text("not a Microsoft address")


def test_a_proven_csp_tells_what_would_fail_and_can_be_finished(site: Site) -> None:
    heard = Heard(site, "POST", "/consent/flow_1/complete", {"integration_id": told.CSP_ID}, 201)
    flow_proven(site)

    expect(site.dialog).to_contain_text("Finish the CSP integration")
    expect(site.dialog).to_contain_text("Northwind Partner")
    expect(site.dialog).to_contain_text(FLOW["detail"])
    expect(site.dialog).to_contain_text(FLOW["remedy"])
    site.press("Finish")

    expect(site.page.locator("#notice")).to_contain_text("Northwind Partner is integrated.")
    assert len(heard.bodies) == 1
    assert "#flow" not in site.page.url


def test_a_look_at_a_proven_journey_leaves_its_dialog_alone(site: Site) -> None:
    looks, finishing = [], []
    site.page.on("requestfinished", lambda it: looks.append(it.url) if it.url.endswith("/consent/flow_1") else None)
    site.answers("/consent/flow_1/complete", finishing.append, method="POST")
    flow_proven(site)
    other = site.dialog.get_by_role("button", name="Not this one")

    other.focus()
    site.until(lambda: len(looks) > 2)
    expect(other).to_be_focused()
    site.press("Finish")
    asked_before = len(looks)
    site.until(lambda: finishing and len(looks) > asked_before + 1)
    finishing[0].answer({"integration_id": told.CSP_ID}, 201)

    expect(site.page.locator("#notice")).to_contain_text("Northwind Partner is integrated.")
    expect(site.dialog).to_be_hidden()


def test_a_proven_journey_can_be_come_back_to(site: Site) -> None:
    flow_proven(site)
    site.page.keyboard.press("Escape")
    expect(site.dialog).to_be_hidden()

    site.page.get_by_role("article", name="Northwind Partner").get_by_role("link").first.click()
    site.page.wait_for_url("**#csp=*")
    site.page.go_back()

    expect(site.dialog).to_contain_text("Finish the CSP integration")


def test_removal_tells_the_effects_and_what_is_left_by_hand_wants_the_name_and_shows_every_step(site: Site) -> None:
    heard = Heard(site, "DELETE", f"/integrations/{told.CSP_ID}", {"removal_id": "rem_1", "effects": []}, 202)
    stages = [
        told_removal.removal("removing", "done", "running", "waiting", "waiting"),
        told_removal.removal("removed", "done", "done", "done", "done", receipt={"state": "preliminary"}),
    ]
    site.answers("/removals/rem_1", lambda asked: told.fulfil(asked, stages[0]))
    removal_dialog(site)
    go = site.dialog.get_by_role("button", name="Remove CSP Integration")

    for effect in told_removal.EFFECTS["effects"]:
        expect(site.dialog).to_contain_text(effect)
    expect(site.dialog.get_by_role("heading", name="Left to do by hand afterwards")).to_be_visible()
    for told_step in told_removal.EFFECTS["by_hand"][0]["steps"]:  # type: ignore[index]
        expect(site.dialog.get_by_role("listitem").filter(has_text=told_step)).to_be_visible()
    link = site.dialog.get_by_role("link", name="Enterprise applications in the Entra admin center")
    expect(link).to_have_attribute(
        "href", re.compile("^https://entra.microsoft.com/00000000-0000-4000-8000-000000000099/")
    )
    expect(go).to_be_disabled()
    site.dialog.get_by_role("textbox").fill("northwind partner")
    expect(go).to_be_disabled()
    site.dialog.get_by_role("textbox").fill("Northwind Partner")
    go.click()

    expect(site.page.get_by_role("progressbar")).to_be_visible()
    expect(site.page.get_by_role("listitem").filter(has_text="Delete synced data")).to_contain_text("running")
    assert [unquote_plus(it) for it in heard.targets] == [f"/api/integrations/{told.CSP_ID}?confirm=Northwind Partner"]
    stages.pop(0)
    expect(site.page.get_by_role("button", name="Download the preliminary receipt")).to_be_visible()
    expect(site.page.locator("#view")).to_contain_text("This will be verified")


def test_a_step_left_by_hand_can_be_marked_as_done_where_it_is_listed(site: Site) -> None:
    heard = Heard(site, "POST", "/removals/rem_1/leftovers/00000000-0000-4000-8000-000000000099/done", {})
    removals(site)
    card = site.page.get_by_role("region", name="A Cloud Solution Provider (CSP)")
    expect(card).to_contain_text("1 step is left to do by hand.")

    site.answers(
        "/removals", {"items": [told_removal.removal_item(1, "verified")], "next_cursor": None, "steps_left": 0}
    )
    card.get_by_role("button", name="Mark as done").click()

    expect(card).to_have_count(0)
    expect(site.page.get_by_role("table", name="Removed integrations")).to_contain_text("removed and verified")
    assert len(heard.bodies) == 1


def test_a_mark_stands_beside_what_our_own_check_says(site: Site) -> None:
    seen = told_removal.leftover(done_at=told.ago(hours=2), done_by="user_amy", last_seen_at=told.ago(minutes=20))
    site.answers("/removals/rem_1", told_removal.removal("verified", *["done"] * 4, leftovers=[seen]))
    with_rows(site, "#removal=rem_1")

    view = site.page.locator("#view")
    expect(view).to_contain_text("Marked as done 2 hours ago by another user.")
    expect(view.get_by_title("user_amy")).to_have_text("another user")
    expect(view).to_contain_text("Our check 20 minutes ago still found the application.")
    expect(view.get_by_role("button", name="Mark as done")).to_have_count(0)


def test_a_receipt_is_called_preliminary_until_the_removal_is_verified(site: Site) -> None:
    site.answers("/removals/rem_2", told_removal.removal("removed", *["done"] * 4, receipt={"state": "preliminary"}))
    removals(site)
    table = site.page.get_by_role("table", name="Removed integrations")
    expect(table.get_by_role("button", name="Download the receipt")).to_have_count(1)

    with site.page.expect_download() as download:
        table.get_by_role("button", name="Download the preliminary receipt").click()
    assert download.value.suggested_filename == "removal-rem_2-preliminary.json"
    assert json.loads(download.value.path().read_text())["state"] == "preliminary"


def test_what_a_removal_leaves_over_is_told(site: Site) -> None:
    removal_done(site)

    expect(site.page.locator("#view")).to_contain_text("1 step is left to do by hand.")
    expect(site.page.locator("#view")).to_contain_text("Marked as done 2 hours ago by Alice Adams.")
    with site.page.expect_download() as download:
        site.page.get_by_role("button", name="Download the receipt").click()
    assert download.value.suggested_filename == "removal-rem_1.json"


def test_remove_all_follows_every_removal(site: Site) -> None:
    site.answers("/removal-effects", told_removal.EFFECTS | {"confirm": "all"})
    heard = Heard(site, "DELETE", "/integrations", {"removal_ids": ["rem_1", "rem_2"]}, 202)
    site.answers("/removals/rem_1", told_removal.removal("verified", "done", "done", "done", "done"))
    site.answers(
        "/removals/rem_2", told_removal.removal("removing", "done", "waiting", "waiting", "waiting", id="rem_2")
    )
    with_rows(site)

    site.choose("Integrate", "Remove All Integrations")
    site.dialog.get_by_role("textbox").fill("all")
    site.press("Remove All Integrations")

    expect(site.page.get_by_role("region", name="Northwind Partner")).to_have_count(2)
    assert heard.targets[0] == "/api/integrations?confirm=all"


def test_a_door_that_is_not_there_says_so_and_harms_nothing(site: Site) -> None:
    site.answers(
        "/removal-effects", {"title": "Not found", "detail": "There is no such door.", "remedy": "Wait."}, status=404
    )
    with_rows(site)

    site.choose("Integrate", "Remove All Integrations")

    expect(site.dialog).to_contain_text("There is no such door.")
    site.press("Close")
    expect(site.page.get_by_role("button", name="Integrate", exact=True)).to_be_focused()


def test_a_child_shows_what_its_access_rests_on_and_can_be_ignored(site: Site) -> None:
    row = told.child(7, "Missing Roles Tenant", "Missing Roles", "Pending")
    heard = Heard(site, "PUT", f"/tenants/{row['tenant_id']}/ignored", {"ignored": True})
    child_details(site)

    expect(site.page.get_by_role("table", name="Admin relationships")).to_contain_text("Northwind GDAP 2026")
    expect(site.page.get_by_role("region", name="Where each role comes from")).to_contain_text("GDAP Helpdesk")
    expect(site.page.get_by_role("table", name="Access checks")).to_contain_text("security group")
    site.page.get_by_role("button", name="Ignore").click()
    site.until(lambda: heard.bodies)

    assert heard.bodies == [{"ignored": True}]
    assert heard.keys[0]


def test_access_is_checked_until_every_check_has_a_new_time_and_a_csp_leads_to_its_tenants_in_the_table(
    site: Site,
) -> None:
    heard = Heard(site, "POST", f"/integrations/{told.CSP_ID}/access-check", {}, 202)
    csp_details(site)

    site.page.get_by_role("button", name="Check access").click()
    expect(site.page.get_by_role("button", name="Checking access")).to_be_disabled()
    fresh = [it | {"state": "passed", "at": told.ago(seconds=0)} for it in told.INTEGRATION["checks"]]
    site.answers(f"/integrations/{told.CSP_ID}", told.INTEGRATION | {"checks": fresh})

    expect(site.page.get_by_role("button", name="Check access")).to_be_enabled()
    assert len(heard.targets) == 1

    site.page.get_by_role("link", name="Show 6 in the table").click()

    expect(site.page.locator("#tenants tbody tr")).to_have_count(10)
    expect(site.page.get_by_role("combobox", name="CSP Name")).to_have_value(told.CSP_ID)


@pytest.mark.parametrize("broken", ["<html>502 Bad Gateway</html>", *exhaustive("")])
def test_an_answer_that_is_no_json_is_a_trouble_that_passes(site: Site, clock: Any, broken: str) -> None:
    rows = told.rows_of_every_kind()
    with_rows(site)
    site.answers("/integrations", lambda asked: asked.fulfill(broken, status=502, content_type="text/html"))
    clock.fast_forward(3_000)

    expect(site.page.locator("#trouble")).to_contain_text("did not respond properly")
    expect(site.row("Contoso Dental")).to_be_visible()
    site.answers("/integrations", told.overview(rows, told.csp()))
    clock.fast_forward(11_000)
    expect(site.page.locator("#trouble")).to_be_empty()


def test_a_tenants_configuration_is_told_in_words(site: Site) -> None:
    configuration(site)
    card = site.page.get_by_role("region", name="Configuration")
    policies = card.get_by_role("table", name="Conditional Access policies").get_by_role("row")

    expect(policies.nth(1)).to_contain_text("all users, except 2 users and 1 group")
    expect(policies.nth(1)).to_contain_text("all locations, except Office")
    expect(policies.nth(2)).to_contain_text("Phishing-resistant MFA and compliant device")
    expect(policies.nth(2)).to_contain_text(told.HOSTILE)
    expect(card.get_by_role("table", name="Named locations")).to_contain_text("CA, US, unknown countries")
    expect(card).to_contain_text("admins and guest inviters")
    expect(card).to_contain_text("lockout threshold: 10")


def test_a_tenant_of_which_no_configuration_was_read_has_no_such_section(site: Site) -> None:
    nothing = {"state": "not_mapped", "as_of": None, "items": []}
    names = (
        "conditional_access", "named_locations", "security_defaults", "authorization_policy", "authentication_methods",
        "admin_consent_requests", "cross_tenant_access", "group_settings",
    )  # fmt: skip
    with_tenant(site, told.single(20, "Contoso Dental"), security=SECURITY | dict.fromkeys(names, nothing))

    expect(site.page.get_by_role("region", name="Configuration")).to_have_count(0)


def test_below_failed_csps_the_page_does_not_promise_that_tenants_appear_by_themselves(site: Site) -> None:
    def below(csp: told.Object) -> str:
        site.answers("/integrations", told.overview([], csp))
        site.open()
        return site.page.locator("#view .nothing").inner_text()

    waiting = told.csp(tenant_count=0, ignored_count=0, sync_status=told.status("Auth Pending", "orange"))
    failed = waiting | {"sync_status": told.status("Auth Failed", "red")}
    assert "appear here automatically" in below(waiting)
    assert "Select the Sync Status above to see what prevents them from being read" in below(failed)
    assert "All tenants are ignored" in below(waiting | {"ignored_count": 2})
