"""The texts for Microsoft's refusals: what is wrong, what to do about it, and who can do it.

Which refusal leads to which of these is decided in ``domain.causes``. Names are values of ``FlowFailure`` and
``SyncCause``, which include these texts.
"""

from enum import Enum
from typing import NamedTuple


class Words(NamedTuple):
    detail: str
    remedy: str


_OPERATOR = "Send the evidence to the operator of this service; starting again does not help before it is put right."
_ENABLE = (
    "in the Entra admin centre, opens Enterprise applications, our application, Properties, and sets 'Enabled for "
    "users to sign in' to Yes"
)
_ASSIGN = (
    "in the Entra admin centre, opens Enterprise applications, our application, Users and groups, and adds the account"
)
_RISK = "dismisses the risk in the Entra admin centre, under ID Protection, or resets the account's password"
_THEN = "then select Reauthorize CSP in the row's menu."

# A journey that ended at Microsoft, by the name of the FlowFailure.
OF_JOURNEY: dict[str, Words] = {
    "administrator_needed": Words(
        "Microsoft lets only an administrator of the tenant accept these permissions. Nothing was stored.",
        "Start again and sign in as a Global Administrator of the tenant, on both of Microsoft's pages.",
    ),
    "policy_blocking": Words(
        "A Conditional Access policy of the tenant, or its demand for a managed device, blocks the sign-in to our "
        "application.",
        "An administrator of the tenant excludes our application or the account from that policy, or the account signs "
        "in from a device that the policy accepts; then start again.",
    ),
    "cross_tenant_blocked": Words(
        "A cross-tenant access setting or a tenant restriction keeps the account out of the tenant.",
        "Start again with an account of the tenant itself; or its administrator allows the account's tenant in the "
        "Entra admin centre, under External Identities, Cross-tenant access settings.",
    ),
    "account_at_risk": Words(
        "Microsoft blocks the account, because it sees a risk in its sign-ins.",
        f"An administrator of the account's tenant {_RISK}; then start again.",
    ),
    "account_not_assigned": Words(
        "The account is not assigned to our application, and the tenant lets only assigned accounts sign in.",
        f"An administrator of the tenant, {_ASSIGN}; then start again.",
    ),
    "account_unusable": Words(
        "The account cannot sign in: it is locked or disabled, or its password is wrong or has expired.",
        "Use another Global Administrator account, or have an administrator unlock or enable this account; then start "
        "again.",
    ),
    "wrong_account": Words(
        "Microsoft does not know the account in the tenant that was signed in to.",
        "Start again with a Global Administrator account that belongs to the tenant itself, not with a guest's or a "
        "personal one.",
    ),
    "mfa_not_done": Words(
        "The account was asked for a second factor (MFA), and the answer did not reach Microsoft.",
        "Start again and confirm the sign-in when the account is asked for MFA. If the account has no second factor "
        "yet, register one at https://aka.ms/mfasetup first.",
    ),
    "identity_provider": Words(
        "The service that signs the tenant's people in for Microsoft, such as AD FS or another identity provider, "
        "refused.",
        "Start again with a cloud-only Global Administrator account (its name ends in onmicrosoft.com), or have the "
        "identity provider's administrator look the code up.",
    ),
    "sign_in_too_old": Words(
        "The sign-in at Microsoft had expired, or was used already, when it reached us.",
        "Start again, and finish on Microsoft's pages within a few minutes, in one browser tab.",
    ),
    "app_disabled": Words(
        "An administrator of the tenant has disabled our application.",
        f"An administrator of the tenant, {_ENABLE}; then start again.",
    ),
    "service_missing": Words(
        "A Microsoft service that our application needs is missing or switched off in the tenant.",
        "An administrator of the tenant looks in the Entra admin centre, under Enterprise applications, whether "
        "Microsoft Graph is there and enabled, and whether the tenant has a subscription; then start again.",
    ),
    "tenant_not_found": Words(
        "Microsoft finds no tenant for the account, or has closed it.",
        "Start again with a work account of the tenant. If the tenant was closed, an administrator restores it first.",
    ),
    "wrong_cloud": Words(
        "The tenant lives in another Microsoft cloud than the one this service is set up for.",
        "Ask the operator of this service which clouds it serves.",
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
        "Microsoft does not accept the kept sign-in any more: it was revoked, or has expired.",
        "Select Reauthorize CSP in the row's menu. If this comes back after the same number of days, exclude the "
        "account from the Conditional Access policy that sets a sign-in frequency.",
    ),
    "csp_account_unusable": OfCsp(
        "unknown",
        "The account that was authorized cannot sign in: it is locked, disabled or deleted, or its password expired.",
        f"An administrator of the CSP tenant unlocks or enables the account in the Entra admin centre, {_THEN}",
    ),
    "csp_account_at_risk": OfCsp(
        "policy_blocking",
        "Microsoft blocks the account that was authorized, because it sees a risk in its sign-ins.",
        f"An administrator of the CSP tenant {_RISK}, {_THEN}",
    ),
    "csp_account_not_assigned": OfCsp(
        "policy_blocking",
        "The account is not assigned to our application, and the CSP tenant lets only assigned accounts sign in.",
        f"An administrator of the CSP tenant, {_ASSIGN}, {_THEN}",
    ),
    "csp_cross_tenant_blocked": OfCsp(
        "policy_blocking",
        "A cross-tenant access setting or a tenant restriction of the CSP tenant blocks the account.",
        "An administrator of the CSP tenant allows the account in the Entra admin centre, under External Identities, "
        f"Cross-tenant access settings, {_THEN}",
    ),
    "csp_identity_provider": OfCsp(
        "unknown",
        "The service that signs the account in for Microsoft, such as AD FS or a third party's MFA, refused.",
        "Use a cloud-only account with Entra ID MFA, or have the identity provider's administrator look the code up, "
        f"{_THEN}",
    ),
    "csp_consent_missing": OfCsp(
        "unknown",
        "The consent given to our application in the CSP tenant is gone.",
        "Select Reauthorize CSP in the row's menu, sign in as a Global Administrator of the CSP tenant, and accept.",
    ),
    "csp_app_disabled": OfCsp(
        "unknown",
        "An administrator of the CSP tenant has disabled our application there.",
        f"An administrator of the CSP tenant, {_ENABLE}, {_THEN}",
    ),
}  # fmt: skip


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


_AGAIN = "It is tried again by itself."
OF_CUSTOMER: dict[Hindrance, Words] = {
    Hindrance.MFA_NEEDED: Words(
        "A policy of the customer asks the CSP's account for MFA that it has not done there.",
        "Select Reauthorize CSP and confirm the sign-in with MFA. If it stays, an administrator of the customer trusts "
        "MFA of your tenant (External Identities, Cross-tenant access settings), or excludes 'Service provider users' "
        "from the policy.",
    ),
    Hindrance.BLOCKED_BY_POLICY: Words(
        "A Conditional Access policy of the customer, or its demand for a managed device, blocks the CSP's account or "
        "our application.",
        "An administrator of the customer excludes 'Service provider users' of your CSP tenant and our application "
        f"from that policy; it can take an hour to act. {_AGAIN}",
    ),
    Hindrance.CROSS_TENANT_BLOCKED: Words(
        "A cross-tenant access setting or a tenant restriction keeps the CSP's account out of the customer's tenant.",
        "An administrator of the customer allows your CSP tenant in the Entra admin centre, under External Identities, "
        f"Cross-tenant access settings. {_AGAIN}",
    ),
    Hindrance.CSP_SIGN_IN: Words(
        "Microsoft refused the CSP's own sign-in; that says nothing about this customer.",
        "Open the status of the CSP above the table: it says what is in the way. If it names nothing, select "
        "Reauthorize CSP there.",
    ),
    Hindrance.ADMINISTRATOR_NEEDED: Words(
        "The CSP's account may not consent or grant permissions in this tenant.",
        "In Partner Center, give the account's security group the role Privileged Role Administrator through the admin "
        f"relationship; a relationship without it has to be requested anew. {_AGAIN}",
    ),
    Hindrance.NOT_ASSIGNED: Words(
        "The customer lets only assigned accounts use our application, and the CSP's account is not assigned.",
        "An administrator of the customer, in the Entra admin centre, opens Enterprise applications, our application, "
        f"Properties, and sets 'Assignment required' to No. {_AGAIN}",
    ),
    Hindrance.ACCOUNT_NOT_LET_IN: Words(
        "Microsoft does not let the CSP's account into the customer's tenant, although its roles look right.",
        "In the Entra admin centre of your CSP tenant, look whether the account is in the security group of the admin "
        "relationship; and have the customer delete a guest account of the same person, if one was left there. "
        f"{_AGAIN}",
    ),
    Hindrance.APP_DISABLED: Words(
        "An administrator of the customer has disabled our application.",
        f"An administrator of the customer, {_ENABLE}. {_AGAIN}",
    ),
    Hindrance.SERVICE_MISSING: Words(
        "A Microsoft service that our application needs is missing or switched off in the customer's tenant.",
        "An administrator of the customer looks in the Entra admin centre, under Enterprise applications, whether "
        f"Microsoft Graph is there and enabled, and whether the tenant has a subscription. {_AGAIN}",
    ),
    Hindrance.TENANT_NOT_FOUND: Words(
        "Microsoft does not know this customer's tenant, or has closed it.",
        "If the customer is gone, end its relationship in Partner Center: then its row goes, too. If it was restored, "
        "wait for the next check.",
    ),
    Hindrance.WRONG_CLOUD: Words(
        "The customer's tenant lives in another Microsoft cloud than the one this service is set up for.",
        "Ask the operator of this service which clouds it serves.",
    ),
}
