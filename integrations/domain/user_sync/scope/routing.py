"""Which Organization a user belongs to, and what keeps a user out of the sync. Pure.

The first Organization whose filter allows a user takes it. What depends on a group that is not known, or on groups
that were not read lately, is not sure: nobody becomes inactive or moves because of it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

import msgspec

from integrations.domain.ids import OrganizationId
from integrations.domain.security.certainty import Certainty
from integrations.domain.security.policy_people import Directory
from integrations.domain.sync.records import Group, SignIns, User
from integrations.domain.user_sync.comparison import short_hash
from integrations.domain.user_sync.scope.filters import CompiledFilter, FilterVerdict
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData, MailboxKind, mailbox_of
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.settings import UserSyncSettings

DIRECTORY_SYNC_ROLE = "d29b2b05-8046-44ba-8758-1e26182fcf32"  # Directory Synchronization Accounts
_SYNC_ACCOUNT, _INITIAL_DOMAIN = "sync_", ".onmicrosoft.com"
_BY_MAILBOX = {
    MailboxKind.SHARED: LeftOutReason.SHARED_MAILBOX,
    MailboxKind.ROOM: LeftOutReason.ROOM,
    MailboxKind.TEAMS_ROOM: LeftOutReason.ROOM,
    MailboxKind.EQUIPMENT: LeftOutReason.EQUIPMENT,
    MailboxKind.CALL_QUEUE: LeftOutReason.CALL_QUEUE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryData:
    """What is known of a tenant's directory.

    ``users_are_current``: they were read completely and lately, and none that vanished are held back. ``groups`` are
    None if they were never read. ``paid_licenses`` are ids of products as they were last known, None if they never
    were: then any license counts. Unless ``licenses_are_current``, so does one that is not known. ``sync_accounts`` are
    ids of those who hold the role of directory synchronization. ``sign_ins`` are by object id, None if they were never
    read.
    """

    users: Mapping[str, User]
    users_are_current: bool = True
    groups: Mapping[str, Group] | None = field(default_factory=dict)
    groups_are_current: bool = True
    verified_domains: Collection[str] = frozenset()
    mailboxes: MailboxData = field(default_factory=MailboxData)
    paid_licenses: Collection[str] | None = None
    licenses_are_current: bool = True
    sync_accounts: Collection[str] = frozenset()
    sign_ins: Mapping[str, SignIns] | None = None

    def hash_besides_users(self) -> str:
        """A text that is the same while all is that a plan depends on besides users, their mailboxes, and groups."""
        paid = None if self.paid_licenses is None else sorted(self.paid_licenses)
        names = [sorted(it) for it in (self.verified_domains, self.sync_accounts, self.mailboxes.rooms)]
        return short_hash(msgspec.json.encode([paid, names, sorted(self.mailboxes.part_numbers.items())]))


class Route(NamedTuple):
    """Where a user belongs; ``organization_id`` is None if nowhere, or if it cannot be known (``is_known``).

    ``is_sure``: it depends on nothing that was not read lately. ``also_matches`` are later Organizations whose filter
    allows the user, too.
    """

    organization_id: OrganizationId | None
    is_on: bool = True
    is_known: bool = True
    is_sure: bool = True
    also_matches: tuple[OrganizationId, ...] = ()


class Standing(NamedTuple):
    """Where a user belongs, and why its End User would be inactive; in the order of the reasons."""

    route: Route
    reasons: tuple[LeftOutReason, ...]

    @property
    def can_be_matched(self) -> bool:
        """Whether an End User is looked for: also for somebody disabled, who may have one."""
        return self.route.organization_id is not None and not self.is_left_out

    @property
    def is_left_out(self) -> bool:
        """Whether anything else than that the account is disabled keeps the user out."""
        return any(it is not LeftOutReason.DISABLED for it in self.reasons) if self.reasons else False


class Router:
    """The standing of each user of a tenant."""

    def __init__(self, settings: UserSyncSettings, directory: DirectoryData) -> None:
        self._settings = settings
        self._directory = directory
        groups = Directory(groups=directory.groups, roles=None)
        self.filters = [
            CompiledFilter(it, groups, groups_are_current=directory.groups_are_current) for it in settings.organizations
        ]
        self._off = frozenset(it.organization_id for it in settings.organizations if not it.is_on)
        self._routes: dict[tuple[FilterVerdict, ...], Route] = {}

    def standing(self, user: User) -> Standing:
        route = self.route(user)
        return Standing(route, tuple(self._reasons(user, route)))

    def route(self, user: User) -> Route:
        """The first Organization that takes the user; none while it is open whether an earlier one does."""
        verdicts = tuple([it.verdict(user) for it in self.filters])
        route = self._routes.get(verdicts)
        if route is None:
            route = self._routes[verdicts] = self._route_by(verdicts)
        return route

    def _route_by(self, verdicts: Iterable[FilterVerdict]) -> Route:
        """The route of everybody about whom the filters say this."""
        is_known = is_sure = True
        matches: list[CompiledFilter] = []
        for it, (allows, is_current) in zip(self.filters, verdicts, strict=True):
            if not matches:
                is_known &= allows is not Certainty.UNKNOWN
                is_sure &= is_current and is_known
            if allows is Certainty.YES:
                matches.append(it)
        if not matches or not is_known:
            return Route(None, is_known=is_known, is_sure=is_sure)
        also = tuple(it.organization_id for it in matches[1:])
        return Route(matches[0].organization_id, is_on=matches[0].is_on, is_sure=is_sure, also_matches=also)

    @property
    def is_any_off(self) -> bool:
        """Whether the sync of an Organization is off."""
        return bool(self._off)

    def is_off(self, organization_id: OrganizationId) -> bool:
        """Whether an Organization is in the settings and its sync is off."""
        return organization_id in self._off

    def _reasons(self, user: User, route: Route) -> Iterator[LeftOutReason]:
        if keeps_directories_in_sync(user, self._directory.sync_accounts):
            yield LeftOutReason.DIRECTORY_SYNC
        if self._settings.people_only and (reason := _BY_MAILBOX.get(mailbox_of(user, self._directory.mailboxes).kind)):
            yield reason
        if self._settings.enabled_only and user.is_enabled is False:
            yield LeftOutReason.DISABLED
        if self._settings.licensed_only and not self._is_licensed(user):
            yield LeftOutReason.UNLICENSED
        if route.organization_id is None and route.is_sure:
            yield LeftOutReason.UNROUTED

    def _is_licensed(self, user: User) -> bool:
        paid, known = self._directory.paid_licenses, self._directory.mailboxes.part_numbers
        if paid is None:
            return bool(user.license_ids)
        is_sure = self._directory.licenses_are_current
        return any(it in paid or not (is_sure or it in known) for it in user.license_ids)


def keeps_directories_in_sync(user: User, sync_accounts: Collection[str]) -> bool:
    """Whether an account is that of a tool; ``sync_accounts`` are ids of those who hold the role for it."""
    name = (user.username or "").lower()
    is_named_so = name.startswith(_SYNC_ACCOUNT) and name.endswith(_INITIAL_DOMAIN)
    return is_named_so or user.id in sync_accounts
