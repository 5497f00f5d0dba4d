"""A CSP's removal as a crash meets it, with Partner Center answering oddly."""

from tests.faults.lab.flows import FLOWS, Case, Flow, remove_csp, settle
from tests.flows.portal import CLIENT_ID, Portal

STATUSES = (None, 404, 409, 500)
_PUTS_OFF = 409
_MICROSOFT = ("login", "graph", "partner")
_FLOW = {flow.name: flow for flow in FLOWS}["remove CSP"]


def removal_with(status: int | None) -> Flow:
    """The removal; Partner Center answers the first two deletions with a status."""

    def do(portal: Portal, case: Case) -> None:
        portal.microsoft.world.clear_faults()
        if status is not None:
            portal.microsoft.world.fault(host="partner", method="DELETE", status=status, times=2)
        remove_csp(portal, case)
        if status == _PUTS_OFF:
            settle(portal)  # both customers are tried again, in a round of their own

    return Flow(f"remove CSP, {status}", "csp", do, _has_ended if status else _FLOW.is_done)


def places(seen: list[str], *hosts: str) -> list[int]:
    """The numbers of the requests that went to Microsoft, or to these hosts of its."""
    return [number for number, what in enumerate(seen, 1) if what.startswith(hosts or _MICROSOFT)]


def _has_ended(portal: Portal, case: Case) -> bool:
    """A consent that is there, though Partner Center says that it is not, stays without roles."""
    told, world = portal.ask("GET", "/integrations"), portal.microsoft.world
    principals = [world.service_principal(it["id"], CLIENT_ID) for it in case.partner.customers.values()]
    return told["csps"] == told["removals"] == [] and not any(it["app_roles"] for it in principals if it)
