"""CSP Auth: every status of the page, with its colour, evidence and remedy, and how each heals by itself."""

from typing import Any

import pytest

from integrations.domain.csp.roles import DEFAULT_ROLES
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal

GLOBAL_ADMINISTRATOR = "62e90394-69f5-4237-9190-012177145e10"
ROLES = list(DEFAULT_ROLES)
DAY_S = 86400.0
PERIOD = {"minutes": 34}  # one period of 30 minutes, with its jitter
RED, ORANGE, GREEN = "red", "orange", "green"


@pytest.fixture
def csp(portal: Portal) -> Csp:
    """A CSP whose customer Contoso is in good order; tests add another one that is not."""
    found = has_csp(portal)
    found.has("Contoso")
    return found


def mend(csp: Csp, name: str = "Fabrikam") -> None:
    """What the customer and the partner do together: a new relationship, given to the group."""
    made = csp.world.add_relationship(csp.partner, csp.customers[name])
    csp.world.assign(csp.partner, made, csp.partner["group"])


def heals(csp: Csp, name: str = "Fabrikam") -> None:
    csp.later(**PERIOD)
    csp.later(minutes=1)
    assert csp.auth(name) == "Active"
    assert csp.customer(name)["sync_status"]["label"] == "Success"


def test_a_customer_in_good_order_is_active(csp: Csp) -> None:
    csp.settled()

    told = csp.shown("Contoso")
    assert (told["label"], told["colour"], told["evidence"]) == ("Active", GREEN, {})


@pytest.mark.parametrize(
    "described", [{}, {"status": "terminated"}, {"status": "approvalPending", "activated_in_s": None}]
)
def test_without_an_active_relationship_it_is_missing(csp: Csp, described: dict[str, Any]) -> None:
    csp.has("Fabrikam", relationship=described)
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"]) == ("Missing Admin Relationship", RED)
    assert "new admin relationship" in told["remedy"]
    blocked = csp.customer("Fabrikam")["sync_status"]
    assert (blocked["label"], blocked["reason"]) == ("Pending", "blocked")
    assert blocked["evidence"]["csp_auth"] == "Missing Admin Relationship"
    mend(csp)
    heals(csp)


def test_a_relationship_past_its_end_is_expired_and_stops_the_sync(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"ends_in_s": 2 * 3600})
    csp.settled()
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    csp.later(hours=2, minutes=5)

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"]) == ("Expired", RED)
    assert csp.customers["Fabrikam"]["relationship"] in told["evidence"]["relationships"]
    assert "Exchange Administrator" in told["evidence"]["roles"]
    assert csp.customer("Fabrikam")["sync_status"]["reason"] == "blocked"
    csp.world.forget_requests()
    csp.later(**PERIOD)
    assert csp.portal.graph_requests(csp.customers["Fabrikam"]) == []
    mend(csp)
    heals(csp)


def test_a_role_that_ends_within_a_week_is_expiring_and_goes_on_syncing(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"ends_in_s": 6 * DAY_S})
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"]) == ("Expiring", ORANGE)
    assert told["evidence"]["ends_at"].startswith("2")
    csp.portal.map(csp.customers["Fabrikam"])
    csp.portal.run_queues()
    assert csp.customer("Fabrikam")["sync_status"]["reason"] == "synced"
    csp.world.change_relationship(csp.partner, csp.customers["Fabrikam"]["relationship"], auto_extends=True)
    heals(csp)


def test_one_role_of_many_decides(csp: Csp) -> None:
    """Two relationships overlap: each role lasts as long as the later of those that hold it."""
    fabrikam = csp.has("Fabrikam", relationship={"ends_in_s": 3 * DAY_S})
    later = csp.world.add_relationship(csp.partner, fabrikam, roles=ROLES[1:], ends_in_s=300 * DAY_S)
    csp.world.assign(csp.partner, later, csp.partner["group"])
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["evidence"]["roles"]) == ("Expiring", DEFAULT_ROLES[ROLES[0]])


def test_missing_roles_are_named(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": ROLES[:-2]})
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"]) == ("Missing Roles", RED)
    assert told["evidence"]["roles"] == ", ".join(sorted(DEFAULT_ROLES[it] for it in ROLES[-2:]))
    mend(csp)
    heals(csp)


def test_global_administrator_stands_for_every_role(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": [GLOBAL_ADMINISTRATOR]})
    csp.settled()

    assert csp.auth("Fabrikam") == "Active"
    told = csp.portal.ask("GET", f"/tenants/{csp.customers['Fabrikam']['id']}")["csp"]
    assert "cannot be extended automatically" in told["relationships"][0]["note"]


@pytest.mark.parametrize("reason", ["no_group", "group_lacks_roles", "account_not_in_group"])
def test_a_missing_security_group_says_which_of_three_it_is(csp: Csp, reason: str) -> None:
    assigned: Any = {"no_group": False, "group_lacks_roles": ROLES[:3], "account_not_in_group": False}[reason]
    fabrikam = csp.has("Fabrikam", assigned=assigned)
    other = csp.world.add_group(csp.partner["id"], "Another group")
    if reason == "account_not_in_group":
        csp.world.assign(csp.partner, fabrikam["relationship"], other)
    csp.settled()

    told = csp.shown("Fabrikam")
    assert (told["label"], told["colour"], told["reason"]) == ("Missing Security Group", RED, reason)
    assert "Exchange Administrator" in told["evidence"]["roles"]
    if reason == "account_not_in_group":
        csp.world.add_member(csp.partner, other, csp.partner["admin"])
    else:
        csp.world.assign(csp.partner, fabrikam["relationship"], csp.partner["group"])
    heals(csp)


def test_an_assignment_under_way_does_not_count_yet(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    csp.world.assign(csp.partner, fabrikam["relationship"], csp.partner["group"], status="pending")
    csp.settled()

    assert csp.shown("Fabrikam")["reason"] == "no_group"


def test_an_account_in_a_group_of_the_group_is_in_the_group(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    outer = csp.world.add_group(csp.partner["id"], "Outer")
    inner = csp.world.add_group(csp.partner["id"], "Inner", [csp.partner["admin"]])
    csp.world.add_member(csp.partner, outer, inner)
    csp.world.assign(csp.partner, fabrikam["relationship"], outer)
    csp.settled()

    assert csp.auth("Fabrikam") == "Active"


def test_a_group_that_was_deleted_is_a_missing_group(csp: Csp) -> None:
    fabrikam = csp.has("Fabrikam", assigned=False)
    group = csp.world.add_group(csp.partner["id"], "Short-lived", [csp.partner["admin"]])
    csp.world.assign(csp.partner, fabrikam["relationship"], group)
    csp.settled()
    csp.world.remove_group(csp.partner, group)
    csp.later(**PERIOD)

    assert csp.shown("Fabrikam")["reason"] == "account_not_in_group"


def test_all_findings_are_told_not_only_the_first(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"roles": ROLES[:-1], "ends_in_s": 2 * DAY_S}, assigned=ROLES[:3])
    csp.settled()

    told = csp.shown("Fabrikam")
    assert told["label"] == "Missing Roles"
    assert "Missing Security Group" in told["evidence"]["also"]
    assert "Expiring" in told["evidence"]["also"]


def test_a_trace_leads_from_each_role_to_the_account(csp: Csp) -> None:
    csp.has("Fabrikam", assigned=ROLES[:3])
    csp.settled()

    told = csp.portal.ask("GET", f"/tenants/{csp.customers['Fabrikam']['id']}")["csp"]
    reached = {it["role"]: (it["relationship"] != "", it["group"], it["member"]) for it in told["trace"]}
    assert set(reached) == set(DEFAULT_ROLES.values())
    assert {reached[DEFAULT_ROLES[it]] for it in ROLES[:3]} == {(True, "GDAP administrators", True)}
    assert {reached[DEFAULT_ROLES[it]] for it in ROLES[3:]} == {(True, "", False)}
    assert told["account"] == csp.partner["admin"]


def test_which_roles_are_required_is_a_setting(csp: Csp) -> None:
    settings = csp.portal.services.settings
    object.__setattr__(settings, "csp_required_roles", (ROLES[0], "e8611ab8-c189-46e8-94e1-60213ab1f814"))
    csp.has("Fabrikam", relationship={"roles": [ROLES[0], "e8611ab8-c189-46e8-94e1-60213ab1f814"]})
    csp.settled()

    assert csp.auth("Fabrikam") == "Active"


def test_unreadable_assignments_leave_what_was_known(csp: Csp) -> None:
    csp.settled()
    csp.world.fault(host="graph", path="accessAssignments", status=503, times=None)
    csp.later(**PERIOD)

    assert csp.auth("Contoso") == "Active"
    assert csp.row()["sync_status"]["evidence"]["error"] == "microsoft_unavailable"


def test_relationships_led_by_others_are_flagged(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={"indirect_provider_id": "11111111-0000-4000-8000-000000000001"})
    csp.has("Adatum", relationship={"name": "MLT_Adatum"})
    csp.settled()

    def note(name: str) -> str:
        told = csp.portal.ask("GET", f"/tenants/{csp.customers[name]['id']}")["csp"]
        return str(told["relationships"][0]["note"])

    assert "an indirect provider" in note("Fabrikam")
    assert "Set up by Microsoft" in note("Adatum")
    assert note("Contoso") == ""


def test_mapping_a_customer_that_cannot_be_synced_says_so_at_once_and_sync_now_gives_the_same_reason(csp: Csp) -> None:
    csp.has("Fabrikam", relationship={})
    csp.settled()
    fabrikam = csp.customers["Fabrikam"]

    csp.portal.map(fabrikam)

    status = csp.customer("Fabrikam")["sync_status"]
    held = csp.portal.ask("GET", f"/tenants/{fabrikam['id']}")["held_back"]
    refused = csp.portal.ask("POST", f"/tenants/{fabrikam['id']}/sync", expect=409)
    assert (status["label"], status["cause"]) == ("Pending", "csp_auth_blocks")
    assert (held["reason"], held["detail"]) == (refused["code"], refused["detail"])
    csp.portal.run_queues()
    assert csp.customer("Fabrikam")["sync_status"]["cause"] == "csp_auth_blocks"
    assert csp.portal.ask("GET", f"/tenants/{csp.customers['Contoso']['id']}")["held_back"] is None
