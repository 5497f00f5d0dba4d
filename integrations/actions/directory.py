"""A tenant's directory as it was last read: for plans of its user sync, and for whoever shows its users."""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import NamedTuple, TypeVar

import msgspec

from integrations.domain.evaluations.dataset_state import valid_until
from integrations.domain.integrations import Tenant
from integrations.domain.security.policy_people import Directory
from integrations.domain.sync.changed_keys import ALL, NONE, Keys
from integrations.domain.sync.datasets import Cursor, DatasetOutcome
from integrations.domain.sync.groups import join
from integrations.domain.sync.mailboxes import MailboxPage, Room, mailboxes_of
from integrations.domain.sync.records import Domain, Group, License, SignInPage, SignIns, User
from integrations.domain.sync.security_records import RoleMember
from integrations.domain.user_sync.scope.mailbox_kinds import (
    MailboxData,
    mailbox_data,
    paid_licenses_of,
    part_numbers_of,
    purposes_of,
    room_addresses_of,
)
from integrations.domain.user_sync.scope.routing import DIRECTORY_SYNC_ROLE, DirectoryData
from integrations.domain.user_sync.settings import GroupFilter, UserSyncSettings
from integrations.microsoft import registry as datasets
from integrations.microsoft.dataset import state_of
from integrations.storage.data.store import StoredData

USERS, GROUPS = "users", "groups"
_DOMAINS, _LICENSES, _ROLES = "domains", "licenses", "roles"
_PURPOSES, _ROOMS, _SIGN_INS = "mailbox_purposes", "rooms", "sign_ins"
_SURROUNDINGS = (_DOMAINS, _LICENSES, _ROLES, _ROOMS)
SOURCES = (USERS, GROUPS, _DOMAINS, _LICENSES, _ROLES, _PURPOSES, _ROOMS)

_USERS_A_NOTE = 2000  # users between two notes of the progress
_MOST_CHANGED = 100  # users: for more, a plan reads everybody

Row = TypeVar("Row", bound=msgspec.Struct)
Item = TypeVar("Item")


class DirectoryAccounts(NamedTuple):
    """A tenant's users, and what is known of accounts that are no person's: object ids of those with such roles."""

    users: list[User]
    mailboxes: MailboxData
    sync_accounts: set[str]
    administrators: set[str]


class StoredDirectory:
    """The rows of one tenant that its user sync depends on, and how they were last read."""

    def __init__(
        self,
        tenant: Tenant,
        stored: StoredData,
        now: datetime,
        on_read: Callable[[int], None] = lambda _count: None,
    ) -> None:
        """``on_read`` is called now and then with how many users were read so far."""
        self.stored = stored
        self._now = now
        self._on_read = on_read
        self._cursors: Mapping[str, Cursor] = stored.confirmed(tenant.confirmed).cursors

    @property
    def users_were_read(self) -> bool:
        return self._was_read(USERS)

    def _was_read(self, dataset: str) -> bool:
        cursor = self._cursors.get(dataset)
        return cursor is not None and cursor.complete_at is not None

    @property
    def user_count(self) -> int:
        cursor = self._cursors.get(USERS)
        return sum(cursor.counts_by_kind.values()) if cursor else 0

    def has_changes(self, settings: UserSyncSettings) -> bool:
        """Whether rows were changed that no plan has seen."""
        return bool(self._changed(settings))

    def changed_users(self, settings: UserSyncSettings) -> Keys:
        """The users that no plan has seen as they are; ALL if there are many, or groups were changed, too.

        What else a plan depends on may have changed as well; hashes tell.
        """
        changed = self._changed(settings)
        users = self.stored.pending[USERS].keys if USERS in changed else NONE
        return ALL if users is ALL or len(users) > _MOST_CHANGED or GROUPS in changed else users

    def _changed(self, settings: UserSyncSettings) -> set[str]:
        """The data sets with changes that no plan has seen."""
        return {it for it in SOURCES if self.stored.pending.get(it) and (it != GROUPS or uses_groups(settings))}

    def basis(self, settings: UserSyncSettings) -> str:
        """What a plan depends on besides rows: which of them count, and which are current as well."""
        names = [it for it in SOURCES if it != GROUPS or uses_groups(settings)]
        return " ".join(f"{it}{'' if self.is_current(it) else '~'}" for it in names if self._is_valid(it))

    def read(self, settings: UserSyncSettings, *, only: Collection[str] | None = None) -> DirectoryData:
        """What a plan is made from.

        Of the users ``only`` those with these ids, or all. For some, all but groups is read when it is needed, and
        sign-ins always are.
        """
        reads_all = only is None
        groups = self.groups() if uses_groups(settings) else {}
        licenses = _rows_by_key(lambda: {it.sku_id: it for it in self.licenses()}, at_once=reads_all)
        mailboxes = MailboxData(
            purposes=_rows_by_key(lambda: purposes_of(self._mailbox_pages(only)), at_once=reads_all),
            rooms=_keys(lambda: room_addresses_of(self._rows(_ROOMS, Room)), at_once=reads_all),
            part_numbers=_rows_by_key(lambda: part_numbers_of(licenses.values()), at_once=reads_all),
        )
        paid_licenses = _keys(lambda: paid_licenses_of(licenses.values()), at_once=reads_all)
        return DirectoryData(
            users={it.id: it for it in self._users()} if only is None else self.stored.rows.find(USERS, only, User),
            users_are_current=self.is_current(USERS),
            groups=groups,
            groups_are_current=not uses_groups(settings) or self.is_current(GROUPS),
            verified_domains=_keys(self._verified_domains, at_once=reads_all),
            mailboxes=mailboxes,
            paid_licenses=paid_licenses if self._was_read(_LICENSES) else None,
            licenses_are_current=self.is_current(_LICENSES),
            sync_accounts=_keys(lambda: self._sync_accounts(groups or {}), at_once=reads_all),
            sign_ins=_ReadWhenNeeded(self._sign_ins) if self._was_read(_SIGN_INS) else None,
        )

    def _sign_ins(self) -> dict[str, SignIns]:
        return {it.user_id: it for page in self._rows(_SIGN_INS, SignInPage) for it in page.people}

    def _verified_domains(self) -> set[str]:
        return {it.name.lower() for it in self._rows(_DOMAINS, Domain) if it.is_verified}

    def _users(self) -> Iterator[User]:
        for count, (_, user) in enumerate(self.stored.rows.all(USERS, User)):
            if count % _USERS_A_NOTE == 0:
                self._on_read(count)
            yield user

    def groups(self) -> dict[str, Group] | None:
        """All groups; None if they were never read."""
        return join(self._rows(GROUPS, Group)) if self._was_read(GROUPS) else None

    def _sync_accounts(self, groups: Mapping[str, Group]) -> set[str]:
        return Directory(groups=groups, roles=self._rows(_ROLES, RoleMember)).holders(DIRECTORY_SYNC_ROLE)

    def _rows(self, dataset: str, model: type[Row]) -> list[Row]:
        rows: Iterable[tuple[str, Row]] = self.stored.rows.all(dataset, model) if dataset in self._cursors else ()
        return [it for _, it in rows]

    def licenses(self) -> list[License]:
        """The tenant's products, as they were last known."""
        return self._rows(_LICENSES, License)

    def mailboxes(self) -> MailboxData:
        """What is known about mailboxes."""
        return mailbox_data(self._mailbox_pages(None), self._rows(_ROOMS, Room), self.licenses())

    @property
    def have_purposes_changed(self) -> bool:
        """Whether what mailboxes are for may have changed, of whomever: then it is read of everybody."""
        return bool(self.stored.pending.get(_PURPOSES))

    @property
    def have_surroundings_changed(self) -> bool:
        """Whether products, domains, roles or rooms may have changed."""
        return any(self.stored.pending.get(it) for it in _SURROUNDINGS)

    def _mailbox_pages(self, only: Collection[str] | None) -> Iterable[MailboxPage]:
        if only is None or self.have_purposes_changed:
            return self._rows(_PURPOSES, MailboxPage)
        cursor = self._cursors.get(_PURPOSES)
        if cursor is None:
            return ()
        row_count = sum(cursor.counts_by_kind.values())
        return mailboxes_of(only, lambda rows: self.stored.rows.find(_PURPOSES, rows, MailboxPage), row_count)

    def accounts(self) -> DirectoryAccounts:
        """Users, and what is known of accounts that are no person's."""
        directory = Directory(groups=self.groups() or {}, roles=self._rows(_ROLES, RoleMember))
        return DirectoryAccounts(
            users=list(self._users()),
            mailboxes=self.mailboxes(),
            sync_accounts=directory.holders(DIRECTORY_SYNC_ROLE),
            administrators=directory.administrators(),
        )

    def outcome(self, dataset: str) -> DatasetOutcome | None:
        """How a data set was last read; None if it never was."""
        cursor = self._cursors.get(dataset)
        return cursor.outcome if cursor else None

    def is_current(self, dataset: str) -> bool:
        """Whether the rows were read completely and lately, and none that vanished are held back."""
        cursor = self._cursors.get(dataset)
        is_complete = cursor is not None and cursor.outcome is DatasetOutcome.FRESH and not cursor.held_back
        return is_complete and self._is_valid(dataset)

    def _is_valid(self, dataset: str) -> bool:
        state = state_of(datasets.BY_NAME[dataset], self._cursors.get(dataset))
        return valid_until(dataset, state, self._now) is not None


def uses_groups(settings: UserSyncSettings) -> bool:
    return any(it.filter.group != GroupFilter() for it in settings.organizations)


class _ReadWhenNeeded(Mapping[str, Item]):
    """Rows by key that are read when somebody looks at them; as a collection, their keys."""

    def __init__(self, read: Callable[[], Mapping[str, Item]]) -> None:
        self._read = read

    @cached_property
    def _rows(self) -> Mapping[str, Item]:
        return self._read()

    def __getitem__(self, key: str) -> Item:
        return self._rows[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)


def _rows_by_key(read: Callable[[], Mapping[str, Item]], *, at_once: bool) -> Mapping[str, Item]:
    return read() if at_once else _ReadWhenNeeded(read)


def _keys(read: Callable[[], Collection[str]], *, at_once: bool) -> Collection[str]:
    return read() if at_once else _ReadWhenNeeded(lambda: dict.fromkeys(read(), ""))
