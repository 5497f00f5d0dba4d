"""What the fault sequences call an early request."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from shared.microsoft.graph import Throttle
from tests.faults.lab.early import Departures

USERS, DEVICES, MANAGED = "/v1.0/users", "/v1.0/devices/delta", "/v1.0/deviceManagement/managedDevices"


def test_whoever_passes_the_gate_after_another_thread_was_told_to_wait_is_early(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    now = [100.0]
    departures, throttle = Departures(lambda: now[0]), Throttle(monotonic=lambda: now[0])
    departures.watch_gates(monkeypatch)

    with ThreadPoolExecutor(1) as other:

        def early_s(path: str) -> float:
            return other.submit(departures.early_s, path).result()

        other.submit(throttle.pause_s, 20.0).result()
        departures.told(USERS, 5.0)
        departures.acts()
        before = early_s(DEVICES)  # it could not know
        other.submit(throttle.pause_s, 20.0).result()
        after, elsewhere = early_s(DEVICES), early_s(MANAGED)
        now[0] += 5.0
        other.submit(throttle.pause_s, 20.0).result()
        in_time = early_s(DEVICES)

    assert (before, after, elsewhere, in_time) == (0.0, 5.0, 0.0, 0.0)
