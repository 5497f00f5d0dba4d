"""What changes about the End User of one user: its fields, its Organization, and whether it is active. Pure."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.comparison import address_hash
from integrations.domain.user_sync.fields import (
    FieldChange,
    changed_fields,
    cleared_fields,
    first_values,
    managed_fields,
    note_of,
)
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    KnownEndUser,
    LinkedBy,
    QueueItem,
    UserLink,
)
from integrations.domain.user_sync.mail_wishes import MailWishes
from integrations.domain.user_sync.matching.identities import Identities
from integrations.domain.user_sync.matching.known_users import KnownUser
from integrations.domain.user_sync.matching.matches import Created, Matched
from integrations.domain.user_sync.matching.places import Places
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.settings import Authority, SyncedField


class Upkept(NamedTuple):
    """What follows for one user: a change, open questions, and fields that were cleared at Microsoft.

    ``managed`` are the fields of its End User that the portal cannot change meanwhile.
    """

    change: UserChange
    questions: Sequence[QueueItem] = ()
    cleared: Sequence[SyncedField] = ()
    managed: Sequence[SyncedField] = ()


class _ActiveState(NamedTuple):
    """Whether an End User is active from now on, and why not; None where that stays."""

    is_active: bool | None = None
    inactive_because: LeftOutReason | None = None


class Upkeep:
    """Keeps End Users as their users are."""

    def __init__(self, inputs: UserSyncInputs, identities: Identities, mails: MailWishes) -> None:
        self._inputs, self._identities, self._mails = inputs, identities, mails
        self._places = Places(inputs, identities)
        self._kept_fields = inputs.settings.kept_fields

    def created(self, object_id: str, outcome: Created) -> Upkept:
        """An End User is made for a user."""
        user, end_user_id = self._identities.users[object_id], outcome.end_user_id
        organization_id = user.organization_id or OrganizationId("")
        link = self._new_link(object_id, end_user_id, LinkedBy.CREATED, organization_id)
        change = UserChange(
            object_id=object_id,
            end_user_id=end_user_id,
            link=self._refreshed(link, user, end_user_id),
            created_in=organization_id,
            linked_by=LinkedBy.CREATED,
            fields=self._first_fields(user, end_user_id),
        )
        return Upkept(change, self._mail_questions(user, end_user_id), managed=self._managed(user, end_user_id))

    def linked(self, object_id: str, end_user: KnownEndUser, matched: Matched | None) -> Upkept:
        """A user that exists has an End User, or gets one that exists (``matched``)."""
        user, by = self._identities.users[object_id], matched.linked_by if matched else LinkedBy.CREATED
        link = self._identities.link(object_id, end_user.id) or self._new_link(
            object_id, end_user.id, by, end_user.organization_id
        )
        link = _with_addresses(link, address_hash(user.keys))
        if self._identities.is_frozen(object_id, end_user):
            return Upkept(self._link_change(link, end_user.id, matched))
        place = self._places.place(object_id, end_user)
        activity = self._activity(user, end_user)
        is_kept_up = self._identities.is_kept_up(object_id, end_user)
        after = self._refreshed(link, user, end_user.id) if is_kept_up else link
        if after.organization_id != place.accepted:
            after = msgspec.structs.replace(after, organization_id=place.accepted)
        change = self._link_change(
            after,
            end_user.id,
            matched,
            fields=self._fields(link, user, end_user) if is_kept_up else [],
            moves_to=place.moves_to,
            is_active=activity.is_active,
            inactive_because=activity.inactive_because,
        )
        questions = [*filter(None, [place.question]), *self._mail_questions(user, end_user.id)]
        managed = self._managed(user, end_user.id) if is_kept_up else ()
        cleared = cleared_fields(self._kept_fields, user.values, end_user, link.last_values)
        return Upkept(change, questions, cleared, managed)

    def gone(self, link: UserLink, end_user: KnownEndUser) -> Upkept:
        """A user does not exist any more, or at least was not read."""
        is_known = self._inputs.directory.users_are_current and not self._identities.is_frozen(link.object_id, end_user)
        activity = _activity(end_user, LeftOutReason.DELETED) if is_known else _ActiveState()
        after = _with_addresses(link, "") if self._inputs.directory.users_are_current else link
        return Upkept(self._link_change(after, end_user.id, None, **activity._asdict()))

    def _link_change(self, link: UserLink, end_user_id: EndUserId, matched: Matched | None, **more: Any) -> UserChange:
        """The change of a link, and ``more`` that changes with it."""
        return UserChange(
            object_id=link.object_id,
            end_user_id=end_user_id,
            link=None if link == self._identities.link(link.object_id, end_user_id) else link,
            linked_by=matched.linked_by if matched else None,
            unlinked_object_id=matched.replaces.object_id if matched and matched.replaces else None,
            former_end_user_id=self._former_end_user_id(link.object_id) if matched else None,
            others=list(matched.others) if matched else [],
            **more,
        )

    def _new_link(
        self, object_id: str, end_user_id: EndUserId, by: LinkedBy, organization_id: OrganizationId
    ) -> UserLink:
        return UserLink(
            object_id=object_id,
            end_user_id=end_user_id,
            linked_by=by,
            since=self._inputs.as_of,
            organization_id=organization_id,
            undone=self._undone(object_id, end_user_id),
            address_hash=address_hash(self._identities.users[object_id].keys),
        )

    def _undone(self, object_id: str, end_user_id: EndUserId) -> list[EndUserId]:
        """End Users that a user had before this one."""
        former = self._inputs.links.get(object_id)
        if former is None:
            return []
        left = filter(None, [self._former_end_user_id(object_id)])
        return sorted({*former.undone, *left} - {end_user_id})

    def _former_end_user_id(self, object_id: str) -> EndUserId | None:
        """The End User that a user had until now, if it still exists."""
        former = self._inputs.links.get(object_id)
        return former.end_user_id if former and former.end_user_id in self._inputs.end_users else None

    def _refreshed(self, link: UserLink, known: KnownUser, end_user_id: EndUserId) -> UserLink:
        """The link with what Microsoft says now. An address that is refused is tried again."""
        user, values = known.user, {**link.last_values, **known.values}
        immutable_id = (user.immutable_id if isinstance(user.immutable_id, str) else None) or link.immutable_id
        employee_id = user.employee_id or link.employee_id
        if self._is_mail_open(end_user_id):
            values.pop(SyncedField.MAIL, None)
            if mail := link.last_values.get(SyncedField.MAIL):
                values[SyncedField.MAIL] = mail
        if (values, employee_id, immutable_id) == (link.last_values, link.employee_id, link.immutable_id):
            return link
        return msgspec.structs.replace(link, last_values=values, employee_id=employee_id, immutable_id=immutable_id)

    def _first_fields(self, known: KnownUser, end_user_id: EndUserId) -> list[FieldChange]:
        user, values = known.user, first_values(self._kept_fields, known.values)
        if not self._mails.is_granted(end_user_id):
            values.pop(SyncedField.MAIL, None)
        return [
            FieldChange(field=it, before=None, after=text, note=note_of(user, it, text)) for it, text in values.items()
        ]

    def _fields(self, link: UserLink, known: KnownUser, end_user: KnownEndUser) -> list[FieldChange]:
        changed = changed_fields(self._inputs.settings, known.user, known.values, end_user, link.last_values)
        return [it for it in changed if it.field is not SyncedField.MAIL or self._mails.is_granted(end_user.id)]

    def _managed(self, known: KnownUser, end_user_id: EndUserId) -> list[SyncedField]:
        """Fields in which an edit would be overwritten; not an address that is refused."""
        fields = managed_fields(self._inputs.settings, known.values)
        return [it for it in fields if it is not SyncedField.MAIL] if self._mails.is_refused(end_user_id) else fields

    def _is_mail_open(self, end_user_id: EndUserId) -> bool:
        """Whether an address was refused and is tried again; one that the portal keeps is tried once."""
        if not self._mails.is_refused(end_user_id):
            return False
        return self._inputs.settings.authority_of(SyncedField.MAIL) is not Authority.PORTAL

    def _mail_questions(self, known: KnownUser, end_user_id: EndUserId) -> list[QueueItem]:
        mail = known.values.get(SyncedField.MAIL)
        if mail is None or not self._is_mail_open(end_user_id):
            return []
        return [*filter(None, [self._mails.question(known.user.id, end_user_id, mail)])]

    def _activity(self, known: KnownUser, end_user: KnownEndUser) -> _ActiveState:
        """Nothing changes where it is open whether an Organization takes the user."""
        route, reasons = known.standing
        is_open = route.organization_id is None and not reasons
        if is_open or not self._inputs.directory.users_are_current:
            return _ActiveState()
        return _activity(end_user, reasons[0] if reasons else None)


def _with_addresses(link: UserLink, hashed: str) -> UserLink:
    return link if link.address_hash == hashed else msgspec.structs.replace(link, address_hash=hashed)


def _activity(end_user: KnownEndUser, reason: LeftOutReason | None) -> _ActiveState:
    """Whoever was made inactive by a person stays so; whoever is kept active stays active."""
    reason = None if end_user.keep_active else reason
    if end_user.is_active:
        return _ActiveState(is_active=False, inactive_because=reason) if reason else _ActiveState()
    if end_user.inactive_because in {None, reason}:
        return _ActiveState()
    return _ActiveState(inactive_because=reason) if reason else _ActiveState(is_active=True)
