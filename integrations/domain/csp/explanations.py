"""What each CSP Auth means and what to do about it; the labels and colours are the source document's."""

from typing import NamedTuple

from integrations.domain.csp.gdap import CspAuth, GroupFault


class AuthExplanation(NamedTuple):
    """``reason`` is the machine code the API shows, ``detail`` and ``remedy`` are sentences for people."""

    colour: str
    reason: str
    detail: str
    remedy: str


_WAIT = "Nothing to do: it is looked at again by itself."
_NEW_RELATIONSHIP = (
    "In Partner Center, request a new admin relationship with the roles in the evidence; the customer's Global "
    "Administrator approves it, then you give its roles to the account's security group."
)
AUTH_EXPLANATIONS: dict[CspAuth, AuthExplanation] = {
    CspAuth.ACTIVE: AuthExplanation(
        "green", "active", "The admin relationship is right, and ends in more than seven days.", "Nothing to do."
    ),
    CspAuth.EXPIRING: AuthExplanation(
        "orange",
        "expiring",
        "A required role ends within seven days; until then the tenant goes on syncing.",
        "Extend the admin relationship in the evidence, or have the customer approve a new one, before it ends.",
    ),
    CspAuth.EXPIRED: AuthExplanation(
        "red", "expired", "A required role is held only by an admin relationship that has ended.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_RELATIONSHIP: AuthExplanation(
        "red", "missing_relationship", "There is no active admin relationship with this customer.", _NEW_RELATIONSHIP
    ),
    CspAuth.MISSING_ROLES: AuthExplanation(
        "red",
        "missing_roles",
        "The admin relationships hold neither Global Administrator nor all required roles.",
        f"Roles cannot be added to an active relationship. {_NEW_RELATIONSHIP}",
    ),
    CspAuth.CONSENT_FAILURE: AuthExplanation(
        "red",
        "consent_refused",
        "The admin relationship is active, but Microsoft refused our application's consent.",
        "It is tried again by itself. If it stays, look the code in the evidence up at "
        "https://login.microsoftonline.com/error.",
    ),
    CspAuth.CONSENT_PENDING: AuthExplanation(
        "orange",
        "waiting_on_microsoft",
        "Microsoft is putting our application's consent into effect. A new admin relationship needs 15 minutes first.",
        _WAIT,
    ),
    CspAuth.GRANTING_ROLES: AuthExplanation(
        "orange",
        "waiting_on_microsoft",
        "Our application's permissions are granted, and do not show yet; this usually takes up to 30 minutes.",
        _WAIT,
    ),
    CspAuth.UNKNOWN: AuthExplanation(
        "orange",
        "unknown",
        "Microsoft has not told us enough about this customer, or refused for a reason that lies elsewhere.",
        "Look at the evidence. If it names MFA, select Reauthorize CSP; otherwise it is looked at again by itself.",
    ),
}
GROUP_EXPLANATIONS: dict[GroupFault, AuthExplanation] = {
    GroupFault.NO_GROUP: AuthExplanation(
        "red",
        "no_group",
        "No security group has been given the roles of the admin relationship.",
        "In Partner Center, open the relationship and add a security group of yours with the roles in the evidence.",
    ),
    GroupFault.GROUP_LACKS_ROLES: AuthExplanation(
        "red",
        "group_lacks_roles",
        "The security group of the admin relationship lacks required roles.",
        "In Partner Center, open the relationship and give the security group the roles in the evidence.",
    ),
    GroupFault.ACCOUNT_NOT_IN_GROUP: AuthExplanation(
        "red",
        "account_not_in_group",
        "The account that was authorized is not in the security group of the admin relationship.",
        "In the Entra admin centre of your CSP tenant, add the account to the group; it can take some minutes to act.",
    ),
}


def explain_auth(auth: CspAuth, fault: GroupFault | None = None) -> AuthExplanation:
    """The explanation of a CSP Auth; a fault of the security group explains Missing Security Group more precisely."""
    return GROUP_EXPLANATIONS[fault] if fault else AUTH_EXPLANATIONS[auth]
