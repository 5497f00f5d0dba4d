"""What a CSP must have in place before it is integrated; the accepted version is recorded.

The version changes with every change of the texts, so that the record shows which text was accepted.
Source: https://learn.microsoft.com/partner-center/security/security-requirements-for-partner-apis
"""

import msgspec

VERSION = "2026-11-28"
TITLE = "Before you integrate your CSP tenant"
ACKNOWLEDGEMENT = "I have met these prerequisites."


class Prerequisite(msgspec.Struct, frozen=True):
    """Something that must be in place.

    Attributes:
        title: The prerequisite in a few words.
        detail: What exactly must be in place.
    """

    title: str
    detail: str


class Prerequisites(msgspec.Struct, frozen=True, kw_only=True):
    """The text of the pop-up. ``version`` goes back with the acceptance.

    Attributes:
        version: Changes with the text. Send it back when integrating.
        title: The heading of the pop-up.
        items: Each prerequisite, in the order in which it is shown.
        acknowledgement: The sentence that somebody has to accept.
    """

    version: str
    title: str
    items: list[Prerequisite]
    acknowledgement: str


def prerequisites(role_names: list[str]) -> Prerequisites:
    """The text, with the roles that this service requires."""
    roles = Prerequisite("Roles in every customer tenant", f"Global Administrator, or all of: {', '.join(role_names)}.")
    return Prerequisites(
        version=VERSION,
        title=TITLE,
        items=[*_ITEMS, roles],
        acknowledgement=ACKNOWLEDGEMENT,
    )


_ITEMS = (
    Prerequisite(
        "A dedicated service account",
        "Use a dedicated service account in your CSP tenant. It must be a Global Administrator of that tenant.",
    ),
    Prerequisite(
        "Entra ID MFA on every sign-in",
        "Microsoft must prompt the account for Entra ID MFA, through a Conditional Access policy or security defaults. "
        "Third-party MFA is not accepted.",
    ),
    Prerequisite("AdminAgents", "The account must be a member of the AdminAgents group of your CSP tenant."),
    Prerequisite(
        "Admin relationships",
        "Each customer that you want to sync needs an active admin relationship (GDAP). "
        "Customers without one are listed but not synced.",
    ),
    Prerequisite(
        "Security groups",
        "Each relationship must assign its roles to a security group in your CSP tenant, and the account must be a "
        "member of every one of these groups.",
    ),
    Prerequisite(
        "CSP integration only",
        "Do not also integrate the CSP tenant itself, or one of its customers, as a single tenant.",
    ),
)
