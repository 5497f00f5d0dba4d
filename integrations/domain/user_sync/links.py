"""Links between a tenant's users and End Users, the queue of open questions, and what was decided. Pure.

A link goes by the id of Microsoft's object. Names, addresses and user principal names are never keys.
"""

from datetime import datetime
from enum import Enum
from typing import NamedTuple

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.settings import SyncedField


class KnownEndUser(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An End User as far as the sync needs to know it.

    ``values`` holds no blank ones. ``other_addresses`` are further ones that people know it by. ``inactive_because``
    is set while the sync keeps it inactive, and not when a person made it so.
    """

    id: EndUserId
    organization_id: OrganizationId
    values: dict[SyncedField, str] = {}
    other_addresses: list[str] = []
    is_active: bool = True
    inactive_because: LeftOutReason | None = None
    keep_active: bool = False


class LinkedBy(Enum):
    """What a link was made by."""

    MAIL = "mail"
    USERNAME = "username"
    ALIAS = "alias"
    DECISION = "decision"
    REHIRE = "rehire"  # a new account of somebody who had one: same employee id or immutable id
    CREATED = "created"  # the End User was made for the user


class UserLink(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Which End User a user is.

    Attributes:
        object_id: The user's object id.
        end_user_id: The End User. Null if the link was undone.
        linked_by: What the link was made by.
        since: When it was made.
        organization_id: Where the user belonged when that was last accepted.
        last_values: Microsoft's values when they were last synced.
        employee_id: The user's employee id, by which a new account is known to be the same person's.
        immutable_id: The user's immutable id, likewise.
        undone: End Users with which links were undone.
        address_hash: The hash of the user's addresses in the last plan. "" if the user did not exist.
    """

    object_id: str
    end_user_id: EndUserId | None
    linked_by: LinkedBy
    since: datetime
    organization_id: OrganizationId
    last_values: dict[SyncedField, str] = {}
    employee_id: str | None = None
    immutable_id: str | None = None
    undone: list[EndUserId] = []
    address_hash: str = ""


def undo(link: UserLink) -> UserLink:
    """The link after somebody undid it: the user stays ignored until somebody decides anything else."""
    if link.end_user_id is None:
        return link
    undone = sorted({*link.undone, link.end_user_id})
    return msgspec.structs.replace(link, end_user_id=None, undone=undone)


class QueueKind(Enum):
    """A question that only a person can answer."""

    SEVERAL_END_USERS = "several_end_users"
    SEVERAL_USERS = "several_microsoft_users"
    ALREADY_LINKED = "already_linked"
    MAIL_TAKEN = "email_taken"
    NAME_ONLY = "name_only"
    REHIRE = "rehire_or_other_person"
    WOULD_MOVE = "would_move"
    FILTER_BROKEN = "filter_broken"


class Question(Enum):
    """What a decision is about. There is one decision for each question about a user, the latest."""

    IDENTITY = "identity"  # which End User is it?
    MAIL = "mail"
    ORGANIZATION = "organization"


QUESTION_OF = {
    QueueKind.SEVERAL_END_USERS: Question.IDENTITY,
    QueueKind.SEVERAL_USERS: Question.IDENTITY,
    QueueKind.ALREADY_LINKED: Question.IDENTITY,
    QueueKind.NAME_ONLY: Question.IDENTITY,
    QueueKind.REHIRE: Question.IDENTITY,
    QueueKind.MAIL_TAKEN: Question.MAIL,
    QueueKind.WOULD_MOVE: Question.ORGANIZATION,
}


class Choice(Enum):
    LINK = "link"
    CREATE = "create"
    MOVE = "move"
    IGNORE = "ignore"
    LATER = "later"


CHOICES = {
    Question.IDENTITY: frozenset({Choice.LINK, Choice.CREATE, Choice.IGNORE, Choice.LATER}),
    Question.MAIL: frozenset({Choice.IGNORE, Choice.LATER}),
    Question.ORGANIZATION: frozenset({Choice.MOVE, Choice.IGNORE, Choice.LATER}),
}


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What somebody decided about a user.

    A decision to undo a link, or to link again, replaces the earlier one. ``end_user_id`` is set with LINK;
    ``organization_id`` and ``mail`` are those of the question, which is asked again when they are others.
    """

    object_id: str
    question: Question
    choice: Choice
    end_user_id: EndUserId | None = None
    organization_id: OrganizationId | None = None
    mail: str | None = None


class DecisionKey(NamedTuple):
    object_id: str
    question: Question


def key_of(decision: Decision) -> DecisionKey:
    return DecisionKey(decision.object_id, decision.question)


class MatchCandidate(msgspec.Struct, frozen=True, kw_only=True):
    """An End User that a user may be.

    Attributes:
        end_user_id: The End User.
        because: What both have in common, such as mail or name.
    """

    end_user_id: EndUserId
    because: list[str]


class QueueItem(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An open question.

    Attributes:
        kind: The question.
        subject: The object id of the user; for a broken filter the Organization.
        candidates: End Users that it may be, or that have the address.
        rivals: Object ids of other users that may be the same End User.
        organization_id: Where the user belongs now.
        mail: The address that is taken. Absent for other questions.
        missing_groups: Object ids of groups that a filter names and that do not exist. Absent for other questions.
        is_later: Whether somebody put it off.
    """

    kind: QueueKind
    subject: str
    candidates: list[MatchCandidate] = []
    rivals: list[str] = []
    organization_id: OrganizationId | None = None
    mail: str | None = None
    missing_groups: list[str] = []
    is_later: bool = False


class QueueKey(NamedTuple):
    subject: str
    kind: QueueKind


def queue_key(item: QueueItem) -> QueueKey:
    return QueueKey(item.subject, item.kind)


MOST_LISTED = 20  # candidates and rivals of a question: more help nobody
