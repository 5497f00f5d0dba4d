"""The checks that are made for each of a CSP's customers: of one customer, and of all of them together."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from integrations.domain.csp.gdap import CspAuth, Finding
from integrations.domain.csp.onboarding import Onboarding, Stage
from integrations.domain.csp.report import Check, CheckName, CheckState
from integrations.domain.integrations import CspChild

# What the access that was read is checked for, with the CSP Auth of customers that fail it.
_ACCESS: Mapping[CheckName, frozenset[CspAuth]] = {
    CheckName.RELATIONSHIPS: frozenset({CspAuth.MISSING_RELATIONSHIP, CspAuth.EXPIRED, CspAuth.UNKNOWN}),
    CheckName.ROLES: frozenset({CspAuth.MISSING_ROLES}),
    CheckName.GROUPS: frozenset({CspAuth.MISSING_GROUP}),
}
_CONSENT = frozenset({CspAuth.CONSENT_FAILURE, CspAuth.CONSENT_PENDING, CspAuth.GRANTING_ROLES, CspAuth.UNKNOWN})
_NAMES = (*_ACCESS, CheckName.CONSENT, CheckName.GRAPH)


def check_states(child: CspChild) -> dict[CheckName, CheckState]:
    """The state of each check of one customer; a check is not run before those that it needs have passed."""
    states: dict[CheckName, CheckState] = {}
    for name in _ACCESS:
        has_passed = all(it is CheckState.PASSED for it in states.values())
        finding = finding_of(child, name)
        states[name] = _access_state(finding) if finding or has_passed else CheckState.NOT_RUN
    has_access = all(it is CheckState.PASSED for it in states.values())
    states[CheckName.CONSENT] = _consent_state(child.progress, has_access=has_access)
    is_done = child.progress.stage is Stage.DONE
    states[CheckName.GRAPH] = CheckState.PASSED if is_done else CheckState.NOT_RUN
    return states


def finding_of(child: CspChild, name: CheckName) -> Finding | None:
    """What a check has found; an unclear refusal of our consent says nothing about the access."""
    if name is CheckName.CONSENT:
        return next((it for it in child.findings if it.auth in _CONSENT), None)
    faults = _ACCESS.get(name, frozenset())
    found = next((it for it in child.findings if it.auth in faults), None)
    return None if found and found.auth is CspAuth.UNKNOWN and child.progress.is_unclear else found


def of_all(customers: Sequence[CspChild], at: datetime) -> list[Check]:
    """Each check with the number of customers that fail it."""
    states = [check_states(it) for it in customers]
    return [_of_all(name, [it[name] for it in states], at) for name in _NAMES]


def up_to_date(checks: Sequence[Check], customers: Sequence[CspChild]) -> list[Check]:
    """The checks of a CSP's last run, with its customers as they are now: onboarding goes on between two runs.

    What that run has not reached stays not run.
    """
    moments = [*(it.at for it in checks), *(it.progress.since for it in customers)]
    current = {it.check: it for it in of_all(customers, max(moments))} if moments else {}
    return [current.get(it.check, it) if it.evidence else it for it in checks]


def _access_state(finding: Finding | None) -> CheckState:
    if finding is None:
        return CheckState.PASSED
    return CheckState.UNKNOWN if finding.auth is CspAuth.UNKNOWN else CheckState.FAILED


def _consent_state(progress: Onboarding, *, has_access: bool) -> CheckState:
    """While Microsoft processes the request, whether we have consent is not known."""
    if progress.stage is Stage.DONE:
        return CheckState.PASSED
    if progress.stage is Stage.WAITING or not has_access:
        return CheckState.NOT_RUN
    is_refused = progress.stage is Stage.REFUSED and not progress.is_unclear
    return CheckState.FAILED if is_refused else CheckState.UNKNOWN


def _of_all(name: CheckName, states: Sequence[CheckState], at: datetime) -> Check:
    count, failing = len(states), states.count(CheckState.FAILED)
    unknown, not_run = states.count(CheckState.UNKNOWN), states.count(CheckState.NOT_RUN)
    texts = [
        (failing, f"This check fails for {failing} of {count} customers; their rows say why."),
        (unknown, f"For {unknown} of {count} customers the result is not known yet."),
        (not_run, f"It was not run for {not_run} of {count} customers, because an earlier check has not passed."),
    ]
    more = {"unknown": unknown, "not_run": not_run}
    return Check(
        check=name,
        state=_state_of_all(failing=failing, unknown=unknown, are_none_run=not_run == count),
        at=at,
        detail=" ".join(text for number, text in texts if number),
        evidence={
            "customers": str(count),
            "failing": str(failing),
            **{key: str(number) for key, number in more.items() if number},
        },
    )


def _state_of_all(*, failing: int, unknown: int, are_none_run: bool) -> CheckState:
    if failing:
        return CheckState.FAILED
    if unknown:
        return CheckState.UNKNOWN
    return CheckState.NOT_RUN if are_none_run else CheckState.PASSED
