"""In which Organization the End User of a linked user is, and whether it moves. Pure."""

from typing import NamedTuple

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    Choice,
    Decision,
    KnownEndUser,
    LinkedBy,
    MatchCandidate,
    Question,
    QueueItem,
    QueueKind,
)
from integrations.domain.user_sync.matching.identities import Identities


class EndUserPlace(NamedTuple):
    """Where an End User goes, and where its user belongs as far as that is accepted."""

    moves_to: OrganizationId | None
    accepted: OrganizationId
    question: QueueItem | None = None


class Places:
    """Where End Users are after a plan: none moves by itself, unless the settings say so and the sync made it."""

    def __init__(self, inputs: UserSyncInputs, identities: Identities) -> None:
        self._inputs, self._identities = inputs, identities

    def organization_of(self, end_user_id: EndUserId) -> OrganizationId | None:
        """The Organization of an End User after the plan, also of one that is made by decision."""
        holder = self._identities.holder_of.get(end_user_id)
        end_user = self._inputs.end_users.get(end_user_id)
        if end_user and holder:
            return self.place(holder, end_user).moves_to or end_user.organization_id
        return end_user.organization_id if end_user else self._identities.users[holder or ""].organization_id

    def place(self, object_id: str, end_user: KnownEndUser) -> EndUserPlace:
        """Where the End User of a user that exists goes."""
        there = self._sure_organization(object_id, end_user)
        accepted = self._identities.accepted_organization(object_id, end_user)
        if there is None or there == accepted:
            return EndUserPlace(None, accepted)
        if there == end_user.organization_id:
            return EndUserPlace(None, there)
        decision = self._decision_about(object_id, there)
        if decision is None and self._moves_by_itself(object_id, end_user):
            return EndUserPlace(there, there)
        choice = decision.choice if decision else None
        if choice is Choice.MOVE:
            return EndUserPlace(there, there)
        question = _would_move(object_id, there, end_user, is_later=choice is Choice.LATER)
        return EndUserPlace(None, accepted, None if choice is Choice.IGNORE else question)

    def _sure_organization(self, object_id: str, end_user: KnownEndUser) -> OrganizationId | None:
        """Where a user belongs, if that is sure, and if its End User may go there."""
        route, reasons = self._identities.users[object_id].standing
        is_sure = self._inputs.directory.users_are_current and route.is_sure and not reasons
        return route.organization_id if is_sure and not self._identities.is_frozen(object_id, end_user) else None

    def _decision_about(self, object_id: str, organization_id: OrganizationId) -> Decision | None:
        decision = self._inputs.decision(object_id, Question.ORGANIZATION)
        return decision if decision and decision.organization_id == organization_id else None

    def _moves_by_itself(self, object_id: str, end_user: KnownEndUser) -> bool:
        link = self._identities.link(object_id, end_user.id)
        by = link.linked_by if link else self._identities.linked_now.get(object_id)
        return self._inputs.settings.moves_by_itself and by is LinkedBy.CREATED


def _would_move(
    object_id: str, organization_id: OrganizationId, end_user: KnownEndUser, *, is_later: bool
) -> QueueItem:
    return QueueItem(
        kind=QueueKind.WOULD_MOVE,
        subject=object_id,
        candidates=[MatchCandidate(end_user_id=end_user.id, because=["link"])],
        organization_id=organization_id,
        is_later=is_later,
    )
