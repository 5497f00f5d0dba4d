"""A portal in the tests' hands: it calls the API as a person would, in words of the product."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlencode, urlsplit

from integrations.domain.jobs import orders
from integrations.services import Services, connect
from integrations.settings import Settings
from local.host import Host
from local.host.invocation.invoker import Response
from local.microsoft.browser import Callback, Person
from local.microsoft.cloud import Running
from local.portal_client import APP_ROLES
from local.portal_identity import PortalIdentity
from shared.crypto.envelopes import Envelopes, KeyRing, new_key
from shared.microsoft.graph import RetryPolicy
from shared.microsoft.rate_limiter import RateLimiter
from tests.flows.shared_app import functions_with
from tests.states import Beginning, States

T = TypeVar("T")

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"
CLIENT_SECRET = "a-secret-nobody-should-ever-see"
PUBLIC_URL = "http://localhost:7071"
PORTAL_URL = "http://localhost:7071/api/page"
CALLBACK, _ = CALLBACKS = [f"{PUBLIC_URL}/api/consent/callback/{kind}" for kind in ("single", "csp")]
DELEGATED = [
    "User.Read", "GroupMember.Read.All", "DelegatedAdminRelationship.Read.All", "user_impersonation",
]  # fmt: skip
ROOT = Path(__file__).resolve().parents[2]
_HANGS_S = 300.0  # queues that are not empty by then never will be; a slow machine that is busy takes a minute
# Five reports in ten seconds and one policy in a second, as Microsoft allows, would be most of every sync's time.
ROOMY = {"reports": (100_000, 10.0), "conditional access": (100_000, 1.0)}
SHARDS = 2  # of the due list, which has sixteen: all of them are looked at whenever a timer fires
_SECRET_KEYS = new_key("k1")  # one for all, as a state that is restored holds secrets


def settings_of(microsoft: Running, identity: PortalIdentity, storage: str, **changes: str) -> dict[str, str]:
    return {
        "AzureWebJobsStorage": storage,
        "PUBLIC_URL": PUBLIC_URL,
        "PORTAL_URL": PORTAL_URL,
        "PORTAL_ISSUER": identity.issuer,
        "PORTAL_AUDIENCE": identity.audience,
        "PORTAL_JWKS_URL": identity.jwks_url,
        "MICROSOFT_CLOUD": "custom",
        "MICROSOFT_LOGIN_URL": microsoft.login_url,
        "MICROSOFT_GRAPH_URL": microsoft.graph_url,
        "MICROSOFT_PARTNER_URL": microsoft.partner_url,
        "MICROSOFT_CA_FILE": microsoft.ca_file,
        "MICROSOFT_CLIENT_ID": CLIENT_ID,
        "MICROSOFT_CLIENT_SECRET": CLIENT_SECRET,
        "SECRET_KEYS": _SECRET_KEYS,
        "STARTS_PER_MINUTE": "1000",
        **changes,
    }


@dataclass
class Clock:
    """Time in the tests' hands; it goes on by itself and can be moved."""

    ahead: timedelta = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


@dataclass
class Portal:
    """One portal, one app, one simulated cloud."""

    host: Host
    services: Services
    microsoft: Running
    identity: PortalIdentity
    clock: Clock
    who: str = "alice"
    headers: dict[str, str] = field(default_factory=dict)
    beginning: Beginning | None = None

    def called_by(self, who: str) -> "Portal":
        return Portal(
            self.host, self.services, self.microsoft, self.identity, self.clock, who, beginning=self.beginning
        )

    def call(
        self, method: str, path: str, body: object = None, *, headers: Mapping[str, str] | None = None
    ) -> Response:
        told = {"authorization": f"Bearer {_token(self.identity, self.who, int(time.time()) // 60)}", **self.headers}
        raw = b"" if body is None else json.dumps(body).encode()
        if body is not None:
            told["content-type"] = "application/json"
        return self.host.call_http(method, f"/api{path}", headers={**told, **(headers or {})}, body=raw)

    def ask(self, method: str, path: str, body: object = None, *, expect: int = 200) -> Any:
        answer = self.call(method, path, body)
        assert answer.status == expect, (answer.status, answer.body.decode())
        return json.loads(answer.body) if answer.body else None

    def send(self, callback: Callback) -> Response:
        """What the browser does with Microsoft's answer."""
        split = urlsplit(callback.url)
        if callback.method == "GET":
            return self.host.call_http("GET", f"{split.path}?{split.query}")
        form = urlencode(callback.fields).encode()
        headers = {"content-type": "application/x-www-form-urlencoded"}
        return self.host.call_http("POST", split.path, headers=headers, body=form)

    def person(self, username: str) -> Person:
        return Person(self.microsoft.login_url, self.microsoft.ca_file, username)

    def has_tenant(self, name: str = "Contoso Dental", **details: Any) -> dict[str, str]:
        told: dict[str, str] = self.microsoft.world.add_tenant(name=name, **details)
        return told

    def start(self) -> dict[str, Any]:
        return dict(self.ask("POST", "/integrations", {"kind": "single"}, expect=201))

    def signs_in(self, started: dict[str, Any], username: str) -> dict[str, Any]:
        """The first leg: sign in at Microsoft, and come back to the page."""
        answer = self.send(self.person(username).follow(started["authorize_url"]))
        assert answer.status == 303, (answer.status, answer.body)
        return self.flow(started["flow_id"])

    def accepts(self, flow: dict[str, Any], username: str, *, accept: bool = True) -> Response:
        """The second leg: accept the permissions."""
        return self.send(self.person(username).follow(flow["continue_url"], accept=accept))

    def flow(self, flow_id: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/consent/{flow_id}"))

    def proves(self, tenant: Mapping[str, str], started: dict[str, Any] | None = None) -> str:
        """Everything up to the confirmation; returns the flow's id."""
        started = started or self.start()
        self.accepts(self.signs_in(started, tenant["admin"]), tenant["admin"])
        self.run_queues()
        return str(started["flow_id"])

    def reach(self, journey: str, travel: Callable[[], T]) -> T:
        """Where the journey ends: travelled to, or restored as another test left it; see ``tests.states``."""
        return self.beginning.reach(self, journey, travel) if self.beginning else travel()

    def integrate(self, tenant: Mapping[str, str]) -> str:
        """Integrated; returns the integration's id."""
        return self.reach(f"integrated {tenant['id']}", lambda: self._integrates(tenant))

    def _integrates(self, tenant: Mapping[str, str]) -> str:
        """The whole journey."""
        flow_id = self.proves(tenant)
        assert self.flow(flow_id)["state"] == "proven", self.flow(flow_id)
        return str(self.ask("POST", f"/consent/{flow_id}/complete", expect=201)["integration_id"])

    def organization(self, name: str = "Acme Dental") -> str:
        return str(self.ask("POST", "/organizations", {"name": name}, expect=201)["id"])

    def map(self, tenant: Mapping[str, str], to: str = "Acme Dental") -> None:
        body = {"organization_id": self.organization(to)}
        self.ask("PUT", f"/tenants/{tenant['id']}/mapping", body)

    def connected(self, tenant: Mapping[str, str]) -> None:
        """Integrated, mapped and synced once."""
        self.reach(f"connected {tenant['id']}", lambda: self._connects(tenant))

    def _connects(self, tenant: Mapping[str, str]) -> None:
        self._integrates(tenant)
        self.map(tenant)
        self.run_queues()

    def remove(self, integration_id: str, name: str = "Contoso Dental") -> str:
        """Begin to remove an integration; returns the removal's id."""
        path = f"/integrations/{integration_id}?{urlencode({'confirm': name})}"
        return str(self.ask("DELETE", path, expect=202)["removal_id"])

    def removal(self, removal_id: str) -> dict[str, Any]:
        return dict(self.ask("GET", f"/removals/{removal_id}"))

    def row(self, tenant: Mapping[str, str]) -> dict[str, Any]:
        items = self.ask("GET", "/integrations")["tenants"]["items"]
        return dict(next(it for it in items if it["tenant_id"] == tenant["id"]))

    def status(self, tenant: Mapping[str, str]) -> str:
        return str(self.row(tenant)["sync_status"]["label"])

    def run_queues(self) -> int:
        return self.host.drain(within_s=_HANGS_S)

    def sync(self, tenant: Mapping[str, str]) -> dict[str, Any]:
        """Sync Now, and wait for the run."""
        run_id = self.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)["run_id"]
        self.run_queues()
        return dict(self.ask("GET", f"/tenants/{tenant['id']}/runs/{run_id}"))

    def later(self, **span: float) -> None:
        """Let time pass, for us and for Microsoft."""
        self.set_clock(self.clock.ahead + timedelta(**span))

    def set_clock(self, ahead: timedelta) -> None:
        """Have it later than it is, for us and for Microsoft."""
        self.clock.ahead = ahead
        self.microsoft.world.switch(clock_offset_s=ahead.total_seconds())

    def tick(self) -> None:
        """A timer fires, and everything it orders is done; the other one orders the same."""
        self.host.fire_timer("reconcile_timer")
        self.run_queues()

    def graph_requests(self, tenant: Mapping[str, str]) -> list[dict[str, Any]]:
        return list(self.microsoft.world.requests(host="graph", tenant_id=tenant["id"]))


@cache
def _token(identity: PortalIdentity, who: str, _minute: int) -> str:
    """One token a minute: to sign one for each request would take longer than many of them."""
    return identity.token(who)


def open_portal(
    microsoft: Running, identity: PortalIdentity, storage: str, *, states: States | None = None, **changes: str
) -> Portal:
    """A portal whose app does not wait for its turn at Microsoft, nor long before a retry; see ``at_microsofts_pace``.

    With ``states`` it begins at their moment, and journeys from there are travelled only once.
    """
    microsoft.world.register_app(
        client_id=CLIENT_ID,
        secret=CLIENT_SECRET,
        redirect_uris=CALLBACKS,
        app_roles=APP_ROLES,
        delegated=DELEGATED,
    )
    microsoft.world.switch(limits=ROOMY)
    clock = Clock()
    env = settings_of(microsoft, identity, storage, **changes)
    connected = connect(Settings.from_env(env))
    instead = {
        "clock": clock,
        "rate_limiter": RateLimiter(lambda _seconds: None),
        "retry_policy": RetryPolicy(base_delay_s=0.01),
        "shards": SHARDS,
    }
    services = Services(**{**vars(connected), **instead})
    host = Host(functions_with(services), root=ROOT, env=env, clock=clock)
    portal = Portal(host, services, microsoft, identity, clock)
    if states is not None:
        portal.set_clock(states.ahead)
        portal.beginning = Beginning(states, portal)
    return portal


def at_microsofts_pace(portal: Portal) -> None:
    """Have the real limits and the real waiting for them: for tests that are about them."""
    portal.microsoft.world.switch(limits={})
    object.__setattr__(portal.services, "rate_limiter", RateLimiter())
    with_retries_as_deployed(portal)


def with_retries_as_deployed(portal: Portal) -> None:
    """Wait before a retry as long as a deployment does: for tests that are about it."""
    object.__setattr__(portal.services, "retry_policy", RetryPolicy())


def beside_another_process(portal: Portal) -> None:
    """Have what another process on the same storage has: the true time, and all shards of the due list."""
    portal.beginning = None
    portal.set_clock(timedelta(0))
    object.__setattr__(portal.services, "shards", orders.SHARDS)


def with_keys(portal: Portal, ring: str) -> None:
    """Have another ring of key-encryption keys from now on."""
    object.__setattr__(portal.services, "envelopes", Envelopes(KeyRing(ring)))
