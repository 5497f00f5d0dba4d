"""The app dies at any request of a CSP's removal that reaches Microsoft: no role of ours survives it."""

from collections.abc import Iterator

import pytest

from tests.faults.lab.crashes import crash
from tests.faults.lab.flows import FLOWS, Bases, Case, Flow, remove_csp
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.test_removal_rights import UNFRIENDLY

_FLOW = {flow.name: flow for flow in FLOWS}["remove CSP"]
_MICROSOFT = ("login", "graph", "partner")


def roles_held(portal: Portal, case: Case) -> set[str]:
    world, held = portal.microsoft.world, set()
    for customer in case.partner.customers.values():
        principal = world.service_principal(customer["id"], CLIENT_ID)
        held |= set(principal["app_roles"]) if principal else set()
    return held


def _has_ended(portal: Portal, case: Case) -> bool:
    told = portal.ask("GET", "/integrations")
    return told["csps"] == [] and told["removals"] == [] and roles_held(portal, case) == set()


def _flow(status: int | None) -> Flow:
    """The removal in the unfriendly world; Partner Center answers the first two deletions with a status."""

    def do(portal: Portal, case: Case) -> None:
        portal.microsoft.world.switch(**UNFRIENDLY)
        portal.microsoft.world.clear_faults()
        if status is not None:
            portal.microsoft.world.fault(host="partner", method="DELETE", status=status, times=2)
        remove_csp(portal, case)

    return Flow(f"remove CSP, {status}", "csp", do, _has_ended)


@pytest.fixture
def bases(lab: Lab) -> Iterator[Bases]:
    yield Bases(lab)
    lab.microsoft.world.clear_faults()


@pytest.mark.xfail(strict=True, reason="A9: the roles stay")
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("status", [None, 404, 409, 500])
def test_no_role_of_ours_survives_a_death_at_any_request_of_a_csps_removal(
    lab: Lab, bases: Bases, status: int | None
) -> None:
    flow = _flow(status)
    seen = crash(lab, bases, flow, 0, When.AFTER).seen
    places = [at for at, what in enumerate(seen, 1) if what.startswith(_MICROSOFT)]
    tried = [(at, when) for at in places for when in When]
    broken = [str(it) for at, when in tried if (it := crash(lab, bases, flow, at, when)).breaks]

    assert broken == []
    assert len(places) >= 8  # both customers: a token, their roles, their consent
