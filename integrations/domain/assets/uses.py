"""What the accounts of a tenant are for, as far as devices are concerned. Pure."""

from collections.abc import Collection, Iterable

from integrations.domain.assets.devices.records import IntuneDevice
from integrations.domain.assets.inputs import AccountUse
from integrations.domain.assets.people import BY_MANAGER
from integrations.domain.sync.records import User
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData, MailboxKind, mailbox_of
from integrations.domain.user_sync.scope.routing import keeps_directories_in_sync

_OF_PEOPLE = frozenset({MailboxKind.PERSON, MailboxKind.UNKNOWN, MailboxKind.LIKELY_SHARED})


def enrollment_managers(managed: Iterable[IntuneDevice]) -> set[str]:
    """Object ids of the accounts with which device enrollment managers enroll other people's devices."""
    return {it.user_id for it in managed if it.user_id and it.enrollment == BY_MANAGER}


def account_use(
    user: User,
    mailboxes: MailboxData,
    *,
    sync_accounts: Collection[str],
    administrators: Collection[str],
    managers: Collection[str],
) -> AccountUse:
    """What an account is for.

    ``sync_accounts``, ``administrators`` and ``managers`` are object ids of those that hold the role of directory
    synchronization, of those that hold any role, and of device enrollment managers. An administrator without mail
    address and license has a second account, for work.
    """
    if keeps_directories_in_sync(user, sync_accounts):
        return AccountUse.DIRECTORY_SYNC
    if mailbox_of(user, mailboxes).kind not in _OF_PEOPLE:
        return AccountUse.SHARED
    if user.id in managers:
        return AccountUse.ENROLLMENT
    if user.id in administrators and not user.mail and not user.license_ids:
        return AccountUse.ADMINISTRATION
    return AccountUse.PERSON
