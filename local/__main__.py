"""``python -m local``: everything on one machine, filled with a small world, until SIGTERM or Ctrl-C."""

import argparse
import json
import time
from pathlib import Path

from local.microsoft.control import World
from local.portal_client import PortalClient, register
from local.processes import ROOT, LocalServices, Ports, app_host, services
from local.signals import exit_on_signal, wait_for_signal
from local.worlds.csp import CUSTOMERS, add_csp

_PARTNER_ID = "c0de0002-0000-4000-8000-0000000000c5"
_UNCONNECTED = ("Tailspin Toys", "Wingtip Clinics")


def _fill(started: LocalServices, url: str, world: World) -> None:
    """A tenant that is mapped and synced, one that is only connected, and some that nobody has connected yet."""
    alice = PortalClient(started, url)
    contoso = world.add_tenant(name="Contoso Dental", users=25, devices=12, seed=1)
    fabrikam = world.add_tenant(name="Fabrikam Legal", users=120, devices=80, seed=2)
    others = [world.add_tenant(name=name, users=40, seed=seed) for seed, name in enumerate(_UNCONNECTED, 3)]
    known = {row["tenant_id"] for row in alice.rows()}
    for tenant in (contoso, fabrikam, *others):
        if tenant["id"] in known:  # of an earlier start: the data was kept, the simulated consent was not
            world.consent(tenant_id=tenant["id"], client_id=started.settings["MICROSOFT_CLIENT_ID"])
    _fill_csp(alice, world)
    for tenant, organization in ((contoso, "Contoso"), (fabrikam, "")):
        if tenant["id"] in known:
            continue
        print(f"  integrating {tenant['name']} ...", flush=True)
        alice.integrate(tenant)
        if organization:
            alice.map(tenant, alice.organization(organization))
            print(f"  syncing {tenant['name']} ...", flush=True)
            alice.await_sync(tenant)


def _fill_csp(alice: PortalClient, world: World) -> None:
    """A CSP with a customer in each state; its sign-in is renewed when its data is of an earlier start."""
    partner = add_csp(world, list(CUSTOMERS), tenant_id=_PARTNER_ID)
    held = next((it["id"] for it in alice.ask("GET", "/integrations")["csps"] if it["tenant_id"] == _PARTNER_ID), None)
    print(f"  {'reauthorizing' if held else 'integrating'} {partner['name']} ...", flush=True)
    if held:
        alice.reauthorize_csp(partner, held)
    else:
        alice.integrate_csp(partner)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--services", action="store_true", help="only what the app needs; you run the app yourself")
    parser.add_argument("--state-dir", default=str(ROOT / ".local"), help="where data is kept")
    arguments = parser.parse_args()
    exit_on_signal()
    ports, began = Ports(), time.monotonic()
    print("Starting Azurite, the simulated Microsoft cloud and the portal's sign-in ...", flush=True)
    with services(ports, Path(arguments.state_dir), keep=True) as started:
        if arguments.services:
            _print_services(started, ports)
            wait_for_signal()
        print("Starting the app ...", flush=True)
        log = Path(arguments.state_dir) / "app.log"
        with app_host(started.settings, ports.host, log) as url:
            _fill(started, url, register(started, url))
            print(
                f"\nReady after {time.monotonic() - began:.0f} s.\n"
                f"  The page               {url}/api/page/\n"
                f"  The API                {url}/api/openapi.json\n"
                f"  Simulated Microsoft    {started.login_url} (sign-in), {started.graph_url} (Graph)\n"
                f"  Data, keys, the log    {arguments.state_dir}\n"
                "Your browser will warn once about the simulated Microsoft's certificate when you sign in there.\n"
                "Press Ctrl-C to stop.",
                flush=True,
            )
            wait_for_signal()


def _print_services(started: LocalServices, ports: Ports) -> None:
    url = f"http://localhost:{ports.host}"
    register(started, url)
    values = {
        **started.settings,
        "FUNCTIONS_WORKER_RUNTIME": "python",
        "PUBLIC_URL": url,
        "PORTAL_URL": f"{url}/api/page",
    }
    print(
        "Running. Put this into local.settings.json, then start the app with `func start` or `python -m local.host`:\n"
    )
    print(json.dumps({"IsEncrypted": False, "Values": values}, indent=2))
    print("\nPress Ctrl-C to stop.", flush=True)


if __name__ == "__main__":
    main()
