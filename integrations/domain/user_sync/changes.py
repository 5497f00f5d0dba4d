"""What a plan changes about one user's End User. Pure."""

from collections.abc import Iterator
from enum import Enum

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.fields import FieldChange
from integrations.domain.user_sync.links import LinkedBy, UserLink
from integrations.domain.user_sync.scope.reasons import LeftOutReason


class ChangeKind(Enum):
    """What happens to an End User; a plan counts these."""

    CREATE = "create"
    LINK = "link"
    RELINK = "relink"
    UPDATE = "update"
    REACTIVATE = "reactivate"
    INACTIVATE = "inactivate"
    MOVE = "move"


_CREATED = (ChangeKind.CREATE,)
HARMFUL = (ChangeKind.INACTIVATE, ChangeKind.RELINK, ChangeKind.MOVE)


class UserChange(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Everything that changes for one user.

    Attributes:
        object_id: The user's object id.
        end_user_id: The End User.
        link: The link from now on. Null or absent if it stays as it is.
        created_in: The Organization in which the End User is made. Null or absent if it exists.
        linked_by: What a new link is made by. Null or absent if the link existed.
        unlinked_object_id: The user that loses the End User. Null or absent if none does.
        former_end_user_id: The End User that the user had until now. Null or absent if it had none.
        others: End Users of other Organizations with the same address.
        fields: Fields that are written.
        moves_to: The Organization that the End User moves to. Null or absent if it stays.
        is_active: Whether it is active from now on. Null or absent if that stays.
        inactive_because: Why the sync keeps it inactive from now on. Null or absent if it does not, or that stays.
    """

    object_id: str
    end_user_id: EndUserId
    link: UserLink | None = None
    created_in: OrganizationId | None = None
    linked_by: LinkedBy | None = None
    unlinked_object_id: str | None = None
    former_end_user_id: EndUserId | None = None
    others: list[EndUserId] = []
    fields: list[FieldChange] = []
    moves_to: OrganizationId | None = None
    is_active: bool | None = None
    inactive_because: LeftOutReason | None = None

    @property
    def kinds(self) -> tuple[ChangeKind, ...]:
        return _CREATED if self.created_in else tuple(self._kinds())

    @property
    def changes_end_user(self) -> bool:
        moves = self.created_in or self.moves_to
        return bool(moves or self.fields or self.inactive_because) or self.is_active is not None

    @property
    def is_empty(self) -> bool:
        return self.link is None and not self.changes_end_user

    def harm(self) -> Iterator[str]:
        """What somebody should have seen before it happens, as texts that are equal when it is the same."""
        for kind in self.kinds:
            if kind in HARMFUL:
                target = self.moves_to if kind is ChangeKind.MOVE else self.object_id
                yield f"{kind.value}:{self.end_user_id}:{target}"

    def _kinds(self) -> Iterator[ChangeKind]:
        if self.linked_by:
            is_relinked = self.unlinked_object_id or self.former_end_user_id
            yield ChangeKind.RELINK if is_relinked else ChangeKind.LINK
        if self.fields:
            yield ChangeKind.UPDATE
        if self.is_active is not None:
            yield ChangeKind.REACTIVATE if self.is_active else ChangeKind.INACTIVATE
        if self.moves_to:
            yield ChangeKind.MOVE
