"""What Microsoft's answers mean for a tenant's status. Passing faults never become an Auth Error."""

from integrations.domain.statuses import SyncCause
from shared.errors import AppError
from shared.graph import Denied, HostileLink, ResyncRequired, Throttled, TokenRejected, Transient, UnexpectedAnswer
from shared.partner_center import MfaRequired
from shared.sign_in import OperatorFault, RefusalKind, SignInRefused, WrongTenantToken

_CAUSE_OF_REFUSAL: dict[RefusalKind, SyncCause] = {
    RefusalKind.CONSENT_MISSING: SyncCause.CONSENT_MISSING,
    RefusalKind.APP_NOT_FOUND: SyncCause.APP_REMOVED,
    RefusalKind.APP_DISABLED: SyncCause.APP_DISABLED,
    RefusalKind.POLICY: SyncCause.BLOCKED_BY_POLICY,
    RefusalKind.TENANT_NOT_FOUND: SyncCause.TENANT_NOT_FOUND,
    RefusalKind.WRONG_CLOUD: SyncCause.WRONG_CLOUD,
}

_CAUSE_OF_ERROR: tuple[tuple[type[AppError], SyncCause], ...] = (
    (OperatorFault, SyncCause.OUR_CREDENTIAL),
    (WrongTenantToken, SyncCause.WRONG_TENANT_TOKEN),
    (Throttled, SyncCause.THROTTLED),
    (Transient, SyncCause.MICROSOFT_UNAVAILABLE),
    (UnexpectedAnswer, SyncCause.MICROSOFT_UNAVAILABLE),
    (HostileLink, SyncCause.MICROSOFT_UNAVAILABLE),  # not followed; it is no sign-in's fault
    (ResyncRequired, SyncCause.MICROSOFT_UNAVAILABLE),  # said of a reading that had just begun anew
    (TokenRejected, SyncCause.SIGN_IN_REFUSED),
    (Denied, SyncCause.PERMISSION_MISSING),
)


# Partner Center's reasons for a 403.
_CSP_CAUSE_OF_CODE = {
    "900308": SyncCause.CSP_NOT_IN_ADMIN_AGENTS,
    "900309": SyncCause.CSP_POLICY_BLOCKING,
}
_CSP_CAUSE_OF_REFUSAL = {
    RefusalKind.MFA: SyncCause.CSP_NO_MFA_PROMPT,
    RefusalKind.POLICY: SyncCause.CSP_POLICY_BLOCKING,
    RefusalKind.TENANT_NOT_FOUND: SyncCause.CSP_REQUEST_ERROR,
    RefusalKind.RESOURCE_MISSING: SyncCause.CSP_REQUEST_ERROR,
    RefusalKind.WRONG_CLOUD: SyncCause.CSP_REQUEST_ERROR,
}


def csp_cause_of(error: AppError) -> SyncCause:
    """The status a CSP gets when this stands in the way of reading its customers."""
    if isinstance(error, SignInRefused):
        return _CSP_CAUSE_OF_REFUSAL.get(error.refusal.kind, SyncCause.CSP_UNKNOWN)
    if isinstance(error, MfaRequired):
        return SyncCause.CSP_NO_MFA_PROMPT
    if isinstance(error, Denied):
        return _CSP_CAUSE_OF_CODE.get(error.graph_code, SyncCause.CSP_REQUEST_ERROR)
    return SyncCause.CSP_UNKNOWN if isinstance(error, TokenRejected) else SyncCause.CSP_REQUEST_ERROR


def cause_of(error: AppError) -> SyncCause:
    """The status a tenant gets when this stands in the way of its sync."""
    if isinstance(error, SignInRefused) and not isinstance(error, OperatorFault):
        return _CAUSE_OF_REFUSAL.get(error.refusal.kind, SyncCause.SIGN_IN_REFUSED)
    return next((cause for kind, cause in _CAUSE_OF_ERROR if isinstance(error, kind)), SyncCause.REQUEST_ERROR)


def evidence_of(error: AppError) -> dict[str, str]:
    """Codes and ids that help to look the matter up; never a token, never Microsoft's free text."""
    evidence = getattr(error, "evidence", None)
    return evidence() if callable(evidence) else {"error": error.stable_code}


def wait_of(error: AppError) -> float | None:
    """What Microsoft asked us to wait, in seconds."""
    wait_s: float | None = getattr(error, "wait_s", None)
    return wait_s
