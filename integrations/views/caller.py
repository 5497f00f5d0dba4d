"""Who is signed in, as the page needs to know it."""

import msgspec


class CallerView(msgspec.Struct, frozen=True, kw_only=True):
    """The portal user whose token was sent.

    Attributes:
        user_id: The portal's id of the user, as entries of the audit log name it.
        name: The user's name, as the token has it. Empty if it has none.
        can_manage: Whether the account's plan allows more than to look and to remove.
        detail: Why it does not, for people. Empty if it does.
        remedy: What to do about it, and who can do it, for people. Empty if there is nothing to do.
    """

    user_id: str
    name: str
    can_manage: bool
    detail: str
    remedy: str
