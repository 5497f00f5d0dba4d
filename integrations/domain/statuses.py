"""The statuses of the page: label, colour, cause, explanation and remedy.

Labels and colours are the product document's. Rows store the cause only (``sync_status``), so that texts can be
improved without changing stored rows.
"""

from enum import Enum
from typing import NamedTuple

from integrations.domain import refusals


class SyncLabel(Enum):
    """Sync Status: the first three of a tenant's row, Success and the last three of a CSP's."""

    SUCCESS = "Success"
    PENDING = "Pending"
    AUTH_ERROR = "Auth Error"
    AUTH_PENDING = "Auth Pending"
    AUTH_FAILED = "Auth Failed"
    ERROR = "Error"


COLOUR_OF = {
    SyncLabel.SUCCESS: "green",
    SyncLabel.PENDING: "orange",
    SyncLabel.AUTH_ERROR: "red",
    SyncLabel.AUTH_PENDING: "orange",
    SyncLabel.AUTH_FAILED: "red",
    SyncLabel.ERROR: "red",
}
COLOURS = ("green", "orange", "red", "grey")


class SyncCause(Enum):
    """The cause of a Sync Status: the stable machine code of each explanation."""

    NAME_READ = "name_read"
    SYNCED = "synced"
    SYNCED_WITH_WARNINGS = "synced_with_warnings"
    QUEUED = "queued"
    THROTTLED = "throttled"
    MICROSOFT_UNAVAILABLE = "microsoft_unavailable"
    OUR_CREDENTIAL = "our_credential"
    OUR_FAILURE = "our_failure"
    CONSENT_MISSING = "consent_missing"
    APP_REMOVED = "app_removed"
    APP_DISABLED = "app_disabled"
    BLOCKED_BY_POLICY = "blocked_by_policy"
    TENANT_NOT_FOUND = "tenant_not_found"
    WRONG_CLOUD = "wrong_cloud"
    PERMISSION_MISSING = "permission_missing"
    SERVICE_MISSING = "service_missing"
    SIGN_IN_REFUSED = "sign_in_refused"
    WRONG_TENANT_TOKEN = "wrong_tenant_token"  # noqa: S105 - a status, not a secret
    REQUEST_ERROR = "request_error"
    PLAN_LOST = "plan_lost"
    CSP_AUTH_BLOCKS = "csp_auth_blocks"
    CSP_FAILED = "csp_failed"
    CSP_SYNCED = "csp_synced"
    CSP_AUTHORIZING = "csp_authorizing"
    CSP_UNKNOWN = "csp_unknown"
    CSP_SIGN_IN_ENDED = "csp_sign_in_ended"
    CSP_ACCOUNT_UNUSABLE = "csp_account_unusable"
    CSP_ACCOUNT_AT_RISK = "csp_account_at_risk"
    CSP_ACCOUNT_NOT_ASSIGNED = "csp_account_not_assigned"
    CSP_CROSS_TENANT_BLOCKED = "csp_cross_tenant_blocked"
    CSP_IDENTITY_PROVIDER = "csp_identity_provider"
    CSP_CONSENT_MISSING = "csp_consent_missing"
    CSP_APP_DISABLED = "csp_app_disabled"
    CSP_NO_MFA_PROMPT = "csp_no_mfa_prompt"
    CSP_NOT_IN_ADMIN_AGENTS = "csp_not_in_admin_agents"
    CSP_NO_CHILD_TENANTS = "csp_no_child_tenants"
    CSP_POLICY_BLOCKING = "csp_policy_blocking"
    CSP_UNAVAILABLE = "csp_unavailable"
    CSP_REQUEST_ERROR = "csp_request_error"
    CSP_SECRET_BROKEN = "csp_secret_broken"  # noqa: S105 - a status, not a secret
    CSP_OUR_FAILURE = "csp_our_failure"


class Explanation(NamedTuple):
    label: SyncLabel
    reason: str  # what the page groups by; for Pending it is waiting_on_microsoft or blocked
    detail: str
    remedy: str

    @property
    def reason_label(self) -> str | None:
        """The reason as the page shows it beside the label; None where the label says enough."""
        return refusals.CSP_REASONS[self.reason] if self.label is SyncLabel.AUTH_FAILED else None


_NOTHING = "Nothing to do."
_WAIT = "Nothing to do. We try again automatically."
_OPERATOR_KNOWS = "There is nothing you need to do. The operator of this service has been alerted."
_IF_IT_PERSISTS = "We try again automatically. If this persists, send the evidence to the operator of this service."
_THEN_REAUTHORIZE_CSP = "select Reauthorize CSP in the row's menu."
_REAUTHORIZE_CSP = "Select Reauthorize CSP in the row's menu to try again."
_REAUTHORIZE = (
    "Select Reauthorize in the row's menu, sign in as a Global Administrator of this tenant, and accept the "
    "permissions."
)

EXPLANATIONS: dict[SyncCause, Explanation] = {
    SyncCause.NAME_READ: Explanation(
        SyncLabel.SUCCESS,
        "name_read",
        "The connection works. Until the tenant is mapped, only its name is read.",
        "Map the tenant to an Organization to start syncing its data.",
    ),
    SyncCause.SYNCED: Explanation(SyncLabel.SUCCESS, "synced", "The last sync of this tenant was complete.", _NOTHING),
    SyncCause.SYNCED_WITH_WARNINGS: Explanation(
        SyncLabel.SUCCESS,
        "synced_with_warnings",
        "The last sync is complete except for the data sets named in the evidence.",
        "Open the tenant's details to see what each of these data sets needs.",
    ),
    SyncCause.QUEUED: Explanation(
        SyncLabel.PENDING, "waiting_on_microsoft", "A sync is queued and starts in a moment.", _WAIT
    ),
    SyncCause.THROTTLED: Explanation(
        SyncLabel.PENDING, "waiting_on_microsoft", "Microsoft asked us to slow down for this tenant.", _WAIT
    ),
    SyncCause.MICROSOFT_UNAVAILABLE: Explanation(
        SyncLabel.PENDING,
        "waiting_on_microsoft",
        "Microsoft is not answering our requests properly at the moment.",
        _WAIT,
    ),
    SyncCause.OUR_CREDENTIAL: Explanation(
        SyncLabel.PENDING,
        "blocked",
        "Microsoft is currently rejecting our application's own credential or request.",
        _OPERATOR_KNOWS,
    ),
    SyncCause.OUR_FAILURE: Explanation(
        SyncLabel.PENDING,
        "blocked",
        "Our service failed several times while syncing this tenant.",
        f"{_OPERATOR_KNOWS} We try again automatically.",
    ),
    SyncCause.CONSENT_MISSING: Explanation(
        SyncLabel.AUTH_ERROR,
        "consent_missing",
        "The consent for our application no longer exists in this tenant.",
        _REAUTHORIZE,
    ),
    SyncCause.APP_REMOVED: Explanation(
        SyncLabel.AUTH_ERROR, "app_removed", "Our application was removed from this tenant.", _REAUTHORIZE
    ),
    SyncCause.APP_DISABLED: Explanation(
        SyncLabel.AUTH_ERROR,
        "app_disabled",
        "An administrator of this tenant has disabled our application.",
        "In the tenant's Entra admin center, go to Enterprise applications, open our application, select Properties, "
        "and set 'Enabled for users to sign in' to Yes.",
    ),
    SyncCause.BLOCKED_BY_POLICY: Explanation(
        SyncLabel.AUTH_ERROR,
        "blocked_by_policy",
        "A Conditional Access policy, or another access policy of this tenant, blocks our application.",
        "Ask an administrator of the tenant to exclude our application from that policy. This can take an hour to "
        "take effect.",
    ),
    SyncCause.TENANT_NOT_FOUND: Explanation(
        SyncLabel.AUTH_ERROR,
        "tenant_not_found",
        "Microsoft no longer knows this tenant, or has closed it. We keep our copy of its data.",
        "If the tenant is really gone, select Remove Integration in the row's menu. If it was restored, wait for the "
        "next check.",
    ),
    SyncCause.WRONG_CLOUD: Explanation(
        SyncLabel.AUTH_ERROR,
        "wrong_cloud",
        "This tenant is in a different Microsoft cloud from the one this service is set up for.",
        "Ask the operator of this service which clouds it supports.",
    ),
    SyncCause.PERMISSION_MISSING: Explanation(
        SyncLabel.AUTH_ERROR,
        "permission_missing",
        "Our application has not been granted a permission in this tenant that every sync needs.",
        _REAUTHORIZE,
    ),
    SyncCause.SERVICE_MISSING: Explanation(
        SyncLabel.AUTH_ERROR,
        "service_missing",
        "A Microsoft service that our application needs is missing or turned off in this tenant.",
        "Ask an administrator of the tenant to check in the Entra admin center, under Enterprise applications, that "
        "Microsoft Graph is present and enabled, and that the tenant has a subscription. Then select Reauthorize in "
        "the row's menu.",
    ),
    SyncCause.SIGN_IN_REFUSED: Explanation(
        SyncLabel.AUTH_ERROR,
        "sign_in_refused",
        "Microsoft refused our sign-in to this tenant. The error code is in the evidence.",
        _REAUTHORIZE,
    ),
    SyncCause.WRONG_TENANT_TOKEN: Explanation(
        SyncLabel.AUTH_ERROR,
        "wrong_tenant_token",
        "Microsoft returned a token for a different tenant, so we did not use it.",
        _IF_IT_PERSISTS,
    ),
    SyncCause.REQUEST_ERROR: Explanation(
        SyncLabel.AUTH_ERROR,
        "request_error",
        "Microsoft refused one of our requests three times. The error code is in the evidence.",
        _IF_IT_PERSISTS,
    ),
    SyncCause.PLAN_LOST: Explanation(
        SyncLabel.PENDING,
        "blocked",
        "Your account is no longer on the Team plan, so nothing is synced. Synced data is kept for 30 days.",
        "Move your account back to the Team plan, and syncing resumes automatically. Integrations can be removed on "
        "any plan.",
    ),
    SyncCause.CSP_AUTH_BLOCKS: Explanation(
        SyncLabel.PENDING,
        "blocked",
        "This tenant is not synced until its CSP Auth is Active or Expiring.",
        "Select the CSP Auth of this tenant. It shows what is wrong and who can fix it.",
    ),
    SyncCause.CSP_FAILED: Explanation(
        SyncLabel.PENDING,
        "blocked",
        "The CSP of this tenant is currently not authorized, so nothing is synced.",
        "Select the status of the CSP above the table. Once the CSP is authorized again, this tenant resumes syncing.",
    ),
    SyncCause.CSP_SYNCED: Explanation(
        SyncLabel.SUCCESS, "synced", "All customers and admin relationships of this CSP were read.", _NOTHING
    ),
    SyncCause.CSP_AUTHORIZING: Explanation(
        SyncLabel.AUTH_PENDING,
        "waiting_on_microsoft",
        "Authorization is in progress. It can take several minutes.",
        "Nothing to do. The tenants appear in the table automatically.",
    ),
    SyncCause.CSP_UNKNOWN: Explanation(
        SyncLabel.AUTH_FAILED,
        "unknown",
        "Microsoft refused the CSP's authorization. The error code is in the evidence.",
        _REAUTHORIZE_CSP,
    ),
    **{SyncCause(name): Explanation(SyncLabel.AUTH_FAILED, *said) for name, said in refusals.OF_CSP.items()},
    SyncCause.CSP_NO_MFA_PROMPT: Explanation(
        SyncLabel.AUTH_FAILED,
        "no_mfa_prompt",
        "The account that signed in was not prompted for Entra ID MFA.",
        f"Change the account so that Entra ID prompts it for MFA on every sign-in, then {_THEN_REAUTHORIZE_CSP}",
    ),
    SyncCause.CSP_NOT_IN_ADMIN_AGENTS: Explanation(
        SyncLabel.AUTH_FAILED,
        "not_in_admin_agents",
        "The account that signed in is not a member of the AdminAgents group.",
        f"Add the account to the AdminAgents group of your CSP tenant, then {_THEN_REAUTHORIZE_CSP}",
    ),
    SyncCause.CSP_NO_CHILD_TENANTS: Explanation(
        SyncLabel.AUTH_FAILED,
        "no_child_tenants",
        "This CSP tenant has no customer relationships.",
        f"Add customer relationships in Partner Center, then {_THEN_REAUTHORIZE_CSP}",
    ),
    SyncCause.CSP_POLICY_BLOCKING: Explanation(
        SyncLabel.AUTH_FAILED,
        "policy_blocking",
        "A Conditional Access policy of the CSP tenant blocks our application, or requires a managed device.",
        "Ask an administrator of the CSP tenant to exclude our application or the account from that Conditional Access "
        f"policy, then {_THEN_REAUTHORIZE_CSP}",
    ),
    SyncCause.CSP_UNAVAILABLE: Explanation(
        SyncLabel.ERROR,
        "request_error",
        "The CSP is authorized, but Microsoft has not answered our requests for its customers for some time.",
        _WAIT,
    ),
    SyncCause.CSP_REQUEST_ERROR: Explanation(
        SyncLabel.ERROR,
        "request_error",
        "The CSP is authorized, but Microsoft refused a request for its customers. The error code is in the evidence.",
        _IF_IT_PERSISTS,
    ),
    SyncCause.CSP_SECRET_BROKEN: Explanation(
        SyncLabel.ERROR,
        "secret_broken",
        "The CSP's stored credential cannot be decrypted, so we did not use it. The operator has been alerted.",
        _REAUTHORIZE_CSP,
    ),
    SyncCause.CSP_OUR_FAILURE: Explanation(
        SyncLabel.ERROR,
        "our_failure",
        "Our service failed several times while reading this CSP's customers. What you see is the last known state.",
        f"{_OPERATOR_KNOWS} We try again automatically.",
    ),
}


def remedy_of(cause: SyncCause, *, is_customer: bool) -> str:
    """What to do about a Sync Status; a CSP's customer has other ways than a single tenant."""
    own = refusals.REMEDY_OF_CUSTOMER.get(cause.value) if is_customer else None
    return own or EXPLANATIONS[cause].remedy
