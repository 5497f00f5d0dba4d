"""Tests of storage do not wait long before a retry."""

import pytest


@pytest.fixture(autouse=True)
def _short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared.storage.retries._BASE_DELAY_S", 0.01)
