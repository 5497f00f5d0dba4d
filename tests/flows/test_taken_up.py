"""What the portal changes of an Organization's people is taken up by the tenant's user sync within minutes."""

import pytest

from integrations.storage.due import Work
from tests.flows.portal import Portal
from tests.flows.user_sync import ACCOUNT, UserSync, with_user_sync


@pytest.fixture
def sync(portal: Portal) -> UserSync:
    return with_user_sync(portal)


def test_what_the_portal_changes_is_taken_up_within_minutes(sync: UserSync) -> None:
    sync.has_user("Ana Silva")
    person_id = sync.has_end_user("Ana Silva", external_id="4711")
    sync.sync()
    sync.turn_on()
    asked = sync.kinds()
    mail = next(it["mail"] for it in sync.world.users(sync.id) if it["displayName"] == "Ana Silva")

    sync.portal.ask("PUT", f"/end-users/{person_id}", {"name": "Ana Silva", "external_id": "4711", "mail": mail})
    sync.portal.later(minutes=5)
    sync.portal.tick()

    assert asked == ["name_only"]
    assert sync.kinds() == []
    assert [it["linked_by"] for it in sync.person("Ana Silva")["microsoft"]] == ["mail"]


def test_a_whole_push_orders_one_run(sync: UserSync) -> None:
    sync.turn_on()
    names = [f"Person {number}" for number in range(100)]
    items = [{"external_id": name, "name": name} for name in names]
    sync.portal.ask("POST", f"/organizations/{sync.organization}/end-users/bulk", {"items": items})

    def lines() -> list[str]:
        due = sync.portal.services.due
        return [
            it.item_id for it in due.of(ACCOUNT, sync.id) if it.work is Work.EVALUATE and it.at <= sync.portal.clock()
        ]

    before = lines()
    sync.portal.later(minutes=5)
    sync.portal.tick()

    assert (before, lines()) == ([sync.id], [])
    assert len(sync.people()) == 103
