"""Why an End User is inactive, and why a user has none. Pure."""

from enum import Enum


class LeftOutReason(Enum):
    """Why the sync makes an End User inactive, or makes none for a user. The first that holds counts."""

    DELETED = "deleted"
    DIRECTORY_SYNC = "directory_sync_account"
    SHARED_MAILBOX = "shared_mailbox"
    ROOM = "room"
    EQUIPMENT = "equipment"
    CALL_QUEUE = "call_queue"
    DISABLED = "disabled"
    UNLICENSED = "unlicensed"
    UNROUTED = "unrouted"  # no Organization's filter allows the user


class SkipReason(Enum):
    """Why the sync makes no End User for a user it could take, or does not touch one."""

    NO_MAIL = "no_email"
    NO_NAME = "no_name"
    IGNORED = "ignored"
    ERASED = "erased"
    SYNC_OFF = "sync_off"
    FILTER_BROKEN = "filter_broken"  # a group that decides is not known
    NOT_CURRENT = "users_not_current"  # they were not read completely, or not lately
