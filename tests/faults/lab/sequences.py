"""One tenant through thousands of faults: each time something changes, something breaks, and nothing may be lost.

Time is simulated: whoever rests moves the clock instead. Every request the product sends is seen at the wire.
"""

import email.utils
import json
import random
import re
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from integrations.domain.ids import AccountId, TenantId
from integrations.microsoft.dataset import Dataset
from integrations.microsoft.registry import DATASETS
from local.microsoft.world.roles import GLOBAL_ADMINISTRATOR
from shared.http.client import HttpClient, Response
from shared.microsoft.graph import Graph, RetryPolicy
from shared.microsoft.graph.throttle import Throttle
from shared.microsoft.rate_limiter import RateLimiter
from tests.faults.lab.early import Departures
from tests.faults.lab.troubles import Trouble, troubles
from tests.flows.portal import Portal

ACCOUNT = AccountId("acct_northwind")
LONGEST_WAIT_S = 900.0
_ALWAYS = 1_000_000
_PATIENCE_S = 2.0  # of a minute: what drips takes all of it, and takes it of our own time
_MOVE_WITH_TIME = {"secure_score", "sign_ins", "registrations"}  # a score a day, reports of another form each time


def every_pair(graph_url: str, canary: str, chance: random.Random) -> Iterator[tuple[Trouble, Dataset | None]]:
    """Every kind of fault at every data set and at whole requests (None), in any order, over and over."""
    while True:
        pairs = list(product(troubles(graph_url, canary), [None, *(it for it in DATASETS if it.first_request)]))
        chance.shuffle(pairs)
        yield from pairs


class Watch(HttpClient):
    """Sees what leaves, on the simulated clock, and what comes back."""

    def __init__(self, http_client: HttpClient, now: Any, graph: str) -> None:  # the connections are the other one's
        self._http_client = http_client
        self._now = now
        self.hosts: set[str] = set()
        self.early: list[str] = []
        self.departures = Departures(now)
        self.graph = graph
        self._refused = ("", 0)

    def refuse(self, path: str, times: int) -> None:
        """So many requests whose path and query fit find nobody listening."""
        self._refused = (path, times)

    def send(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        within_s: float = 60.0,
    ) -> Response:
        split = urlsplit(url)
        self.hosts.add(split.netloc)
        parts = _parts(split.path, body)
        self.departures.acts()
        for path in parts.values() or [split.path]:
            if split.netloc == self.graph and (early_s := self.departures.early_s(path)):
                self.early.append(f"{path} {early_s:.1f} s early")
        address = self._closed_port(split) or url
        within_s = min(within_s, _PATIENCE_S)
        answer = self._http_client.send(method, address, headers=headers, body=body, within_s=within_s)
        if answer.status == 429:
            self._close(split.path, answer.headers.get("retry-after", ""))
        for part_id, status, told in _answers(answer) if parts else ():
            if status == 429 and part_id in parts:
                self._close(parts[part_id], told)
        return answer

    def _closed_port(self, split: SplitResult) -> str | None:
        path, times = self._refused
        if not times or not re.search(path, f"{split.path}?{unquote(split.query)}"):
            return None
        self._refused = (path, times - 1)
        return split._replace(netloc="localhost:1").geturl()

    def _close(self, path: str, retry_after: str) -> None:
        wait_s = _seconds(retry_after, self._now())
        if wait_s is not None:
            self.departures.told(path, min(max(wait_s, 1.0), LONGEST_WAIT_S))


def _parts(path: str, body: bytes | None) -> dict[str, str]:
    if not path.endswith("$batch") or body is None:
        return {}
    return {it["id"]: "/v1.0" + urlsplit(it["url"]).path for it in json.loads(body)["requests"]}


def _answers(answer: Response) -> Iterator[tuple[str, int, str]]:
    try:
        responses = json.loads(answer.body)["responses"]
    except (ValueError, KeyError, TypeError):
        return
    for it in responses:
        headers = {name.lower(): value for name, value in (it.get("headers") or {}).items()}
        yield it["id"], it["status"], headers.get("retry-after", "")


def _seconds(told: str, now: float) -> float | None:
    if re.fullmatch(r"[0-9]{1,12}(\.[0-9]+)?", told):
        return float(told)
    try:
        return email.utils.parsedate_to_datetime(told).timestamp() - now if told else None
    except ValueError:
        return None


@dataclass
class Course:
    """The tenant, its clock, and what broke so far."""

    portal: Portal
    tenant: dict[str, str]
    watch: Watch
    chance: random.Random
    breaks: list[str] = field(default_factory=list)

    @property
    def id(self) -> TenantId:
        return TenantId(self.tenant["id"])

    def step(self, trouble: Trouble, target: Dataset | None) -> None:
        """Change something, let something break, sync, look; then lift it, sync, and look again."""
        # The list of sign-in times has the path of the list of users.
        is_core = target is None or target.is_core or target.name == "sign_ins"
        times = self.chance.choice([1, 3, None])
        before = self._rows()
        for _ in range(self.chance.randrange(3)):
            self._change()
        self._aim(trouble, target, times)
        name = f"{trouble.name} x {times or 'always'} at {target.name if target else 'whole requests'}"
        if trouble.skew:
            self._ordered()  # just now, by the wrong clock
        else:
            self._sync()
        ill = self._status()
        refused = trouble.is_refusal or (trouble.is_repeated_refusal and times != 1)
        if ill == "Auth Error" and not (is_core and refused):
            self.breaks.append(f"{name}: Auth Error, {self._cause()}")
        self._nothing_lost(name, before)
        self._lift(trouble)
        self._sync()
        if self._status() != "Success":
            self.breaks.append(f"{name}: {self._status()} afterwards, {self._cause()}")
        self._all_right(name)
        self.breaks += [f"{name}: {it}" for it in self.watch.early]
        self.watch.early.clear()

    def _aim(self, trouble: Trouble, target: Dataset | None, times: int | None) -> None:
        world, told = self.portal.microsoft.world, dict(trouble.told)
        path = r"\$batch" if target is None else re.escape(target.first_request.path)
        if target is not None and target.service.is_batchable and not trouble.on_parts:
            # A part of a batch cannot break off by itself: the requests that follow it can.
            path += r"\?" if self.chance.random() < 0.5 else r".*skiptoken"
        skip = self.chance.choice([0, 0, 1])
        self.portal.clock.ahead += trouble.skew
        if trouble.is_closed:
            self.watch.refuse(path, times or _ALWAYS)
        elif trouble.switches:
            world.switch(**trouble.switches)
        elif trouble.odd:
            how, at, value = trouble.odd
            path = "/v1.0/" if target is None else path
            world.garble(how, *at, value=value, host="graph", tenant_id=self.id, path=path, times=times, skip=skip)
        elif trouble.told:
            world.fault(host="graph", tenant_id=self.id, path=path, times=times, skip=skip, **told)

    def _lift(self, trouble: Trouble) -> None:
        """Nothing is wrong any more."""
        self.portal.microsoft.world.clear_faults()
        self.portal.microsoft.world.ungarble()
        if trouble.odd:  # what changes brought oddly, they do not bring again: it waits for the next whole reading
            self.portal.microsoft.world.expire_delta_tokens(self.id)
            self.portal.later(hours=18)
        self.portal.microsoft.world.switch(**dict.fromkeys(trouble.switches, False))
        self.portal.clock.ahead -= trouble.skew
        self.watch.refuse("", 0)

    def _change(self) -> None:
        world = self.portal.microsoft.world
        people = [it["id"] for it in world.users(self.id)]
        devices = [it["id"] for it in world.devices(self.id)]
        what = self.chance.choice(["touch", "touch", "add", "remove", "device", "owner", "expire", "policy"])
        if what == "touch":
            world.touch_users(self.id, self.chance.choice([1, 3, 12]), seed=self.chance.randrange(10**6))
        elif what == "add" or (what == "remove" and len(people) < 20):
            world.add_user(self.id, displayName=f"New {self.chance.randrange(10**6)}")
        elif what == "remove":
            world.remove_user(self.id, self.chance.choice(people[1:]), permanently=self.chance.random() < 0.5)
        elif what == "device" and len(devices) < 30:
            world.add_device(self.id, displayName=f"PC {self.chance.randrange(10**6)}")
        elif what in {"device", "owner"}:
            world.remove_device(self.id, self.chance.choice(devices)) if len(devices) > 8 else None
        elif what == "policy":
            world.change_policy(self.id, "authorization", allowedToUseSSPR=self.chance.random() < 0.5)
        elif what == "expire":
            world.expire_delta_tokens(self.id, self.chance.choice(["410", "syncStateNotFound"]))

    def _sync(self) -> None:
        self.portal.later(hours=7)  # every data set is due, and every wait is over
        self._ordered()

    def _ordered(self) -> None:
        self.portal.services.sign_in.forget(self.id)
        self.portal.ask("POST", f"/tenants/{self.id}/sync", expect=202)
        self.portal.run_queues()

    def _status(self) -> str:
        return self.portal.status(self.tenant)

    def _cause(self) -> str:
        status = self.portal.row(self.tenant)["sync_status"]
        return f"{status['cause']} {status['evidence']}"

    def _rows(self) -> dict[str, dict[str, Any]]:
        control = self.portal.services.control(ACCOUNT)
        stored = control.tenants.find(self.id)
        if stored is None:
            raise AssertionError("the tenant is gone")
        data = self.portal.services.data(ACCOUNT, self.id, stored.value.epoch)
        return {it.name: dict(data.list(it.name, it.record, limit=10_000)) for it in DATASETS}

    def _directory(self) -> dict[str, dict[str, str]]:
        world = self.portal.microsoft.world
        return {
            "users": {it["id"]: it["displayName"] for it in world.users(self.id)},
            "devices": {it["id"]: it["displayName"] for it in world.devices(self.id)},
        }

    def _nothing_lost(self, name: str, before: Mapping[str, Mapping[str, Any]]) -> None:
        """Whatever a fault did: a row that Microsoft still has stays, and none appears that Microsoft never had."""
        directory, after = self._directory(), self._rows()
        for dataset, rows in after.items():
            there = directory.get(dataset, before[dataset])
            if dataset in _MOVE_WITH_TIME:
                continue
            lost = [key for key in before[dataset] if key in there and key not in rows]
            invented = [key for key in rows if key not in there and key not in before[dataset]]
            if lost or invented:
                self.breaks.append(f"{name}: {dataset} lost {lost[:3]}, invented {invented[:3]}")

    def _all_right(self, name: str) -> None:
        """Once nothing is broken any more, all is as Microsoft has it."""
        rows = self._rows()
        for dataset, there in self._directory().items():
            stored = {key: it.name for key, it in rows[dataset].items()}
            if stored != there:
                differing = {key for key in stored.keys() | there.keys() if stored.get(key) != there.get(key)}
                self.breaks.append(f"{name}: {dataset} differs in {len(differing)} rows afterwards")
        for dataset in DATASETS:
            if not rows[dataset.name]:
                self.breaks.append(f"{name}: {dataset.name} is empty afterwards")


def _fill(world: Any, tenant: Mapping[str, str]) -> None:
    """Something for every data set."""
    people = [it["id"] for it in world.users(tenant["id"])]
    for number in range(3):
        world.add_group(tenant["id"], f"Group {number}", people[number : number + 4])
        world.set_per_user_mfa(tenant["id"], people[number], "enforced")
    world.give_role(tenant["id"], tenant["member"], through_group=True)
    holder = {"principalId": people[0], "roleDefinitionId": GLOBAL_ADMINISTRATOR}
    world.put_setting(tenant["id"], "role_eligibilities", "eligible", **holder)
    world.put_setting(tenant["id"], "app_management", "p1", displayName="Legacy")
    graph = "00000003-0000-0000-c000-000000000000"
    low = {"appId": graph, "permissionName": "User.Read", "classification": "low"}
    world.put_setting(tenant["id"], "permission_classifications", "c1", **low)
    added = world.add_conditional_access(tenant["id"], displayName="Risky agents")
    agents = {"clientApplications": {"includeAgentIdServicePrincipals": ["All"]}, "agentIdRiskLevels": ["high"]}
    world.change_conditional_access(tenant["id"], added["id"], conditions=added["conditions"] | agents)
    world.put_room(tenant["id"], "boardroom", emailAddress=f"boardroom@{tenant['domain']}")
    shared = world.managed_devices(tenant["id"])[0]["id"]
    world.change_managed_device(tenant["id"], shared, deviceEnrollmentType="windowsBulkAzureDomainJoin")
    world.set_device_users(tenant["id"], shared, people[:1])


def begin(portal: Portal, monkeypatch: Any, chance: random.Random) -> Course:
    """A tenant with everything, a wire that is watched, and a clock that whoever rests moves."""
    rested = [0.0]

    def monotonic() -> float:
        return time.monotonic() + rested[0]

    def sleep(seconds: float) -> None:
        watch.departures.acts()
        time.sleep(0.002)  # long enough for other threads to do what they should not
        rested[0] += seconds

    def now() -> float:
        return time.time() + rested[0] + portal.clock.ahead.total_seconds()

    for kind in (Graph, Throttle):
        defaults = kind.__init__.__kwdefaults__  # type: ignore[misc] # of whoever names no clock
        monkeypatch.setitem(defaults, "monotonic", monotonic)
    monkeypatch.setitem(Graph.__init__.__kwdefaults__, "sleep", sleep)
    watch = Watch(portal.services.http_client, now, urlsplit(portal.microsoft.graph_url).netloc)
    watch.departures.watch_gates(monkeypatch)
    services = portal.services
    object.__setattr__(services, "http_client", watch)
    object.__setattr__(services, "rate_limiter", RateLimiter(sleep, monotonic))
    object.__setattr__(services, "retry_policy", RetryPolicy(tries=3, max_wait_s=20.0, call_s=60.0))
    portal.microsoft.world.switch(
        delta_page_size=5,
        empty_first_page=True,
        delta_replays=True,
        most_on_a_page=7,
        managed_devices_page_size=4,
        throttling=False,
    )
    object.__setattr__(services, "settings", replace(services.settings, beta_datasets=True))
    tenant = portal.has_tenant(users=24, devices=10, licences=["SPE_E5"])
    _fill(portal.microsoft.world, tenant)
    portal.connected(tenant)
    monkeypatch.setattr("shared.http.client._READ_S", 0.25)  # from now on: a sign-in on a busy machine may take longer
    return Course(portal, tenant, watch, chance)
