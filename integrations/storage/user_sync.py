"""The user sync of ONE tenant of an account: links, questions, decisions, and what was planned.

Table ``usersync``, as ``lasting`` says. It outlives the epochs of a mapping: an unmapping freezes it, and it is deleted
when the data of the mapping is. Plans that somebody asked for do not replace the head.

What is longer than a column is spread over rows ``user_sync_text:<what>:<3 digits>``.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

import msgspec

from integrations.domain.ids import AccountId, TenantId
from integrations.domain.user_sync.links import (
    QUESTION_OF,
    Decision,
    DecisionKey,
    Question,
    QueueItem,
    UserLink,
    key_of,
)
from integrations.domain.user_sync.stored.state import (
    ApprovalRecord,
    LinkedEndUser,
    OpenQuestion,
    StoredPlan,
    UserSyncHead,
    question_id,
)
from integrations.storage.documents import Documents, RowKind, Stored
from integrations.storage.lasting import HEAD_KEY, LastingBatch, LastingRows
from shared.storage.tables import Tables, Write, chunks

HELD_PLAN = "held"
_PLANS = "plan."
_TEXT_MOST = 30_000  # characters; Azure takes 32 Ki
_FEW_USERS = 1  # whose rows are found together with the head: a request finds 14 rows
_NO_SECRETS: frozenset[str] = frozenset()


class TextPart(msgspec.Struct, frozen=True, kw_only=True):
    """Some of a text that is longer than a column."""

    of: str
    number: int
    text: str


class UserRows(NamedTuple):
    """What is stored about some users."""

    links: list[UserLink]
    decisions: list[Decision]
    questions: list[QueueItem]


class UserSyncBeginning(NamedTuple):
    """What a run begins with; ``rows`` are None unless they were asked for about a single user."""

    batch: "UserSyncBatch"
    text: str
    rows: UserRows | None


def _user_rows(stored: Iterable[Stored[Any] | None]) -> UserRows:
    found = [it.value for it in stored if it]
    return UserRows(
        [it for it in found if isinstance(it, UserLink)],
        [it for it in found if isinstance(it, Decision)],
        [it.item for it in found if isinstance(it, OpenQuestion)],
    )


def decision_key(key: DecisionKey) -> str:
    return f"{key.question.value}.{key.object_id}"


def _text_key(of: str, number: int) -> str:
    return f"{of}:{number:03d}"


_HEAD = RowKind("user_sync_head", UserSyncHead, lambda _: HEAD_KEY, _NO_SECRETS)
_LINK = RowKind("user_link", UserLink, lambda it: it.object_id, _NO_SECRETS)
_LINKED_END_USER = RowKind("linked_end_user", LinkedEndUser, lambda it: it.end_user_id, _NO_SECRETS)
_QUESTION = RowKind("user_sync_question", OpenQuestion, lambda it: it.id, _NO_SECRETS)
_DECISION = RowKind("user_sync_decision", Decision, lambda it: decision_key(key_of(it)), _NO_SECRETS)
_PLAN = RowKind("user_sync_plan", StoredPlan, lambda it: it.id, _NO_SECRETS)
_APPROVAL = RowKind("user_sync_approval", ApprovalRecord, lambda it: it.plan_hash, _NO_SECRETS)
_TEXT = RowKind("user_sync_text", TextPart, lambda it: _text_key(it.of, it.number), _NO_SECRETS)

USER_SYNC_KINDS: Mapping[str, RowKind[Any]] = {
    it.name: it for it in (_HEAD, _LINK, _LINKED_END_USER, _QUESTION, _DECISION, _PLAN, _APPROVAL, _TEXT)
}

UserSyncBatch = LastingBatch[UserSyncHead]


class UserSyncStore(LastingRows[UserSyncHead]):
    """The rows of one tenant's user sync, to be read. ``batch`` begins a change of them."""

    def __init__(self, tables: Tables, account_id: AccountId, tenant_id: TenantId) -> None:
        super().__init__(tables.rest_table("usersync"), account_id, tenant_id, _HEAD, USER_SYNC_KINDS)
        self.links = self.documents(_LINK)
        self.linked_end_users = self.documents(_LINKED_END_USER)
        self.questions = self.documents(_QUESTION)
        self.decisions = self.documents(_DECISION)
        self.plans = self.documents(_PLAN)
        self.approvals = self.documents(_APPROVAL)
        self.texts = self.documents(_TEXT)

    def begin(self, of: str, object_ids: Collection[str]) -> "UserSyncBeginning":
        """A change of what is there now, a text that was stored in parts, and what is stored about a single user.

        One request, unless the text is long.
        """
        few = object_ids if len(object_ids) <= _FEW_USERS else ()
        head, first, *rows = self.find_several(
            (self.heads, HEAD_KEY), (self.texts, _text_key(of, 0)), *self._keys_of(few)
        )
        text = first.value.text if first else ""
        return UserSyncBeginning(
            batch=self.batch_on(head),
            text=self.text(of) if len(text) == _TEXT_MOST else text,
            rows=_user_rows(rows) if few else None,
        )

    def rows_of(self, object_ids: Collection[str]) -> UserRows:
        """What is stored about these users."""
        if not object_ids:
            return UserRows([], [], [])
        links = [it.value for it in self.links.find_all(object_ids).values()]
        decisions = [it.value for it in self.decisions.list() if it.value.object_id in object_ids]
        questions = [it.value.item for it in self.questions.list() if it.value.item.subject in object_ids]
        return UserRows(links, decisions, questions)

    def _keys_of(self, object_ids: Collection[str]) -> Iterator[tuple[Documents[Any], str]]:
        yield from ((self.links, it) for it in object_ids)
        yield from ((self.decisions, decision_key(DecisionKey(*it))) for it in product(object_ids, Question))
        yield from ((self.questions, question_id(*it)) for it in product(QUESTION_OF, object_ids))

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

    def forget_person(self, linked: LinkedEndUser | None) -> None:
        """Delete the texts of plans, which may name anybody.

        Of somebody who is linked, the link both ways, the questions and the decisions are deleted as well.

        Raises:
            VersionConflict: somebody else changed the tenant's user sync at the same time.
        """
        batch = self.batch()
        if linked is not None:
            self._forget_user(batch, linked)
        batch.write_many(
            [self.texts.removed(it) for it in self.texts.list() if it.value.of.startswith((HELD_PLAN, _PLANS))]
        )
        if batch.is_empty:
            return
        hold = batch.head.hold and msgspec.structs.replace(batch.head.hold, plan_hash="")
        batch.set_head(basis="", hold=hold)
        batch.commit()

    def _forget_user(self, batch: UserSyncBatch, linked: LinkedEndUser) -> None:
        object_id = linked.object_id
        questions = [it for it in self.questions.list() if it.value.item.subject == object_id]
        decisions = [it for it in self.decisions.list() if it.value.object_id == object_id]
        batch.write_many([*map(self.questions.removed, questions), *map(self.decisions.removed, decisions)])
        links, others = self.links.find_all([object_id]), self.linked_end_users.find_all([linked.end_user_id])
        batch.write_many(
            [*map(self.links.removed, links.values()), *map(self.linked_end_users.removed, others.values())]
        )
