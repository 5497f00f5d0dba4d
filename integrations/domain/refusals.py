"""The texts for Microsoft's refusals: what is wrong, what to do about it, and who can do it.

Which refusal leads to which of these is decided in ``domain.causes``. Names are values of ``FlowFailure`` and
``SyncCause``, which include these texts.
"""

from enum import Enum
from typing import NamedTuple


class Words(NamedTuple):
    detail: str
    remedy: str


_OPERATOR = "Send the evidence to the operator of this service. Starting again does not help until this is fixed."
_ENABLE = (
    "to go to Enterprise applications in the Entra admin center, open our application, select Properties, and set "
    "'Enabled for users to sign in' to Yes"
)
_ASSIGN = (
    "to go to Enterprise applications in the Entra admin center, open our application, select Users and groups, and "
    "add the account"
)
_RISK = "to dismiss the risk in the Entra admin center, under ID Protection, or to reset the account's password"
_THEN = "then select Reauthorize CSP in the row's menu."
_AT_THE_CSP = "select Reauthorize CSP in the menu of the CSP above the table"

# A journey that ended at Microsoft, by the name of the FlowFailure.
OF_JOURNEY: dict[str, Words] = {
    "administrator_needed": Words(
        "Only an administrator of the tenant can accept these permissions. Nothing was stored.",
        "Start again, and sign in as a Global Administrator of the tenant on both of Microsoft's pages.",
    ),
    "policy_blocking": Words(
        "A Conditional Access policy of the tenant blocks the sign-in to our application, or requires a managed "
        "device.",
        "Ask an administrator of the tenant to exclude our application or the account from that policy, or sign in "
        "from a device that the policy accepts. Then start again.",
    ),
    "cross_tenant_blocked": Words(
        "A cross-tenant access setting or a tenant restriction blocks the account in this tenant.",
        "Start again with an account that belongs to the tenant itself. Or ask the tenant's administrator to allow the "
        "account's tenant in the Entra admin center, under External Identities, Cross-tenant access settings.",
    ),
    "account_at_risk": Words(
        "Microsoft blocks the account because its sign-ins look risky.",
        f"Ask an administrator of the account's tenant {_RISK}. Then start again.",
    ),
    "account_not_assigned": Words(
        "Only assigned accounts can sign in to our application in this tenant, and this account is not assigned.",
        f"Ask an administrator of the tenant {_ASSIGN}. Then start again.",
    ),
    "account_unusable": Words(
        "The account cannot sign in: it is locked or disabled, or its password is wrong or has expired.",
        "Use another Global Administrator account, or have an administrator unlock or enable this account. Then start "
        "again.",
    ),
    "wrong_account": Words(
        "The account is not known in the tenant that it signed in to.",
        "Start again with a Global Administrator account that belongs to the tenant itself. Guest accounts and "
        "personal accounts do not work.",
    ),
    "mfa_not_done": Words(
        "The account was prompted for multi-factor authentication (MFA), and did not complete it.",
        "Start again, and confirm the sign-in when prompted for MFA. If the account has no MFA method yet, register "
        "one at https://aka.ms/mfasetup first.",
    ),
    "identity_provider": Words(
        "The tenant's identity provider, such as AD FS, refused the sign-in.",
        "Start again with a cloud-only Global Administrator account (its name ends in onmicrosoft.com), or ask the "
        "administrator of the identity provider to look up the code in the evidence.",
    ),
    "sign_in_too_old": Words(
        "The sign-in had expired or had already been used when it reached us.",
        "Start again, and finish on Microsoft's pages within a few minutes, in one browser tab.",
    ),
    "app_disabled": Words(
        "An administrator of the tenant has disabled our application.",
        f"Ask an administrator of the tenant {_ENABLE}. Then start again.",
    ),
    "service_missing": Words(
        "A Microsoft service that our application needs is missing or turned off in the tenant.",
        "Ask an administrator of the tenant to check in the Entra admin center, under Enterprise applications, that "
        "Microsoft Graph is present and enabled, and that the tenant has a subscription. Then start again.",
    ),
    "tenant_not_found": Words(
        "Microsoft found no tenant for the account, or has closed it.",
        "Start again with a work account of the tenant. If the tenant was closed, an administrator must restore it "
        "first.",
    ),
    "wrong_cloud": Words(
        "The tenant is in a different Microsoft cloud from the one this service is set up for.",
        "Ask the operator of this service which clouds it supports.",
    ),
    "our_application": Words("Microsoft refused our own application, not the account. Nothing was stored.", _OPERATOR),
}


class OfCsp(NamedTuple):
    """A CSP's Auth Failed: ``reason`` is the word that the page groups by."""

    reason: str
    detail: str
    remedy: str


# A CSP whose sign-in is refused, by the name of the SyncCause.
OF_CSP: dict[str, OfCsp] = {
    "csp_sign_in_ended": OfCsp(
        "unknown",
        "Microsoft no longer accepts the stored sign-in. It was revoked or has expired.",
        "Select Reauthorize CSP in the row's menu. If this happens again after the same number of days, exclude the "
        "account from the Conditional Access policy that sets a sign-in frequency.",
    ),
    "csp_account_unusable": OfCsp(
        "unknown",
        "The authorized account cannot sign in. It is locked, disabled or deleted, or its password has expired.",
        f"Ask an administrator of the CSP tenant to unlock or enable the account in the Entra admin center, {_THEN}",
    ),
    "csp_account_at_risk": OfCsp(
        "policy_blocking",
        "Microsoft blocks the authorized account because its sign-ins look risky.",
        f"Ask an administrator of the CSP tenant {_RISK}, {_THEN}",
    ),
    "csp_account_not_assigned": OfCsp(
        "policy_blocking",
        "Only assigned accounts can sign in to our application in the CSP tenant, and this account is not assigned.",
        f"Ask an administrator of the CSP tenant {_ASSIGN}, {_THEN}",
    ),
    "csp_cross_tenant_blocked": OfCsp(
        "policy_blocking",
        "A cross-tenant access setting or a tenant restriction of the CSP tenant blocks the account.",
        "Ask an administrator of the CSP tenant to allow the account in the Entra admin center, under External "
        f"Identities, Cross-tenant access settings, {_THEN}",
    ),
    "csp_identity_provider": OfCsp(
        "unknown",
        "The account's identity provider, such as AD FS or a third-party MFA, refused the sign-in.",
        "Use a cloud-only account with Entra ID MFA, or ask the administrator of the identity provider to look up the "
        f"code in the evidence, {_THEN}",
    ),
    "csp_consent_missing": OfCsp(
        "unknown",
        "The consent for our application no longer exists in the CSP tenant.",
        "Select Reauthorize CSP in the row's menu, sign in as a Global Administrator of the CSP tenant, and accept.",
    ),
    "csp_app_disabled": OfCsp(
        "unknown",
        "An administrator of the CSP tenant has disabled our application there.",
        f"Ask an administrator of the CSP tenant {_ENABLE}, {_THEN}",
    ),
}  # fmt: skip


# How the page names the reason of an Auth Failed: the source document's words, and one of ours.
CSP_REASONS: dict[str, str] = {
    "unknown": "Unknown",
    "no_mfa_prompt": "No MFA Prompt",
    "not_in_admin_agents": "Not in the AdminAgents Group",
    "no_child_tenants": "No Child Tenants",
    "policy_blocking": "Blocked by a policy",
}


class Hindrance(Enum):
    """Why Microsoft refuses a CSP's account, or our application, in one customer's tenant."""

    MFA_NEEDED = "mfa_needed"
    BLOCKED_BY_POLICY = "blocked_by_policy"
    CROSS_TENANT_BLOCKED = "cross_tenant_blocked"
    CSP_SIGN_IN = "csp_sign_in"
    ADMINISTRATOR_NEEDED = "administrator_needed"
    NOT_ASSIGNED = "not_assigned"
    ACCOUNT_NOT_LET_IN = "account_not_let_in"
    APP_DISABLED = "app_disabled"
    SERVICE_MISSING = "service_missing"
    TENANT_NOT_FOUND = "tenant_not_found"
    WRONG_CLOUD = "wrong_cloud"


_AGAIN = "We try again automatically."
OF_CUSTOMER: dict[Hindrance, Words] = {
    Hindrance.MFA_NEEDED: Words(
        "A policy of the customer requires the CSP's account to use MFA, which it has not done there.",
        "Above the table, select Reauthorize CSP in the CSP's menu, and confirm the sign-in with MFA. "
        "If this persists, ask an administrator of the customer to trust MFA from your tenant (External Identities, "
        "Cross-tenant access settings), or to exclude 'Service provider users' from the policy.",
    ),
    Hindrance.BLOCKED_BY_POLICY: Words(
        "A Conditional Access policy of the customer blocks the CSP's account or our application, or requires a "
        "managed device.",
        "Ask an administrator of the customer to exclude our application and the 'Service provider users' of your CSP "
        f"tenant from that policy. This can take an hour to take effect. {_AGAIN}",
    ),
    Hindrance.CROSS_TENANT_BLOCKED: Words(
        "A cross-tenant access setting or a tenant restriction blocks the CSP's account in the customer's tenant.",
        "Ask an administrator of the customer to allow your CSP tenant in the Entra admin center, under External "
        f"Identities, Cross-tenant access settings. {_AGAIN}",
    ),
    Hindrance.CSP_SIGN_IN: Words(
        "Microsoft refused the CSP's own sign-in. The cause is not this customer.",
        "Select the status of the CSP above the table to see what is wrong. If it shows nothing, select Reauthorize "
        "CSP in the CSP's menu.",
    ),
    Hindrance.ADMINISTRATOR_NEEDED: Words(
        "The CSP's account is not allowed to consent or to grant permissions in this tenant.",
        "In Partner Center, open the admin relationship and assign the role Privileged Role Administrator to the "
        f"account's security group. If the relationship does not include that role, request a new one. {_AGAIN}",
    ),
    Hindrance.NOT_ASSIGNED: Words(
        "Only assigned accounts can use our application in this tenant, and the CSP's account is not assigned.",
        "Ask an administrator of the customer to go to Enterprise applications in the Entra admin center, open our "
        f"application, select Properties, and set 'Assignment required' to No. {_AGAIN}",
    ),
    Hindrance.ACCOUNT_NOT_LET_IN: Words(
        "Microsoft does not let the CSP's account into the customer's tenant, although its roles look correct.",
        "In the Entra admin center of your CSP tenant, check that the account is in the security group of the admin "
        "relationship. Also ask the customer to delete any guest account of the same person. "
        f"{_AGAIN}",
    ),
    Hindrance.APP_DISABLED: Words(
        "An administrator of the customer has disabled our application.",
        f"Ask an administrator of the customer {_ENABLE}. {_AGAIN}",
    ),
    Hindrance.SERVICE_MISSING: Words(
        "A Microsoft service that our application needs is missing or turned off in the customer's tenant.",
        "Ask an administrator of the customer to check in the Entra admin center, under Enterprise applications, that "
        f"Microsoft Graph is present and enabled, and that the tenant has a subscription. {_AGAIN}",
    ),
    Hindrance.TENANT_NOT_FOUND: Words(
        "Microsoft does not know this customer's tenant, or has closed it.",
        "If the customer is gone, end the relationship in Partner Center, and its row disappears too. If the tenant "
        "was restored, wait for the next check.",
    ),
    Hindrance.WRONG_CLOUD: Words(
        "The customer's tenant is in a different Microsoft cloud from the one this service is set up for.",
        "Ask the operator of this service which clouds it supports.",
    ),
}

_SET_UP_AGAIN = (
    "We set up our application again through the CSP automatically. The CSP Auth of this tenant shows how far that is. "
    f"If it does not become Active, {_AT_THE_CSP}."
)
# What to do about a Sync Status of a CSP's customer, where a single tenant's remedy does not apply to it, by the name
# of the SyncCause: a customer has no Reauthorize and no Remove Integration of its own.
REMEDY_OF_CUSTOMER: dict[str, str] = {
    "consent_missing": _SET_UP_AGAIN,
    "app_removed": _SET_UP_AGAIN,
    "permission_missing": _SET_UP_AGAIN,
    "app_disabled": OF_CUSTOMER[Hindrance.APP_DISABLED].remedy,
    "service_missing": OF_CUSTOMER[Hindrance.SERVICE_MISSING].remedy,
    "tenant_not_found": OF_CUSTOMER[Hindrance.TENANT_NOT_FOUND].remedy,
    "sign_in_refused": f"{_AGAIN} If this persists, {_AT_THE_CSP}.",
}
