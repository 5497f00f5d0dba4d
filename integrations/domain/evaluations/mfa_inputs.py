"""What decides about everybody's MFA in a tenant, read from its stored rows.

What many have in common is read each time, as far as policies and roles refer to it, and is small. Of users and
registrations, which may be a hundred thousand, a change has only those read that it concerns.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from functools import cached_property
from typing import TypeVar

import msgspec

from integrations.domain.evaluations.dataset_state import valid_until, why_unread
from integrations.domain.evaluations.evaluation import Changes, RowSource
from integrations.domain.policies.conditional_access import AuthenticationStrength, ConditionalAccess
from integrations.domain.policies.role_management import RoleSchedule
from integrations.domain.security.mfa_decision import MfaInputs
from integrations.domain.security.policy_people import Directory
from integrations.domain.sync.changed_keys import ALL, Keys
from integrations.domain.sync.datasets import DatasetOutcome
from integrations.domain.sync.groups import reachable
from integrations.domain.sync.mailboxes import MailboxPage, Room, is_of_one, users_of
from integrations.domain.sync.packing import first_part, rows_holding, rows_that_may_hold
from integrations.domain.sync.records import Group
from integrations.domain.sync.security_records import (
    CrossTenantAccess,
    NamedLocation,
    PerUserMfaPage,
    RoleMember,
    SecurityDefaults,
)
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData, mailbox_data

T = TypeVar("T", bound=msgspec.Struct)

USERS, REGISTRATIONS = "users", "registrations"
_PURPOSES, _ROOMS = "mailbox_purposes", "rooms"
_GROUPS, _POLICIES = "groups", "conditional_access"
_MOST_GROUPS_FOUND = 42  # by their keys, three requests
# Microsoft has no such rows for a tenant without the licence: that is known, other than what could not be read.
_EMPTY_WITHOUT_LICENSE = frozenset({_POLICIES, "named_locations", "authentication_strengths", "role_eligibilities"})
_COMMON = _EMPTY_WITHOUT_LICENSE | {"security_defaults", "per_user_mfa", "roles", "cross_tenant_access", _ROOMS}
NEEDS = _COMMON | {USERS, REGISTRATIONS, _GROUPS, _PURPOSES}


class MfaRegistration(msgspec.Struct, frozen=True, kw_only=True):
    """What is read of somebody's registration."""

    user_id: str
    is_mfa_registered: bool
    is_mfa_capable: bool


class _MfaRegistrationPage(msgspec.Struct, frozen=True, kw_only=True):
    people: list[MfaRegistration]


class MfaTenant:
    """One tenant. ``unread`` says in words why something is not known, by data set."""

    def __init__(self, source: RowSource) -> None:
        self._source = source
        self._group_keys: set[str] = set()
        self._known_groups: set[str] | None = None
        self.unread: dict[str, str] = {}
        self._policies = self._rows(_POLICIES, ConditionalAccess)
        self._roles = self._rows("roles", RoleMember)
        self._groups = self._read_groups(self._policies or (), self._roles or ())
        self._has_registrations = self._is_read(REGISTRATIONS)

    def inputs(self, people: Keys) -> MfaInputs:
        """What decides about these people."""
        locations = self._rows("named_locations", NamedLocation) if self._mentions(_places) else []
        strengths = self._rows("authentication_strengths", AuthenticationStrength) if self._mentions(_strength) else []
        eligible = self._rows("role_eligibilities", RoleSchedule) if self._mentions(_roles) else []
        only = None if people is ALL else people
        return MfaInputs(
            security_defaults=self._security_defaults(),
            per_user=self._per_user_states(),
            policies=self._policies,
            directory=Directory(groups=self._groups, roles=self._roles, people=only),
            locations=None if locations is None else {it.id: it for it in locations},
            strengths={it.id: it for it in strengths or ()},
            eligible=eligible or (),
            unread=self.unread,
        )

    @cached_property
    def cross_tenant_access(self) -> list[CrossTenantAccess] | None:
        """Whether MFA of guests' own tenants is accepted; None if that could not be read."""
        return self._rows("cross_tenant_access", CrossTenantAccess)

    def affected(self, changes: Changes) -> Keys:
        """The ids of those about whom has to be decided again."""
        is_for_all = any(changes[name] for name in _COMMON) or self._uses_groups(changes[_GROUPS])
        users, registrations, purposes = changes[USERS], changes[REGISTRATIONS], changes[_PURPOSES]
        if is_for_all or users is ALL or registrations is ALL or purposes is ALL:
            return ALL
        return users | users_of(purposes) | frozenset(self._people_of(registrations))

    def registrations(self, people: Keys) -> Mapping[str, MfaRegistration]:
        """The registrations of these people, by their ids; nobody's if the report could not be read."""
        if not self._has_registrations:
            return {}
        if people is ALL:
            rows = self._source.rows(REGISTRATIONS, _MfaRegistrationPage)
            return {it.user_id: it for _, page in rows for it in page.people}
        pages = self._pages_of(people)
        return {it.user_id: it for page in pages for it in page.people if it.user_id in people}

    def mailboxes(self, people: Keys) -> MailboxData:
        """What is known about the mailboxes of these people that may belong to no person."""
        pages: Iterable[MailboxPage] = ()
        if self._is_read(_PURPOSES) and people is ALL:
            pages = (it for key, it in self._source.rows(_PURPOSES, MailboxPage) if is_of_one(key))
        elif self._is_read(_PURPOSES) and people is not ALL:
            pages = self._source.find(_PURPOSES, people, MailboxPage).values()
        return mailbox_data(pages, self._rows(_ROOMS, Room) or ())

    def _rows(self, dataset: str, model: type[T]) -> list[T] | None:
        """All rows of a data set; None if they could not be read."""
        is_unlicensed = self._source.state(dataset).outcome is DatasetOutcome.NOT_LICENSED
        if is_unlicensed and dataset in _EMPTY_WITHOUT_LICENSE:
            return []
        return [it for _, it in self._source.rows(dataset, model)] if self._is_read(dataset) else None

    def _mentions(self, of_policy: Callable[[ConditionalAccess], object]) -> bool:
        """Whether some policy has this, so that what it refers to matters."""
        return any(map(of_policy, self._policies or ()))

    def _is_read(self, dataset: str) -> bool:
        state = self._source.state(dataset)
        is_read = valid_until(dataset, state, self._source.now) is not None
        if not is_read:
            self.unread[dataset] = why_unread(state)
        return is_read

    def _security_defaults(self) -> bool | None:
        rows = self._rows("security_defaults", SecurityDefaults)
        return rows[0].is_enabled if rows else None

    def _per_user_states(self) -> dict[str, str | None] | None:
        pages = self._rows("per_user_mfa", PerUserMfaPage)
        return None if pages is None else {it.user_id: it.state for page in pages for it in page.people}

    def _read_groups(
        self, policies: Iterable[ConditionalAccess], roles: Iterable[RoleMember]
    ) -> dict[str, Group] | None:
        """The groups that policies name and that have roles, with all groups in them."""
        if not self._is_read(_GROUPS):
            return None
        with_roles = {it.member_id for it in roles if it.kind == "group"}
        return reachable(self._find_groups, with_roles.union(*map(_groups_of, policies)))

    def _find_groups(self, keys: Collection[str]) -> Mapping[str, Group]:
        """The rows with these keys.

        Where many are named, all rows are read once. From then on it is known which members are groups.
        """
        self._group_keys.update(keys)
        if self._known_groups is None and len(keys) <= _MOST_GROUPS_FOUND:
            return self._source.find(_GROUPS, keys, Group)
        if self._known_groups is not None:
            return self._source.find(_GROUPS, self._known_groups.intersection(keys), Group)
        found: dict[str, Group] = {}
        self._known_groups = set()
        for key, it in self._source.rows(_GROUPS, Group):
            self._known_groups.add(key)
            if key in keys:
                found[key] = it
        return found

    def _uses_groups(self, changed: Keys) -> bool:
        """Whether one of these rows matters now or did before: then the rows that lead there were looked up now."""
        return bool(self._group_keys) if changed is ALL else bool(changed & self._group_keys)

    def _people_of(self, rows: frozenset[str]) -> Iterator[str]:
        """Everybody who is in these rows of registrations, and whoever may have been."""
        if not rows:
            return
        for page in self._source.find(REGISTRATIONS, rows, _MfaRegistrationPage).values():
            yield from (it.user_id for it in page.people)
        firsts = {first_part(it) for it in rows}
        yield from (key for key, _ in self._source.derived(_AnyRow) if rows_that_may_hold(key) & firsts)

    def _pages_of(self, people: frozenset[str]) -> Iterator[_MfaRegistrationPage]:
        return rows_holding(
            {it: rows_that_may_hold(it) for it in people},
            lambda rows: self._source.find(REGISTRATIONS, rows, _MfaRegistrationPage),
            lambda row: (it.user_id for it in row.people),
        )


class _AnyRow(msgspec.Struct):
    """A row of which only the key matters."""


def _places(policy: ConditionalAccess) -> object:
    return policy.conditions and policy.conditions.locations


def _roles(policy: ConditionalAccess) -> object:
    return policy.conditions and policy.conditions.included.roles


def _strength(policy: ConditionalAccess) -> object:
    return policy.grant and policy.grant.strength


def _groups_of(policy: ConditionalAccess) -> set[str]:
    conditions = policy.conditions
    return {*conditions.included.groups, *conditions.excluded.groups} if conditions else set()
