"""Hours of kills, restarts and faults; nothing that was acknowledged is lost. Part of `make faults FULL=release` only.

``SOAK_MINUTES`` says how long (30); two hours are the goal before a release.
"""

import os
import random
import threading
import time
from pathlib import Path

import pytest

from local.ports import free_ports
from tests.faults.lab.app import wait_until
from tests.faults.lab.lab import Lab
from tests.faults.lab.report import IS_RELEASE, tell
from tests.faults.lab.rules import at_rest
from tests.faults.lab.soak import Client, Program, client, every, lasting_azurite

MINUTES = float(os.environ.get("SOAK_MINUTES") or (30 if IS_RELEASE else 0))
_CLIENTS = 6
_FAULTS = 0.05


if MINUTES:

    @pytest.mark.timeout(int(MINUTES * 60) + 1800)
    def test_nothing_acknowledged_is_lost(lab: Lab, tmp_path: Path) -> None:
        chance = random.Random(8)
        blob, queue, table, port = free_ports(4)
        with lasting_azurite(tmp_path, (blob, queue, table)) as (connection, restart):
            env = lab.begin_on(connection)
            program = Program(env, port, tmp_path / "host.log")
            clients = [_client(lab, program, number) for number in range(_CLIENTS)]
            ended, until = threading.Event(), time.monotonic() + MINUTES * 60
            lab.faults(_FAULTS)
            trouble = [
                every(lambda: chance.uniform(60, 120), program.again, ended),
                every(lambda: 600.0, restart, ended),
            ]
            workers = [
                threading.Thread(target=it.work, args=(until, random.Random(number)))
                for number, it in enumerate(clients)
            ]
            for thread in workers:
                thread.start()
            for thread in workers:
                thread.join()
            ended.set()
            for thread in trouble:
                thread.join()
            lab.faults(0.0)
            _check(lab, program, clients)
            program.kill()


def _client(lab: Lab, program: Program, number: int) -> Client:
    portal = client(program, lab.identity, lab.microsoft)
    tenant = portal.has_tenant(f"Soaked {number}", users=5)
    started = portal.start()
    portal.accepts(portal.signs_in(started, tenant["admin"]), tenant["admin"])
    assert wait_until(lambda: portal.flow(started["flow_id"])["state"] == "proven", 120)
    portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=201)
    return Client(portal, tenant, [portal.organization(f"Soak {number} {it}") for it in range(2)])


def _check(lab: Lab, program: Program, clients: list[Client]) -> None:
    """Five quiet minutes, then the page, the ledger and the store agree."""
    quiet = time.monotonic() + 300
    while time.monotonic() < quiet:
        program.fire_timer("reconcile_timer")
        time.sleep(30)
    lost = [
        f"{it.tenant['name']}: {it.shown()} instead of {it.mapped_to}" for it in clients if it.shown() != it.mapped_to
    ]
    pending = [it.tenant["name"] for it in clients if it.portal.status(it.tenant) != "Success"]
    breaks = at_rest(lab.storage.read(), clients[0].portal.clock(), lab.canaries())
    told = sum(it.acknowledged for it in clients)
    tell(
        f"soak: {MINUTES:g} minutes, {told} acknowledged, {sum(it.unknown for it in clients)} without an answer, "
        f"{program.starts - 1} kills; {len(lost)} lost, {len(pending)} stuck, {len(breaks)} rules broken"
    )
    assert told
    assert lost + pending + [note for it in clients for note in it.breaks] == []
    assert breaks == []
