"""A client that somebody else's generator makes of docs/openapi.json works: it drives the main journey over HTTP.

Needs an environment with openapi-python-client beside this repository's own; `make conformance` makes it.
"""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.flows.portal import Portal, open_portal

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
ENVIRONMENT = ROOT / ".venv-client" / "bin"
# No hooks: the code that is made is used as it is, and not kept.
CONFIGURATION = "project_name_override: portal-client\npackage_name_override: portal_client\npost_hooks: []\n"


@pytest.fixture
def portal(microsoft: Running, identity: PortalIdentity, storage: str) -> Iterator[Portal]:
    found = open_portal(microsoft, identity, storage)
    with found.host:
        yield found


@pytest.fixture
def made(tmp_path: Path) -> Path:
    """The folder of the client that was made, without a warning that something was left out."""
    (tmp_path / "configuration.yaml").write_text(CONFIGURATION)
    command = [
        ENVIRONMENT / "openapi-python-client", "generate", "--path", ROOT / "docs" / "openapi.json",
        "--output-path", tmp_path / "client", "--config", tmp_path / "configuration.yaml", "--fail-on-warning",
    ]  # fmt: skip
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 0, result.stdout + result.stderr
    return tmp_path / "client"


def test_a_generated_client_drives_the_main_journey(portal: Portal, made: Path) -> None:
    tenant = portal.has_tenant("Contoso Dental", users=5)
    address, token = portal.host.serve(listeners=False), portal.identity.token("alice")

    seen = driven(portal, made, address, token, tenant["admin"])

    assert seen["flow"] == ["waiting", "proven"]
    assert seen["replayed"] == "true"
    assert seen["organization"] == ["Contoso", "a.example"]
    assert seen["run"][0] == "done"
    assert {"users", "devices", "licenses"} <= set(seen["run"][1])
    assert len(seen["users"]) >= 5
    assert seen["row"][:3] == ["Contoso Dental", "Success", "-"]
    assert seen["row"][3].endswith("+00:00")
    assert seen["refused"] == ["cursor", 400]
    assert seen["removal"][0] == "removed"
    assert seen["removal"][1][:3] == ["done", "done", "done"]


def driven(portal: Portal, made: Path, address: str, token: str, admin: str) -> dict[str, Any]:
    """What the journey has seen at its end; the browser and the workers act when it asks for them."""
    command = [ENVIRONMENT / "python", HERE / "journey.py", address, token]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={"PYTHONPATH": str(made)},
    ) as journey:  # fmt: skip
        assert journey.stdin is not None
        assert journey.stdout is not None
        assert journey.stderr is not None
        for line in journey.stdout:
            asked = json.loads(line)
            if "done" in asked:
                return dict(asked["done"])
            if "browser" in asked:
                portal.send(portal.person(admin).follow(asked["browser"]))
            else:
                portal.run_queues()
            journey.stdin.write("\n")
            journey.stdin.flush()
        pytest.fail(journey.stderr.read())
