"""Everything that a plan is made from. Pure."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.links import (
    Decision,
    DecisionKey,
    KnownEndUser,
    Question,
    QueueItem,
    QueueKey,
    UserLink,
)
from integrations.domain.user_sync.scope.routing import DirectoryData
from integrations.domain.user_sync.settings import UserSyncSettings


@dataclass(frozen=True, slots=True, kw_only=True)
class UserSyncInputs:
    """The state of one tenant's user sync.

    Attributes:
        settings: The settings.
        directory: The tenant's directory, as it was last read.
        end_users: End Users of the Organizations under the tenant's Syncro Tenant, and any other that is linked; by id.
        links: Links by the user's object id.
        decisions: What was decided.
        queue: Open questions.
        new_end_user_id: The id of the End User that is made in an Organization for a user, by its object id; the same
            whenever it is asked for. The number is 0 at first, and grows with the links that were undone.
        is_erased: Whether a user was erased on request, by the object id and the keys of the addresses.
        as_of: The time of the plan, in UTC.
    """

    settings: UserSyncSettings
    directory: DirectoryData
    end_users: Mapping[EndUserId, KnownEndUser]
    links: Mapping[str, UserLink] = field(default_factory=dict)
    decisions: Mapping[DecisionKey, Decision] = field(default_factory=dict)
    queue: Mapping[QueueKey, QueueItem] = field(default_factory=dict)
    new_end_user_id: Callable[[OrganizationId, str, int], EndUserId]
    is_erased: Callable[[str, Collection[str]], bool] = lambda _object_id, _keys: False
    as_of: datetime

    def decision(self, object_id: str, question: Question) -> Decision | None:
        return self.decisions.get(DecisionKey(object_id, question)) if self.decisions else None
