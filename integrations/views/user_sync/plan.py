"""A plan of a user sync as the API shows it: counts of what it would change, and examples."""

from collections.abc import Collection, Mapping
from datetime import datetime
from itertools import islice
from typing import Annotated

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId, PlanId
from integrations.domain.retention import USER_SYNC_APPROVALS
from integrations.domain.user_sync.changes import ChangeKind, UserChange
from integrations.domain.user_sync.fields import FieldChange, FieldNote
from integrations.domain.user_sync.guard import HoldReason, plan_hash, review
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import KnownEndUser, LinkedBy, QueueItem, QueueKind
from integrations.domain.user_sync.plan import MOST_EXAMPLES, UserSyncPlan
from integrations.domain.user_sync.scope.reasons import LeftOutReason
from integrations.domain.user_sync.scope.routing import Router
from integrations.domain.user_sync.scope.service_accounts import service_accounts
from integrations.domain.user_sync.settings import SyncedField
from integrations.domain.user_sync.stored.state import PlanProgress, PlanState
from shared.http.schemas import one_of

_QUEUE, _CLEARED, _SERVICES = "queue", "cleared", "service_accounts"
OrganizationNames = Mapping[OrganizationId, str]


class EndUserName(msgspec.Struct, frozen=True, kw_only=True):
    """An End User, in short.

    Attributes:
        id: The End User.
        name: The person's name.
        organization_id: The Organization that the person is in.
        organization_name: The Organization's name.
    """

    id: EndUserId
    name: str
    organization_id: OrganizationId
    organization_name: str


class FieldChangeView(msgspec.Struct, frozen=True, kw_only=True):
    """A field that would be written.

    Attributes:
        field: Which one, by its name in an End User.
        before: The value until now. Null if it is blank.
        after: The value afterwards. Null if it was cleared at Microsoft and stays as it is here.
        note: What else happens to the value: "cut" if Microsoft's is longer than the field. Null if nothing does.
    """

    field: Annotated[str, one_of(SyncedField)]
    before: str | None
    after: str | None
    note: Annotated[str, one_of(FieldNote)] | None = None


class PlanExample(msgspec.Struct, frozen=True, kw_only=True):
    """What would happen to one user.

    Attributes:
        object_id: The user's object id at Microsoft.
        name: The user's name at Microsoft, or the End User's if the user is gone.
        username: The user principal name. Null if the user is gone.
        end_user: The End User that it concerns. Null if one would be made, or none is known.
        organization_name: The Organization in which an End User would be made. Null if none would.
        linked_by: What the link would be made by. Null if none would.
        reason: Why the End User would become inactive. Null if it would not.
        queue_kind: The question that would be asked. Null if none would.
        fields: The fields that would be written.
        moves_to: The Organization to which the End User would move, by its name. Null if it would not.
        also_matches: Later Organizations whose filters would take the user, too, by their names.
        same_address_in: Other Organizations that have somebody with the same address, by their names.
    """

    object_id: str
    name: str
    username: str | None
    end_user: EndUserName | None = None
    organization_name: str | None = None
    linked_by: Annotated[str, one_of(LinkedBy)] | None = None
    reason: Annotated[str, one_of(LeftOutReason)] | None = None
    queue_kind: Annotated[str, one_of(QueueKind)] | None = None
    fields: list[FieldChangeView] = []
    moves_to: str | None = None
    also_matches: list[str] = []
    same_address_in: list[str] = []


class ChangeCounts(msgspec.Struct, frozen=True, kw_only=True):
    """How many End Users would change, by what happens to them.

    Attributes:
        create: End Users that would be made.
        link: End Users that would be linked to their user.
        relink: End Users that would be linked to another user than before.
        update: End Users of which fields would be written.
        reactivate: End Users that would become active again.
        inactivate: End Users that would become inactive.
        move: End Users that would move to another Organization.
    """

    create: int
    link: int
    relink: int
    update: int
    reactivate: int
    inactivate: int
    move: int


class PlanView(msgspec.Struct, frozen=True, kw_only=True):
    """What a user sync would change.

    Attributes:
        plan_hash: Stands for the settings and for everything that would hurt. Send it to turn the user sync on.
        as_of: When the plan was made.
        expires_at: Until when plan_hash is accepted.
        counts: How many End Users would change.
        inactivated: How many would become inactive, by the reason.
        skipped: How many users without End User would stay without one, by the reason.
        queued: How many questions would be open, by their kind.
        linked_active: How many End Users are linked and active now.
        harmful: How many of them would become inactive, move, or be linked to another user.
        hold_reasons: Why a sync would wait for somebody, if nobody had seen this plan. Empty if it would not.
        service_accounts: How many of those who would get a new End User are named like a service or a device, and are
            not known to have signed in interactively.
        examples: At most 100 users of each kind of change, of "queue" for questions, of "cleared" for fields that were
            cleared at Microsoft and stay as they are, and of "service_accounts".
    """

    plan_hash: str
    as_of: datetime
    expires_at: datetime
    counts: ChangeCounts
    inactivated: dict[str, int]
    skipped: dict[str, int]
    queued: dict[str, int]
    linked_active: int
    harmful: int
    hold_reasons: list[Annotated[str, one_of(HoldReason)]]
    examples: dict[str, list[PlanExample]]
    service_accounts: int = 0


class PlanFailure(msgspec.Struct, frozen=True, kw_only=True):
    """Why there is no result.

    Attributes:
        detail: What went wrong, for people.
        remedy: What to do, for people.
    """

    detail: str
    remedy: str


class OrderedPlan(msgspec.Struct, frozen=True, kw_only=True):
    """A plan that takes a while: many users have to be read.

    Attributes:
        plan_id: The plan. It is kept for 24 hours.
        state: Whether it is still being made.
        progress: How far it has come. Null before it begins.
        plan: The plan, once it is made.
        failure: Why it could not be made. Null if it was, or is still being made.
    """

    plan_id: PlanId
    state: Annotated[str, one_of(PlanState)]
    progress: PlanProgress | None = None
    plan: PlanView | None = None
    failure: PlanFailure | None = None


def plan_view(inputs: UserSyncInputs, plan: UserSyncPlan, names: OrganizationNames) -> PlanView:
    counts, reviewed, services = plan.counts(), review(plan), service_accounts(plan.changes, inputs.directory)
    as_of = plan.as_of.replace(microsecond=0)
    return PlanView(
        plan_hash=plan_hash(plan),
        as_of=as_of,
        expires_at=as_of + USER_SYNC_APPROVALS,
        counts=ChangeCounts(**{it.value: counts[it] for it in ChangeKind}),
        inactivated={it.value: number for it, number in plan.inactivated().items()},
        skipped={it.value: number for it, number in plan.skipped.items()},
        queued={it.value: number for it, number in plan.queued().items()},
        linked_active=plan.linked_active,
        harmful=reviewed.harmful,
        hold_reasons=[it.value for it in reviewed.reasons],
        examples=_Examples(inputs, plan, names).by_kind(services),
        service_accounts=len(services),
    )


def _field_change(change: FieldChange) -> FieldChangeView:
    note = change.note.value if change.note else None
    return FieldChangeView(field=change.field.value, before=change.before, after=change.after, note=note)


class _Examples:
    def __init__(self, inputs: UserSyncInputs, plan: UserSyncPlan, names: OrganizationNames) -> None:
        self._inputs, self._plan, self._names = inputs, plan, names
        self._router = Router(inputs.settings, inputs.directory)

    def by_kind(self, service_accounts: Collection[str]) -> dict[str, list[PlanExample]]:
        examples = {it.value: [self._of_change(change) for change in self._plan.examples(it)] for it in ChangeKind}
        questions = (it for it in self._plan.queue.values() if it.kind is not QueueKind.FILTER_BROKEN)
        examples[_QUEUE] = [self._of_question(it) for it in islice(questions, MOST_EXAMPLES)]
        examples[_CLEARED] = [self._of_cleared(it) for it in islice(sorted(self._plan.cleared), MOST_EXAMPLES)]
        services = (it for it in self._plan.changes if it.created_in and it.object_id in service_accounts)
        examples[_SERVICES] = [self._of_change(it) for it in islice(services, MOST_EXAMPLES)]
        return {kind: it for kind, it in examples.items() if it}

    def _of_change(self, change: UserChange) -> PlanExample:
        end_user = self._inputs.end_users.get(change.end_user_id)
        others = (self._inputs.end_users[it] for it in change.others if it in self._inputs.end_users)
        return PlanExample(
            object_id=change.object_id,
            name=self._name_of(change.object_id, end_user),
            username=self._username_of(change.object_id),
            end_user=self._end_user(end_user),
            organization_name=self._name(change.created_in),
            linked_by=change.linked_by.value if change.linked_by else None,
            reason=change.inactive_because.value if change.inactive_because else None,
            fields=[_field_change(it) for it in change.fields],
            moves_to=self._name(change.moves_to),
            also_matches=self._also_matching(change),
            same_address_in=sorted({self._names.get(it.organization_id, "") for it in others} - {""}),
        )

    def _also_matching(self, change: UserChange) -> list[str]:
        """Told of whoever gets a place: by a new End User, a link or a move."""
        user = self._inputs.directory.users.get(change.object_id)
        is_placed = change.created_in or change.linked_by or change.moves_to
        also = self._router.route(user).also_matches if user and is_placed else ()
        return [it for it in map(self._name, also) if it]

    def _of_question(self, item: QueueItem) -> PlanExample:
        first = next((self._inputs.end_users.get(it.end_user_id) for it in item.candidates), None)
        return PlanExample(
            object_id=item.subject,
            name=self._name_of(item.subject, first),
            username=self._username_of(item.subject),
            end_user=self._end_user(first),
            organization_name=self._name(item.organization_id),
            queue_kind=item.kind.value,
        )

    def _of_cleared(self, object_id: str) -> PlanExample:
        link = self._inputs.links.get(object_id)
        end_user = self._inputs.end_users.get(link.end_user_id) if link and link.end_user_id else None
        before = end_user.values if end_user else {}
        cleared = self._plan.cleared[object_id]
        return PlanExample(
            object_id=object_id,
            name=self._name_of(object_id, end_user),
            username=self._username_of(object_id),
            end_user=self._end_user(end_user),
            fields=[FieldChangeView(field=it.value, before=before.get(it), after=None) for it in cleared],
        )

    def _name_of(self, object_id: str, end_user: KnownEndUser | None) -> str:
        user = self._inputs.directory.users.get(object_id)
        known = end_user.values.get(SyncedField.NAME, "") if end_user else ""
        return user.name if user else known

    def _username_of(self, object_id: str) -> str | None:
        user = self._inputs.directory.users.get(object_id)
        return user.username if user else None

    def _end_user(self, end_user: KnownEndUser | None) -> EndUserName | None:
        if end_user is None:
            return None
        return EndUserName(
            id=end_user.id,
            name=end_user.values.get(SyncedField.NAME, ""),
            organization_id=end_user.organization_id,
            organization_name=self._names.get(end_user.organization_id, ""),
        )

    def _name(self, organization_id: OrganizationId | None) -> str | None:
        return self._names.get(organization_id, "") if organization_id else None
