"""Accounts that look as if a service or a device used them: suggestions of whom to leave out, and never more. Pure."""

import re
from collections.abc import Iterable

from integrations.domain.sync.records import User
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.scope.routing import DirectoryData

_NAMES = frozenset(
    {
        "automation",
        "backup",
        "backups",
        "bot",
        "camera",
        "copier",
        "daemon",
        "fax",
        "kiosk",
        "mfp",
        "monitor",
        "monitoring",
        "noreply",
        "printer",
        "relay",
        "scan",
        "scanner",
        "scans",
        "script",
        "smtp",
        "sql",
        "svc",
    }
)
_JOINED = ("donotreply", "noreply", "serviceaccount")


def service_accounts(changes: Iterable[UserChange], directory: DirectoryData) -> list[str]:
    """Object ids of users who get an End User now and are named like a service or a device.

    Where sign-ins were read, it is only those with whom nobody has ever signed in interactively.
    """
    made = (directory.users.get(it.object_id) for it in changes if it.created_in)
    named = [it.id for it in made if it and is_named_like_service(it)]
    sign_ins = directory.sign_ins if named else None
    return [it for it in named if sign_ins is None or it not in sign_ins or sign_ins[it].last_at is None]


def is_named_like_service(user: User) -> bool:
    """Whether a word of the name or of an address is one for services and devices, such as backup or scanner."""
    texts = [text.casefold().partition("@")[0] for text in (user.name, user.username, user.mail) if text]
    words = {re.sub(r"\d+$", "", word) for text in texts for word in re.split(r"[\W_]+", text)}
    joined = [re.sub(r"[\W_]+", "", text) for text in texts]
    return not words.isdisjoint(_NAMES) or any(it.startswith(_JOINED) for it in joined)
