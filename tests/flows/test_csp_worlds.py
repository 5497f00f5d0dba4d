"""Every named world of a CSP shows the status it is named after."""

import pytest

from local.worlds.csp import CUSTOMERS, NAMES, PARTNERS, add_csp, add_failing_csp
from tests.flows.partner import Csp
from tests.flows.portal import Portal


def test_one_csp_can_have_customers_in_every_state(portal: Portal) -> None:
    csp = Csp(portal, add_csp(portal.microsoft.world, list(CUSTOMERS)))
    csp.onboarded()
    csp.later(minutes=6)

    rows = portal.ask("GET", "/integrations")["tenants"]["items"]
    shown = {it["name"]: it["csp_auth"]["label"] for it in rows}
    assert shown == {NAMES[state]: told.label for state, told in CUSTOMERS.items()}
    assert all(it["csp_auth"]["detail"] and it["csp_auth"]["remedy"] for it in rows)
    assert csp.row()["tenant_count_label"] == "with 10 tenants"


@pytest.mark.parametrize("reason", PARTNERS)
def test_every_reason_of_auth_failed_has_its_world(portal: Portal, reason: str) -> None:
    csp = Csp(portal, add_failing_csp(portal.microsoft.world, reason))
    csp.complete(csp.signs_in(csp.start()))

    status = csp.row()["sync_status"]
    assert (status["label"], status["colour"], status["reason"]) == ("Auth Failed", "red", reason)
