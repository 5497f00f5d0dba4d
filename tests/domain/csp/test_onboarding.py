"""How far our application is in a customer's tenant: stages, waits, retries and what counts as stalled."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.csp import onboarding
from integrations.domain.csp.gdap import Consent
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.refusals import Hindrance

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
TOLD = {"code": "AADSTS65001"}


def minutes(count: float) -> timedelta:
    return timedelta(minutes=count)


def test_consent_waits_a_quarter_of_an_hour_after_activation() -> None:
    fresh = onboarding.begin(NOW)

    assert onboarding.plan(fresh, NOW, effective_at=NOW - minutes(5), permissions="p").next_at == NOW + minutes(10)
    assert onboarding.plan(fresh, NOW, effective_at=NOW - minutes(60), permissions="p").next_at == NOW
    assert onboarding.plan(fresh, NOW, effective_at=None, permissions="p").next_at is None


def test_a_planned_step_is_not_put_off_by_planning_again() -> None:
    planned = onboarding.plan(onboarding.begin(NOW), NOW, effective_at=NOW - minutes(60), permissions="p")

    assert onboarding.plan(planned, NOW + minutes(3), effective_at=NOW - minutes(60), permissions="p") == planned


def test_looks_grow_further_apart() -> None:
    it, now, pauses = onboarding.begin(NOW), NOW, []
    for _ in range(7):
        it = onboarding.wait(it, Stage.REQUESTED, now, TOLD)
        assert it.next_at is not None
        pauses.append((it.next_at - now).total_seconds())
        now = it.next_at

    assert pauses == [15, 30, 60, 120, 300, 300, 300]


@pytest.mark.parametrize(("stage", "stalls", "ends"), [(Stage.REQUESTED, 15, 30), (Stage.GRANTED, 45, 90)])
def test_a_stage_stalls_is_pushed_once_more_and_is_given_up_in_the_end(stage: Stage, stalls: int, ends: int) -> None:
    it = onboarding.wait(onboarding.begin(NOW), stage, NOW, TOLD)

    assert not it.is_stalled(NOW + minutes(stalls - 1))
    at = NOW + minutes(stalls)
    assert it.is_stalled(at)
    assert onboarding.must_request_consent(it, at)
    pushed = onboarding.wait(it, stage, at, TOLD)
    assert not onboarding.must_request_consent(pushed, at + minutes(1))
    assert onboarding.wait(pushed, stage, NOW + minutes(ends), TOLD).stage is Stage.REFUSED


def test_a_refusal_is_tried_again_at_growing_distances() -> None:
    it, now, pauses = onboarding.begin(NOW), NOW, []
    for _ in range(6):
        it = onboarding.refuse(it, now, TOLD)
        assert it.next_at is not None
        pauses.append((it.next_at - now).total_seconds() / 60)
        now = it.next_at

    assert pauses == [5, 15, 30, 60, 360, 360]
    assert it.since == NOW
    assert onboarding.must_request_consent(it, now)


def test_what_stands_goes_on_working_while_permissions_are_topped_up() -> None:
    done = onboarding.finish(NOW, "old")
    same = onboarding.plan(done, NOW, effective_at=NOW, permissions="old")
    short = onboarding.plan(done, NOW, effective_at=NOW, permissions="new")

    assert (same.next_at, short.next_at, short.consent) == (None, NOW, Consent.DONE)
    assert onboarding.must_request_consent(short, NOW)
    assert onboarding.wait(short, Stage.GRANTED, NOW, TOLD).stage is Stage.DONE
    refused = onboarding.refuse(short, NOW, TOLD)
    assert (refused.stage, refused.next_at) == (Stage.DONE, NOW + minutes(360))
    assert onboarding.plan(refused, NOW, effective_at=NOW, permissions="new").next_at == refused.next_at


def test_a_step_under_way_goes_on_when_the_relationship_works_again() -> None:
    asked = onboarding.wait(onboarding.begin(NOW), Stage.REQUESTED, NOW, TOLD)
    paused = onboarding.plan(asked, NOW, effective_at=None, permissions="p")

    assert paused.next_at is None
    assert not paused.is_due(NOW)
    assert onboarding.plan(paused, NOW, effective_at=NOW, permissions="p").next_at == NOW


def test_a_consent_that_was_taken_away_is_asked_for_again_after_five_minutes() -> None:
    lapsed = onboarding.lapse(NOW, TOLD)

    assert (lapsed.consent, lapsed.next_at) == (Consent.REFUSED, NOW + minutes(5))


@pytest.mark.parametrize(
    ("stage", "consent"),
    [
        (Stage.WAITING, Consent.IN_FLIGHT),
        (Stage.REQUESTED, Consent.IN_FLIGHT),
        (Stage.GRANTED, Consent.ROLES_NOT_VISIBLE),
        (Stage.DONE, Consent.DONE),
        (Stage.REFUSED, Consent.REFUSED),
    ],
)
def test_each_stage_is_a_state_of_consent(stage: Stage, consent: Consent) -> None:
    assert Onboarding(stage=stage, since=NOW).consent is consent


def test_a_refusal_for_another_reason_says_nothing_about_consent() -> None:
    assert onboarding.refuse(onboarding.begin(NOW), NOW, TOLD, is_unclear=True).consent is Consent.UNCLEAR


def test_what_a_refusal_lies_in_is_told_once_it_counts_as_refused_and_forgotten_when_it_goes_on() -> None:
    asked = onboarding.wait(onboarding.begin(NOW), Stage.REQUESTED, NOW, TOLD, Hindrance.ACCOUNT_NOT_LET_IN)
    refused = onboarding.wait(asked, Stage.REQUESTED, NOW + minutes(31), TOLD, Hindrance.ACCOUNT_NOT_LET_IN)
    again = onboarding.wait(refused, Stage.REQUESTED, NOW + minutes(40), TOLD, Hindrance.ACCOUNT_NOT_LET_IN)

    assert (asked.hindrance, asked.stage) == (None, Stage.REQUESTED)
    assert (refused.hindrance, refused.stage) == (Hindrance.ACCOUNT_NOT_LET_IN, Stage.REFUSED)
    assert (again.hindrance, again.stage) == (None, Stage.REQUESTED)
