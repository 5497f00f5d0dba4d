"""What every benchmark uses: a stage to play on, clients in processes of their own, and one line of result."""

import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.microsoft.control import World
from local.portal_client import register
from local.ports import FREE
from local.processes import ROOT, services

OUT = ROOT / "benchmarks" / "out"
PEERS = ROOT / ".venv-benchmarks" / "bin" / "python"
_PORTAL = "http://localhost:7071"
_storage: list[str] = []  # the emulators that this program has used, as reports name them


@dataclass(frozen=True)
class Stage:
    """Azurite, the simulated Microsoft cloud and the portal's sign-in, each a process of its own."""

    settings: dict[str, str]
    graph_url: str
    login_url: str
    personas_url: str
    ca_file: str
    keeps_pace: bool

    @property
    def world(self) -> World:
        return World(self.graph_url, self.ca_file)

    def client(self, job: str, **told: Any) -> dict[str, Any]:
        """Do a job of ``benchmarks.client`` in a fresh process, so that only the client's CPU and memory count."""
        ways = {"settings": self.settings, "keeps_pace": self.keeps_pace}
        return run([sys.executable, "-m", "benchmarks.client"], {"job": job, **ways, **told})


def run(command: Sequence[str], told: dict[str, Any]) -> dict[str, Any]:
    """Start a program with one JSON argument on its input; its last line is a JSON answer."""
    done = subprocess.run(
        [*map(str, command)], input=json.dumps(told), capture_output=True, text=True, cwd=ROOT, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{command[-1]} failed:\n{done.stderr[-4000:]}")
    answer: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    return answer


@contextmanager
def stage(*, keeps_pace: bool = True) -> Iterator[Stage]:
    """A stage of the program's own: Azurite slows with all that it holds.

    Where no time is measured nobody need wait for his turn at Microsoft's reports: without ``keeps_pace`` the simulated
    cloud has no limits, and the product keeps none.
    """
    with tempfile.TemporaryDirectory() as folder, services(FREE, Path(folder), keep=False) as started:
        settings = {**started.settings, "PUBLIC_URL": _PORTAL, "PORTAL_URL": f"{_PORTAL}/api/page"}
        register(started, _PORTAL)
        if started.azurite_described not in _storage:
            _storage.append(started.azurite_described)
        urls = (started.graph_url, started.login_url, started.personas_url)
        found = Stage(settings, *urls, started.ca_file, keeps_pace)
        found.world.switch(throttling=keeps_pace)
        yield found


def tenant_of(world: World, name: str, users: int, seed: int = 1, **more: Any) -> str:
    """A tenant that has consented; its id."""
    tenant = world.add_tenant(name=name, users=users, seed=seed, **more)
    world.consent(tenant_id=tenant["id"], client_id=_client_id())
    return str(tenant["id"])


def _client_id() -> str:
    from local.processes import CLIENT_ID  # noqa: PLC0415 - reads best here

    return CLIENT_ID


def median(measure: Callable[[], float], times: int) -> float:
    return statistics.median(measure() for _ in range(times))


def record(name: str, against: str, *, ratio: float, goal: str, met: bool, **figures: Any) -> None:
    """Print what was measured, and keep it as one line of ``benchmarks/out/<name>.jsonl``."""
    told = {"name": name, "ratio": round(ratio, 4), "against": against, "goal": goal, "met": met, "storage": _storage}
    OUT.mkdir(parents=True, exist_ok=True)
    kept = OUT / f"{name.split('-', maxsplit=1)[0]}.jsonl"
    before = kept.read_text().splitlines() if kept.exists() else []
    others = [line for line in before if json.loads(line)["name"] != name]
    kept.write_text("\n".join([*others, json.dumps({**told, "figures": figures})]) + "\n")
    print(f"{name:28} {ratio:9.3f} x {against:44} goal {goal:28} {'met' if met else 'MISSED'}  {figures}", flush=True)
