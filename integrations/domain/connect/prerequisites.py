"""What a CSP must have in place before it is integrated; the accepted version is recorded.

The version changes with every change of the texts, so that the record shows which text was accepted.
Source: https://learn.microsoft.com/partner-center/security/security-requirements-for-partner-apis
"""

import msgspec

VERSION = "2026-11"
TITLE = "Before you connect your CSP tenant"
ACKNOWLEDGEMENT = "I have met these prerequisites."


class Prerequisite(msgspec.Struct, frozen=True):
    title: str
    detail: str


class Prerequisites(msgspec.Struct, frozen=True, kw_only=True):
    """The text of the pop-up. ``version`` goes back with the acceptance."""

    version: str
    title: str
    items: list[Prerequisite]
    acknowledgement: str


def prerequisites(role_names: list[str]) -> Prerequisites:
    """The text, with the roles that this service requires."""
    roles = Prerequisite("Roles in every customer", f"Global Administrator, or all of: {', '.join(role_names)}.")
    return Prerequisites(
        version=VERSION,
        title=TITLE,
        items=[*_ITEMS, roles],
        acknowledgement=ACKNOWLEDGEMENT,
    )


_ITEMS = (
    Prerequisite(
        "A service account of its own",
        "Use an account of your CSP tenant that nobody works with. It must be a Global Administrator of that tenant.",
    ),
    Prerequisite(
        "Entra ID MFA on every sign-in",
        "Microsoft must prompt the account for Entra ID MFA, by a Conditional Access policy or by security defaults. "
        "The MFA of another vendor does not count.",
    ),
    Prerequisite("AdminAgents", "The account must be a member of the AdminAgents group of your CSP tenant."),
    Prerequisite(
        "Admin relationships",
        "Each customer you want to connect needs an active admin relationship (GDAP). "
        "Customers without one are listed, but not synced.",
    ),
    Prerequisite(
        "Security groups",
        "Each relationship must give its roles to a security group of your CSP tenant, and the account must be in "
        "every one of these groups.",
    ),
    Prerequisite(
        "The CSP way only",
        "Do not connect the CSP tenant itself, or a customer reached through it, as a single tenant.",
    ),
)
