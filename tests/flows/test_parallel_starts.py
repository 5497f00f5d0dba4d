"""The limit on open journeys holds however many are started in the same moment (T29)."""

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from integrations.actions.actors import Actor
from integrations.actions.connect.integrate import start_single
from integrations.domain.connect.flow import FlowState
from integrations.domain.ids import AccountId
from shared.errors import TooManyRequests
from tests.flows.portal import Portal

ACCOUNT = AccountId("acct_northwind")
AT_ONCE, MOST = 60, 20


def started_at_once(portal: Portal) -> list[str]:
    """As many as there are threads, of two people, past the host and its own limit on threads."""
    throttle = Barrier(AT_ONCE)

    def start(place: int) -> str:
        throttle.wait(30)
        actor = Actor(ACCOUNT, f"user_{place % 2}", "")
        try:
            return start_single(portal.services, actor).authorize_url and "started"
        except TooManyRequests as error:
            return "refused" if error.wait_s > 0 else "refused without a time"

    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(pool.map(start, range(AT_ONCE)))


def open_flows(portal: Portal) -> int:
    flows = portal.services.control(ACCOUNT).flows.list()
    return sum(it.value.state is FlowState.WAITING and it.value.current_at(portal.clock()).is_open for it in flows)


def test_twenty_journeys_are_open_after_sixty_starts_at_once(portal: Portal) -> None:
    told = Counter(started_at_once(portal))

    assert told == {"started": MOST, "refused": AT_ONCE - MOST}
    assert open_flows(portal) == MOST


def test_a_journey_that_is_over_makes_room(portal: Portal) -> None:
    for _ in range(MOST):
        portal.start()
    assert portal.call("POST", "/integrations", {"kind": "single"}).status == 429

    portal.later(hours=1)

    assert portal.call("POST", "/integrations", {"kind": "single"}).status == 201
