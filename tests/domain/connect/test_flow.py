"""A consent flow only moves forward, and time closes it."""

from datetime import UTC, datetime, timedelta

import pytest
from msgspec.structs import replace

from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.connect.flow import (
    CONFIRM_LIMIT,
    PROVING_LIMIT,
    Flow,
    FlowState,
    Leg,
    SignedInUser,
    bind,
    consent_returned,
    consume_state,
    fail,
    prove,
    sign_in,
    state_hash,
)
from integrations.domain.ids import AccountId, FlowId, IntegrationId, TenantId, UserId
from integrations.domain.integrations import Kind
from shared.errors import Conflict

NOW = datetime(2026, 11, 23, 7, 30, tzinfo=UTC)
SIGNER = SignedInUser(tenant_id=TenantId("t"), object_id="o", username="ana@contoso.example", admin_proven=True)


def waiting() -> Flow:
    return Flow(
        id=FlowId("flow_1"),
        account_id=AccountId("acct"),
        user_id=UserId("ana"),
        kind=Kind.SINGLE,
        state=FlowState.WAITING,
        leg=Leg.SIGN_IN,
        state_hash=state_hash("first"),
        states=[state_hash("first")],
        sealed="sealed",
        created_at=NOW,
        expires_at=NOW + timedelta(minutes=10),
    )


def signed_in() -> Flow:
    second = state_hash("second")
    return sign_in(waiting(), SIGNER, state_hash=second, sealed="more", expires_at=NOW + timedelta(minutes=10))


def test_the_journey_goes_from_waiting_to_bound() -> None:
    back = consent_returned(signed_in(), NOW)
    proven = prove(back, "Contoso", NOW)
    bound = bind(proven, IntegrationId("int_1"))

    assert [flow.state.value for flow in (back, proven, bound)] == ["returned", "proven", "bound"]
    assert (back.state_hash, back.sealed) == ("", "")
    assert (back.expires_at, proven.expires_at) == (NOW + PROVING_LIMIT, NOW + CONFIRM_LIMIT)
    assert signed_in().states == [state_hash("first"), state_hash("second")]
    assert not bound.is_open


def test_steps_cannot_be_skipped_or_repeated() -> None:
    back = consent_returned(signed_in(), NOW)
    wrong = [
        lambda: prove(waiting(), "Contoso", NOW),
        lambda: bind(waiting(), IntegrationId("int_1")),
        lambda: consent_returned(back, NOW),
        lambda: bind(back, IntegrationId("int_1")),
        lambda: sign_in(back, SIGNER, state_hash="", sealed="", expires_at=NOW),
    ]
    for step in wrong:
        with pytest.raises(Conflict):
            step()


def test_an_answer_is_used_up() -> None:
    burnt = consume_state(waiting(), "next")

    assert burnt.state_hash == ""
    assert burnt.states[-1] == "next"


@pytest.mark.parametrize(
    ("flow", "reason"),
    [
        pytest.param(waiting(), FlowFailure.EXPIRED, id="never signed in"),
        pytest.param(signed_in(), FlowFailure.EXPIRED, id="never accepted"),
        pytest.param(consent_returned(signed_in(), NOW), FlowFailure.CONSENT_NOT_VISIBLE, id="never took effect"),
        pytest.param(
            prove(consent_returned(signed_in(), NOW), "Contoso", NOW), FlowFailure.EXPIRED, id="never confirmed"
        ),
    ],
)
def test_time_closes_what_is_open(flow: Flow, reason: FlowFailure) -> None:
    assert flow.current_at(flow.expires_at - timedelta(seconds=1)) is flow
    assert flow.current_at(flow.expires_at).failure is reason


def test_what_holds_a_proof_up_is_what_the_journey_fails_with() -> None:
    told = {"code": "AADSTS90033"}
    waits = replace(consent_returned(signed_in(), NOW), held_up_by=FlowFailure.MICROSOFT_UNAVAILABLE, evidence=told)

    failed = waits.current_at(waits.expires_at)
    assert (failed.failure, failed.evidence) == (FlowFailure.MICROSOFT_UNAVAILABLE, told)


def test_time_does_nothing_to_what_is_closed() -> None:
    bound = bind(prove(consent_returned(signed_in(), NOW), "Contoso", NOW), IntegrationId("int_1"))
    failed = fail(waiting(), FlowFailure.DECLINED, {"code": "AADSTS65004"})

    assert bound.current_at(NOW + timedelta(days=9)) is bound
    assert failed.current_at(NOW + timedelta(days=9)) is failed


def test_a_consent_that_is_awaited_is_looked_at_soon_and_the_rest_when_it_ends() -> None:
    back = consent_returned(signed_in(), NOW)

    assert back.check_at(NOW) == NOW + timedelta(minutes=1)
    assert waiting().check_at(NOW) == waiting().expires_at


@pytest.mark.parametrize("failure", FlowFailure)
def test_every_failure_says_what_happened_and_what_to_do(failure: FlowFailure) -> None:
    assert ADVICE[failure].detail.endswith(".")
    assert ADVICE[failure].remedy.endswith(".")
