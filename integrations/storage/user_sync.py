"""The user sync of ONE tenant of an account: links, questions, decisions, and what was planned.

Table ``usersync``: PartitionKey is ``<account>|<tenant>|lasting``, RowKey ``<kind>:<id>``, column ``body`` as of every
document. It outlives the epochs of a mapping: an unmapping freezes it, and it is deleted when the data of the mapping
is. Every transaction of a batch replaces the partition's head at the version that was read before anything else, so
that settings, decisions, runs and removals never meet. Plans that somebody asked for do not replace it.

What is longer than a column is spread over rows ``user_sync_text:<what>:<3 digits>``.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.user_sync.links import Decision, DecisionKey, UserLink, key_of
from integrations.domain.user_sync.stored.state import (
    ApprovalRecord,
    LinkedEndUser,
    OpenQuestion,
    StoredPlan,
    UserSyncHead,
)
from integrations.storage.control import VersionConflict
from integrations.storage.documents import Documents, RowKind, Stored, all_rows
from shared.storage.tables import MAX_OPERATIONS, Row, RowChanged, RowExists, Tables, Write, chunks, delete

HEAD_KEY = "current"
HELD_PLAN = "held"
_PLANS = "plan."
_TEXT_MOST = 30_000  # characters; Azure takes 32 Ki
_NO_SECRETS: frozenset[str] = frozenset()


class TextPart(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a text that is longer than a column."""

    of: str
    number: int
    text: str


def decision_key(key: DecisionKey) -> str:
    return f"{key.question.value}.{key.object_id}"


_HEAD = RowKind("user_sync_head", UserSyncHead, lambda _: HEAD_KEY, _NO_SECRETS)
_LINK = RowKind("user_link", UserLink, lambda it: it.object_id, _NO_SECRETS)
_LINKED_END_USER = RowKind("linked_end_user", LinkedEndUser, lambda it: it.end_user_id, _NO_SECRETS)
_QUESTION = RowKind("user_sync_question", OpenQuestion, lambda it: it.id, _NO_SECRETS)
_DECISION = RowKind("user_sync_decision", Decision, lambda it: decision_key(key_of(it)), _NO_SECRETS)
_PLAN = RowKind("user_sync_plan", StoredPlan, lambda it: it.id, _NO_SECRETS)
_APPROVAL = RowKind("user_sync_approval", ApprovalRecord, lambda it: it.plan_hash, _NO_SECRETS)
_TEXT = RowKind("user_sync_text", TextPart, lambda it: f"{it.of}:{it.number:03d}", _NO_SECRETS)

USER_SYNC_KINDS: Mapping[str, RowKind[Any]] = {
    it.name: it for it in (_HEAD, _LINK, _LINKED_END_USER, _QUESTION, _DECISION, _PLAN, _APPROVAL, _TEXT)
}


class UserSyncStore:
    """The rows of one tenant's user sync, to be read. ``batch`` begins a change of them."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId) -> None:
        self._table = tables.rest_table("usersync")
        self._partition = f"{account_id}|{tenant_id}|lasting"
        self.heads = Documents(self._table, self._partition, _HEAD)
        self.links = Documents(self._table, self._partition, _LINK)
        self.linked_end_users = Documents(self._table, self._partition, _LINKED_END_USER)
        self.questions = Documents(self._table, self._partition, _QUESTION)
        self.decisions = Documents(self._table, self._partition, _DECISION)
        self.plans = Documents(self._table, self._partition, _PLAN)
        self.approvals = Documents(self._table, self._partition, _APPROVAL)
        self.texts = Documents(self._table, self._partition, _TEXT)

    def find_head(self) -> Stored[UserSyncHead] | None:
        return self.heads.find(HEAD_KEY)

    def batch(self) -> "UserSyncBatch":
        """A change of what is there now."""
        return UserSyncBatch(self, self.find_head())

    def text(self, of: str) -> str:
        """A text that was stored in parts; "" if there is none."""
        return "".join(it.value.text for it in self.texts.list(f"{of}:"))

    def text_writes(self, of: str, text: str) -> list[Write]:
        """Writes that store a text instead of what is stored under its name; "" deletes it."""
        starts = range(0, len(text), _TEXT_MOST)
        parts = [TextPart(of=of, number=n, text=text[at : at + _TEXT_MOST]) for n, at in enumerate(starts)]
        superfluous = [it for it in self.texts.list(f"{of}:") if it.value.number >= len(parts)]
        return [*map(self.texts.put, parts), *map(self.texts.removed, superfluous)]

    def put(self, *writes: Write) -> None:
        """Write what belongs to no change of the user sync itself: plans, in as many transactions as needed."""
        for part in chunks(list(writes)):
            self.commit(*part)

    def forget_user(self, linked: LinkedEndUser) -> None:
        """Delete a link both ways, the questions and decisions about its user, and the texts of plans.

        Raises:
            VersionConflict: somebody else changed the tenant's user sync at the same time.
        """
        batch, object_id = self.batch(), linked.object_id
        questions = [it for it in self.questions.list() if it.value.item.subject == object_id]
        decisions = [it for it in self.decisions.list() if it.value.object_id == object_id]
        batch.write_many([*map(self.questions.removed, questions), *map(self.decisions.removed, decisions)])
        links, others = self.links.find_all([object_id]), self.linked_end_users.find_all([linked.end_user_id])
        batch.write_many(
            [*map(self.links.removed, links.values()), *map(self.linked_end_users.removed, others.values())]
        )
        batch.write_many(
            [self.texts.removed(it) for it in self.texts.list() if it.value.of.startswith((HELD_PLAN, _PLANS))]
        )
        hold = batch.head.hold and msgspec.structs.replace(batch.head.hold, plan_hash="")
        batch.set_head(basis="", hold=hold)
        batch.commit()

    def everything(self) -> Iterator[tuple[RowKind[Any], str, str]]:
        """Every row in key order: its kind, id and stored JSON; not those of kinds we do not know."""
        return all_rows(self._table, self._partition, USER_SYNC_KINDS)

    def delete_all(self) -> int:
        """Delete every row, the head last; returns how many. Whoever began to write before fails."""
        deleted = 0
        while rows := self._table.range(self._partition, columns=[], limit=MAX_OPERATIONS):
            others = [it for it in rows if it.key != self.heads.row_key(HEAD_KEY)] or rows
            self.commit(*(delete(Row(self._partition, it.key)) for it in others))
            deleted += len(others)
        return deleted

    def commit(self, *writes: Write) -> str:
        """Write all or nothing; returns the new ETag of the first row.

        Raises:
            VersionConflict: a row was changed, added or deleted since it was read; nothing was written.
        """
        try:
            return self._table.write(*writes)
        except (RowChanged, RowExists) as error:
            raise VersionConflict from error


class UserSyncBatch:
    """A change of a tenant's user sync in transactions, on what was read after the batch was begun.

    After ``commit`` it goes on with the next transaction, as long as nobody else writes in between.
    """

    def __init__(self, store: UserSyncStore, stored: Stored[UserSyncHead] | None) -> None:
        self.store = store
        self.head = stored.value if stored else UserSyncHead()
        self._before = self.head
        self._etag = stored.etag if stored else ""
        self._writes: dict[str, Write] = {}

    @property
    def is_empty(self) -> bool:
        return not self._writes and self.head == self._before

    def has_room(self, writes: int) -> bool:
        """Whether so many more rows fit into this transaction, which has one for the head."""
        return len(self._writes) + writes < MAX_OPERATIONS

    def set_head(self, **changes: Any) -> None:
        self.head = msgspec.structs.replace(self.head, **changes)

    def write(self, *writes: Write) -> None:
        """Add writes; of two for one row the later one counts."""
        self._writes |= {it.row.key: it for it in writes}

    def write_many(self, writes: Sequence[Write]) -> None:
        """Add writes, and commit those before them as often as they do not fit."""
        for it in writes:
            if not self.has_room(1):
                self.commit()
            self.write(it)

    def commit(self) -> None:
        """Write what was added, together with the head.

        Raises:
            VersionConflict: somebody else changed the tenant's user sync since it was read.
        """
        heads = self.store.heads
        first = heads.saved(Stored(self.head, self._etag)) if self._etag else heads.added(self.head)
        self._etag = self.store.commit(first, *self._writes.values())
        self._before, self._writes = self.head, {}
