"""Why a consent flow failed, and what the user should do about it."""

from enum import Enum

from integrations.domain.refusals import OF_JOURNEY, Words


class FlowFailure(Enum):
    DECLINED = "declined"
    EXPIRED = "expired"
    GUEST = "guest"
    NOT_TENANT_ADMIN = "not_tenant_admin"
    ADMIN_UNKNOWN = "admin_unknown"
    IDENTITY_INVALID = "identity_invalid"
    OTHER_TENANT = "other_tenant"
    CONSENT_ELSEWHERE = "consent_elsewhere"
    ALREADY_INTEGRATED = "already_integrated"
    PARTNER_TENANT = "partner_tenant"
    CONSENT_NOT_VISIBLE = "consent_not_visible"
    PERMISSION_MISSING = "permission_missing"
    SIGN_IN_REFUSED = "sign_in_refused"
    MICROSOFT_UNAVAILABLE = "microsoft_unavailable"
    REMOVED_MEANWHILE = "removed_meanwhile"
    REMOVING = "removing"
    CSP_CHILD = "csp_child"
    NO_MFA_PROMPT = "no_mfa_prompt"
    NOT_IN_ADMIN_AGENTS = "not_in_admin_agents"
    POLICY_BLOCKING = "policy_blocking"
    ADMINISTRATOR_NEEDED = "administrator_needed"
    CROSS_TENANT_BLOCKED = "cross_tenant_blocked"
    ACCOUNT_AT_RISK = "account_at_risk"
    ACCOUNT_NOT_ASSIGNED = "account_not_assigned"
    ACCOUNT_UNUSABLE = "account_unusable"
    WRONG_ACCOUNT = "wrong_account"
    MFA_NOT_DONE = "mfa_not_done"
    IDENTITY_PROVIDER = "identity_provider"
    SIGN_IN_TOO_OLD = "sign_in_too_old"
    APP_DISABLED = "app_disabled"
    SERVICE_MISSING = "service_missing"
    TENANT_NOT_FOUND = "tenant_not_found"
    WRONG_CLOUD = "wrong_cloud"
    OUR_APPLICATION = "our_application"
    OUR_FAILURE = "our_failure"


_AGAIN = "Start again from the Integrate button."

ADVICE: dict[FlowFailure, Words] = {
    **{FlowFailure(name): words for name, words in OF_JOURNEY.items()},
    FlowFailure.DECLINED: Words(
        "The permissions were not accepted at Microsoft. Nothing was stored.",
        "Start again, and select Accept on Microsoft's page.",
    ),
    FlowFailure.EXPIRED: Words("The sign-in at Microsoft took too long and has expired.", _AGAIN),
    FlowFailure.GUEST: Words(
        "The account that signed in is a guest in this tenant.",
        "Sign in with a Global Administrator account that belongs to the tenant itself.",
    ),
    FlowFailure.NOT_TENANT_ADMIN: Words(
        "The account that signed in is not a Global Administrator of its tenant.",
        "Sign in as a Global Administrator of that tenant. If the role must be activated first, activate it.",
    ),
    FlowFailure.ADMIN_UNKNOWN: Words(
        "Microsoft did not tell us whether the account is a Global Administrator, so we did not continue.",
        "Start again in a few minutes.",
    ),
    FlowFailure.IDENTITY_INVALID: Words(
        "The sign-in from Microsoft did not pass our checks, so we did not use it.",
        "Start again. If this persists, send the evidence to the operator of this service.",
    ),
    FlowFailure.OTHER_TENANT: Words(
        "The account that signed in belongs to a different tenant from the one to reauthorize. Nothing changed.",
        "Select Reauthorize again and sign in as a Global Administrator of the tenant in that row.",
    ),
    FlowFailure.CONSENT_ELSEWHERE: Words(
        "The permissions were accepted for a different tenant from the one that was signed in to.",
        "Start again, and use the same Global Administrator account on both of Microsoft's pages.",
    ),
    FlowFailure.ALREADY_INTEGRATED: Words(
        "This tenant is already integrated in your account.",
        "Find its row in the table, and select Reauthorize there to renew the integration.",
    ),
    FlowFailure.PARTNER_TENANT: Words(
        "This is a Cloud Solution Provider (CSP) tenant. It cannot be integrated as a single tenant.",
        "Select Integrate, then Cloud Solution Provider (CSP) Tenants.",
    ),
    FlowFailure.CONSENT_NOT_VISIBLE: Words(
        "The permissions were accepted, but they did not take effect at Microsoft within 15 minutes.",
        "Start again. The second attempt usually works immediately.",
    ),
    FlowFailure.PERMISSION_MISSING: Words(
        "Not all permissions were granted. The missing ones are in the evidence.",
        "Start again, and accept all permissions as a Global Administrator.",
    ),
    FlowFailure.SIGN_IN_REFUSED: Words(
        "Microsoft refused the sign-in. The error code is in the evidence.",
        "Look up the code at https://login.microsoftonline.com/error, then start again.",
    ),
    FlowFailure.MICROSOFT_UNAVAILABLE: Words(
        "Microsoft did not answer while we were checking the sign-in. Nothing was stored.",
        "Start again in a few minutes.",
    ),
    FlowFailure.CSP_CHILD: Words(
        "This tenant is already integrated through your CSP.",
        "Find its row in the table. A tenant can be integrated in one way only.",
    ),
    FlowFailure.NO_MFA_PROMPT: Words(
        "The account that signed in was not prompted for Entra ID MFA. Nothing changed.",
        "Change the account so that Entra ID prompts it for MFA on every sign-in, then select Reauthorize CSP again.",
    ),
    FlowFailure.NOT_IN_ADMIN_AGENTS: Words(
        "The account that signed in is not a member of the AdminAgents group. Nothing changed.",
        "Add the account to the AdminAgents group, then select Reauthorize CSP again.",
    ),
    FlowFailure.REMOVING: Words(
        "The previous integration of this tenant is still being removed.",
        "Wait until the removal has finished, usually a few minutes, then start again from the Integrate button.",
    ),
    FlowFailure.OUR_FAILURE: Words(
        "Our service failed several times while checking the sign-in, until it expired. Nothing was integrated.",
        "The operator of this service has been alerted. Start again later from the Integrate button.",
    ),
    FlowFailure.REMOVED_MEANWHILE: Words("The integration was removed in the meantime.", _AGAIN),
}
