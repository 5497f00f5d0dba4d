"""``python -m local``: everything on one machine, filled with a small world, until SIGTERM or Ctrl-C."""

import argparse
import dataclasses
import json
import sys
import time
from pathlib import Path

from local.azurite import NoAzurite
from local.example import fill
from local.portal_client import PortalClient, register
from local.ports import PortProblem, Ports, check_free, chosen_ports
from local.processes import CSP_REGISTRATION, ROOT, LocalServices, NotStarted, addresses, app_host, services
from local.signals import exit_on_signal, wait_for_signal
from local.state_folder import FolderInUse, StateFolder


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m local", description=__doc__)
    parser.add_argument("--services", action="store_true", help="only what the app needs; you run the app yourself")
    parser.add_argument("--state-dir", default=str(ROOT / ".local"), help="where data is kept")
    parser.add_argument("--fresh", action="store_true", help="delete the data of earlier starts first")
    parser.add_argument("--ports", default="", help="other ports, such as app=8071,table=11002; kept for later starts")
    arguments = parser.parse_args()
    exit_on_signal()
    folder = StateFolder(Path(arguments.state_dir))
    try:
        with folder.locked():
            ports = chosen_ports(arguments.ports, folder.path)
            check_free(ports, is_app_ours=not arguments.services)
            _prepare(folder, is_fresh=arguments.fresh)
            _run(folder, ports, only_services=arguments.services)
    except (FolderInUse, PortProblem, NoAzurite, NotStarted) as problem:
        print(f"\n{problem}", file=sys.stderr, flush=True)
    return 1


def _prepare(folder: StateFolder, *, is_fresh: bool) -> None:
    if folder.is_half_filled:
        print("The first start was interrupted while it made the example; it begins anew.", flush=True)
    if is_fresh or folder.is_half_filled:
        folder.reset()


def _run(folder: StateFolder, ports: Ports, *, only_services: bool) -> None:
    """Everything, until a signal ends the program."""
    began = time.monotonic()
    if not only_services and not folder.is_filled:
        folder.begin_example()
    print("Starting Azurite, the simulated Microsoft cloud and the portal's sign-in ...", flush=True)
    with services(ports, folder.path, keep=True) as ready:
        started = dataclasses.replace(ready, settings={**ready.settings, **CSP_REGISTRATION})
        if only_services:
            _print_services(started, ports)
            wait_for_signal()
        print("Starting the app ...", flush=True)
        with app_host(started.settings, ports.app, folder.path / "app.log") as url:
            fill(PortalClient(started, url), register(started, url), is_new=not folder.is_filled)
            folder.end_example()
            print(
                f"\nReady after {time.monotonic() - began:.0f} s.\n"
                f"  The page               {url}/api/page/\n"
                f"  The API                {url}/api/openapi.json\n"
                f"  Simulated Microsoft    {started.login_url} (sign-in), {started.graph_url} (Graph)\n"
                f"  Data, keys, the log    {folder.path}\n"
                "Your browser will warn once about the simulated Microsoft's certificate when you sign in there.\n"
                "Press Ctrl-C to stop. The next start goes on from here; make run FRESH=1 begins anew.",
                flush=True,
            )
            wait_for_signal()


def _print_services(started: LocalServices, ports: Ports) -> None:
    url = f"http://localhost:{ports.app}"
    register(started, url)
    values = {**started.settings, "FUNCTIONS_WORKER_RUNTIME": "python", **addresses(url)}
    print(
        "Running. Put this into local.settings.json, then start the app with `func start` or `python -m local.host`:\n"
    )
    print(json.dumps({"IsEncrypted": False, "Values": values}, indent=2))
    print("\nPress Ctrl-C to stop.", flush=True)


if __name__ == "__main__":
    sys.exit(main())
