"""Tenants of the tests of the decision about MFA, as a sync stores them."""

from collections.abc import Iterable, Mapping
from random import Random
from typing import Any

from integrations.domain.sync.groups import split
from integrations.domain.sync.mailboxes import MailboxPurpose, Room, mailbox_rows
from integrations.domain.sync.packing import pack
from integrations.domain.sync.records import User
from integrations.domain.sync.security_records import (
    CrossTenantAccess,
    PerUserMfa,
    PerUserMfaPage,
    Registration,
    RegistrationPage,
    SecurityDefaults,
)
from tests.domain.evaluations.in_memory import Rows
from tests.domain.security.mfa_generator import PEOPLE
from tests.domain.security.mfa_worlds import World

_CROWD = [f"crowd-{number}" for number in range(90)]  # so that registrations take several rows


def account(user_id: str, **details: Any) -> User:
    return User(**{"id": user_id, "name": user_id.title(), "username": f"{user_id}@contoso.com", **details})


def registration(user_id: str, *, registered: bool = True, capable: bool = True) -> Registration:
    return Registration(
        user_id=user_id, name=user_id, username=user_id, is_mfa_registered=registered, is_mfa_capable=capable
    )


def registrations_of(registrations: Iterable[Registration]) -> Rows:
    packed = pack({it.user_id: it for it in registrations})
    return {key: RegistrationPage(people=people) for key, people in packed.items()}


def mailboxes_of(purposes: Mapping[str, str | None]) -> Rows:
    """Mailboxes by user; None: the purpose is not known."""
    return dict(mailbox_rows(MailboxPurpose(user_id=key, basis="b", purpose=it) for key, it in purposes.items()))


def rows_of(
    world: World,
    users: Iterable[User],
    registrations: Iterable[Registration] | None = (),
    cross_tenant_access: Iterable[CrossTenantAccess] | None = (),
    purposes: Mapping[str, str | None] | None = None,
    rooms: Iterable[str] | None = None,
) -> dict[str, Rows]:
    """The rows of each data set that could be read."""
    states = [PerUserMfa(user_id=key, state=state) for key, state in (world.per_user or {}).items()]
    defaults = SecurityDefaults(is_enabled=bool(world.security_defaults))
    read: dict[str, Rows | None] = {
        "users": {it.id: it for it in users},
        "registrations": None if registrations is None else registrations_of(registrations),
        "security_defaults": None if world.security_defaults is None else {"policy": defaults},
        "per_user_mfa": None if world.per_user is None else {"00000.0": PerUserMfaPage(people=states)},
        "conditional_access": _by_id(world.policies),
        "groups": None if world.groups is None else {k: row for it in world.groups for k, row in split(it).items()},
        "roles": None if world.roles is None else {f"{it.role_id}:{it.member_id}": it for it in world.roles},
        "named_locations": _by_id(world.locations),
        "authentication_strengths": _by_id(world.strengths),
        "role_eligibilities": _by_id(world.eligible),
        "cross_tenant_access": None
        if cross_tenant_access is None
        else {it.partner_id or "default": it for it in cross_tenant_access},
        "mailbox_purposes": None if purposes is None else mailboxes_of(purposes),
        "rooms": None if rooms is None else {it: Room(id=it, name=it, address=it) for it in rooms},
    }
    return {name: rows for name, rows in read.items() if rows is not None}


def made_up_rows(chance: Random, world: World) -> dict[str, Rows]:
    """The rows of a made-up tenant, with people to decide about and a crowd of others."""
    ids = [it for it in [*(person.id for person in PEOPLE), *_CROWD] if chance.random() < 0.9]
    listed = [it for it in [*(person.id for person in PEOPLE), *_CROWD] if chance.random() < 0.8]
    return rows_of(
        world,
        [_made_up_account(chance, it) for it in ids],
        [registration(it, registered=chance.random() < 0.6, capable=chance.random() < 0.8) for it in listed],
        [CrossTenantAccess(partner_id=it, trusts_mfa=chance.choice([True, False, None])) for it in (None, "t1")],
        {it: chance.choice(["user", "room", "shared", None]) for it in ids if chance.random() < 0.7},
        [f"{it}@contoso.com" for it in ids if chance.random() < 0.1],
    )


def _made_up_account(chance: Random, user_id: str) -> User:
    kinds: Mapping[str, str | None] = {it.id: it.guest_kind for it in PEOPLE}
    kind = kinds.get(user_id)
    host = "fabrikam.com#EXT#@contoso.com" if kind and kind != "internalGuest" else "contoso.com"
    return account(
        user_id,
        username=f"{user_id}@{host}",
        mail=f"{user_id}@contoso.com",
        is_guest=kind in {"b2bCollaborationGuest", "internalGuest"},
        is_enabled=chance.random() < 0.9,
    )


def _by_id(records: Iterable[Any] | None) -> Rows | None:
    return None if records is None else {it.id: it for it in records}
