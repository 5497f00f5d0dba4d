"""One table of Entra's codes: each is known, and leads on every journey to somebody who can help."""

import pytest

from integrations.domain.causes import (
    cause_of,
    csp_cause_of,
    evidence_of,
    failure_of,
    hindrance_of,
    is_unexplained,
    outcome_of,
    wait_of,
)
from integrations.domain.connect.failures import ADVICE, FlowFailure
from integrations.domain.integrations import Kind
from integrations.domain.refusals import OF_CUSTOMER, Hindrance
from integrations.domain.statuses import EXPLANATIONS, SyncCause, SyncLabel
from integrations.domain.sync.datasets import DatasetOutcome
from local.microsoft.entra.errors import error_by_code, redirect_error
from shared.errors import AppError
from shared.microsoft.graph import Denied, MicrosoftError, Throttled, TokenRejected, Transient
from shared.microsoft.partner_center import MfaRequired
from shared.microsoft.sign_in import (
    OperatorFault,
    RefusalKind,
    SignInRefused,
    error_of_refusal,
    refusal_from_redirect,
    refusal_from_response,
)
from shared.microsoft.sign_in.codes import KIND_OF_CODE
from tests.shared.microsoft.sign_in.published import KNOWN_BESIDES, PUBLISHED

CODES = sorted(KIND_OF_CODE)
REFUSED = [
    it for it in CODES if isinstance(error_of_refusal(refusal_from_response({"error_codes": [it]})), SignInRefused)
]
PASSING = [it for it in CODES if it not in REFUSED]
OURS = [
    it for it in REFUSED if isinstance(error_of_refusal(refusal_from_response({"error_codes": [it]})), OperatorFault)
]
THEIRS = [it for it in REFUSED if it not in OURS]


def of_each_kind(codes: list[int]) -> pytest.MarkDecorator:
    """A case for each kind of refusal, with the codes of it: several hundred codes would be thousands of tests."""
    kinds = [it for it in RefusalKind if any(KIND_OF_CODE[code] is it for code in codes)]
    cases = [[code for code in codes if KIND_OF_CODE[code] is it] for it in kinds]
    return pytest.mark.parametrize("codes", cases, ids=[it.name.lower() for it in kinds])


def refused(code: int) -> MicrosoftError:
    """The error of a token request, as the simulated Entra answers it."""
    return error_of_refusal(refusal_from_response(error_by_code(code).body(0.0, "c-1", "https://login.example")))


def test_every_published_code_is_in_the_table() -> None:
    assert {*PUBLISHED, *KNOWN_BESIDES} == KIND_OF_CODE.keys()


def test_every_kind_has_a_code() -> None:
    assert set(KIND_OF_CODE.values()) == set(RefusalKind)


@of_each_kind(CODES)
def test_a_code_means_the_same_in_an_answer_and_in_a_redirect(codes: list[int]) -> None:
    for code in codes:
        back = redirect_error(code)
        fields = {"error": back.error, "error_description": back.description(0.0, "t-1", "c-1")}

        assert refusal_from_redirect(fields).kind is KIND_OF_CODE[code], code
        assert type(error_of_refusal(refusal_from_redirect(fields))) is type(refused(code)), code
        assert refused(code).evidence()["code"] == f"AADSTS{code}"


@pytest.mark.parametrize("kind", Kind)
@of_each_kind(CODES)
def test_a_journey_that_ends_with_a_code_says_what_to_do(codes: list[int], kind: Kind) -> None:
    for code in codes:
        failure, refusal = failure_of(refused(code), kind), KIND_OF_CODE[code]

        assert ADVICE[failure].remedy, code
        assert (failure is FlowFailure.SIGN_IN_REFUSED) == (refusal is RefusalKind.OTHER), code
        is_declined = refusal in {RefusalKind.DECLINED, RefusalKind.CONSENT_MISSING}
        assert (failure is FlowFailure.DECLINED) == is_declined, code


@of_each_kind(PASSING)
def test_a_passing_code_is_waited_for_on_every_journey(codes: list[int]) -> None:
    for code in codes:
        error = refused(code)

        assert isinstance(error, Transient), code
        assert isinstance(error, Throttled) == (KIND_OF_CODE[code] is RefusalKind.THROTTLED), code
        assert EXPLANATIONS[cause_of(error)].reason == "waiting_on_microsoft", code
        assert {failure_of(error, kind) for kind in Kind} == {FlowFailure.MICROSOFT_UNAVAILABLE}, code
        assert hindrance_of(error) is None, code


@of_each_kind(OURS)
def test_a_fault_of_our_own_never_marks_a_tenant(codes: list[int]) -> None:
    for code in codes:
        assert cause_of(refused(code)) is SyncCause.OUR_CREDENTIAL, code
        assert {failure_of(refused(code), kind) for kind in Kind} == {FlowFailure.OUR_APPLICATION}, code
        assert hindrance_of(refused(code)) is None, code


@of_each_kind(THEIRS)
def test_a_refused_token_of_a_tenant_is_an_auth_error_with_a_remedy(codes: list[int]) -> None:
    for code in codes:
        explanation = EXPLANATIONS[cause_of(refused(code))]

        assert explanation.label is SyncLabel.AUTH_ERROR, code
        assert explanation.remedy, code


@of_each_kind(THEIRS)
def test_a_refused_sign_in_of_a_csp_has_a_reason_of_its_own(codes: list[int]) -> None:
    for code in codes:
        cause = csp_cause_of(refused(code))

        assert EXPLANATIONS[cause].label in {SyncLabel.AUTH_FAILED, SyncLabel.ERROR}, code
        assert (cause is SyncCause.CSP_UNKNOWN) == (KIND_OF_CODE[code] is RefusalKind.OTHER), code


@of_each_kind(THEIRS)
def test_a_refusal_in_a_customers_tenant_says_who_can_help(codes: list[int]) -> None:
    of_consent = {
        RefusalKind.CONSENT_MISSING, RefusalKind.APP_NOT_FOUND, RefusalKind.DECLINED, RefusalKind.OTHER,
    }  # fmt: skip
    for code in codes:
        hindrance = hindrance_of(refused(code))

        assert (hindrance is None) == (KIND_OF_CODE[code] in of_consent), code
        assert hindrance is None or OF_CUSTOMER[hindrance].remedy, code


def test_every_hindrance_is_put_into_words() -> None:
    assert OF_CUSTOMER.keys() == set(Hindrance)
    for words in OF_CUSTOMER.values():
        assert words.detail.endswith(".")
        assert words.remedy.endswith(".")


def test_an_error_that_is_no_refusal_of_a_sign_in_has_its_meaning_on_each_journey() -> None:
    denied, rejected, temporary = Denied("no"), TokenRejected("no"), Transient("later")

    assert [failure_of(it, Kind.CSP) for it in (denied, rejected, temporary)] == [
        FlowFailure.SIGN_IN_REFUSED, FlowFailure.SIGN_IN_REFUSED, FlowFailure.MICROSOFT_UNAVAILABLE,
    ]  # fmt: skip
    assert [csp_cause_of(it) for it in (MfaRequired("no"), denied, rejected, temporary)] == [
        SyncCause.CSP_NO_MFA_PROMPT, SyncCause.CSP_REQUEST_ERROR, SyncCause.CSP_UNKNOWN, SyncCause.CSP_REQUEST_ERROR,
    ]  # fmt: skip
    assert [hindrance_of(it) for it in (denied, temporary)] == [Hindrance.ADMINISTRATOR_NEEDED, None]
    assert [is_unexplained(it) for it in (denied, temporary)] == [False, False]
    assert [outcome_of(it) for it in (None, denied, temporary)] == [
        DatasetOutcome.FAILED, DatasetOutcome.DENIED, DatasetOutcome.STALE,
    ]  # fmt: skip
    assert (wait_of(Throttled("later", wait_s=7.0)), wait_of(denied)) == (7.0, None)
    assert evidence_of(AppError("no")) == {"error": AppError("no").stable_code}
