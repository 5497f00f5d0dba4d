"""What Microsoft's answers mean for a tenant's status. Passing faults never become an Auth Error."""

from integrations.domain.statuses import SyncCause
from shared.errors import AppError
from shared.graph import Denied, Throttled, TokenRejected, Transient, UnexpectedAnswer
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
    (TokenRejected, SyncCause.SIGN_IN_REFUSED),
    (Denied, SyncCause.PERMISSION_MISSING),
)


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
