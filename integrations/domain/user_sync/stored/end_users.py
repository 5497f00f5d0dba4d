"""End Users as the user sync knows them, and as they are after a change of it. Pure."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from integrations.domain.people.end_user import EndUser, InactiveReason
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.fields import FIELD_NAMES
from integrations.domain.user_sync.links import KnownEndUser
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.settings import SyncedField


def known_end_user(person: EndUser) -> KnownEndUser:
    values = {it: text for it, name in FIELD_NAMES.items() if (text := getattr(person, name))}
    return KnownEndUser(
        id=person.id,
        organization_id=person.organization_id,
        values=values,
        other_addresses=[*([person.username] if person.username else []), *person.aliases],
        is_active=person.is_active,
        inactive_because=_left_out_reason(person),
        keep_active=person.keep_active,
    )


def synced_end_user(
    change: UserChange, managed: Sequence[SyncedField], person: EndUser | None, now: datetime
) -> EndUser:
    """The End User after a change, but for its Organization; ``person`` is None for one that is made.

    One for which nothing changes is returned as it is.
    """
    values: dict[str, Any] = {FIELD_NAMES[it.field]: it.after for it in change.fields}
    names = [FIELD_NAMES[it] for it in managed]
    if person is None:
        organization_id = change.created_in
        if organization_id is None:
            raise ValueError(change.end_user_id)
        return EndUser(
            id=change.end_user_id,
            organization_id=organization_id,
            sequence=0,
            created_at=now,
            changed_at=now,
            managed_fields=names,
            **values,
        )
    if person.managed_fields != names:
        values["managed_fields"] = names
    after = msgspec.structs.replace(person, **values, **_activity(change, person, now))
    return person if after == person else msgspec.structs.replace(after, changed_at=now)


def _activity(change: UserChange, person: EndUser, now: datetime) -> dict[str, Any]:
    if change.is_active:
        return {"is_active": True, "inactive_reason": None, "inactive_since": None}
    if change.inactive_because is None:
        return {}
    since = now if person.is_active else person.inactive_since
    reason = InactiveReason(change.inactive_because.value)
    return {"is_active": False, "inactive_reason": reason, "inactive_since": since}


def _left_out_reason(person: EndUser) -> LeftOutReason | None:
    """Why the sync keeps an End User inactive; None if it does not."""
    if person.is_active or person.inactive_reason in {None, InactiveReason.PORTAL}:
        return None
    return LeftOutReason(person.inactive_reason.value) if person.inactive_reason else None
