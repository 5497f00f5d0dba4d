"""``python -m tests.fuzz.run [requests]``: the app over real HTTP, on real Azurite and before the simulated Microsoft,
is sent that many requests made of docs/openapi.json, with a token and without. It must answer none with 5xx.

Ends with 1 when there was such an answer, or when fewer requests were answered than asked for.
"""

import json
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from local.azurite import running_azurite
from local.microsoft.cloud import running_microsoft
from local.portal_identity import PERSONAS, running_portal_identity
from shared.telemetry.log import quiet_libraries
from tests.flows.portal import Portal, open_portal
from tests.flows.routes import populated

ROOT = Path(__file__).resolve().parents[2]
PYTHON = ROOT / ".venv-fuzz" / "bin" / "python"
REQUESTS, CLIENTS = 50_000, 2
WITHIN_S = 4 * 3600


def main(count: int) -> int:
    quiet_libraries()
    with (
        running_azurite() as azurite,
        tempfile.TemporaryDirectory() as scratch,
        running_microsoft(Path(scratch)) as microsoft,
        running_portal_identity() as identity,
    ):
        portal = open_portal(microsoft, identity, azurite.connection_strings[0])
        with portal.host:
            known = populated(portal)
            address = portal.host.serve()
            told = {
                "count": -(-count // CLIENTS),
                "token_url": f"{identity.issuer}/token",
                "personas": ["alice"] * 5 + sorted(PERSONAS),  # most of them by whom the known things belong to
                "known": known,
                "plausible": plausible(portal, known),
            }
            answers = sent(f"{address}/api", told)
    return judged(answers, count)


def plausible(portal: Portal, known: dict[str, str]) -> dict[str, list[Any]]:
    """Values that get a request past the first look at it."""
    version = portal.ask("GET", "/prerequisites/csp")["version"]
    return {
        "tenant_id": [known["tenant_id"]],
        "organization_id": [known["organization_id"]],
        "limit": ["1", "2", "1000"],
        "cursor": [known["organization_id"], known["run_id"]],
        "since": ["2026-01-01T00:00:00Z", "1970-01-01T00:00:00+14:00"],
        "until": ["2100-01-01T00:00:00Z", "8999-12-31T23:59:59-12:00"],
        "kind": ["single", "csp", "users", "audit"],
        "prerequisites": [{"accepted": True, "version": version}, None],
        "sort": ["name", "-name", "status"],
        "status": ["Success", "Pending"],
        "csp": [known["integration_id"]],
        "mapped": ["true", "false"],
        "ignored": ["true", "false", True, False],
        "name": ["Acme", "=1+1", "a" * 256],
        "domains": [["acme.example"], []],
        "syncro_tenant_id": [None],
    }


def sent(address: str, told: dict[str, Any]) -> list[dict[str, Any]]:
    """What each of the clients, side by side, was answered."""
    command = [PYTHON, ROOT / "tests" / "fuzz" / "client.py", ROOT / "docs" / "openapi.json", address]
    clients = [
        subprocess.Popen([*command, str(number)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(1, CLIENTS + 1)
    ]
    try:
        for client in clients:
            assert client.stdin is not None
            client.stdin.write(json.dumps(told))
            client.stdin.close()
            client.stdin = None
        return [json.loads(client.communicate(timeout=WITHIN_S)[0]) for client in clients]
    finally:
        for client in clients:
            client.kill()


def judged(answers: list[dict[str, Any]], count: int) -> int:
    statuses: Counter[str] = Counter()
    for answer in answers:
        statuses.update(answer["statuses"])
    faults = [fault for answer in answers for fault in answer["faults"]]
    for fault in faults:
        print(json.dumps(fault, indent=1))  # noqa: T201 - what this program is for
    broken = sum(number for told, number in statuses.items() if int(told.rpartition(" ")[2]) >= 500)
    print(json.dumps({"answered": statuses.total(), "5xx": broken, "statuses": dict(sorted(statuses.items()))}))  # noqa: T201
    return int(broken > 0 or statuses.total() < count)


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else REQUESTS))
