"""The simulated cloud goes on after a restart with what it knew, as long as it can be read."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from local.microsoft.control import World
from local.microsoft.state_file import StateFile
from local.worlds.csp import CUSTOMERS, add_csp
from tests.exhaustive import exhaustive
from tests.waiting import HANGS_S, until

ROOT = Path(__file__).resolve().parents[3]
APP = "c0ffee00-0000-4000-8000-000000000001"


class Process:
    """A cloud in a process of its own."""

    def __init__(self, folder: Path) -> None:
        ports = [f"--{name}-port=0" for name in ("login", "graph", "partner")]
        command = [sys.executable, "-m", "local.microsoft", "--keep", f"--state-dir={folder}", *ports]
        self._process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        where = json.loads(self._process.stdout.readline())
        self.world = World(where["graph_url"], where["ca_file"])

    def end(self, how: signal.Signals = signal.SIGTERM) -> str:
        """What it said on stderr."""
        self.world.close()
        self._process.send_signal(how)
        return self._process.communicate(timeout=HANGS_S)[1]


@contextmanager
def cloud(folder: Path) -> Iterator[World]:
    process = Process(folder)
    try:
        yield process.world
    finally:
        assert process.end() == ""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Of a cloud that has ended: one tenant has consented."""
    with cloud(tmp_path) as world:
        world.register_app(client_id=APP, app_roles=["User.Read.All"], delegated=["User.Read"])
        contoso = world.add_tenant(name="Contoso", users=30, devices=5)
        world.consent(tenant_id=contoso["id"], client_id=APP)
    return tmp_path


def roles(world: World) -> list[str]:
    (contoso,) = world.tenants()
    return list(world.service_principal(contoso["id"], APP)["app_roles"])


def test_what_a_tenant_consented_to_is_known_after_a_restart(folder: Path) -> None:
    with cloud(folder) as world:
        assert roles(world) == ["User.Read.All"]


def test_a_whole_world_of_partners_is_known_after_a_restart(tmp_path: Path) -> None:
    with cloud(tmp_path) as world:
        add_csp(world, list(CUSTOMERS))
        before = world.tenants()
    with cloud(tmp_path) as world:
        assert world.tenants() == before
        assert len(before) == len(CUSTOMERS) + 1


def test_what_happened_shortly_before_a_kill_is_known_after_it(folder: Path) -> None:
    process = Process(folder)
    file = folder / "world.state"
    before = file.read_bytes()
    process.world.add_tenant(name="Fabrikam")
    until(lambda: file.exists() and file.read_bytes() != before)
    process.end(signal.SIGKILL)
    with cloud(folder) as world:
        assert [it["name"] for it in world.tenants()] == ["Contoso", "Fabrikam"]


@pytest.mark.parametrize("torn", [b"\x80", *exhaustive(b"", None)])
def test_a_torn_state_gives_way_to_the_one_before_it(folder: Path, torn: bytes | None) -> None:
    state = folder / "world.state"
    (folder / "world.state.previous").write_bytes(state.read_bytes())
    state.write_bytes(state.read_bytes()[:500] if torn is None else torn)
    with cloud(folder) as world:
        assert roles(world) == ["User.Read.All"]


def test_a_kill_between_two_files_leaves_the_older_one(folder: Path) -> None:
    (folder / "world.state").replace(folder / "world.state.previous")
    with cloud(folder) as world:
        assert roles(world) == ["User.Read.All"]


def test_where_no_state_can_be_read_the_cloud_begins_anew_and_says_so(folder: Path) -> None:
    for name in ("world.state", "world.state.previous"):
        (folder / name).write_bytes(b"no state")
    process = Process(folder)
    assert process.world.tenants() == []
    assert "make run FRESH=1" in process.end()


def test_a_state_that_other_code_wrote_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    StateFile(tmp_path).write(b"mine")
    assert list(StateFile(tmp_path).states()) == [b"mine"]
    monkeypatch.setattr("local.microsoft.state_file._version", lambda: bytes(32))
    assert list(StateFile(tmp_path).states()) == []


@pytest.mark.parametrize("damaged", ["server.pem", *exhaustive("ca.pem")])
def test_a_damaged_certificate_is_made_anew(folder: Path, damaged: str) -> None:
    (folder / damaged).write_bytes(b"")
    with cloud(folder) as world:
        assert roles(world) == ["User.Read.All"]
