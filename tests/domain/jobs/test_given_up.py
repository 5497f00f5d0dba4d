"""Jobs that were given up, and checks that never came: what is told of them, decided with pen and paper."""

from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from integrations.actions.jobs.registry import JOBS
from integrations.domain.connect.failures import FlowFailure
from integrations.domain.connect.flow import Flow, FlowState, Leg
from integrations.domain.csp.gdap import CspAuth, Finding, GroupFault
from integrations.domain.csp.onboarding import Onboarding, Stage, plan
from integrations.domain.ids import AccountId, FlowId, IntegrationId, RemovalId, RunId, TenantId, UserId
from integrations.domain.integrations import CspChild, Kind, Running, Tenant
from integrations.domain.jobs.given_up import DETAILS, MOST_TRIES, Failed, GivenUp, give_up
from integrations.domain.jobs.orders import CspOrder, CustomerOrder, RemovalOrder, ShardOrder, SyncOrder
from integrations.domain.plan import paused
from integrations.domain.removal import Removal
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import overdue_since
from integrations.domain.sync_status import begin
from integrations.views.csp.auth import csp_auth_view
from integrations.views.removal.steps import steps
from integrations.views.status import ReadTime, given_up_view, status_view

NOW = datetime(2026, 11, 28, 9, 0, tzinfo=UTC)
PERIOD = timedelta(minutes=30)
MOMENT = ReadTime(NOW, PERIOD)
FAILED = Failed(CustomerOrder.queue, 5, "KeyError")
RUN = RunId("000000000000001-aaaaaaaa")


@pytest.mark.parametrize(
    ("late_by", "expected"),
    [
        pytest.param(timedelta(minutes=-5), False, id="still to come"),
        pytest.param(timedelta(minutes=29), False, id="a little late"),
        pytest.param(PERIOD, False, id="one period late"),
        pytest.param(PERIOD + timedelta(seconds=1), True, id="more than one period late"),
        pytest.param(timedelta(days=3), True, id="days late"),
    ],
)
def test_a_check_is_overdue_when_it_is_more_than_one_period_late(late_by: timedelta, *, expected: bool) -> None:
    planned = NOW - late_by

    assert overdue_since(planned, NOW, PERIOD) == (planned if expected else None)


def test_what_is_never_checked_is_not_overdue_and_a_run_under_way_has_one_period_more() -> None:
    planned, soon = NOW - timedelta(minutes=50), NOW + timedelta(minutes=1)

    assert overdue_since(None, NOW, PERIOD) is None
    assert overdue_since(planned, NOW, PERIOD, busy_until=soon) is None
    assert overdue_since(planned, NOW, PERIOD, busy_until=NOW) == planned


def test_a_run_that_dies_again_and_again_does_not_hide_that_nothing_is_checked() -> None:
    planned = NOW - timedelta(minutes=61)

    assert overdue_since(planned, NOW, PERIOD, busy_until=NOW + timedelta(minutes=9)) == planned


def test_a_status_tells_its_overdue_time_to_the_second() -> None:
    planned = NOW - timedelta(minutes=50, microseconds=5)
    status = msgspec.structs.replace(begin(SyncCause.SYNCED, NOW), next_check_at=planned)
    running = Running(run_id=RUN, until=NOW + timedelta(minutes=9))

    assert status_view(status, MOMENT).overdue_since == planned.replace(microsecond=0)
    assert status_view(status, MOMENT, running).overdue_since is None


def test_pauses_double_up_to_one_period_and_tries_add_up() -> None:
    mark, pauses = None, []
    for hours in range(6):
        now = NOW + timedelta(hours=hours)
        mark = give_up(mark, FAILED, now, PERIOD)
        pauses.append((mark.next_at - now) / timedelta(minutes=1))

    assert pauses == [5, 10, 20, 30, 30, 30]
    assert mark is not None
    assert (mark.since, mark.tries, mark.times, mark.error) == (NOW, 30, 6, "KeyError")
    assert give_up(None, Failed(CustomerOrder.queue), NOW, PERIOD).evidence() == {
        "job": CustomerOrder.queue,
        "times_tried": str(MOST_TRIES),
        "error": "unknown",
    }


def test_every_job_with_a_row_of_its_own_has_its_words() -> None:
    told_by_a_status = {SyncOrder.queue, CspOrder.queue}

    assert DETAILS.keys() == {it.queue for it in JOBS} - told_by_a_status - {ShardOrder.queue}


def test_nothing_given_up_is_nothing_told_and_a_mark_can_be_overdue() -> None:
    told = given_up_view(marked(NOW - timedelta(hours=2)), MOMENT)

    assert given_up_view(None, MOMENT) is None
    assert told is not None
    assert (told.reason, told.overdue_since) == ("our_failure", told.next_check_at)


# A customer of a CSP.


def marked(at: datetime = NOW) -> GivenUp:
    return give_up(None, FAILED, at, PERIOD)


def customer(auth: CspAuth, stage: Stage = Stage.WAITING, at: datetime = NOW) -> Tenant:
    mark = marked(at)
    progress = Onboarding(stage=stage, since=NOW, next_at=mark.next_at, given_up=mark)
    findings = [Finding(auth=auth, fault=GroupFault.NO_GROUP)] if auth is CspAuth.MISSING_GROUP else []
    return Tenant(
        tenant_id=TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"),
        integration_id=IntegrationId("int_1"),
        kind=Kind.CSP,
        name="Contoso",
        epoch=1,
        status=begin(SyncCause.CSP_AUTH_BLOCKS, NOW),
        added_at=NOW,
        csp=CspChild(auth=auth, since=NOW - timedelta(days=1), progress=progress, findings=findings),
    )


@pytest.mark.parametrize("auth", CspAuth)
def test_a_failure_of_ours_never_hides_what_somebody_else_has_to_mend(auth: CspAuth) -> None:
    told = csp_auth_view(customer(auth), None, MOMENT)

    theirs = {
        CspAuth.EXPIRED,
        CspAuth.MISSING_RELATIONSHIP,
        CspAuth.MISSING_ROLES,
        CspAuth.MISSING_GROUP,
    }
    assert (told.reason == "our_failure") is (auth not in theirs)
    assert (told.since == NOW) is (auth not in theirs)
    assert told.evidence["job"] == CustomerOrder.queue


def test_a_customer_whose_step_is_missed_is_overdue_unless_it_is_held_back() -> None:
    late = customer(CspAuth.CONSENT_PENDING, at=NOW - timedelta(hours=2))

    assert csp_auth_view(late, None, MOMENT).overdue_since is not None
    assert csp_auth_view(paused(late, NOW), None, MOMENT).overdue_since is None


def test_without_a_working_relationship_nothing_is_tried_and_the_mark_goes() -> None:
    progress = customer(CspAuth.CONSENT_PENDING).csp.progress  # type: ignore[union-attr]

    assert plan(progress, NOW, effective_at=None, permissions="1").given_up is None
    assert plan(progress, NOW, effective_at=NOW, permissions="1").given_up is not None


# A journey and a removal.


def test_a_journey_that_our_failure_used_up_does_not_blame_microsoft() -> None:
    flow = Flow(
        id=FlowId("flow_1"),
        account_id=AccountId("acct_1"),
        user_id=UserId("alice"),
        kind=Kind.SINGLE,
        state=FlowState.RETURNED,
        leg=Leg.CONSENT,
        state_hash="",
        states=[],
        sealed="",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=15),
    )
    failing = msgspec.structs.replace(flow, given_up=marked())

    assert flow.current_at(flow.expires_at).failure is FlowFailure.CONSENT_NOT_VISIBLE
    ended = failing.current_at(flow.expires_at)
    assert (ended.failure, ended.evidence["error"], ended.given_up) == (FlowFailure.OUR_FAILURE, "KeyError", None)


def test_a_removal_tells_in_which_step_our_service_fails() -> None:
    begun = Removal(
        id=RemovalId("rem_1"),
        integration_id=IntegrationId("int_1"),
        kind=Kind.SINGLE,
        name="Contoso",
        tenant_id="9f1c0e3a-0000-4000-8000-00000000aa01",
        requested_at=NOW,
        requested_by=UserId("alice"),
        next_at=NOW,
        given_up=give_up(None, Failed(RemovalOrder.queue), NOW, PERIOD),
    )
    ended = msgspec.structs.replace(begun, fenced_at=NOW, swept_at=NOW, left_at=NOW, destroyed_at=NOW, forgotten_at=NOW)

    for removal, name in ((begun, "fenced"), (ended, "verified")):
        failing = [it.name for it in steps(removal, [], PERIOD) if "continues automatically" in it.detail]
        assert failing == [name]
