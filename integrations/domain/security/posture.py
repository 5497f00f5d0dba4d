"""Security and licence figures of a tenant, computed from its synced rows in the form the API returns. Pure."""

import heapq
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple, TypeVar

import msgspec

from integrations.domain.sync.groups import everybody_in
from integrations.domain.sync.records import Group
from integrations.domain.sync.security_records import Registration, RoleMember

T = TypeVar("T")

MOST_PEOPLE = 100


class Administrator(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who has directory roles, directly or through the groups that ``through`` names.

    ``has_mfa`` is None where it is not known: the report needs a licence, and leaves some people out.

    Attributes:
        user_id: The user's object id.
        name: The name that Microsoft shows. Null if it is not known.
        username: The user principal name. Null if it is not known.
        roles: The names of their directory roles.
        through: The groups through which they have roles. Empty if they have all of them directly.
        has_mfa: Whether they have registered for MFA. Null where it is not known.
    """

    user_id: str
    name: str | None
    username: str | None
    roles: list[str]
    through: list[str]
    has_mfa: bool | None


class Person(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody without MFA. ``as_of`` is the report's own time.

    Attributes:
        user_id: The user's object id.
        name: The name that Microsoft shows.
        username: The user principal name.
        is_admin: Whether the report calls them an administrator.
        is_guest: Whether they are a guest.
        as_of: When Microsoft last updated this line of the report. Null if it does not say.
    """

    user_id: str
    name: str
    username: str
    is_admin: bool
    is_guest: bool
    as_of: datetime | None


def without_mfa(registrations: Iterable[Registration]) -> list[Person]:
    """People without MFA, administrators first; the first hundred."""
    return first_people(person_of(it) for it in registrations if not it.is_mfa_registered)


def person_of(registration: Registration) -> Person:
    return Person(
        user_id=registration.user_id,
        name=registration.name,
        username=registration.username,
        is_admin=bool(registration.is_admin),
        is_guest=registration.is_guest,
        as_of=registration.as_of,
    )


def first_people(people: Iterable[Person]) -> list[Person]:
    """The first hundred: administrators before everybody else, guests last."""
    return heapq.nsmallest(MOST_PEOPLE, people, key=lambda it: (not it.is_admin, it.is_guest, it.username))


def administrators(
    members: Iterable[RoleMember], groups: Mapping[str, Group], registrations: Mapping[str, Registration]
) -> list[Administrator]:
    """Everybody who has a role, those without MFA first. Applications that have roles are left out."""
    held = holdings(members, groups)
    return in_order(administrator_of(key, holding, registrations.get(key)) for key, holding in held.items())


def in_order(people: Iterable[Administrator]) -> list[Administrator]:
    """Administrators in the order they are listed: those without MFA first."""
    return sorted(people, key=lambda it: (it.has_mfa is not False, it.username or "", it.user_id))


class Holding(NamedTuple):
    """The roles that somebody has, and the names of the groups through which they have some."""

    members: Sequence[RoleMember]
    through: Collection[str]


def holdings(members: Iterable[RoleMember], groups: Mapping[str, Group]) -> dict[str, Holding]:
    """The roles of everybody, by user id. Applications that have roles are left out."""
    held: dict[str, list[RoleMember]] = {}
    through: dict[str, set[str]] = {}
    for it in members:
        inside = everybody_in(groups, it.member_id) if it.kind == "group" else {it.member_id}
        for key in inside if it.kind != "application" else ():
            held.setdefault(key, []).append(it)
            through.setdefault(key, set()).update({it.name or it.member_id} if it.kind == "group" else ())
    return {key: Holding(roles, through[key]) for key, roles in held.items()}


def administrator_of(key: str, holding: Holding, known: Registration | None) -> Administrator:
    """One administrator; ``known`` is their entry in the registration report."""
    source = known or next((it for it in holding.members if it.kind == "user"), None)
    return Administrator(
        user_id=key,
        name=source.name if source else None,
        username=source.username if source else None,
        roles=sorted({it.role for it in holding.members}),
        through=sorted(holding.through),
        has_mfa=known.is_mfa_registered if known else None,
    )
