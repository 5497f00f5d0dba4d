"""CSP Auth of a customer, with everything the page shows about it."""

from datetime import datetime

from integrations.domain.csp.customers import child_of
from integrations.domain.csp.explanations import AuthExplanation, explain_auth
from integrations.domain.csp.gdap import SOON, CspAuth, Finding
from integrations.domain.csp.onboarding import Stage
from integrations.domain.csp.roles import role_names
from integrations.domain.integrations import CspChild, Integration, Tenant
from integrations.domain.jobs.given_up import DETAILS, OUR_FAILURE, REMEDY
from integrations.domain.refusals import OF_CUSTOMER
from integrations.domain.statuses import SyncLabel
from integrations.domain.sync_status import SyncStatus
from integrations.views.status import ReadTime, StatusView, to_second

# While the CSP has one of these statuses its customers are not read: their CSP Auth is the last known one.
_CUSTOMERS_NOT_READ = frozenset({SyncLabel.AUTH_FAILED, SyncLabel.ERROR})
# Where a failure of ours is shown; any other CSP Auth is for the partner or the customer to repair, and comes first.
_SHOWS_OUR_FAILURE = frozenset(
    {
        CspAuth.ACTIVE,
        CspAuth.EXPIRING,
        CspAuth.CONSENT_FAILURE,
        CspAuth.CONSENT_PENDING,
        CspAuth.GRANTING_ROLES,
        CspAuth.UNKNOWN,
    }
)
# Where a refusal by Microsoft shows; the reason for it then says more than the status does.
_SHOWS_REFUSAL = frozenset({CspAuth.CONSENT_FAILURE, CspAuth.UNKNOWN})
_WAITS_FOR_MICROSOFT = frozenset({CspAuth.CONSENT_PENDING, CspAuth.GRANTING_ROLES})


def csp_auth_view(tenant: Tenant, csp: Integration | None, read_time: ReadTime) -> StatusView:
    """CSP Auth of a customer as the table's column shows and explains it; ``csp`` is its CSP's integration."""
    child, of_csp = child_of(tenant), csp.csp if csp else None
    explanation, status = _explanation(child), of_csp.status if of_csp else None
    next_step_at = _next_step_at(tenant, status)
    step_overdue = read_time.overdue_since(next_step_at)
    run_overdue = read_time.overdue_since(status.next_check_at, of_csp.running) if status and of_csp else None
    next_checks = [it for it in (next_step_at, status.next_check_at if status else None) if it]
    return StatusView(
        label=child.auth.value,
        colour=explanation.colour,
        reason=explanation.reason,
        cause=explanation.reason,
        detail=explanation.detail,
        remedy=explanation.remedy,
        evidence={**_progress_evidence(child), **_findings_evidence(child), **_given_up_evidence(child)},
        since=_since(child).replace(microsecond=0),
        next_check_at=to_second(min(next_checks, default=None)),
        stalled=child.auth in _WAITS_FOR_MICROSOFT and child.progress.is_stalled(read_time.now),
        stale=status is not None and (status.label in _CUSTOMERS_NOT_READ or run_overdue is not None),
        as_of=to_second(status.last_sync_at) if status else None,
        overdue_since=min((it for it in (step_overdue, run_overdue) if it), default=None),
        ends_at=_ends_soon(child, read_time.now),
    )


def evidence_of(finding: Finding) -> dict[str, str]:
    """The roles, the end and the relationships that a finding is about, as texts."""
    evidence = {"roles": ", ".join(role_names(finding.roles))} if finding.roles else {}
    if finding.at:
        evidence["ends_at"] = _stamp(finding.at)
    return evidence | ({"relationships": ", ".join(finding.relationships)} if finding.relationships else {})


def _next_step_at(tenant: Tenant, status: SyncStatus | None) -> datetime | None:
    """When the customer's next onboarding step is due; None while its CSP's status or the lost plan prevents it."""
    is_held_back = tenant.paused is not None or (status is not None and status.is_auth_failed)
    return None if is_held_back else child_of(tenant).progress.next_at


def _ends_soon(child: CspChild, now: datetime) -> datetime | None:
    return to_second(child.ends_at) if child.ends_at and now < child.ends_at <= now + SOON else None


def _explanation(child: CspChild) -> AuthExplanation:
    finding = next((it for it in child.findings if it.auth is child.auth), None)
    explanation = explain_auth(child.auth, finding.fault if finding else None)
    given_up, hindrance = child.progress.given_up, child.progress.hindrance
    if hindrance and child.auth in _SHOWS_REFUSAL:
        explanation = AuthExplanation(explanation.colour, hindrance.value, *OF_CUSTOMER[hindrance])
    if given_up is None or child.auth not in _SHOWS_OUR_FAILURE:
        return explanation
    return AuthExplanation(explanation.colour, OUR_FAILURE, DETAILS[given_up.job], REMEDY)


def _given_up_evidence(child: CspChild) -> dict[str, str]:
    return child.progress.given_up.evidence() if child.progress.given_up else {}


def _since(child: CspChild) -> datetime:
    given_up = child.progress.given_up
    return given_up.since if given_up and child.auth in _SHOWS_OUR_FAILURE else child.since


def _progress_evidence(child: CspChild) -> dict[str, str]:
    """Microsoft's answer to the last onboarding step; a working customer's says nothing any more."""
    return child.progress.evidence if child.auth not in {CspAuth.ACTIVE, CspAuth.EXPIRING} else {}


def _findings_evidence(child: CspChild) -> dict[str, str]:
    """What the shown CSP Auth was found by, and the names of whatever else was found."""
    evidence: dict[str, str] = {}
    for finding in child.findings:
        if finding.auth is child.auth:
            evidence |= evidence_of(finding)
    waits = {CspAuth.CONSENT_PENDING} if child.progress.stage is Stage.WAITING else set()
    others = [it.auth.value for it in child.findings if it.auth not in {child.auth, *waits}]
    if others:
        evidence["also"] = ", ".join(dict.fromkeys(others))
    if child.vanished_at:
        evidence["vanished_at"] = _stamp(child.vanished_at)
    return evidence


def _stamp(at: datetime) -> str:
    return at.replace(microsecond=0).isoformat().replace("+00:00", "Z")
