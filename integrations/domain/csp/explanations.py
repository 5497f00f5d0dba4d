"""What each CSP Auth means and what to do about it; the labels and colours are the source document's."""

from typing import NamedTuple

from integrations.domain.csp.gdap import CspAuth, GroupFault


class AuthExplanation(NamedTuple):
    """``reason`` is the machine code the API shows, ``detail`` and ``remedy`` are sentences for people."""

    colour: str
    reason: str
    detail: str
    remedy: str


_WAIT = "Nothing to do. We check again automatically."
_NEW_RELATIONSHIP = (
    "In Partner Center, request a new admin relationship with the roles named in the evidence. After the customer's "
    "Global Administrator has approved it, assign these roles to the account's security group."
)
AUTH_EXPLANATIONS: dict[CspAuth, AuthExplanation] = {
    CspAuth.ACTIVE: AuthExplanation(
        "green", "active", "The admin relationship is correct and does not end within seven days.", "Nothing to do."
    ),
    CspAuth.EXPIRING: AuthExplanation(
        "orange",
        "expiring",
        "A required role expires within seven days. Syncing continues until then.",
        "Extend the admin relationship named in the evidence before it ends, or have the customer approve a new one.",
    ),
    CspAuth.EXPIRED: AuthExplanation(
        "red", "expired", "A required role comes only from an admin relationship that has ended.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_RELATIONSHIP: AuthExplanation(
        "red", "missing_relationship", "There is no active admin relationship with this customer.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_ROLES: AuthExplanation(
        "red",
        "missing_roles",
        "The admin relationships grant neither Global Administrator nor all required roles.",
        f"Roles cannot be added to an active relationship. {_NEW_RELATIONSHIP}",
    ),
    CspAuth.CONSENT_FAILURE: AuthExplanation(
        "red",
        "consent_refused",
        "The admin relationship is active, but Microsoft refused the consent for our application.",
        "We try again automatically. If this persists, look up the code in the evidence at "
        "https://login.microsoftonline.com/error.",
    ),
    CspAuth.CONSENT_PENDING: AuthExplanation(
        "orange",
        "waiting_on_microsoft",
        "Microsoft is processing the consent for our application. A new admin relationship needs 15 minutes first.",
        _WAIT,
    ),
    CspAuth.GRANTING_ROLES: AuthExplanation(
        "orange",
        "waiting_on_microsoft",
        "Our application's permissions are granted but not in effect yet. This usually takes up to 30 minutes.",
        _WAIT,
    ),
    CspAuth.UNKNOWN: AuthExplanation(
        "orange",
        "unknown",
        "No status information is available. Most likely the consent failed. It can also be another, unknown error at "
        "Microsoft.",
        "We check again automatically. If this persists, select Reauthorize CSP in the menu of the CSP above the "
        "table.",
    ),
}
GROUP_EXPLANATIONS: dict[GroupFault, AuthExplanation] = {
    GroupFault.NO_GROUP: AuthExplanation(
        "red",
        "no_group",
        "The roles of the admin relationship are not assigned to any security group.",
        "In Partner Center, open the relationship and add one of your security groups with the roles in the evidence.",
    ),
    GroupFault.GROUP_LACKS_ROLES: AuthExplanation(
        "red",
        "group_lacks_roles",
        "The security group of the admin relationship lacks required roles.",
        "In Partner Center, open the relationship and assign the roles in the evidence to the security group.",
    ),
    GroupFault.ACCOUNT_NOT_IN_GROUP: AuthExplanation(
        "red",
        "account_not_in_group",
        "The authorized account is not in the security group of the admin relationship.",
        "In the Entra admin center of your CSP tenant, add the account to the group. This can take a few minutes.",
    ),
}


def explain_auth(auth: CspAuth, fault: GroupFault | None = None) -> AuthExplanation:
    """The explanation of a CSP Auth; a fault of the security group explains Missing Security Group more precisely."""
    return GROUP_EXPLANATIONS[fault] if fault else AUTH_EXPLANATIONS[auth]
