"""Every data set and every kind of fault, in seeded sequences: nothing is lost, and everything heals (5.5)."""

import socket
import threading
from collections import Counter
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

import pytest

from integrations.microsoft.registry import DATASETS
from local.microsoft.cloud import Running
from local.portal_identity import PortalIdentity
from tests.exhaustive import IS_FULL
from tests.faults.lab.report import IS_RELEASE, Budget, chance, tell, tell_progress
from tests.faults.lab.sequences import begin, every_pair
from tests.faults.lab.troubles import troubles
from tests.flows.portal import open_portal

_FULL = 10_000 if IS_RELEASE else 1_500
_A_COURSE = 100  # steps of one tenant, on a storage of its own: an emulator slows with what it holds


@pytest.fixture
def canary() -> Iterator[tuple[str, list[object]]]:
    """A foreign host that listens, and what came to it."""
    came: list[object] = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.2)
        is_over = threading.Event()

        def listen() -> None:
            while not is_over.is_set():
                try:
                    connection, address = server.accept()
                except TimeoutError:
                    continue
                came.append(address)
                connection.close()

        listener = threading.Thread(target=listen)
        listener.start()
        yield f"https://localhost:{server.getsockname()[1]}", came
        is_over.set()
        listener.join()


@pytest.mark.timeout(4 * 3600)
@pytest.mark.parametrize("number", [1, 2])
def test_no_fault_of_any_data_set_loses_a_row_or_leaves_a_mark(
    microsoft: Running,
    identity: PortalIdentity,
    _unused: Iterator[str],  # noqa: PT019 - each course takes the next one
    monkeypatch: pytest.MonkeyPatch,
    canary: tuple[str, list[object]],
    number: int,
) -> None:
    (address, came), dice, budget = canary, chance(f"sequences {number}"), Budget.of("sequences", parts=2)
    plan = islice(every_pair(microsoft.graph_url, address, dice), _FULL)
    tried: Counter[tuple[str, str]] = Counter()
    breaks: list[str] = []
    hosts: set[str] = set()
    while (steps := list(islice(plan, _A_COURSE))) and not budget.is_spent and len(breaks) < 10:
        microsoft.world.reset()
        course = begin(open_portal(microsoft, identity, next(_unused)), monkeypatch, dice)
        for trouble, target in steps:
            if budget.is_spent:
                break
            course.step(trouble, target)
            tried[trouble.name, target.name if target else ""] += 1
        breaks += course.breaks
        hosts |= course.watch.hosts
    kinds = {it.name for it in troubles(microsoft.graph_url, address)}
    pairs = len(kinds) * (sum(it.first_request is not None for it in DATASETS) + 1)
    tell_progress(f"sequences {number}", tried.total(), _FULL, budget)
    tell(
        f"  {len({it for it, _ in tried})} of {len(kinds)} kinds of fault, {len(tried)} of {pairs} pairs with data sets"
    )
    assert not breaks, "\n".join(breaks)
    assert not came
    assert hosts == {urlsplit(microsoft.graph_url).netloc}
    assert not IS_FULL or len(tried) == pairs
