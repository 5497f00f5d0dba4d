"""A laboratory: one app in a process of its own, one Microsoft, one storage account, and a switch between them."""

import ssl
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from local.microsoft.cloud import Running
from local.microsoft.control import World
from local.portal_client import APP_ROLES
from local.portal_identity import PortalIdentity
from shared.crypto.envelopes import new_key
from tests.faults.lab.app import AppProcess, Apps
from tests.faults.lab.cloud import GatedCloud, Loop
from tests.faults.lab.kill import Switch
from tests.faults.lab.relay import Relay
from tests.flows.portal import CALLBACKS, CLIENT_ID, CLIENT_SECRET, DELEGATED, Clock, Portal, settings_of
from tests.stored import Storage, Store

_LOOKS = 4


@dataclass(frozen=True)
class Site:
    """What laboratories share: a certificate, people of the portal, unused storage accounts, and quick starts."""

    context: ssl.SSLContext
    ca_file: str
    identity: PortalIdentity
    accounts: "Accounts"
    apps: Apps


class Accounts:
    """Storage accounts, used again once they are emptied."""

    def __init__(self, connections: Sequence[str]) -> None:
        self._free = deque(connections)

    def take(self) -> str:
        return self._free.popleft()

    def give(self, storage: Storage) -> None:
        storage.empty()
        storage.close()
        self._free.append(storage.connection)


class LabPortal(Portal):
    """A portal whose app lives in another process: time is told to it, Microsoft's clock goes on by itself."""

    def proves(self, tenant: Mapping[str, str], started: dict[str, Any] | None = None) -> str:
        """As on any portal; on a busy machine Microsoft is asked a second time before the journey is proven."""
        flow_id = super().proves(tenant, started)
        for _ in range(_LOOKS):
            if self.flow(flow_id)["state"] != "returned":
                break
            time.sleep(1.1)
            self.run_queues()
        return flow_id

    def later(self, **span: float) -> None:
        self.clock.ahead += timedelta(**span)
        cast("AppProcess", self.host).ahead = self.clock.ahead


class Lab:
    """One world. ``store`` reads everything; ``restart`` begins anew with nothing but what is stored."""

    def __init__(self, site: Site, loop: Loop) -> None:
        self.switch = Switch()
        self.secrets = new_key("k1")
        self._site = site
        self._loop = loop
        self._cloud = GatedCloud(self.switch)
        urls = loop.run(self._cloud.start(site.context))
        self._world = World(urls["graph_url"], site.ca_file)
        self.microsoft = Running(**urls, ca_file=site.ca_file, world=self._world)
        self._world.register_app(
            client_id=CLIENT_ID,
            secret=CLIENT_SECRET,
            redirect_uris=CALLBACKS,
            app_roles=APP_ROLES,
            delegated=DELEGATED,
        )
        self._world.switch(throttling=False)  # waiting as told is tested elsewhere; here it would only take time
        self._relay: Relay | None = None
        self._is_borrowed = False
        self._env: dict[str, str] = {}
        self._hosts: list[AppProcess] = []
        self.begin()

    def begin(self, store: Store | None = None) -> Portal:
        """A storage account that nobody has touched, filled with what is given, and an app on it."""
        self._end()
        self.storage, self._is_borrowed = Storage(self._site.accounts.take()), True
        if store is not None:
            self.storage.fill(store)
        self._relay = Relay(self.switch)
        self._env = self._led_through(self._relay)
        return self.another()

    def begin_elsewhere(self, store: Store) -> dict[str, str]:
        """As ``begin``, for an app that somebody else runs: its settings."""
        self._end()
        self.storage, self._is_borrowed = Storage(self._site.accounts.take()), True
        self.storage.fill(store)
        self._relay = Relay(self.switch)
        return self._led_through(self._relay)

    def begin_on(self, connection: str) -> dict[str, str]:
        """Settings of an app that somebody else runs, on a storage account of theirs."""
        self._end()
        self.storage, self._is_borrowed = Storage(connection), False
        self._relay = Relay(self.switch)
        return self._led_through(self._relay)

    def _led_through(self, relay: Relay) -> dict[str, str]:
        through = self._loop.run(relay.start(self.storage.connection))
        return {**settings_of(self.microsoft, self._site.identity, through), "SECRET_KEYS": self.secrets}

    @property
    def identity(self) -> PortalIdentity:
        return self._site.identity

    def another(self) -> Portal:
        """One more process of the app on the same storage; the switch belongs to the first."""
        host = AppProcess(self._site.apps, self._env, Switch() if self._hosts else self.switch)
        self._hosts.append(host)
        return LabPortal(cast("Any", host), cast("Any", None), self.microsoft, self._site.identity, Clock())

    def restart(self) -> None:
        self._hosts[0].restart()

    def jitter(self, longest_s: float) -> None:
        """From now on each request to storage is held back for a random time."""
        if self._relay is not None:
            self._relay.jitter_s = longest_s

    def faults(self, share: float) -> None:
        """From now on so many of all requests, to storage and to Microsoft, break off."""
        self._cloud.faults = share
        if self._relay is not None:
            self._relay.faults = share

    def read_at_rest(self, portal: Portal) -> Store:
        """Everything, once messages that became visible only now have been worked on."""
        for _ in range(_LOOKS):
            store = self.storage.read()
            if not any(store.queues.values()):
                break
            portal.run_queues()
        return store

    @property
    def sent(self) -> list[tuple[str, str]]:
        """Every message the app has sent since it began."""
        return self._relay.sent if self._relay is not None else []

    def end_leases(self) -> None:
        """Ten minutes have passed since a process died: the messages it held are seen again."""
        if self._relay is not None:
            self.storage.give_back(self._relay.taken)
            self._relay.taken.clear()

    def end_hiding(self) -> None:
        """Two minutes have passed: messages that were put for later than now, and not much later, are seen."""
        if self._relay is not None:
            self.storage.give_back(self._relay.hidden)
            self._relay.hidden.clear()

    def canaries(self) -> list[str]:
        """What may be readable nowhere."""
        key = self.secrets.partition(":")[2]
        return [CLIENT_SECRET, key, *(it.decode() for it in self._cloud.tokens)]

    def _end(self) -> None:
        for host in self._hosts:
            host.kill()
        self._hosts = []
        if self._relay is not None:
            self._loop.run(self._relay.stop())
            self._relay = None
            if self._is_borrowed:
                self._site.accounts.give(self.storage)

    def close(self) -> None:
        self._end()
        self._world.close()
        self._loop.run(self._cloud.stop())


@contextmanager
def opened_lab(site: Site) -> Iterator[Lab]:
    loop = Loop()
    lab = Lab(site, loop)
    try:
        yield lab
    finally:
        lab.close()
        loop.close()
