"""What is stored of a tenant's user sync is found with few requests, whichever way it is asked for."""

from datetime import UTC, datetime
from typing import Any

import pytest
from azure.identity import ManagedIdentityCredential

from integrations.domain.ids import AccountId, EndUserId, OrganizationId, TenantId
from integrations.domain.user_sync.links import Choice, Decision, LinkedBy, Question, QueueItem, QueueKind, UserLink
from integrations.domain.user_sync.stored.state import OpenQuestion
from integrations.storage.user_sync import UserSyncStore
from shared.storage.tables import Tables

NOW = datetime(2026, 11, 30, 9, 0, tzinfo=UTC)
USERS = [f"0000000{it}-0000-4000-8000-0000000000aa" for it in range(4)]


@pytest.fixture
def store(storage: str) -> UserSyncStore:
    tables = Tables.connect(storage, "", ManagedIdentityCredential)
    made = UserSyncStore(tables, AccountId("acct"), TenantId("9f1c0e3a-0000-4000-8000-00000000aa01"))
    batch = made.batch()
    for it in USERS:
        batch.write(made.links.put(_link(it)))
        batch.write(made.decisions.put(Decision(object_id=it, question=Question.MAIL, choice=Choice.IGNORE)))
        batch.write(made.questions.put(OpenQuestion(item=_question(it), since=NOW)))
    batch.commit()
    return made


def _link(object_id: str) -> UserLink:
    return UserLink(
        object_id=object_id,
        end_user_id=EndUserId(f"eu_{object_id[:8]}"),
        linked_by=LinkedBy.MAIL,
        since=NOW,
        organization_id=OrganizationId("org_acme"),
    )


def _question(object_id: str) -> QueueItem:
    return QueueItem(kind=QueueKind.WOULD_MOVE, subject=object_id, candidates=[])


@pytest.fixture
def asked(store: UserSyncStore) -> list[str]:
    """Grows with each question to storage."""
    questions: list[str] = []

    def counted(name: str) -> None:
        ask = getattr(store.links._table, name)

        def asking(*told: Any, **more: Any) -> Any:
            questions.append(name)
            return ask(*told, **more)

        setattr(store.links._table, name, asking)

    for it in ("get", "range", "find"):
        counted(it)
    return questions


@pytest.mark.parametrize("count", [0, 1, 2, 4])
def test_what_is_stored_about_users_is_found_for_few_and_for_many(store: UserSyncStore, count: int) -> None:
    wanted = USERS[:count]

    found = store.rows_of({*wanted, "absent"})

    assert sorted(it.object_id for it in found.links) == wanted
    assert sorted(it.object_id for it in found.decisions) == wanted
    assert sorted(it.subject for it in found.questions) == wanted


def test_what_is_stored_about_one_user_is_found_with_the_head(store: UserSyncStore, asked: list[str]) -> None:
    begun = store.begin("settings", [USERS[0]])

    assert begun.rows == store.rows_of([USERS[0]])
    assert begun.rows.links == [_link(USERS[0])]
    assert asked[0] == "find"
    assert "find" not in asked[2:]
    assert store.begin("settings", ["absent"]).rows == ([], [], [])
    assert store.begin("settings", USERS[:2]).rows is None


@pytest.mark.parametrize(("length", "questions"), [(0, 1), (29_999, 1), (30_000, 2), (60_001, 2)])
def test_a_head_is_read_with_a_text_and_a_long_text_whole(
    store: UserSyncStore, asked: list[str], length: int, questions: int
) -> None:
    text = "".join(chr(0x61 + it % 26) for it in range(length))
    store.put(*store.text_writes("settings", text))
    store.put(*store.text_writes("settings2", "of another name"))
    asked.clear()

    begun = store.begin("settings", [])

    assert (begun.text == text, begun.batch.is_new, len(asked)) == (True, False, questions)
