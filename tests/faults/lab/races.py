"""Two things done at the same moment by two processes of the app, for every pair of what can be done."""

import base64
import json
import math
import random
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations_with_replacement, product

from local.host.invocation.invoker import Response
from local.microsoft.browser import Callback
from tests.faults.lab import assets, link_races, people
from tests.faults.lab.flows import settle
from tests.faults.lab.lab import Lab
from tests.faults.lab.rules import Break, at_rest
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal
from tests.stored import Storage, Store

UNITS = 10  # interleavings in one world, each on a tenant of its own
_ACCOUNT = "acct_northwind"
_FEWEST = 2
_JITTER_S = 0.004
_LATE_S = 0.03
_FRESH_S = 1200.0
_MAKING_MINUTES = 11  # that have passed in a world by the time it is made
_ALL_DUE_EVERY = 5  # races with a timer: then every tenant is due at once


@dataclass
class Unit:
    """What one race is about: a tenant, two Organizations, and what was made ready for it."""

    tenant: dict[str, str]
    organizations: tuple[str, str]
    csp: Csp
    storage: Storage | None = None
    newcomer: dict[str, str] = field(default_factory=dict)
    flow_id: str = ""
    callback: Callback | None = None
    renewal: str = ""


@dataclass(frozen=True)
class Action:
    """One thing that can be done; ``ready`` prepares it before the race.

    ``of_csp`` needs a CSP's customer, ``keeps_mapping`` one that is mapped, and ``wants_work`` something due.
    """

    name: str
    do: Callable[[Portal, Unit], list[Response]]
    ready: Callable[[Portal, Unit], None] | None = None
    of_csp: bool = False
    keeps_mapping: bool = False
    wants_work: bool = False


def _newcomer(portal: Portal, unit: Unit) -> dict[str, str]:
    """A tenant that nobody has connected yet; both actions of a race are about the same one."""
    unit.newcomer = unit.newcomer or portal.has_tenant("Newcomer")
    return unit.newcomer


def _ready_callback(portal: Portal, unit: Unit) -> None:
    started = portal.start()
    unit.callback = portal.person(_newcomer(portal, unit)["admin"]).follow(started["authorize_url"])


def _ready_complete(portal: Portal, unit: Unit) -> None:
    unit.flow_id = portal.proves(_newcomer(portal, unit))


def _ready_renewal(portal: Portal, unit: Unit) -> None:
    row = portal.row(unit.tenant)
    started = portal.ask("POST", f"/integrations/{row['integration_id']}/reauthorize", expect=201)
    if row["csp_name"] == "-":
        unit.renewal = portal.proves(unit.tenant, started)
    else:
        unit.renewal = unit.csp.signs_in(started)["flow_id"]


def _ready_customer(_portal: Portal, unit: Unit) -> None:
    """The customer's next step is due again: it needs the partner's credential, and renews it."""
    if unit.storage is None:
        raise AssertionError
    row = unit.storage.get("control", _ACCOUNT, f"tenant:{unit.tenant['id']}")
    body = json.loads(row["body"])
    long_ago = body["added_at"]
    body["csp"]["progress"] = {"stage": "asked", "since": long_ago, "next_at": long_ago}
    unit.storage.put("control", {**row, "body": json.dumps(body)})
    order = {"account_id": _ACCOUNT, "tenant_id": unit.tenant["id"]}
    unit.storage.send("onboard-customer", base64.b64encode(json.dumps(order).encode()).decode())


def _map(place: int) -> Callable[[Portal, Unit], list[Response]]:
    def do(portal: Portal, unit: Unit) -> list[Response]:
        body = {"organization_id": unit.organizations[place]}
        return [portal.call("PUT", f"/tenants/{unit.tenant['id']}/mapping", body)]

    return do


def _unmap(portal: Portal, unit: Unit) -> list[Response]:
    return [portal.call("DELETE", f"/tenants/{unit.tenant['id']}/mapping")]


def _remap(portal: Portal, unit: Unit) -> list[Response]:
    return [*_unmap(portal, unit), *_map(1)(portal, unit)]


def _sync(portal: Portal, unit: Unit) -> list[Response]:
    answer = portal.call("POST", f"/tenants/{unit.tenant['id']}/sync")
    portal.host.drain("sync-tenant")
    return [answer]


def _ready_evaluation(portal: Portal, unit: Unit) -> None:
    """Somebody joins a group of administrators, which a sync has read; the evaluation's message waits."""
    world, tenant = portal.microsoft.world, unit.tenant
    group = next(it for it in world.groups(tenant["id"]) if it["isAssignableToRole"])
    world.add_member(tenant, group["id"], world.users(tenant["id"])[-1]["id"])
    _sync(portal, unit)


def _evaluate(portal: Portal, _unit: Unit) -> list[Response]:
    portal.host.drain("evaluate-tenant")
    return []


def _discovery(portal: Portal, unit: Unit) -> list[Response]:
    answer = portal.call("POST", f"/integrations/{unit.csp.id}/access-check")
    portal.host.drain("check-csp")
    return [answer]


def _rotation(portal: Portal, unit: Unit) -> list[Response]:
    portal.host.drain("onboard-customer")
    return []


def _start(portal: Portal, _unit: Unit) -> list[Response]:
    return [portal.call("POST", "/integrations", {"kind": "single"})]


def _callback(portal: Portal, unit: Unit) -> list[Response]:
    if unit.callback is None:
        raise AssertionError
    return [portal.send(unit.callback)]


def _complete(portal: Portal, unit: Unit) -> list[Response]:
    return [portal.call("POST", f"/consent/{unit.flow_id}/complete")]


def _reauthorize(portal: Portal, unit: Unit) -> list[Response]:
    return [portal.call("POST", f"/consent/{unit.renewal}/complete")]


def _fires(timer: str) -> Callable[[Portal, Unit], list[Response]]:
    def do(portal: Portal, _unit: Unit) -> list[Response]:
        portal.host.fire_timer(timer)
        portal.run_queues()
        return []

    return do


def _remove(portal: Portal, unit: Unit) -> list[Response]:
    row = portal.row(unit.tenant)
    is_single = row["csp_name"] == "-"
    key, name = (row["integration_id"], row["name"]) if is_single else (unit.csp.id, unit.csp.row()["name"])
    return [portal.call("DELETE", f"/integrations/{key}?confirm={name.replace(' ', '%20')}")]


def _remove_all(portal: Portal, _unit: Unit) -> list[Response]:
    return [portal.call("DELETE", "/integrations?confirm=all")]


ACTIONS = (
    Action("start", _start),
    Action("callback", _callback, _ready_callback),
    Action("complete", _complete, _ready_complete),
    Action("map", _map(0)),
    Action("unmap", _unmap, keeps_mapping=True),
    Action("remap", _remap, keeps_mapping=True),
    Action("sync", _sync, keeps_mapping=True),
    Action("evaluate", _evaluate, _ready_evaluation, keeps_mapping=True),
    Action("discovery", _discovery, of_csp=True),
    Action("reauthorize", _reauthorize, _ready_renewal),
    Action("token rotation", _rotation, _ready_customer, of_csp=True),
    Action("remove", _remove, keeps_mapping=True),
    Action("remove all", _remove_all, keeps_mapping=True),
    Action("timer", _fires("sync_timer"), wants_work=True),
    Action("reconciler", _fires("reconcile_timer"), wants_work=True),
)
# Raced with each other alone: they meet the others in nothing but the Organization's row.
OF_PEOPLE = (
    Action("push End Users", people.push_here),
    Action("edit End Users", people.edit_here, people.make_ready),
    Action("erase End Users", people.erase_here, people.make_ready),
    Action("move End Users", people.move_here, people.make_ready),
    Action("push assets", people.push_assets_here, people.make_ready),
    Action("delete Organization", people.delete_here),
)
# Raced with each other, and with what ends or uses their links.
OF_ASSETS = (
    Action("link asset", assets.link_here, assets.make_ready, keeps_mapping=True),
    Action("undo link of asset", assets.undo_here, assets.make_ready, keeps_mapping=True),
    Action("assign asset", assets.assign_here, assets.make_ready, keeps_mapping=True),
    Action("push linked assets", assets.push_here, assets.make_ready, keeps_mapping=True),
)
_MEET_ASSETS = [it for it in ACTIONS if it.name in {"sync", "unmap", "remap", "remove"}]
# Raced with each other, and with what ends a mapping.
OF_USER_SYNC = (
    Action("edit user sync", link_races.edit, link_races.make_ready, keeps_mapping=True),
    Action("turn user sync off", link_races.turn_off, link_races.make_ready, keeps_mapping=True),
    Action("decide", link_races.decide, link_races.make_ready, keeps_mapping=True),
    Action("undo link", link_races.undo, link_races.make_ready, keeps_mapping=True),
    Action("release", link_races.release, link_races.make_held, keeps_mapping=True),
    Action("push synced End Users", link_races.push, link_races.make_ready, keeps_mapping=True),
    Action("sync users", link_races.sync, link_races.make_ready, keeps_mapping=True),
)
_ENDS_A_MAPPING = [it for it in ACTIONS if it.name in {"unmap", "remap", "remove"}]
PAIRS = [
    *combinations_with_replacement(ACTIONS, 2),
    *combinations_with_replacement(OF_PEOPLE, 2),
    *combinations_with_replacement(OF_ASSETS, 2),
    *product(OF_ASSETS, _MEET_ASSETS),
    *combinations_with_replacement(OF_USER_SYNC, 2),
    *product(OF_USER_SYNC, _ENDS_A_MAPPING),
]
_ENDS_THE_WORLD = {"remove all"}


@dataclass
class Raced:
    """A pair, how often it was raced, and what broke."""

    pair: str
    runs: int = 0
    breaks: list[Break] = field(default_factory=list)


class Arena:
    """Races pairs in one laboratory; its world is made once and copied."""

    def __init__(self, lab: Lab, seed: int, units: int = UNITS) -> None:
        self._lab = lab
        self._units = units
        self._chance = random.Random(seed)
        self._made: tuple[float, Store, list[Unit], list[Unit], Csp] | None = None

    def race(self, first: Action, second: Action, runs: int, *, within_s: float = math.inf) -> Raced:
        """Race a pair so often; fewer times, but not less than twice, when it takes longer than it may."""
        raced = Raced(f"{first.name} / {second.name}")
        names, of_csp = {first.name, second.name}, first.of_csp or second.of_csp
        ends = bool(names & _ENDS_THE_WORLD) or (of_csp and "remove" in names)  # one CSP has all customers
        give_up_at = time.monotonic() + within_s
        while raced.runs < runs and (raced.runs < _FEWEST or time.monotonic() < give_up_at):
            self._round(first, second, min(1 if ends else self._units, runs - raced.runs), raced, give_up_at)
        return raced

    def _round(self, first: Action, second: Action, count: int, raced: Raced, give_up_at: float) -> None:
        one, units = self._begin(of_csp=first.of_csp or second.of_csp)
        other = self._lab.another()
        if {first, second} & set(OF_USER_SYNC):  # their syncs are asked for after those of the world's making
            one.later(minutes=_MAKING_MINUTES)
            other.later(minutes=_MAKING_MINUTES)
        for place, unit in enumerate(units[:count]):
            if place >= _FEWEST and time.monotonic() > give_up_at:
                break
            if any(it.wants_work for it in (first, second)) and place % _ALL_DUE_EVERY == 0:
                one.later(minutes=31)
                other.later(minutes=31)
            _make_ready(one, unit, (first, second))
            self._lab.jitter(_JITTER_S)
            raced.breaks += self._at_once((one, first), (other, second), unit)
            raced.runs += 1
            self._lab.jitter(0)
        settle(one)
        raced.breaks += at_rest(self._lab.read_at_rest(one), one.clock(), self._lab.canaries())

    def _at_once(self, one: tuple[Portal, Action], other: tuple[Portal, Action], unit: Unit) -> Iterator[Break]:
        barrier = threading.Barrier(2)
        found: list[Break] = []

        def run(portal: Portal, action: Action, late_s: float) -> None:
            barrier.wait()
            time.sleep(late_s)
            try:
                answers = action.do(portal, unit)
            except Exception as error:  # noqa: BLE001 - a thread's error must not be lost
                found.append(Break("no surprise", f"{action.name}: {type(error).__name__} {error}"))
                return
            found.extend(
                Break("no 5xx", f"{action.name}: {it.status} {it.body!r}") for it in answers if it.status >= 500
            )

        late = [self._chance.random() * _LATE_S * self._chance.randrange(2) for _ in range(2)]
        threads = [threading.Thread(target=run, args=(*it, late[n])) for n, it in enumerate((one, other))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        yield from found

    def _begin(self, *, of_csp: bool) -> tuple[Portal, list[Unit]]:
        if self._made is None or time.monotonic() - self._made[0] > _FRESH_S:
            self._made = self._make()
        _, store, singles, customers, made = self._made
        portal = self._lab.begin(store)
        csp = Csp(portal, made.partner, made.id, dict(made.customers))
        units = customers if of_csp else singles
        return portal, [Unit(it.tenant, it.organizations, csp, self._lab.storage) for it in units]

    def _make(self) -> tuple[float, Store, list[Unit], list[Unit], Csp]:
        portal = self._lab.begin()
        csp = has_csp(portal)
        for number in range(self._units):
            csp.has(f"Child {number}")
        csp.integrate()
        settle(portal)
        singles = [_unit(portal, csp, portal.has_tenant(f"Single {it}"), is_single=True) for it in range(self._units)]
        customers = [_unit(portal, csp, it, is_single=False) for it in csp.customers.values()]
        portal.run_queues()
        settle(portal)
        return time.monotonic(), self._lab.storage.read(), singles, customers, csp


def _unit(portal: Portal, csp: Csp, tenant: dict[str, str], *, is_single: bool) -> Unit:
    if is_single:
        portal.integrate(tenant)
    world = portal.microsoft.world
    world.give_role(tenant["id"], world.users(tenant["id"])[0]["id"], through_group=True)
    pair = (portal.organization(f"One {tenant['id']}"), portal.organization(f"Two {tenant['id']}"))
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": pair[0]})
    return Unit(tenant, pair, csp)


def _make_ready(portal: Portal, unit: Unit, actions: tuple[Action, Action]) -> None:
    names = {it.name for it in actions}
    for action in dict.fromkeys(actions):
        if action.ready:
            action.ready(portal, unit)
    if "map" in names and not any(it.keeps_mapping for it in actions):
        _unmap(portal, unit)
