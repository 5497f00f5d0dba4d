"""What is checked of each customer, and of all of them: nothing is called failed that was not run."""

from datetime import UTC, datetime, timedelta

import pytest

from integrations.domain.csp.customer_checks import check_states, finding_of, of_all, up_to_date
from integrations.domain.csp.gdap import CspAuth, Finding
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.csp.report import Check, CheckName, CheckState
from integrations.domain.integrations import CspChild

NOW = datetime(2026, 11, 29, 12, tzinfo=UTC)


def customer(stage: Stage, *found: CspAuth, is_unclear: bool = False) -> CspChild:
    progress = Onboarding(stage=stage, since=NOW, is_unclear=is_unclear)
    findings = [Finding(auth=it) for it in found]
    return CspChild(auth=found[0] if found else CspAuth.ACTIVE, since=NOW, progress=progress, findings=findings)


PENDING = customer(Stage.REQUESTED, CspAuth.CONSENT_PENDING)
DONE = customer(Stage.DONE)
REFUSED = customer(Stage.REFUSED, CspAuth.CONSENT_FAILURE)
NO_RELATIONSHIP = customer(Stage.WAITING, CspAuth.MISSING_RELATIONSHIP, CspAuth.CONSENT_PENDING)


@pytest.mark.parametrize(
    ("child", "expected"),
    [
        pytest.param(DONE, "passed passed passed passed passed", id="all is well"),
        pytest.param(customer(Stage.DONE, CspAuth.EXPIRING), "passed passed passed passed passed", id="it ends soon"),
        pytest.param(NO_RELATIONSHIP, "failed not_run not_run not_run not_run", id="no relationship"),
        pytest.param(
            customer(Stage.WAITING, CspAuth.MISSING_GROUP, CspAuth.CONSENT_PENDING),
            "passed passed failed not_run not_run",
            id="no group",
        ),
        pytest.param(
            customer(Stage.REFUSED, CspAuth.EXPIRED, CspAuth.MISSING_ROLES, CspAuth.CONSENT_FAILURE),
            "failed failed not_run not_run not_run",
            id="two of the same reading",
        ),
        pytest.param(
            customer(Stage.DONE, CspAuth.EXPIRED), "failed not_run not_run passed passed", id="it ran out later"
        ),
        pytest.param(PENDING, "passed passed passed unknown not_run", id="consent requested"),
        pytest.param(
            customer(Stage.GRANTED, CspAuth.GRANTING_ROLES), "passed passed passed unknown not_run", id="granting"
        ),
        pytest.param(REFUSED, "passed passed passed failed not_run", id="consent refused"),
        pytest.param(
            customer(Stage.REFUSED, CspAuth.UNKNOWN, is_unclear=True),
            "passed passed passed unknown not_run",
            id="an unclear refusal",
        ),
        pytest.param(
            customer(Stage.WAITING, CspAuth.UNKNOWN), "unknown not_run not_run not_run not_run", id="nothing was read"
        ),
    ],
)
def test_a_check_fails_only_if_it_was_run(child: CspChild, expected: str) -> None:
    states = check_states(child)

    assert [it.value for it in states] == ["relationships", "roles", "groups", "consent", "graph"]
    assert " ".join(it.value for it in states.values()) == expected


def test_all_customers_together_say_how_many_fail_are_open_and_were_not_run() -> None:
    checks = {it.check: it for it in of_all([DONE, PENDING, REFUSED, NO_RELATIONSHIP], NOW)}

    consent, graph = checks[CheckName.CONSENT], checks[CheckName.GRAPH]
    assert (consent.state, graph.state) == (CheckState.FAILED, CheckState.PASSED)
    assert consent.evidence == {"customers": "4", "failing": "1", "unknown": "1", "not_run": "1"}
    assert consent.detail.startswith("This check fails for 1 of 4 customers; their rows say why.")
    assert graph.detail == "It was not run for 3 of 4 customers, because an earlier check has not passed."
    assert {it.state for it in of_all([PENDING], NOW)} == {CheckState.PASSED, CheckState.UNKNOWN, CheckState.NOT_RUN}
    assert {it.state for it in of_all([], NOW)} == {CheckState.NOT_RUN}


def test_the_checks_of_the_last_run_follow_the_customers_and_what_it_did_not_reach_stays() -> None:
    before = NOW - timedelta(minutes=9)
    token = Check(check=CheckName.TOKEN, state=CheckState.PASSED, at=before, evidence={"a": "b"})
    reached = [token, *of_all([PENDING], before)]
    now = up_to_date(reached, [DONE])
    assert [it.state for it in now] == [CheckState.PASSED] * 6
    assert [it.at for it in now] == [before] + [NOW] * 5

    not_reached = [token, Check(check=CheckName.GRAPH, state=CheckState.NOT_RUN, at=before)]
    assert up_to_date(not_reached, [DONE]) == not_reached
    assert up_to_date([], []) == []


@pytest.mark.parametrize(
    ("child", "name", "expected"),
    [
        pytest.param(REFUSED, CheckName.CONSENT, CspAuth.CONSENT_FAILURE, id="the refused consent"),
        pytest.param(NO_RELATIONSHIP, CheckName.CONSENT, CspAuth.CONSENT_PENDING, id="consent beside what keeps it"),
        pytest.param(NO_RELATIONSHIP, CheckName.RELATIONSHIPS, CspAuth.MISSING_RELATIONSHIP, id="the access"),
        pytest.param(DONE, CheckName.CONSENT, None, id="nothing"),
    ],
)
def test_each_check_has_the_finding_of_its_own(child: CspChild, name: CheckName, expected: CspAuth | None) -> None:
    finding = finding_of(child, name)

    assert (finding.auth if finding else None) is expected
