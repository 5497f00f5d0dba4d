"""Whom policies apply to. Pure.

Policies are numbered, and sets of policies are bit masks, so that a tenant's people are sorted out in one pass over
the groups and roles that policies mention, however many people and policies there are.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from integrations.domain.policies.conditional_access import ExternalUsers, PolicyUsers
from integrations.domain.sync.groups import everybody_in
from integrations.domain.sync.records import Group, User
from integrations.domain.sync.security_records import RoleMember

_ALL, _ALL_GUESTS = "All", "GuestsOrExternalUsers"
_INVITED = "#ext#"
GUEST, EXTERNAL_MEMBER, INTERNAL_GUEST = "b2bCollaborationGuest", "b2bCollaborationMember", "internalGuest"
_GUEST_KINDS = frozenset({GUEST, EXTERNAL_MEMBER, INTERNAL_GUEST})
_WITHOUT_ACCOUNT = frozenset({"b2bDirectConnectUser", "otherExternalUser", "serviceProvider", "none"})


class SignedInPerson(NamedTuple):
    """Somebody who signs in. ``guest_kind`` is None for the tenant's own people; ``home_tenant`` None if not known."""

    id: str
    guest_kind: str | None = None
    home_tenant: str | None = None


def signed_in_person(user: User) -> SignedInPerson:
    return SignedInPerson(user.id, guest_kind_of(user))


def guest_kind_of(user: User) -> str | None:
    """The kind of guest in Microsoft's words; None for the tenant's own people."""
    is_invited = _INVITED in (user.username or "").lower()
    if user.is_guest:
        return GUEST if is_invited else INTERNAL_GUEST
    return EXTERNAL_MEMBER if is_invited else None


@dataclass(frozen=True, kw_only=True)
class Directory:
    """Who belongs to what. ``groups`` and ``roles`` (active, in all of the tenant) are None if they are not known.

    With ``people`` nobody else is looked at.
    """

    groups: Mapping[str, Group] | None
    roles: Sequence[RoleMember] | None
    people: frozenset[str] | None = None
    _members: dict[str, set[str]] = field(default_factory=dict)
    _holders: dict[str, set[str]] = field(default_factory=dict)

    def members(self, group_id: str) -> set[str]:
        """Ids of everybody in a group, at any depth; empty for one that does not exist or is not known."""
        if self.groups is None or group_id not in self.groups:
            return set()
        if group_id not in self._members:
            self._members[group_id] = self._only_people(everybody_in(self.groups, group_id))
        return self._members[group_id]

    def is_missing(self, group_id: str) -> bool:
        """Whether groups are known and this one is not among them."""
        return self.groups is not None and group_id not in self.groups

    def holders(self, role_id: str) -> set[str]:
        """Ids of everybody who has a role, directly or through a group."""
        if role_id not in self._holders:
            members = [it for it in self.roles or () if it.role_id == role_id]
            direct = {it.member_id for it in members if it.kind == "user"}
            through_groups = (self.members(it.member_id) for it in members if it.kind == "group")
            self._holders[role_id] = self._only_people(direct).union(*through_groups)
        return self._holders[role_id]

    def may_have_more_holders(self, role_id: str) -> bool:
        """Whether people may have a role that is not known."""
        through_groups = (it.kind == "group" for it in self.roles or () if it.role_id == role_id)
        return self.roles is None or (self.groups is None and any(through_groups))

    def administrators(self) -> set[str]:
        """Ids of everybody who has some role."""
        return set[str]().union(*(self.holders(it.role_id) for it in self.roles or ()))

    def may_have_more_administrators(self) -> bool:
        """Whether people may have a role that is not known."""
        return self.roles is None or any(self.may_have_more_holders(it.role_id) for it in self.roles)

    def _only_people(self, ids: set[str]) -> set[str]:
        return ids if self.people is None else ids & self.people


class Reach(NamedTuple):
    """Masks of the policies that apply to somebody: surely, possibly, and those that include but exclude them."""

    surely: int
    possibly: int
    excluded: int


@dataclass
class _Audience:
    """The people that policies include, or those that they exclude."""

    everybody: int = 0
    possibly_everybody: int = 0
    by_id: defaultdict[str, int] = field(default_factory=lambda: defaultdict(int))
    guests: list[tuple[int, ExternalUsers]] = field(default_factory=list)
    _guest_masks: dict[SignedInPerson, tuple[int, int]] = field(default_factory=dict)

    def masks(self, person: SignedInPerson) -> tuple[int, int]:
        """The policies that surely name somebody, and those that possibly do (the sure ones among them)."""
        surely = self.everybody | self.by_id.get(person.id, 0)
        if person.guest_kind is None:
            return surely, surely | self.possibly_everybody
        sure_guest, possible_guest = self._of_guest(person._replace(id=""))
        return surely | sure_guest, surely | possible_guest | self.possibly_everybody

    def _of_guest(self, person: SignedInPerson) -> tuple[int, int]:
        if person not in self._guest_masks:
            sure = possible = 0
            for bit, external in self.guests:
                is_sure, is_possible = _names_guest(external, person)
                sure |= bit * is_sure
                possible |= bit * is_possible
            self._guest_masks[person] = sure, possible
        return self._guest_masks[person]


class Audiences:
    """Whom each of some policies applies to; a policy's number is its place in ``included`` and ``excluded``."""

    def __init__(self, included: Sequence[PolicyUsers], excluded: Sequence[PolicyUsers], directory: Directory) -> None:
        self._included = _audience(included, directory)
        self._excluded = _audience(excluded, directory)

    def reach(self, person: SignedInPerson) -> Reach:
        """The policies that apply to somebody; an exclusion wins over an inclusion."""
        included, possibly_included = self._included.masks(person)
        excluded, possibly_excluded = self._excluded.masks(person)
        surely = included & ~possibly_excluded
        return Reach(surely, possibly_included & ~excluded & ~surely, possibly_included & excluded)


def _audience(audiences: Sequence[PolicyUsers], directory: Directory) -> _Audience:
    masks = _Audience()
    by_group: defaultdict[str, int] = defaultdict(int)
    by_role: defaultdict[str, int] = defaultdict(int)
    for number, users in enumerate(audiences):
        bit = 1 << number
        masks.everybody |= bit * (_ALL in users.users)
        masks.guests += [(bit, it) for it in guests_of(users)]
        _mark(masks.by_id, users.users, bit)
        _mark(by_group, users.groups, bit)
        _mark(by_role, users.roles, bit)
    for group_id, mask in by_group.items():
        _mark(masks.by_id, directory.members(group_id), mask)
        masks.possibly_everybody |= mask * (directory.groups is None)
    for role_id, mask in by_role.items():
        _mark(masks.by_id, directory.holders(role_id), mask)
        masks.possibly_everybody |= mask * directory.may_have_more_holders(role_id)
    return masks


def _mark(masks: defaultdict[str, int], keys: Iterable[str], mask: int) -> None:
    for key in keys:
        masks[key] |= mask


def guests_of(audience: PolicyUsers) -> list[ExternalUsers]:
    """The kinds of guests that a policy names, also by the old word for all of them."""
    old_word = [ExternalUsers(kinds=sorted(_GUEST_KINDS))] if _ALL_GUESTS in audience.users else []
    return old_word + ([audience.external] if audience.external else [])


def _names_guest(external: ExternalUsers, person: SignedInPerson) -> tuple[bool, bool]:
    """Whether these external users surely, and whether they possibly, hold this guest."""
    is_named = person.guest_kind in external.kinds
    may_be_named = is_named or bool(set(external.kinds) - _GUEST_KINDS - _WITHOUT_ACCOUNT)
    if external.tenants is None:
        return is_named, may_be_named
    if person.home_tenant is None:
        return False, may_be_named
    is_from_there = person.home_tenant in external.tenants
    return is_named and is_from_there, may_be_named and is_from_there


def numbers_in(mask: int) -> Iterator[int]:
    """The numbers of the policies in a mask, the smallest first."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest
