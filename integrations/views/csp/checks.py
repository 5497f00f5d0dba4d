"""Checks of a CSP or of one of its customers, and the history of a CSP's status."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated

import msgspec

from integrations.domain.csp.customer_checks import check_states, finding_of
from integrations.domain.csp.customers import AccessState
from integrations.domain.csp.explanations import explain_auth
from integrations.domain.csp.report import LABELS, Check, CheckName, CheckState, StatusChange
from integrations.domain.ids import IntegrationId
from integrations.domain.integrations import CspChild
from integrations.domain.statuses import COLOUR_OF, COLOURS, EXPLANATIONS, SyncCause, SyncLabel
from integrations.views.csp.auth import evidence_of
from shared.http.schemas import one_of

_OF_ONBOARDING = frozenset({CheckName.CONSENT, CheckName.GRAPH})


class CheckView(msgspec.Struct, frozen=True, kw_only=True):
    """One check: passed, failed, unknown, or not_run because an earlier one has not passed.

    Attributes:
        check: What is checked.
        label: The same as the page shows it.
        state: How it ended. "not_run" because an earlier check has not passed.
        at: When this was last checked.
        detail: What was found, for people. Empty if there is nothing to say.
        seconds: How long the check took.
        evidence: What the result was concluded from. Empty if there is nothing to show.
    """

    check: Annotated[str, one_of(CheckName)]
    label: str
    state: Annotated[str, one_of(CheckState)]
    at: datetime
    detail: str
    seconds: float
    evidence: dict[str, str]


class StatusChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """When a status began, and its explanation.

    Attributes:
        at: When the status began.
        label: The status as the page shows it.
        colour: The colour in which the page shows it.
        cause: What led to the status, as a code.
        detail: What the status means, for people.
    """

    at: datetime
    label: Annotated[str, one_of(SyncLabel)]
    colour: Annotated[str, one_of(*COLOURS)]
    cause: Annotated[str, one_of(SyncCause)]
    detail: str


class CheckOrdered(msgspec.Struct, kw_only=True):
    """A run of a CSP was ordered; its checks can be read with the integration's details.

    Attributes:
        integration_id: The CSP that is checked. See checks of GET /integrations/{integration_id}.
    """

    integration_id: IntegrationId


def check_view(check: Check) -> CheckView:
    """A check with its label."""
    return CheckView(
        check=check.check.value,
        label=LABELS[check.check],
        state=check.state.value,
        at=check.at.replace(microsecond=0),
        detail=check.detail,
        seconds=check.seconds,
        evidence=check.evidence,
    )


def history_view(history: Sequence[StatusChange]) -> list[StatusChangeView]:
    """Status changes with their colours and explanations."""
    explained = [(change, EXPLANATIONS[SyncCause(change.cause)]) for change in history]
    return [
        StatusChangeView(
            at=change.at.replace(microsecond=0),
            label=explanation.label.value,
            colour=COLOUR_OF[explanation.label],
            cause=change.cause,
            detail=explanation.detail,
        )
        for change, explanation in explained
    ]


def customer_checks(child: CspChild, access: AccessState | None) -> list[Check]:
    """The checks of one customer, in the order in which each depends on those before it."""
    read_at = access.read_at if access else child.since
    return [
        _customer_check(child, name, state, child.progress.since if name in _OF_ONBOARDING else read_at)
        for name, state in check_states(child).items()
    ]


def _customer_check(child: CspChild, name: CheckName, state: CheckState, at: datetime) -> Check:
    if state in {CheckState.PASSED, CheckState.NOT_RUN}:
        return Check(check=name, state=state, at=at)
    finding = finding_of(child, name)
    detail = explain_auth(finding.auth, finding.fault).detail if finding else ""
    evidence = evidence_of(finding) if finding else {}
    return Check(
        check=name,
        state=state,
        at=at,
        detail=detail,
        evidence=evidence | (child.progress.evidence if name in _OF_ONBOARDING else {}),
    )
