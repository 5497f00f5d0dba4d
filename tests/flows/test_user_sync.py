from tests.flows.portal import Portal
from tests.flows.user_sync import with_user_sync


def test_first(portal: Portal) -> None:
    sync = with_user_sync(portal)
    print(sync.tenant)
    print(sync.state())
    print(portal.microsoft.world.users(sync.id))
    plan = sync.turn_on()
    print(plan)
    print(sync.state())
    print(sync.people())
    print(sync.links())
    assert 0
