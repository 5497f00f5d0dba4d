"""A tenant and an account's End Users in memory, on which plans are made and applied."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec

from integrations.domain.ids import EndUserId, OrganizationId
from integrations.domain.sync.records import Group, User
from integrations.domain.user_sync.changes import UserChange
from integrations.domain.user_sync.comparison import mail_key
from integrations.domain.user_sync.inputs import UserSyncInputs
from integrations.domain.user_sync.links import (
    Choice,
    Decision,
    DecisionKey,
    KnownEndUser,
    Question,
    QueueItem,
    QueueKey,
    UserLink,
    key_of,
    queue_key,
    undo,
)
from integrations.domain.user_sync.plan import UserSyncPlan, plan_sync
from integrations.domain.user_sync.scope.mailbox_kinds import MailboxData
from integrations.domain.user_sync.scope.routing import DirectoryData
from integrations.domain.user_sync.settings import (
    DomainFilter,
    GroupFilter,
    OrganizationSync,
    SyncedField,
    TextCondition,
    TextFilter,
    UserFilter,
    UserSyncSettings,
)

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ACME, BRANCH = OrganizationId("org_acme"), OrganizationId("org_branch")
_FIELDS = {it.value: it for it in SyncedField}


def _new_end_user_id(_organization_id: OrganizationId, object_id: str, number: int) -> EndUserId:
    return EndUserId(f"eu_{object_id}" + (f"_{number}" if number else ""))


def user(object_id: str, name: str | None = None, **more: Any) -> User:
    """A member with a mail address at contoso.example."""
    first = object_id.split("-", maxsplit=1)[0]
    defaults = {"mail": f"{first}@contoso.example", "username": f"{first}@contoso.example", "is_enabled": True}
    return User(id=object_id, name=first.title() if name is None else name, **{**defaults, **more})


def end_user(end_user_id: str, organization_id: OrganizationId = ACME, **more: Any) -> KnownEndUser:
    """An End User; fields are given by their names."""
    values = {_FIELDS[name]: more.pop(name) for name in list(more) if name in _FIELDS}
    return KnownEndUser(id=end_user_id, organization_id=organization_id, values=values, **more)


def equal(*texts: str) -> list[TextCondition]:
    return [TextCondition(value=it) for it in texts]


def department(*include: str, **more: Any) -> UserFilter:
    return UserFilter(department=TextFilter(include=equal(*include), **more))


def in_group(*include: str, exclude: tuple[str, ...] = ()) -> UserFilter:
    return UserFilter(group=GroupFilter(include=list(include), exclude=list(exclude)))


def at_domain(*include: str, **more: Any) -> UserFilter:
    return UserFilter(domain=DomainFilter(include=list(include), **more))


def into(*organizations: OrganizationSync, **more: Any) -> UserSyncSettings:
    return UserSyncSettings(organizations=list(organizations), **more)


def sync(
    organization_id: OrganizationId = ACME, user_filter: UserFilter | None = None, **more: Any
) -> OrganizationSync:
    return OrganizationSync(organization_id=organization_id, filter=user_filter or UserFilter(), **more)


def keyed(rows: list[Any], name: str = "id") -> dict[str, Any]:
    return {getattr(it, name): it for it in rows}


@dataclass
class World:
    """What is stored, and what somebody or Microsoft changes about it."""

    settings: UserSyncSettings = field(default_factory=lambda: into(sync()))
    users: dict[str, User] = field(default_factory=dict)
    end_users: dict[str, KnownEndUser] = field(default_factory=dict)
    links: dict[str, UserLink] = field(default_factory=dict)
    decisions: dict[DecisionKey, Decision] = field(default_factory=dict)
    queue: dict[QueueKey, QueueItem] = field(default_factory=dict)
    directory: dict[str, Any] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    now: datetime = NOW

    def inputs(self) -> UserSyncInputs:
        directory = {"verified_domains": {"contoso.example"}, **self.directory}
        return UserSyncInputs(
            settings=self.settings,
            directory=DirectoryData(users=self.users, **directory),
            end_users=self.end_users,
            links=self.links,
            decisions=self.decisions,
            queue=self.queue,
            new_end_user_id=_new_end_user_id,
            is_erased=lambda object_id, keys: not self.erased.isdisjoint({object_id, *keys}),
            as_of=self.now,
        )

    def plan(self) -> UserSyncPlan:
        return plan_sync(self.inputs())

    def run(self) -> UserSyncPlan:
        """Plan and apply."""
        plan = self.plan()
        self.apply(plan)
        self.now += timedelta(hours=1)
        return plan

    def apply(self, plan: UserSyncPlan) -> None:
        for change in plan.changes:
            self._apply(change)
        for item in plan.opened:
            self.queue[queue_key(item)] = item
        for key in plan.closed:
            del self.queue[key]

    def _apply(self, change: UserChange) -> None:
        if change.changes_end_user:
            before = self.end_users.get(change.end_user_id)
            assert (before is None) == (change.created_in is not None)
            self.end_users[change.end_user_id] = _after(change, before)
        if change.unlinked_object_id:
            del self.links[change.unlinked_object_id]
        if change.link:
            self.links[change.object_id] = change.link

    def has(self, *rows: User | KnownEndUser) -> "World":
        for row in rows:
            (self.users if isinstance(row, User) else self.end_users)[row.id] = row  # type: ignore[index]
        return self

    def changes_user(self, object_id: str, **fields: Any) -> None:
        self.users[object_id] = msgspec.structs.replace(self.users[object_id], **fields)

    def changes_end_user(self, end_user_id: str, **fields: Any) -> None:
        before = self.end_users[end_user_id]
        values = {_FIELDS[name]: fields.pop(name) for name in list(fields) if name in _FIELDS}
        kept = {it: text for it, text in {**before.values, **values}.items() if text}
        if "is_active" in fields:
            fields["inactive_because"] = None
        self.end_users[end_user_id] = msgspec.structs.replace(before, values=kept, **fields)

    def decides(self, object_id: str, choice: Choice, question: Question = Question.IDENTITY, **more: Any) -> None:
        decision = Decision(object_id=object_id, question=question, choice=choice, **more)
        self.decisions[key_of(decision)] = decision

    def undoes(self, object_id: str) -> None:
        self.links[object_id] = undo(self.links[object_id])
        self.decisions.pop(DecisionKey(object_id, Question.IDENTITY), None)

    def erases(self, end_user_id: str) -> None:
        """Somebody asks that an End User be forgotten: only marks stay."""
        gone = self.end_users.pop(end_user_id)
        self.erased = {*self.erased, *(it.object_id for it in self.links.values() if it.end_user_id == end_user_id)}
        self.erased |= {key for it in gone.values.values() if (key := mail_key(it))}

    def linked(self, object_id: str) -> KnownEndUser:
        return self.end_users[self.links[object_id].end_user_id or ""]

    def value(self, end_user_id: str, name: str) -> str | None:
        return self.end_users[end_user_id].values.get(_FIELDS[name])


def world(*rows: User | KnownEndUser, settings: UserSyncSettings | None = None, **directory: Any) -> World:
    made = World(directory=directory).has(*rows)
    made.settings = settings or made.settings
    return made


def group(group_id: str, *members: str) -> Group:
    return Group(id=group_id, name=group_id, members=list(members))


def mailboxes(**purposes: str) -> MailboxData:
    return MailboxData(purposes=purposes)


def _after(change: UserChange, before: KnownEndUser | None) -> KnownEndUser:
    """The End User after a change; ``before`` is None for one that is made."""
    values = {it.field: it.after for it in change.fields}
    if before is None:
        organization_id = change.created_in or OrganizationId("")
        return KnownEndUser(id=change.end_user_id, organization_id=organization_id, values=values)
    is_active = before.is_active if change.is_active is None else change.is_active
    return msgspec.structs.replace(
        before,
        organization_id=change.moves_to or before.organization_id,
        values={**before.values, **values},
        is_active=is_active,
        inactive_because=None if is_active else change.inactive_because or before.inactive_because,
    )
