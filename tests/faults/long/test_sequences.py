"""Every data set and every kind of fault, in seeded sequences: nothing is lost, and everything heals (5.5)."""

import socket
import threading
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from tests.faults.lab.report import IS_FULL, IS_RELEASE, Budget, tell
from tests.faults.lab.sequences import begin, troubles
from tests.flows.portal import Portal

_BOUND_S = 90.0
_FULL = 20_000 if IS_RELEASE else 3_000


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
def test_no_fault_of_any_data_set_loses_a_row_or_leaves_a_mark(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, canary: tuple[str, list[object]]
) -> None:
    address, came = canary
    course, budget, done = begin(portal, monkeypatch, address, seed=20_261_123), Budget(_BOUND_S), 0
    while done < _FULL and not budget.is_spent and len(course.breaks) < 10:
        course.step()
        done += 1
    kinds = len(troubles(portal.microsoft.graph_url, address))
    tell(
        f"sequences: {done}, {len(course.tried)} of {kinds} kinds of fault ({min(course.tried.values())} to "
        f"{max(course.tried.values())} times each), {len(course.breaks)} broke, {budget.seconds} s"
    )
    assert not course.breaks, "\n".join(course.breaks)
    assert not came
    assert course.watch.hosts == {urlsplit(portal.microsoft.graph_url).netloc}
    assert not IS_FULL or len(course.tried) == kinds
