"""The example that `make run` shows: two tenants and a CSP that are integrated, and two tenants that nobody has."""

from local.microsoft.control import Tenant, World
from local.portal_client import PortalClient
from local.processes import CLIENT_ID
from local.worlds.csp import CUSTOMERS, add_csp

_PARTNER_ID = "c0de0002-0000-4000-8000-0000000000c5"
_UNCONNECTED = ("Tailspin Toys", "Wingtip Clinics")


def fill(alice: PortalClient, world: World, *, is_new: bool) -> None:
    """Integrate a CSP, a tenant that is mapped and synced, and one that is only connected.

    Without ``is_new`` nothing is integrated, so that what somebody removed stays removed. Whatever the simulated
    Microsoft does not know any more is made there again, with its consents.
    """
    there = {it["name"]: it for it in world.tenants()}
    contoso = there.get("Contoso Dental") or world.add_tenant(name="Contoso Dental", users=25, devices=12, seed=1)
    fabrikam = there.get("Fabrikam Legal") or world.add_tenant(name="Fabrikam Legal", users=120, devices=80, seed=2)
    others = [
        there.get(name) or world.add_tenant(name=name, users=40, seed=seed) for seed, name in enumerate(_UNCONNECTED, 3)
    ]
    known = {row["tenant_id"] for row in alice.rows()}
    for tenant in (contoso, fabrikam, *others):
        if tenant["id"] in known and tenant["name"] not in there:
            world.consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    if _PARTNER_ID not in {it["id"] for it in there.values()}:
        _add_csp(alice, world, is_new=is_new)
    for tenant, organization in ((contoso, "Contoso"), (fabrikam, "")) if is_new else ():
        if tenant["id"] not in known:
            _integrate(alice, tenant, organization)


def _integrate(alice: PortalClient, tenant: Tenant, organization: str) -> None:
    print(f"  integrating {tenant['name']} ...", flush=True)
    alice.integrate(tenant)
    if organization:
        alice.map(tenant, alice.organization(organization))
        print(f"  syncing {tenant['name']} ...", flush=True)
        alice.await_sync(tenant)


def _add_csp(alice: PortalClient, world: World, *, is_new: bool) -> None:
    """A CSP with a customer in each state; its sign-in is renewed when the data holds it already."""
    partner = add_csp(world, list(CUSTOMERS), tenant_id=_PARTNER_ID)
    held = next((it["id"] for it in alice.ask("GET", "/integrations")["csps"] if it["tenant_id"] == _PARTNER_ID), None)
    if not held and not is_new:
        return
    print(f"  {'reauthorizing' if held else 'integrating'} {partner['name']} ...", flush=True)
    if held:
        alice.reauthorize_csp(partner, held)
    else:
        alice.integrate_csp(partner)
