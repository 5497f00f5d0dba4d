"""Flows of the product as a crash meets them: what stands before, what is done, and what must be true in the end."""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.microsoft.permissions import APPLICATION_PERMISSIONS, CUSTOMER_SCOPES
from local.portal_client import APP_ROLES
from tests.faults.lab import assets, links, people
from tests.faults.lab.app import Died
from tests.faults.lab.lab import Lab
from tests.flows.partner import FRIENDLY, UNFRIENDLY, Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.stored import Store


@dataclass
class Case:
    """What a flow is about. ``is_told`` says that all the user asked for was acknowledged.

    ``integration`` is the single tenant's, once it is to be removed.
    """

    tenant: dict[str, str] = field(default_factory=dict)
    integration: str = ""
    organization: str = ""
    other_organization: str = ""
    csp: Csp | None = None
    is_told: bool = False

    @property
    def partner(self) -> Csp:
        if self.csp is None:
            raise AssertionError
        return self.csp


@dataclass(frozen=True)
class Flow:
    """``base`` names what stands before; ``do`` may be broken off anywhere; ``is_done`` is asked in the end."""

    name: str
    base: str
    do: Callable[[Portal, Case], None]
    is_done: Callable[[Portal, Case], bool]


class Bases:
    """What stands before a flow: made once, and copied for every try."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._made: dict[str, tuple[Store, Case]] = {}

    def begin(self, name: str) -> tuple[Portal, Case]:
        if name == "nothing":
            portal = self._lab.begin()
            return portal, _fresh(portal)
        if name not in self._made:
            portal = self._lab.begin()
            case = _fresh(portal)
            _MAKERS[name](portal, case)
            settle(portal)
            self._made[name] = self._lab.storage.read(), case
        store, case = self._made[name]
        portal = self._lab.begin(store)
        portal.microsoft.world.switch(**UNFRIENDLY)
        _consent_again(portal, store)
        csp = Csp(portal, case.csp.partner, case.csp.id, case.csp.customers) if case.csp else None
        return portal, replace(case, csp=csp, is_told=False)


def _consent_again(portal: Portal, store: Store) -> None:
    """Microsoft's side as it was when the store was read: our application in every tenant that is held."""
    world = portal.microsoft.world
    partners = {it["tenant_id"] for it in store.documents("integration").values() if it["kind"] == "csp"}
    customers = {key for (_, key), it in store.documents("tenant").items() if it["kind"] == "csp"}
    for tenant, _ in store.rows("holders"):
        found = world.service_principal(tenant, CLIENT_ID)
        if tenant in partners or (found is not None and found["app_roles"]):
            continue
        is_customer = tenant in customers
        world.consent(tenant, CLIENT_ID, scopes=list(CUSTOMER_SCOPES) if is_customer else ())
        world.set_app_roles(tenant, CLIENT_ID, list(APPLICATION_PERMISSIONS) if is_customer else APP_ROLES)


def _fresh(portal: Portal) -> Case:
    case = Case(tenant=portal.has_tenant(users=3), csp=has_csp(portal))
    for name in ("Apple", "Berry"):
        case.partner.has(name)
    return case


def settle(portal: Portal) -> None:
    """Five minutes pass: the reconciler fires after a minute, as it may, and at their end."""
    for seconds in (70, 230):
        portal.later(seconds=seconds)
        portal.host.fire_timer("reconcile_timer")
        portal.run_queues()


def _integrated(portal: Portal, case: Case) -> None:
    portal.integrate(case.tenant)
    case.organization = portal.organization("Acme Dental")


def _linked(portal: Portal, case: Case) -> None:
    _synced(portal, case)
    links.turn_on(portal, case)


def _with_assets(portal: Portal, case: Case) -> None:
    _synced(portal, case)
    assets.has_assets(portal, case)


def _synced(portal: Portal, case: Case) -> None:
    _integrated(portal, case)
    map_(portal, case)


def _registered(portal: Portal, case: Case) -> None:
    """Synced while everybody was registered for MFA, so that whoever loses it is a change."""
    for person in portal.microsoft.world.users(case.tenant["id"]):
        portal.microsoft.world.set_registration(case.tenant["id"], person["id"], isMfaRegistered=True)
    _synced(portal, case)


def _csp(portal: Portal, case: Case) -> None:
    case.partner.integrate()
    case.organization = portal.organization("Acme Dental")


def _both(portal: Portal, case: Case) -> None:
    _synced(portal, case)
    case.partner.integrate()


def _removed_csp(portal: Portal, case: Case) -> None:
    """What Microsoft does not let us delete is left to do by hand."""
    _csp(portal, case)
    portal.microsoft.world.switch(**UNFRIENDLY)
    remove_csp(portal, case)


_MAKERS: dict[str, Callable[[Portal, Case], None]] = {
    "integrated": _integrated,
    "synced": _synced,
    "registered": _registered,
    "csp": _csp,
    "both": _both,
    "removed CSP": _removed_csp,
    "people": people.has_people,
    "linked": _linked,
    "assets": _with_assets,
}


def integrate(portal: Portal, case: Case) -> None:
    portal.integrate(case.tenant)
    case.is_told = True


def map_(portal: Portal, case: Case) -> None:
    portal.ask("PUT", f"/tenants/{case.tenant['id']}/mapping", {"organization_id": case.organization})
    case.is_told = True
    portal.run_queues()


def unmap(portal: Portal, case: Case) -> None:
    portal.ask("DELETE", f"/tenants/{case.tenant['id']}/mapping", expect=204)
    case.is_told = True


def sync(portal: Portal, case: Case) -> None:
    portal.microsoft.world.touch_users(tenant_id=case.tenant["id"], count=2, seed=7)
    portal.ask("POST", f"/tenants/{case.tenant['id']}/sync", expect=202)
    case.is_told = True
    portal.run_queues()


def evaluate(portal: Portal, case: Case) -> None:
    """Somebody loses MFA: a sync reads it, and what follows from it is evaluated."""
    world = portal.microsoft.world
    for number, person in enumerate(world.users(case.tenant["id"])):
        world.set_registration(case.tenant["id"], person["id"], isMfaRegistered=number != 1)
    portal.later(hours=7)  # registrations are read every six hours
    portal.ask("POST", f"/tenants/{case.tenant['id']}/sync", expect=202)
    case.is_told = True
    portal.run_queues()


def reauthorize(portal: Portal, case: Case) -> None:
    integration = portal.row(case.tenant)["integration_id"]
    started = portal.ask("POST", f"/integrations/{integration}/reauthorize", expect=201)
    flow_id = portal.proves(case.tenant, started)
    portal.ask("POST", f"/consent/{flow_id}/complete", expect=201)
    case.is_told = True
    portal.run_queues()


def integrate_csp(portal: Portal, case: Case) -> None:
    csp = case.partner
    flow = csp.signs_in(csp.start())
    told = portal.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
    csp.id, case.is_told = told["integration_id"], True
    portal.run_queues()


def reauthorize_csp(portal: Portal, case: Case) -> None:
    csp = case.partner
    flow = csp.reauthorize()
    portal.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
    case.is_told = True
    portal.run_queues()


def check_access(portal: Portal, case: Case) -> None:
    portal.ask("POST", f"/integrations/{case.partner.id}/access-check", expect=202)
    case.is_told = True
    portal.run_queues()


def remove(portal: Portal, case: Case) -> None:
    row = portal.row(case.tenant)
    case.integration = row["integration_id"]
    _removed(portal, case, f"/integrations/{case.integration}?confirm={row['name']}")


def remove_csp(portal: Portal, case: Case) -> None:
    _removed(portal, case, f"/integrations/{case.partner.id}?confirm={case.partner.row()['name']}")


def remove_all(portal: Portal, case: Case) -> None:
    case.integration = portal.row(case.tenant)["integration_id"]
    _removed(portal, case, "/integrations?confirm=all")


def mark_done(portal: Portal, case: Case) -> None:
    removal, tenant = _removal_of(case.partner.id), case.partner.partner["id"]
    portal.ask("POST", f"/removals/{removal}/leftovers/{tenant}/done")
    case.is_told = True


def _with(switches: dict[str, bool], do: Callable[[Portal, Case], None]) -> Callable[[Portal, Case], None]:
    def done(portal: Portal, case: Case) -> None:
        portal.microsoft.world.switch(**switches)
        do(portal, case)

    return done


def _removed(portal: Portal, case: Case, path: str) -> None:
    portal.ask("DELETE", path.replace(" ", "%20"), expect=202)
    case.is_told = True
    portal.run_queues()


def _rows(portal: Portal) -> dict[str, dict[str, Any]]:
    return {it["tenant_id"]: it for it in portal.ask("GET", "/integrations")["tenants"]["items"]}


def _is_synced(portal: Portal, case: Case) -> bool:
    """The row says Success, and what is stored is what Microsoft has."""
    row = _rows(portal).get(case.tenant["id"])
    if row is None or row["syncro_tenant"] is None or row["sync_status"]["cause"] != "synced":
        return False
    stored = {it["id"]: it.get("job_title") for it in portal.ask("GET", f"/tenants/{case.tenant['id']}/users")["items"]}
    people = portal.microsoft.world.users(tenant_id=case.tenant["id"])
    return stored == {it["id"]: it.get("jobTitle") for it in people}


def _is_evaluated(portal: Portal, case: Case) -> bool:
    """Exactly the one who lost MFA is told to lack it, by evaluations that are up to date."""
    lacking = portal.microsoft.world.users(tenant_id=case.tenant["id"])[1]["id"]
    told = portal.ask("GET", f"/tenants/{case.tenant['id']}/security")["mfa"]["without"]
    states = {(it["state"], it["lag_s"]) for it in portal.ask("GET", f"/tenants/{case.tenant['id']}")["evaluations"]}
    return [it["user_id"] for it in told] == [lacking] and states == {("fresh", 0)} and _is_synced(portal, case)


def _is_integrated(portal: Portal, case: Case) -> bool:
    row = _rows(portal).get(case.tenant["id"])
    return row is not None and row["sync_status"]["label"] == "Success"


def _is_unmapped(portal: Portal, case: Case) -> bool:
    users = portal.ask("GET", f"/tenants/{case.tenant['id']}/users")
    return _rows(portal)[case.tenant["id"]]["syncro_tenant"] is None and users["items"] == []


def _is_renewed(portal: Portal, case: Case) -> bool:
    integration = portal.row(case.tenant)["integration_id"]
    return portal.ask("GET", f"/integrations/{integration}")["version"] == 2 and _is_synced(portal, case)


def _works(portal: Portal, case: Case) -> bool:
    """The CSP is green and so are both its customers."""
    found = [it for it in portal.ask("GET", "/integrations")["csps"] if it["name"] == case.partner.partner["name"]]
    if not found or found[0]["sync_status"]["label"] != "Success":
        return False
    rows = _rows(portal)
    auths = [rows[it["id"]]["csp_auth"]["label"] for it in case.partner.customers.values() if it["id"] in rows]
    return auths == ["Active", "Active"]


def _is_csp_renewed(portal: Portal, case: Case) -> bool:
    return portal.ask("GET", f"/integrations/{case.partner.id}")["version"] == 2 and _works(portal, case)


def _is_gone(portal: Portal, case: Case) -> bool:
    """Out of sight, out of the store, and our application out of the tenant, or told as left to do by hand."""
    is_out = portal.microsoft.world.service_principal(case.tenant["id"], CLIENT_ID) is None
    return case.tenant["id"] not in _rows(portal) and _has_ended(portal) and (is_out or _is_left_over(portal, case))


def _is_gone_but_assigned(portal: Portal, case: Case) -> bool:
    return _is_gone(portal, case) and assets.belongs_to_somebody(portal, case)


def _is_unmapped_but_assigned(portal: Portal, case: Case) -> bool:
    return _is_unmapped(portal, case) and assets.belongs_to_somebody(portal, case)


def _is_left_over(portal: Portal, case: Case) -> bool:
    told = portal.ask("GET", f"/removals/{_removal_of(case.integration)}")
    return case.tenant["id"] in {it["tenant_id"] for it in told["leftovers"]}


def _removal_of(integration: str) -> str:
    return integration.replace("int_", "rem_")


def _is_marked(portal: Portal, case: Case) -> bool:
    (left,) = portal.ask("GET", f"/removals/{_removal_of(case.partner.id)}")["leftovers"]
    return left["done_by"] == "user_alice" and portal.ask("GET", "/removals")["steps_left"] == 0


def _is_csp_gone(portal: Portal, case: Case) -> bool:
    told, world = portal.ask("GET", "/integrations"), portal.microsoft.world
    customers = {it["id"] for it in case.partner.customers.values()}
    found = [world.service_principal(it, CLIENT_ID) for it in customers]
    is_out = not any(it["app_roles"] or it["scopes"] for it in found if it is not None)
    return told["csps"] == [] and not customers & _rows(portal).keys() and _has_ended(portal) and is_out


def _is_all_gone(portal: Portal, case: Case) -> bool:
    is_open = portal.call("POST", "/integrations", {"kind": "single"}).status == 201
    return _is_gone(portal, case) and _is_csp_gone(portal, case) and is_open


def _has_ended(portal: Portal) -> bool:
    return bool(portal.ask("GET", "/integrations")["removals"] == [])


FLOWS = (
    Flow("integrate", "nothing", integrate, _is_integrated),
    Flow("map", "integrated", map_, _is_synced),
    Flow("unmap", "synced", unmap, _is_unmapped),
    Flow("sync", "synced", sync, _is_synced),
    Flow("evaluate", "registered", evaluate, _is_evaluated),
    Flow("reauthorize", "synced", reauthorize, _is_renewed),
    Flow("integrate CSP", "nothing", integrate_csp, _works),
    Flow("reauthorize CSP", "csp", reauthorize_csp, _is_csp_renewed),
    Flow("access check", "csp", check_access, _works),
    Flow("remove", "synced", remove, _is_gone),
    Flow("remove where Microsoft is friendly", "synced", _with(FRIENDLY, remove), _is_gone),
    Flow("remove CSP", "csp", remove_csp, _is_csp_gone),
    Flow("remove CSP where Microsoft is friendly", "csp", _with(FRIENDLY, remove_csp), _is_csp_gone),
    Flow("remove all", "both", remove_all, _is_all_gone),
    Flow("mark a step as done", "removed CSP", mark_done, _is_marked),
    Flow("push End Users", "people", people.push, people.is_pushed),
    Flow("push assets", "people", people.push_assets, people.are_assets_pushed),
    Flow("move End Users", "people", people.move, people.is_moved),
    Flow("merge End Users", "people", people.merge, people.is_merged),
    Flow("erase End Users", "people", people.erase, people.is_erased),
    Flow("turn user sync on", "synced", links.turn_on, links.is_on),
    Flow("sync users", "linked", links.change, links.is_changed),
    Flow("sync one user", "linked", links.rename, links.is_renamed),
    Flow("undo link", "linked", links.undo, links.is_undone),
    Flow("remove with links", "linked", remove, _is_gone),
    Flow("unmap with links", "linked", unmap, _is_unmapped),
    Flow("link assets", "assets", assets.push, assets.are_linked),
    Flow("link asset by hand", "assets", assets.link, assets.is_linked),
    Flow("undo link of asset", "assets", assets.undo, assets.is_undone),
    Flow("assign asset", "assets", assets.assign, assets.is_assigned),
    Flow("remove with assets", "assets", remove, _is_gone_but_assigned),
    Flow("unmap with assets", "assets", unmap, _is_unmapped_but_assigned),
    Flow("delete Organization", "people", people.delete_organization, people.is_organization_gone),
)

__all__ = ["FLOWS", "Bases", "Case", "Died", "Flow", "settle"]
