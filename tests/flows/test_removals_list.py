"""What stays in sight of removals that have ended: a list with receipts, and steps by hand until they are done."""

import json
from typing import Any

import pytest

from tests.flows.partner import UNFRIENDLY, Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.test_removal import QUIET, receipt
from tests.flows.test_removal_by_hand import left_over
from tests.flows.test_removal_rights import removed

ABSENT = "99999999-9999-4999-8999-999999999999"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP with one customer, at a Microsoft that leaves something to do by hand."""
    portal.microsoft.world.switch(**UNFRIENDLY)
    found = has_csp(portal)
    found.has("Contoso", users=4)
    return found.settled()


def listed(portal: Portal, query: str = "") -> dict[str, Any]:
    return dict(portal.ask("GET", f"/removals{query}"))


def done_path(told: dict[str, Any], csp: Csp) -> str:
    return f"/removals/{told['id']}/leftovers/{csp.partner['id']}/done"


def marks(portal: Portal) -> list[dict[str, Any]]:
    return list(portal.ask("GET", "/audit?action=marked%20removal%20step%20as%20done")["items"])


def test_a_removal_stays_listed_after_its_end_with_what_is_left_and_a_receipt(csp: Csp) -> None:
    removal = csp.portal.remove(csp.id, "Northwind Partner")
    (begun,) = listed(csp.portal)["items"]
    assert (begun["id"], begun["state"], begun["receipt"], begun["steps_left"]) == (removal, "removing", None, 0)

    csp.portal.run_queues()
    (ended,) = listed(csp.portal)["items"]
    assert (ended["state"], ended["name"], ended["receipt"]) == ("removed", "Northwind Partner", "preliminary")
    assert (ended["removed_at"] is None, ended["verified_at"]) == (False, None)
    csp.later(**QUIET)
    page = listed(csp.portal)
    (verified,) = page["items"]
    assert (verified["state"], verified["name"], verified["receipt"]) == ("verified", "", "final")
    assert (verified["steps_left"], page["steps_left"], page["next_cursor"]) == (1, 1, None)
    assert csp.portal.ask("GET", "/integrations")["removed"] == {"count": 1, "steps_left": 1}


def test_a_final_receipt_says_when_it_was_verified_and_a_preliminary_one_that_it_is_not(csp: Csp) -> None:
    told = removed(csp)
    assert (told["receipt"]["state"], receipt(told)["verified_at"]) == ("preliminary", None)
    assert (told["verified_at"], told["verification_at"] > told["removed_at"]) == (None, True)

    csp.later(**QUIET)
    told = csp.portal.removal(told["id"])
    assert told["receipt"]["state"] == "final"
    assert receipt(told)["verified_at"] is not None
    assert (told["verification_at"], told["verified_at"] is None) == (None, False)


def test_the_latest_removal_comes_first_page_by_page(portal: Portal) -> None:
    begun = []
    for name in ("Contoso", "Fabrikam", "Tailspin"):
        begun.append(portal.remove(portal.integrate(portal.has_tenant(name)), name))
        portal.later(minutes=1)

    first = listed(portal, "?limit=2")
    rest = listed(portal, f"?limit=2&cursor={first['next_cursor']}")
    assert [it["id"] for it in [*first["items"], *rest["items"]]] == begun[::-1]
    assert rest["next_cursor"] is None


def test_what_is_marked_as_done_is_off_the_list_of_steps_but_not_off_the_receipt(csp: Csp) -> None:
    told = removed(csp)
    marked = csp.portal.ask("POST", done_path(told, csp))

    (left,) = marked["leftovers"]
    assert (left["done_by"], left["done_at"] is None) == ("user_alice", False)
    assert receipt(marked)["left_over"] == [csp.partner["id"]]
    assert listed(csp.portal)["steps_left"] == 0
    assert csp.portal.ask("GET", "/integrations")["removed"]["steps_left"] == 0
    (entry,) = marks(csp.portal)
    assert entry["subject"] == {
        "removal_id": told["id"], "integration_id": csp.id, "tenant_id": csp.partner["id"],
    }  # fmt: skip


def test_marking_a_step_twice_changes_nothing(csp: Csp) -> None:
    told = removed(csp)
    first = csp.portal.ask("POST", done_path(told, csp))
    csp.portal.later(minutes=3)
    again = csp.portal.ask("POST", done_path(told, csp))

    assert again["leftovers"][0]["done_at"] == first["leftovers"][0]["done_at"]
    assert len(marks(csp.portal)) == 1


def test_our_own_check_goes_on_after_a_mark_and_tells_what_it_sees(csp: Csp) -> None:
    told = removed(csp)
    csp.portal.ask("POST", done_path(told, csp))
    csp.later(minutes=1)
    (left,) = csp.portal.removal(told["id"])["leftovers"]
    assert (left["last_seen_at"] > left["done_at"], left["done_by"]) == (True, "user_alice")

    csp.world.revoke_consent(csp.partner["id"], CLIENT_ID)
    csp.later(minutes=5)
    again = csp.portal.removal(told["id"])
    assert (again["leftovers"], receipt(again)["left_over"]) == ([], [])
    gone = csp.portal.call("POST", done_path(told, csp))
    assert (gone.status, len(marks(csp.portal))) == (404, 1)


def test_only_what_is_left_to_do_can_be_marked(csp: Csp) -> None:
    told = removed(csp)
    for tenant in (ABSENT, csp.customers["Contoso"]["id"]):
        refused = csp.portal.call("POST", f"/removals/{told['id']}/leftovers/{tenant}/done")
        assert refused.status == 404
        assert json.loads(refused.body)["detail"] == "Nothing is left to do by hand in this tenant."
    assert marks(csp.portal) == []


def test_a_step_stays_in_sight_for_longer_than_a_month_until_somebody_marks_it(csp: Csp) -> None:
    told = removed(csp)
    csp.later(**QUIET)
    for _ in range(5):
        csp.later(days=8)
    assert listed(csp.portal)["steps_left"] == 1
    assert left_over(csp, told) == [csp.partner["id"]]

    csp.portal.ask("POST", done_path(told, csp))
    csp.later(days=1)
    assert listed(csp.portal)["items"] == []
    assert csp.portal.call("GET", f"/removals/{told['id']}").status == 404


def test_the_steps_by_hand_are_told_before_a_csp_is_removed(csp: Csp) -> None:
    one = csp.portal.ask("GET", f"/integrations/{csp.id}/removal-effects")["by_hand"]
    every = csp.portal.ask("GET", "/removal-effects")["by_hand"]

    (step,) = one
    assert every == one
    assert (step["tenant_id"], "Northwind Partner" in step["what"]) == (csp.partner["id"], True)
    assert "Cloud Application Administrator" in step["steps"][0]
    assert any(CLIENT_ID in it for it in step["steps"])
    assert step["command"].startswith("Remove-MgServicePrincipal")


def test_before_a_single_tenant_is_removed_nothing_is_left_by_hand_for_sure(portal: Portal) -> None:
    integration = portal.integrate(portal.has_tenant())

    assert portal.ask("GET", f"/integrations/{integration}/removal-effects")["by_hand"] == []


def test_remove_all_is_offered_only_while_something_is_integrated(portal: Portal) -> None:
    def offered() -> list[str]:
        return [it["action"] for it in portal.ask("GET", "/integrations")["integrate_menu"]]

    assert offered() == ["integrate_single", "integrate_csp"]
    assert portal.ask("GET", "/removal-effects")["effects"] == ["Nothing is integrated, so there is nothing to remove."]
    integration = portal.integrate(portal.has_tenant())
    assert offered()[-1] == "remove_all"
    portal.remove(integration)
    assert "remove_all" not in offered()
