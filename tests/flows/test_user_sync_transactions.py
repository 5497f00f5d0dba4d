"""How many transactions a user sync of many users takes."""

import pytest

from shared.storage.tables import Write
from tests.flows.portal import Portal
from tests.flows.user_sync import with_user_sync


def test_end_users_are_made_and_changed_in_as_few_transactions_as_hold_them(
    portal: Portal, monkeypatch: pytest.MonkeyPatch
) -> None:
    sync = with_user_sync(portal, users=130)
    table, rows = portal.services.tables.rest_table("people"), list[int]()
    write = table.write

    def counted(*writes: Write) -> str:
        rows.append(len(writes))
        return write(*writes)

    monkeypatch.setattr(table, "write", counted)
    sync.turn_on()
    made, people = list(rows), sync.people()
    rows.clear()
    for user in sync.world.users(sync.id)[:130]:
        sync.world.change_user(sync.id, user["id"], displayName=f"Dr {user['displayName']}")
    sync.sync()

    assert len(people) > 100
    assert made == [99, 99, 1 + 2 * (len(people) - 98)]  # two for each, and the head
    assert rows == [100, 100, 100, 1 + 3 * (len(people) - 99)]  # three for each: its row, and its place in the feed
    assert all(it["name"].startswith("Dr ") for it in sync.people())
