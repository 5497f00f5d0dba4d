"""Every data set and every kind of fault, in seeded sequences: nothing is lost, and everything heals (5.5)."""

import socket
import threading
from collections.abc import Iterator
from itertools import islice
from urllib.parse import urlsplit

import pytest

from integrations.microsoft.datasets import DATASETS
from tests.faults.lab.report import IS_FULL, IS_RELEASE, Budget, tell
from tests.faults.lab.sequences import begin, troubles
from tests.flows.portal import Portal

_BOUND_S = 45.0  # of each seed
_FULL = 10_000 if IS_RELEASE else 1_500


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
@pytest.mark.parametrize("seed", [20_261_123, 20_261_127])
def test_no_fault_of_any_data_set_loses_a_row_or_leaves_a_mark(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, canary: tuple[str, list[object]], seed: int
) -> None:
    address, came = canary
    course, budget = begin(portal, monkeypatch, address, seed), Budget(_BOUND_S)
    for step in islice(course.plan(), _FULL):
        if budget.is_spent or len(course.breaks) >= 10:
            break
        course.step(*step)
    kinds = {it.name for it in troubles(portal.microsoft.graph_url, address)}
    pairs = len(kinds) * (len(DATASETS) + 1)
    tell(
        f"sequences of seed {seed}: {course.tried.total()}, {len({kind for kind, _ in course.tried})} of {len(kinds)} "
        f"kinds of fault, {len(course.tried)} of {pairs} pairs of a kind and a data set, {len(course.breaks)} broke, "
        f"{budget.seconds} s"
    )
    assert not course.breaks, "\n".join(course.breaks)
    assert not came
    assert course.watch.hosts == {urlsplit(portal.microsoft.graph_url).netloc}
    assert not IS_FULL or len(course.tried) == pairs
