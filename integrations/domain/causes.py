"""What each error of Microsoft's leads to: a tenant's or CSP's status, a flow's failure, a data set's outcome.

Transient errors never become an Auth Error or a declined consent. ``shared.microsoft.sign_in.codes`` maps Entra's error
codes to kinds of refusals; the texts are in ``domain.statuses`` and ``domain.refusals``.
"""

from integrations.domain.connect.failures import FlowFailure
from integrations.domain.integrations import Kind
from integrations.domain.refusals import Hindrance
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.datasets import DatasetOutcome, ReaderFailed
from shared.errors import AppError
from shared.microsoft.graph import (
    Denied,
    HostileLink,
    NotLicensed,
    OutOfTime,
    ResyncRequired,
    Throttled,
    TokenRejected,
    Transient,
    UnexpectedAnswer,
)
from shared.microsoft.partner_center import MfaRequired
from shared.microsoft.sign_in import OperatorFault, RefusalKind, SignInRefused, WrongTenantToken

_CAUSE_OF_REFUSAL: dict[RefusalKind, SyncCause] = {
    RefusalKind.CONSENT_MISSING: SyncCause.CONSENT_MISSING,
    RefusalKind.ADMINISTRATOR_NEEDED: SyncCause.CONSENT_MISSING,
    RefusalKind.DECLINED: SyncCause.CONSENT_MISSING,
    RefusalKind.APP_NOT_FOUND: SyncCause.APP_REMOVED,
    RefusalKind.APP_DISABLED: SyncCause.APP_DISABLED,
    RefusalKind.POLICY: SyncCause.BLOCKED_BY_POLICY,
    RefusalKind.CROSS_TENANT: SyncCause.BLOCKED_BY_POLICY,
    RefusalKind.RISK: SyncCause.BLOCKED_BY_POLICY,
    RefusalKind.RESOURCE_MISSING: SyncCause.SERVICE_MISSING,
    RefusalKind.TENANT_NOT_FOUND: SyncCause.TENANT_NOT_FOUND,
    RefusalKind.WRONG_CLOUD: SyncCause.WRONG_CLOUD,
}

_CAUSE_OF_ERROR: tuple[tuple[type[AppError], SyncCause], ...] = (
    (OperatorFault, SyncCause.OUR_CREDENTIAL),
    (ReaderFailed, SyncCause.OUR_FAILURE),
    (WrongTenantToken, SyncCause.WRONG_TENANT_TOKEN),
    (Throttled, SyncCause.THROTTLED),
    (Transient, SyncCause.MICROSOFT_UNAVAILABLE),
    (UnexpectedAnswer, SyncCause.MICROSOFT_UNAVAILABLE),
    (HostileLink, SyncCause.MICROSOFT_UNAVAILABLE),  # not followed; the sign-in is not to blame
    (ResyncRequired, SyncCause.MICROSOFT_UNAVAILABLE),  # in a reading that has just been restarted
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
    RefusalKind.CROSS_TENANT: SyncCause.CSP_CROSS_TENANT_BLOCKED,
    RefusalKind.RISK: SyncCause.CSP_ACCOUNT_AT_RISK,
    RefusalKind.NOT_ASSIGNED: SyncCause.CSP_ACCOUNT_NOT_ASSIGNED,
    RefusalKind.ACCOUNT_UNUSABLE: SyncCause.CSP_ACCOUNT_UNUSABLE,
    RefusalKind.USER_UNSUITABLE: SyncCause.CSP_ACCOUNT_UNUSABLE,
    RefusalKind.IDENTITY_PROVIDER: SyncCause.CSP_IDENTITY_PROVIDER,
    RefusalKind.GRANT_EXPIRED: SyncCause.CSP_SIGN_IN_ENDED,
    RefusalKind.CODE_UNUSABLE: SyncCause.CSP_SIGN_IN_ENDED,
    RefusalKind.CONSENT_MISSING: SyncCause.CSP_CONSENT_MISSING,
    RefusalKind.ADMINISTRATOR_NEEDED: SyncCause.CSP_CONSENT_MISSING,
    RefusalKind.DECLINED: SyncCause.CSP_CONSENT_MISSING,
    RefusalKind.APP_NOT_FOUND: SyncCause.CSP_CONSENT_MISSING,
    RefusalKind.APP_DISABLED: SyncCause.CSP_APP_DISABLED,
    RefusalKind.TENANT_NOT_FOUND: SyncCause.CSP_REQUEST_ERROR,
    RefusalKind.RESOURCE_MISSING: SyncCause.CSP_REQUEST_ERROR,
    RefusalKind.WRONG_CLOUD: SyncCause.CSP_REQUEST_ERROR,
}


# Failures of a flow that Microsoft ended, or that cannot be verified.
_FAILURE_OF_REFUSAL = {
    RefusalKind.CONSENT_MISSING: FlowFailure.DECLINED,
    RefusalKind.DECLINED: FlowFailure.DECLINED,
    RefusalKind.ADMINISTRATOR_NEEDED: FlowFailure.ADMINISTRATOR_NEEDED,
    RefusalKind.APP_NOT_FOUND: FlowFailure.OUR_APPLICATION,
    RefusalKind.APP_DISABLED: FlowFailure.APP_DISABLED,
    RefusalKind.MFA: FlowFailure.MFA_NOT_DONE,
    RefusalKind.POLICY: FlowFailure.POLICY_BLOCKING,
    RefusalKind.CROSS_TENANT: FlowFailure.CROSS_TENANT_BLOCKED,
    RefusalKind.RISK: FlowFailure.ACCOUNT_AT_RISK,
    RefusalKind.NOT_ASSIGNED: FlowFailure.ACCOUNT_NOT_ASSIGNED,
    RefusalKind.GRANT_EXPIRED: FlowFailure.SIGN_IN_TOO_OLD,
    RefusalKind.CODE_UNUSABLE: FlowFailure.SIGN_IN_TOO_OLD,
    RefusalKind.ACCOUNT_UNUSABLE: FlowFailure.ACCOUNT_UNUSABLE,
    RefusalKind.USER_UNSUITABLE: FlowFailure.WRONG_ACCOUNT,
    RefusalKind.IDENTITY_PROVIDER: FlowFailure.IDENTITY_PROVIDER,
    RefusalKind.TENANT_NOT_FOUND: FlowFailure.TENANT_NOT_FOUND,
    RefusalKind.RESOURCE_MISSING: FlowFailure.SERVICE_MISSING,
    RefusalKind.WRONG_CLOUD: FlowFailure.WRONG_CLOUD,
}

# Of a CSP's account, or our application, in a customer's tenant. Without an entry, the consent itself is missing.
_HINDRANCE_OF_REFUSAL = {
    RefusalKind.MFA: Hindrance.MFA_NEEDED,
    RefusalKind.POLICY: Hindrance.BLOCKED_BY_POLICY,
    RefusalKind.CROSS_TENANT: Hindrance.CROSS_TENANT_BLOCKED,
    RefusalKind.RISK: Hindrance.CSP_SIGN_IN,
    RefusalKind.GRANT_EXPIRED: Hindrance.CSP_SIGN_IN,
    RefusalKind.CODE_UNUSABLE: Hindrance.CSP_SIGN_IN,
    RefusalKind.ACCOUNT_UNUSABLE: Hindrance.CSP_SIGN_IN,
    RefusalKind.IDENTITY_PROVIDER: Hindrance.CSP_SIGN_IN,
    RefusalKind.NOT_ASSIGNED: Hindrance.NOT_ASSIGNED,
    RefusalKind.USER_UNSUITABLE: Hindrance.ACCOUNT_NOT_LET_IN,
    RefusalKind.ADMINISTRATOR_NEEDED: Hindrance.ADMINISTRATOR_NEEDED,
    RefusalKind.APP_DISABLED: Hindrance.APP_DISABLED,
    RefusalKind.RESOURCE_MISSING: Hindrance.SERVICE_MISSING,
    RefusalKind.TENANT_NOT_FOUND: Hindrance.TENANT_NOT_FOUND,
    RefusalKind.WRONG_CLOUD: Hindrance.WRONG_CLOUD,
}
_OUTCOME_OF: tuple[tuple[type[AppError], DatasetOutcome], ...] = (
    (NotLicensed, DatasetOutcome.NOT_LICENSED),
    (Denied, DatasetOutcome.DENIED),
    (TokenRejected, DatasetOutcome.DENIED),  # Intune answers 401 where others answer 403 (microsoft.md 6.2)
    (Transient, DatasetOutcome.STALE),
    (UnexpectedAnswer, DatasetOutcome.STALE),
    (HostileLink, DatasetOutcome.STALE),
    (OutOfTime, DatasetOutcome.STALE),
    (ResyncRequired, DatasetOutcome.STALE),
)
# How a journey to renew a CSP ends when its account was examined and found unfit; other causes do not end it.
FAILURE_OF_CSP_CAUSE = {
    SyncCause.CSP_NO_MFA_PROMPT: FlowFailure.NO_MFA_PROMPT,
    SyncCause.CSP_NOT_IN_ADMIN_AGENTS: FlowFailure.NOT_IN_ADMIN_AGENTS,
    SyncCause.CSP_POLICY_BLOCKING: FlowFailure.POLICY_BLOCKING,
    SyncCause.CSP_UNKNOWN: FlowFailure.SIGN_IN_REFUSED,
    SyncCause.CSP_SIGN_IN_ENDED: FlowFailure.SIGN_IN_TOO_OLD,
    SyncCause.CSP_ACCOUNT_UNUSABLE: FlowFailure.ACCOUNT_UNUSABLE,
    SyncCause.CSP_ACCOUNT_AT_RISK: FlowFailure.ACCOUNT_AT_RISK,
    SyncCause.CSP_ACCOUNT_NOT_ASSIGNED: FlowFailure.ACCOUNT_NOT_ASSIGNED,
    SyncCause.CSP_CROSS_TENANT_BLOCKED: FlowFailure.CROSS_TENANT_BLOCKED,
    SyncCause.CSP_IDENTITY_PROVIDER: FlowFailure.IDENTITY_PROVIDER,
    SyncCause.CSP_CONSENT_MISSING: FlowFailure.DECLINED,
    SyncCause.CSP_APP_DISABLED: FlowFailure.APP_DISABLED,
}
# A consent that may just not be visible yet; in a customer's tenant the partner's account may not be known yet either.
CONSENT_NOT_VISIBLE = frozenset({RefusalKind.CONSENT_MISSING, RefusalKind.APP_NOT_FOUND})
CONSENT_NOT_VISIBLE_IN_CUSTOMER = CONSENT_NOT_VISIBLE | {RefusalKind.USER_UNSUITABLE}
# When uninstalling: our application, or the tenant, does not exist.
UNINSTALLED = frozenset({RefusalKind.APP_NOT_FOUND, RefusalKind.TENANT_NOT_FOUND})
# When uninstalling: there is no token on the partner's behalf without its consent, which an earlier try may have ended.
CONSENT_WITHDRAWN = frozenset({RefusalKind.APP_NOT_FOUND, RefusalKind.CONSENT_MISSING})
UNINSTALL_LATER = (OperatorFault, Transient, UnexpectedAnswer)
_TRANSIENT = (Transient, UnexpectedAnswer, HostileLink, ResyncRequired)


def failure_of(error: AppError, kind: Kind) -> FlowFailure:
    """The failure of a flow that this error ends; a CSP has an advice of its own for MFA."""
    if isinstance(error, OperatorFault):
        return FlowFailure.OUR_APPLICATION
    if isinstance(error, _TRANSIENT):
        return FlowFailure.MICROSOFT_UNAVAILABLE
    if not isinstance(error, SignInRefused):
        return FlowFailure.SIGN_IN_REFUSED
    if error.refusal.kind is RefusalKind.MFA and kind is Kind.CSP:
        return FlowFailure.NO_MFA_PROMPT
    return _FAILURE_OF_REFUSAL.get(error.refusal.kind, FlowFailure.SIGN_IN_REFUSED)


def hindrance_of(error: AppError) -> Hindrance | None:
    """The known reason of a refusal in a customer's tenant; None when it is the consent, or not known."""
    if isinstance(error, SignInRefused):
        return _HINDRANCE_OF_REFUSAL.get(error.refusal.kind)
    return Hindrance.ADMINISTRATOR_NEEDED if isinstance(error, Denied) else None


def is_unexplained(error: AppError) -> bool:
    """Whether it is a refusal of a kind that we do not know."""
    return isinstance(error, SignInRefused) and error.refusal.kind is RefusalKind.OTHER


def csp_cause_of(error: AppError) -> SyncCause:
    """The cause of a CSP's status when its customers cannot be read because of this error."""
    if isinstance(error, SignInRefused):
        return _CSP_CAUSE_OF_REFUSAL.get(error.refusal.kind, SyncCause.CSP_UNKNOWN)
    if isinstance(error, MfaRequired):
        return SyncCause.CSP_NO_MFA_PROMPT
    if isinstance(error, Denied):
        return _CSP_CAUSE_OF_CODE.get(error.graph_code, SyncCause.CSP_REQUEST_ERROR)
    return SyncCause.CSP_UNKNOWN if isinstance(error, TokenRejected) else SyncCause.CSP_REQUEST_ERROR


def cause_of(error: AppError) -> SyncCause:
    """The cause of a tenant's status when its sync failed with this error."""
    if isinstance(error, SignInRefused) and not isinstance(error, OperatorFault):
        return _CAUSE_OF_REFUSAL.get(error.refusal.kind, SyncCause.SIGN_IN_REFUSED)
    return next((cause for kind, cause in _CAUSE_OF_ERROR if isinstance(error, kind)), SyncCause.REQUEST_ERROR)


def outcome_of(error: AppError | None) -> DatasetOutcome:
    """The outcome of a data set that could not be read because of this error."""
    return next((outcome for kind, outcome in _OUTCOME_OF if isinstance(error, kind)), DatasetOutcome.FAILED)


def evidence_of(error: AppError) -> dict[str, str]:
    """Codes and ids for support; never a token, never Microsoft's free text."""
    evidence = getattr(error, "evidence", None)
    return evidence() if callable(evidence) else {"error": error.stable_code}


def wait_of(error: AppError) -> float | None:
    """Microsoft's Retry-After in seconds, if it sent one."""
    wait_s: float | None = getattr(error, "wait_s", None)
    return wait_s
