"""``python -m local.demo``: the main job once, unattended, on free ports.

A single tenant is integrated, mapped and synced; a CSP is integrated whose customers are in six different states.
"""

import sys
import tempfile
import time
from pathlib import Path

from local.portal_client import PortalClient, csp_line, register, table
from local.ports import FREE
from local.processes import app_host, services
from local.worlds.csp import CUSTOMERS, add_csp

STATES = ("active", "expiring", "expired", "missing_relationship", "missing_roles", "missing_group")


def main() -> int:
    began = time.monotonic()

    def step(text: str) -> None:
        print(f"[{time.monotonic() - began:5.1f} s] {text}", flush=True)

    with tempfile.TemporaryDirectory() as folder, services(FREE, Path(folder), keep=False) as started:
        step(f"Azurite ({started.azurite}), the simulated Microsoft cloud and the portal's sign-in are running.")
        with app_host(started.settings, 0, Path(folder) / "app.log") as url:
            step(f"The app is running at {url}.")
            world = register(started, url)
            contoso = world.add_tenant(name="Contoso Dental", users=25, devices=12)
            alice = PortalClient(started, url)
            alice.integrate(contoso)
            step("Alice integrated Contoso Dental: its Global Administrator signed in and accepted the permissions.")
            alice.map(contoso, alice.organization("Contoso"))
            step("Alice mapped it to the Organization Contoso; the first sync is under way.")
            row = alice.await_sync(contoso)
            details = alice.ask("GET", f"/tenants/{contoso['id']}")
            counts = ", ".join(f"{it['count']} {it['dataset']}" for it in details["datasets"])
            step(f"Synced: {counts}.")
            csp = alice.integrate_csp(add_csp(world, STATES))
            step("Alice integrated the CSP Northwind Partner: one sign-in with MFA, six customers.")
            expected = sorted(CUSTOMERS[state].label for state in STATES)
            alice.await_customers(lambda labels: sorted(labels) == expected)
            above = alice.csp(csp)
            step("Each customer says how it stands.\n")
            print(csp_line(above))
            print(table(alice.rows()))
    is_single_well = row["sync_status"]["label"] == "Success" and row["syncro_tenant"]
    return 0 if is_single_well and above["sync_status"]["label"] == "Success" else 1


if __name__ == "__main__":
    sys.exit(main())
