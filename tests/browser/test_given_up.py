"""What was given up, and what is overdue, is seen at once: wide, on a tablet, on a phone, in light and in dark."""

from datetime import timedelta
from itertools import product
from pathlib import Path
from typing import Any

import msgspec
from playwright.sync_api import Locator, expect

from integrations.domain.ids import AccountId, IntegrationId
from integrations.domain.jobs.orders import SCHEDULED, CspOrder
from tests.browser import told, told_removal
from tests.browser.answering import Asked
from tests.browser.site import Site
from tests.browser.states import FLOW, with_rows, with_tenant
from tests.browser.test_accessible import Look, show_in, violations
from tests.browser.test_csp import connected
from tests.exhaustive import IS_FULL
from tests.flows.partner import has_csp

OURS = {
    "reason": "our_failure",
    "cause": "our_failure",
    "detail": "Our own service failed several times while doing this.",
    "remedy": (
        "There is nothing you need to do. The operator of this service has been alerted. We try again automatically."
    ),
    "evidence": {"job": "remove", "times_tried": "5", "error": "KeyError"},
}
EVERY_LOOK = list(product(("light", "dark"), (1440, 800, 390)))
LOOKS = WIDE, TABLET, PHONE = ("light", 1440), ("light", 800), ("dark", 390)


def given_up(**changes: Any) -> told.Object:
    return told.status("Error", "red", **(OURS | {"next_check_at": told.ago(minutes=-4)} | changes))


ROOT = Path(__file__).resolve().parents[2]


def looks(site: Site, sign: Locator, examined: Look) -> None:
    """In sight and whole, however wide the page is and in either scheme, and legible: every day in one look."""
    for look in EVERY_LOOK if IS_FULL else LOOKS:
        show_in(site, look)
        expect(sign).to_be_visible()
        box = sign.bounding_box()
        assert box is not None
        assert box["x"] >= 0, (look, box)
        assert box["x"] + box["width"] <= look[1], (look, box)
        assert not (IS_FULL or look == examined) or violations(site, ROOT) == [], look


def test_what_is_overdue_is_seen_on_its_row_and_above_the_table(site: Site) -> None:
    late = told.status("Success", "green", next_check_at=told.ago(hours=3), overdue_since=told.ago(hours=3))
    old = told.status("Active", "green", stale=True, as_of=told.ago(hours=3), overdue_since=told.ago(hours=3))
    rows = [
        told.single(20, "Contoso Dental", sync_status=late),
        told.child(21, "Fabrikam Legal", "Active", csp_auth=old),
        told.single(22, "Tailspin Toys"),
    ]
    answer = told.overview(rows, told.csp(sync_status=late), overdue=3)
    site.answers("/integrations", answer)
    site.open()

    expect(site.row("Contoso Dental").get_by_text("overdue since 3 hours ago")).to_be_visible()
    expect(site.row("Fabrikam Legal")).to_contain_text("overdue since 3 hours ago")
    expect(site.row("Fabrikam Legal")).to_contain_text("last known, as of 3 hours ago")
    expect(site.page.get_by_role("article")).to_contain_text("overdue since 3 hours ago")
    expect(site.row("Tailspin Toys")).not_to_contain_text("overdue")
    above = site.page.get_by_role("alert").filter(has_text="3 connections were not checked when expected")
    looks(site, above, WIDE)
    looks(site, site.row("Contoso Dental").get_by_text("overdue since 3 hours ago"), PHONE)


def test_one_selection_leaves_what_is_overdue(site: Site) -> None:
    """Before the real app: the filter is the server's. Nothing is ordered any more, so that checks are missed."""
    site.portal.services.due.list = lambda *_: []  # type: ignore[method-assign]
    late, early = site.portal.has_tenant("Contoso Dental"), site.portal.has_tenant("Fabrikam Legal")
    site.connected(late)
    site.portal.clock.ahead += timedelta(hours=23)
    site.connected(early)
    site.portal.clock.ahead += timedelta(hours=4)
    site.open()
    site.page.get_by_role("button", name="Show only overdue tenants").click()

    expect(site.row("Contoso Dental").get_by_text("overdue since")).to_be_visible()
    expect(site.row("Fabrikam Legal")).to_have_count(0)
    expect(site.page.get_by_role("button", name="1 overdue")).to_have_attribute("aria-pressed", "true")


def test_a_csp_whose_check_was_given_up_explains_itself(site: Site) -> None:
    """Before the real app, by the message that a process leaves which died five times."""
    csp = has_csp(site.portal)
    csp.has("Contoso")
    connected(site, csp)
    site.until(lambda: csp.status() == "Success")
    site.portal.services.due.list = lambda *_: []  # type: ignore[method-assign]
    site.portal.clock.ahead += timedelta(minutes=40)
    order = CspOrder(
        account_id=AccountId("acct_northwind"),
        integration_id=IntegrationId(csp.id),
        due_at=site.portal.clock(),
        reason=SCHEDULED,
    )
    site.portal.services.queues.send(f"{CspOrder.queue}-poison", msgspec.json.encode(order))
    site.until(lambda: csp.status() == "Error")
    site.open()
    expect(site.row("Contoso")).to_contain_text("last known, as of")
    site.page.get_by_role("button", name="Sync Status of Northwind Partner: explain").click()

    for told_there in ("failed several times", "try again automatically", "check-csp", "our_failure", "unknown"):
        expect(site.dialog).to_contain_text(told_there)


def test_the_explanation_tells_since_when_it_is_overdue(site: Site) -> None:
    late = told.status("Success", "green", next_check_at=told.ago(hours=3), overdue_since=told.ago(hours=3))
    site.answers("/integrations", told.overview([told.single(20, "Contoso Dental", sync_status=late)], overdue=1))
    site.open()
    site.page.get_by_role("button", name="Sync Status of Contoso Dental: explain").click()

    expect(site.dialog).to_contain_text("The check that was expected 3 hours ago has not happened.")
    expect(site.dialog).to_contain_text("try again automatically")


def test_a_removal_that_was_given_up_says_so_above_the_table_and_in_its_own_view(site: Site) -> None:
    mark = given_up()
    leaving = {"id": "rem_1", "name": "Tailspin Toys", "kind": "single", "requested_at": told.ago(minutes=30)}
    page = told.overview(
        told.rows_of_every_kind(), told.csp(), removals=[leaving | {"given_up": mark, "overdue_since": None}]
    )
    site.answers("/integrations", page)
    site.answers(
        "/removals/rem_1",
        told_removal.removal("removing", "done", "running", "waiting", "waiting")
        | {"given_up": mark, "overdue_since": None},
    )
    site.open()
    above = site.page.locator("[data-part=removals]").get_by_text(OURS["detail"])  # type: ignore[arg-type]
    looks(site, above, TABLET)
    site.page.set_viewport_size({"width": 1280, "height": 900})
    site.page.get_by_role("link", name="Show all steps").click()

    card = site.page.locator("section.removal")
    expect(card).to_contain_text("in 4 minutes")
    expect(card).to_contain_text("KeyError")
    looks(site, card.get_by_text(OURS["detail"]), WIDE)  # type: ignore[arg-type]


def test_a_plan_job_that_was_given_up_is_told_above_everything(site: Site) -> None:
    site.answers("/integrations", told.overview(told.rows_of_every_kind(), told.csp(), plan=given_up()))
    site.open()

    above = site.page.get_by_role("alert").filter(has_text=OURS["detail"])  # type: ignore[arg-type]
    expect(above).to_contain_text("in 4 minutes")
    looks(site, above, PHONE)


def test_a_purge_that_was_given_up_is_told_in_the_details(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"), given_up=[given_up()])

    sign = site.page.locator("[data-part='given-up']").get_by_text(OURS["detail"])  # type: ignore[arg-type]
    expect(site.page.locator("[data-part='given-up']")).to_contain_text("KeyError")
    looks(site, sign, TABLET)


def test_an_evaluation_that_fails_is_told_in_a_quiet_line_and_no_other_is(site: Site) -> None:
    detail = "Our service failed while evaluating the synced data. The results shown are out of date."
    names = {"people_without_mfa": "failed", "administrators": "fresh", "assets": "off", "seats": "never"}
    evaluations = [
        {
            "name": name,
            "state": state,
            "since": told.ago(hours=2),
            "error": "KeyError" if state == "failed" else "",
            "detail": detail if state == "failed" else "",
            "evaluated_at": told.ago(hours=3),
            "next_at": told.ago(minutes=-4),
            "lag_s": 60,
        }
        for name, state in names.items()
    ]
    with_tenant(site, told.single(20, "Contoso Dental"), evaluations=evaluations)

    line = site.page.locator("[data-part='evaluations']")
    expect(line).to_contain_text(f"{detail} Affected: people without MFA. Since 2 hours ago.")
    looks(site, line, WIDE)


def test_while_no_evaluation_fails_nothing_is_said_of_them(site: Site) -> None:
    with_tenant(site, told.single(20, "Contoso Dental"), evaluations=[{"name": "seats", "state": "fresh"}])

    expect(site.page.locator("[data-part='evaluations']")).to_be_empty()


def test_a_journey_whose_proof_was_given_up_says_so_and_goes_on_waiting(site: Site) -> None:
    states = [
        FLOW | {"state": "returned", "reason": "our_failure", "given_up": given_up()},
        FLOW | {"state": "proven", "given_up": None},
    ]
    waits = 3

    def answer(asked: Asked) -> None:
        nonlocal waits
        waits -= 1
        told.fulfil(asked, states[0] if waits > 0 else states[1])

    site.answers("/consent/flow_1", answer)
    with_rows(site, "#flow=flow_1")

    expect(site.page.locator("#notice")).to_contain_text(OURS["detail"])  # type: ignore[arg-type]
    expect(site.dialog).to_be_visible()
