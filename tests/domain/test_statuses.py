"""Statuses: the words and colours of the page, and how they move."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.statuses import COLOUR_OF, EXPLANATIONS, SyncCause, SyncLabel
from integrations.domain.sync_status import STALLED_AFTER, begin, move, wait_in_queue

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
LATER = NOW + timedelta(minutes=30)


def test_labels_and_colours_are_the_source_documents() -> None:
    told = {label.value: COLOUR_OF[label] for label in SyncLabel}

    assert told == {
        "Success": "green",
        "Pending": "orange",
        "Auth Error": "red",
        "Auth Pending": "orange",
        "Auth Failed": "red",
        "Error": "red",
    }


@pytest.mark.parametrize("cause", SyncCause)
def test_every_cause_is_explained_and_says_what_to_do(cause: SyncCause) -> None:
    said = EXPLANATIONS[cause]

    assert said.detail.endswith(".")
    assert said.remedy.endswith(".")
    if said.label is SyncLabel.PENDING:
        assert said.reason in {"waiting_on_microsoft", "blocked"}
        waits_for_somebody = {SyncCause.CSP_AUTH_BLOCKS, SyncCause.CSP_FAILED, SyncCause.PLAN_LOST}
        assert (cause in STALLED_AFTER) != (cause in waits_for_somebody)
    elif not cause.value.startswith("csp_"):
        assert said.reason == cause.value


def test_a_csps_reasons_are_the_source_documents_words() -> None:
    failed = {said.reason for said in EXPLANATIONS.values() if said.label is SyncLabel.AUTH_FAILED}

    assert failed == {"unknown", "no_mfa_prompt", "not_in_admin_agents", "no_child_tenants", "policy_blocking"}
    for said in EXPLANATIONS.values():
        if said.label is SyncLabel.AUTH_FAILED:
            assert "Reauthorize CSP" in said.remedy


def test_since_stays_while_the_cause_stays() -> None:
    first = move(begin(SyncCause.QUEUED, NOW), SyncCause.THROTTLED, NOW)
    second = move(first, SyncCause.THROTTLED, LATER)
    third = move(second, SyncCause.SYNCED, LATER)

    assert (first.since, second.since, third.since) == (NOW, NOW, LATER)
    assert (first.failures, second.failures, third.failures) == (1, 2, 0)


def test_last_sync_is_the_last_success_and_last_attempt_the_last_try() -> None:
    worked = move(begin(SyncCause.QUEUED, NOW), SyncCause.SYNCED, NOW)
    failed = move(worked, SyncCause.APP_REMOVED, LATER, evidence={"code": "AADSTS700016"})

    assert (failed.last_sync_at, failed.last_attempt_at) == (NOW, LATER)
    assert failed.is_auth_error
    assert failed.evidence == {"code": "AADSTS700016"}


def test_waiting_in_the_queue_is_no_attempt() -> None:
    worked = move(begin(SyncCause.NAME_READ, NOW), SyncCause.SYNCED, NOW)
    waiting = wait_in_queue(worked, LATER)
    still = wait_in_queue(waiting, LATER + timedelta(minutes=1))

    assert (waiting.label, waiting.since, still.since) == (SyncLabel.PENDING, LATER, LATER)
    assert waiting.last_attempt_at == NOW


@pytest.mark.parametrize("cause", STALLED_AFTER)
def test_a_waiting_state_is_stalled_past_its_limit_and_not_before(cause: SyncCause) -> None:
    status, limit = begin(cause, NOW), STALLED_AFTER[cause]

    assert not status.is_stalled(NOW + limit)
    assert status.is_stalled(NOW + limit + timedelta(seconds=1))


def test_what_does_not_wait_is_never_stalled() -> None:
    assert not begin(SyncCause.SYNCED, NOW).is_stalled(NOW + timedelta(days=30))
