"""Sync Now against a Microsoft that sends us elsewhere, never ends, drips or blows up (A25-A28).

Whatever it does, no connection leaves for anywhere else, nothing is deleted, and no sign-in is blamed.
"""

import socket
import threading
from collections.abc import Iterator

import pytest

from tests.flows.portal import Portal
from tests.flows.reading import users_of
from tests.waiting import HANGS_S

MOST_TRIES = 4


class Canary:
    """A server next door that nobody should ever talk to."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.place = f"127.0.0.1:{self._listener.getsockname()[1]}"
        self.visits = 0
        self._thread = threading.Thread(target=self._watch, daemon=True)
        self._thread.start()

    def _watch(self) -> None:
        while True:
            try:
                peer, _ = self._listener.accept()
            except OSError:
                return
            self.visits += 1
            peer.close()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        self._thread.join(HANGS_S)


@pytest.fixture
def canary() -> Iterator[Canary]:
    found = Canary()
    yield found
    found.close()


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    found = portal.has_tenant(users=30)
    portal.connected(found)
    return found


def links(canary: Canary, graph: str) -> list[str]:
    """Twenty ways to lead our token to the server next door, or out of Graph's version root."""
    home, there = graph.removeprefix("https://"), canary.place
    host = home.partition(":")[0]
    return [
        f"https://{there}/v1.0/users", f"http://{there}/v1.0/users", f"http://{home}/v1.0/users",
        f"https://{there}\\@{home}/v1.0/users", f"https://{home}\\@{there}/v1.0/users",
        f"https://{home}@{there}/v1.0/users", f"https://user:password@{home}/v1.0/users",
        f"https://{home}.{there}/v1.0/users", f"https://{host}%2e{there}/v1.0/users", f"https://{host}/v1.0/users",
        f"//{there}/v1.0/users", "/v1.0/users", "v1.0/users", f"{graph}/beta/users", f"{graph}/v1.0/../beta/users",
        f"{graph}/v1.0/%2e%2e/beta/users", f"{graph}/v1.0//{there}/users", f"{graph}/v1.0/users#@{there}",
        f"{graph}/v1.0/users\r\nHost: {there}", f"javascript:fetch('https://{there}')",
    ]  # fmt: skip


def test_none_of_twenty_links_elsewhere_is_followed(portal: Portal, tenant: dict[str, str], canary: Canary) -> None:
    world, told = portal.microsoft.world, {}
    for link in links(canary, portal.microsoft.graph_url):
        world.clear_faults()
        body = {"value": [], "@odata.nextLink": link}
        world.fault(host="graph", path="/v1.0/users/delta", status=200, body=body, times=None)
        world.forget_requests()
        run = portal.sync(tenant)
        users = next(it for it in run["datasets"] if it["dataset"] == "users")
        paths = {it["path"] for it in portal.graph_requests(tenant)}
        told[link] = (users["error"], portal.status(tenant), paths)

    expected = ("hostile_link", "Pending", {"/v1.0/$batch"})
    assert {link: it for link, it in told.items() if it != expected} == {}
    assert (len(told), canary.visits, len(users_of(portal, tenant))) == (20, 0, 30)


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_no_redirect_takes_our_token_along(portal: Portal, tenant: dict[str, str], canary: Canary, status: int) -> None:
    headers = {"Location": f"https://{canary.place}/v1.0/$batch"}
    portal.microsoft.world.fault(
        host="graph", tenant_id=tenant["id"], status=status, headers=headers, body="", times=None
    )

    portal.sync(tenant)

    assert portal.row(tenant)["sync_status"]["cause"] == "microsoft_unavailable"
    assert (canary.visits, len(users_of(portal, tenant))) == (0, 30)


def test_pages_that_lead_to_themselves_end_and_delete_nothing(portal: Portal, tenant: dict[str, str]) -> None:
    body = {"value": [], "@odata.nextLink": f"{portal.microsoft.graph_url}/v1.0/users?$skiptoken=again"}
    portal.microsoft.world.fault(host="graph", path="users", status=200, body=body, times=None)
    portal.microsoft.world.forget_requests()

    portal.sync(tenant)

    assert portal.row(tenant)["sync_status"]["cause"] == "microsoft_unavailable"
    followed = [it for it in portal.graph_requests(tenant) if it["path"] == "/v1.0/users"]
    assert len(followed) == 2  # once by each data set that follows users
    assert len(users_of(portal, tenant)) == 30


@pytest.mark.parametrize("kind", ["flood", "bomb"])
def test_a_flood_is_given_up_soon_and_other_tenants_do_not_notice(
    portal: Portal, tenant: dict[str, str], kind: str
) -> None:
    other = portal.has_tenant("Fabrikam", seed=2)
    portal.integrate(other)
    portal.map(other, to="Fabrikam")
    portal.run_queues()
    portal.microsoft.world.fault(host="graph", tenant_id=tenant["id"], kind=kind, times=None)
    portal.microsoft.world.forget_requests()

    portal.sync(tenant)
    portal.sync(other)

    assert len(portal.graph_requests(tenant)) <= MOST_TRIES
    status = portal.row(tenant)["sync_status"]
    assert (status["cause"], status["evidence"]["error"]) == ("microsoft_unavailable", "microsoft_unavailable")
    assert (portal.status(other), len(users_of(portal, tenant))) == ("Success", 30)


def test_pages_that_microsoft_does_not_find_again_are_not_the_tenants_fault(
    portal: Portal, tenant: dict[str, str]
) -> None:
    body = {"value": [], "@odata.nextLink": f"{portal.microsoft.graph_url}/v1.0/users?$skiptoken=unknown"}
    portal.microsoft.world.fault(host="graph", path="users/delta", status=200, body=body, times=None)

    portal.sync(tenant)

    status = portal.row(tenant)["sync_status"]
    assert (status["label"], status["cause"]) == ("Pending", "microsoft_unavailable")
    assert len(users_of(portal, tenant)) == 30


@pytest.mark.parametrize("status", [400, 404])
def test_a_kept_link_that_is_refused_in_other_words_means_reading_whole(
    portal: Portal, tenant: dict[str, str], status: int
) -> None:
    kept = r"users/delta\?.*deltatoken=(?!latest)"
    portal.microsoft.world.fault(host="graph", path=kept, status=status, times=None)
    portal.microsoft.world.add_user(tenant["id"], displayName="Newcomer")

    portal.sync(tenant)

    assert portal.status(tenant) == "Success"
    assert len(users_of(portal, tenant)) == 31


def test_a_roles_holders_on_a_further_page_are_followed_and_never_lost(portal: Portal, tenant: dict[str, str]) -> None:
    holders = portal.ask("GET", f"/tenants/{tenant['id']}/security")["roles"]["items"]
    body = {"value": [], "@odata.nextLink": f"{portal.microsoft.graph_url}/beta/directoryRoles"}
    portal.microsoft.world.fault(host="graph", path=r"/directoryRoles/.*/members", status=200, body=body, times=None)
    portal.later(hours=7)

    portal.sync(tenant)

    roles = portal.ask("GET", f"/tenants/{tenant['id']}/security")["roles"]
    assert (roles["state"], roles["items"]) == ("stale", holders)
    assert holders != []
