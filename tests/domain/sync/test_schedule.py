"""When a tenant is looked at next."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.retry_delays import consent_propagation_s, refused_credential
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import is_as_planned, next_due, round_robin, slot_after
from integrations.domain.sync_status import begin, move

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
PERIOD = timedelta(minutes=30)
WELL = move(begin(SyncCause.QUEUED, NOW), SyncCause.SYNCED, NOW)


def minutes(**options: float | bool) -> float:
    told = {"is_mapped": True, "chance": 0.5, "wait_s": None, **options}
    return (next_due(WELL, now=NOW, period=PERIOD, **told) - NOW) / timedelta(minutes=1)  # type: ignore[arg-type]


@pytest.mark.parametrize(("chance", "expected"), [(0.0, 27), (0.5, 30), (1.0, 33)])
def test_a_mapped_tenant_is_due_in_half_an_hour_give_or_take_a_tenth(chance: float, expected: float) -> None:
    assert minutes(chance=chance) == expected


def test_an_unmapped_tenant_is_looked_at_once_a_day() -> None:
    assert minutes(is_mapped=False) == 24 * 60


@pytest.mark.parametrize(
    ("wait_s", "expected"), [(0, 1 / 60), (-5, 1 / 60), (30, 0.5), (900, 15), (10**9, 15)], ids=str
)
def test_a_wait_that_was_asked_for_is_kept_within_bounds(wait_s: float, expected: float) -> None:
    assert minutes(wait_s=wait_s) == pytest.approx(expected)


def test_a_refused_credential_is_probed_ever_more_rarely() -> None:
    refused, pauses = WELL, []
    for _ in range(6):
        refused = move(refused, SyncCause.APP_REMOVED, NOW)
        due = next_due(refused, is_mapped=True, now=NOW, period=PERIOD, chance=0.9)
        pauses.append((due - NOW) / timedelta(minutes=1))

    assert pauses == [30, 60, 120, 240, 360, 360]


def test_probing_never_pauses_longer_than_six_hours() -> None:
    assert refused_credential(10_000, PERIOD) == timedelta(hours=6)
    assert refused_credential(0, PERIOD) == PERIOD


def test_looking_for_a_consent_slows_down() -> None:
    assert [consent_propagation_s(attempt) for attempt in range(7)] == [1, 2, 4, 8, 16, 30, 30]
    assert consent_propagation_s(10_000) == 30


def test_the_slot_after_keeps_the_beat_however_late_it_was_looked_at() -> None:
    """A look up to five minutes late does not push the next slot; after an outage the beat begins anew."""
    late, outage = NOW - timedelta(minutes=4), NOW - timedelta(hours=5)

    assert slot_after(late, NOW, PERIOD, 0.5) == late + PERIOD
    assert slot_after(outage, NOW, PERIOD, 0.5) == NOW + timedelta(minutes=25)
    assert slot_after(NOW, NOW, PERIOD, 0.0) == NOW + timedelta(minutes=27)


@pytest.mark.parametrize(("minutes", "expected"), [(0, True), (11, True), (-11, True), (12, False), (330, False)])
def test_a_next_look_near_the_planned_one_is_the_planned_one(minutes: int, expected: bool) -> None:
    assert is_as_planned(NOW + timedelta(minutes=minutes), NOW, PERIOD) is expected


def test_accounts_take_turns_and_each_keeps_its_own_order() -> None:
    waiting = ["big 1", "big 2", "big 3", "small 1", "big 4", "other 1", "small 2"]

    assert round_robin(waiting, lambda it: it.split()[0]) == [
        "big 1", "small 1", "other 1", "big 2", "small 2", "big 3", "big 4",
    ]  # fmt: skip
    assert round_robin([], str) == []
