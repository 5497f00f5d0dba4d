"""Two End Users that are the same person become one."""

from datetime import datetime
from typing import Any

import msgspec

from integrations.domain.people.end_user import FIELDS, MOST_ALIASES, EndUser
from integrations.domain.people.fields import address_key, checked

_DECIDED_BY_RULES = frozenset({"name", "aliases", "notes", "external_id", "is_active", "keep_active"})


def merged(survivor: EndUser, other: EndUser, now: datetime) -> EndUser:
    """The survivor, which has taken over what only the other one had.

    A field of the survivor is filled only if it is blank and Microsoft does not manage it. The other one's addresses
    become aliases, so that mail to them still finds the person.
    """
    filled = {
        name: getattr(other, name)
        for name in FIELDS
        if name not in {*_DECIDED_BY_RULES, *survivor.managed_fields} and getattr(survivor, name) is None
    }
    taken = msgspec.structs.replace(survivor, **filled)
    external_id = survivor.external_id or other.external_id
    rules: dict[str, Any] = {
        "aliases": _aliases(taken, other),
        "notes": checked({"notes": "\n".join(filter(None, (survivor.notes, other.notes)))})[0]["notes"],
        "external_id": external_id,
        "keep_active": survivor.keep_active or other.keep_active,
        "merged_external_ids": sorted((survivor.external_ids | other.external_ids) - {external_id}),
        "former_organization_ids": sorted(
            {*survivor.former_organization_ids, *other.former_organization_ids} - {survivor.organization_id}
        ),
        "created_at": min(survivor.created_at, other.created_at),
        "changed_at": now,
    }
    return msgspec.structs.replace(
        taken, **{name: it for name, it in rules.items() if name not in taken.managed_fields}
    )


def _aliases(survivor: EndUser, other: EndUser) -> list[str]:
    known = {address_key(it) for it in (survivor.mail, survivor.username, *survivor.aliases) if it}
    new = {
        address_key(it): it
        for it in (other.mail, other.username, *other.aliases)
        if it and address_key(it) not in known
    }
    return sorted([*survivor.aliases, *new.values()])[: max(MOST_ALIASES, len(survivor.aliases))]
