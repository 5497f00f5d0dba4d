"""A tenant's user sync through whatever may happen, in any order, with a process that dies at any write.

Each step is done twice from the same beginning: by an app that is left alone, and by one that is killed, started again
and repeated. Both must end in the same End Users, links and questions.
"""

import base64
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from tests.faults.lab.app import Died
from tests.faults.lab.flows import settle
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.rules import always, at_rest
from tests.faults.lab.user_sync_outcomes import People, differing, follow, outcome, people_in
from tests.faults.lab.user_sync_requests import NAMES, Request, UserSyncRequests, nothing
from tests.flows.portal import Portal
from tests.stored import Store

_ACCOUNT = "acct_northwind"
_USERS = 6
_MOST_USERS = 14
_ROUNDS = 3  # of five minutes, after a death


class Checkpoint(NamedTuple):
    """A copy of an Organization's people as of a position of its feed."""

    organization: str
    people: People
    after: str


@dataclass
class Ends:
    """How often each kind of thing was drawn, how often a process died, and what broke."""

    drawn: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    breaks: list[str] = field(default_factory=list)


class UserSyncCourse(UserSyncRequests):
    """One tenant, two Organizations under its Syncro Tenant, and a user sync that is on."""

    def __init__(self, lab: Lab, chance: random.Random, ends: Ends) -> None:
        portal = lab.begin()
        super().__init__(portal, portal.has_tenant(f"Tenant {chance.randrange(10**9)}", users=_USERS), chance)
        self._lab, self._ends, self._world = lab, ends, portal.microsoft.world
        self._checkpoints: list[Checkpoint] = []
        self._made = 0
        portal.integrate(self._tenant)
        mapped = portal.organization("Acme Dental")
        branch = {"name": "Branch", "syncro_tenant_id": self._syncro_tenant_of(mapped)}
        self._organizations = mapped, str(portal.ask("POST", "/organizations", branch, expect=201)["id"])
        portal.ask("PUT", f"{self._path}/mapping", {"organization_id": mapped})
        portal.run_queues()
        self._edit(portal, {"organizations": [{"organization_id": mapped}]})
        portal.run_queues()
        settle(portal)
        self._known = set(self._people(portal))

    def step(self) -> None:
        """Things happen; then one more, and a sync, from the same beginning without a death and with one."""
        for _ in range(self._chance.randrange(1, 4)):
            self._happens()
        name, request = self._drawn_request()
        self._ends.drawn[name] += 1
        store, ahead = self._lab.storage.read(), self._portal.clock.ahead + timedelta(minutes=31)
        portal = self._begin(store, ahead)
        self._lab.switch.arm()
        self._run(portal, request)
        count = len(self._lab.switch.seen)
        self._lab.switch.disarm()
        settle(portal)
        expected = outcome(self._lab.read_at_rest(portal))
        self._portal = self._begin(store, ahead)
        at, when = self._chance.randint(1, count), self._chance.choice(list(When))
        self._dies(request, at, when)
        self._look(f"{name}, dead at {at} of {count} {when.name}", expected)

    def _begin(self, store: Store, ahead: timedelta) -> Portal:
        portal = self._lab.begin(store)
        portal.later(seconds=ahead.total_seconds())
        return portal

    def _run(self, portal: Portal, request: Request) -> None:
        request(portal)
        self._sync(portal)

    def _sync(self, portal: Portal) -> None:
        """A sync, and a run of the user sync even if nothing changed at Microsoft, as there is one a day."""
        portal.call("POST", f"{self._path}/sync")
        portal.run_queues()
        tenant = self._lab.storage.read(queues=False).documents("tenant")[_ACCOUNT, self._tenant["id"]]
        order = {"account_id": _ACCOUNT, "tenant_id": self._tenant["id"], "epoch": tenant["epoch"]}
        self._lab.storage.send("evaluate-tenant", base64.b64encode(json.dumps(order).encode()).decode())
        portal.run_queues()

    def _dies(self, request: Request, at: int, when: When) -> None:
        """As ``_run``; whoever got no answer tries again at once, and the rest comes by itself."""
        portal, is_told = self._portal, False
        self._lab.switch.arm(at, when)
        try:
            request(portal)
            is_told = True
            self._sync(portal)
        except (Died, AssertionError):
            if not self._lab.switch.fired:
                raise
        self._ends.deaths += self._lab.switch.fired
        self._lab.switch.disarm()
        self._lab.restart()
        if not is_told:
            self._run(portal, request)
        for _ in range(_ROUNDS):
            settle(portal)
            self._lab.end_leases()
            self._lab.end_hiding()
        self._sync(portal)
        settle(portal)

    def _look(self, name: str, expected: Mapping[str, Any]) -> None:
        store = self._lab.read_at_rest(self._portal)
        found, breaks = outcome(store), self._ends.breaks
        breaks += [f"{name}: {it}" for it in differing(expected, found)]
        breaks += [f"{name}: {it}" for it in always(store, self._lab.canaries())]
        breaks += [f"{name}: {it}" for it in at_rest(store, self._portal.clock(), self._lab.canaries())]
        self._portal.later(minutes=31)
        self._run(self._portal, nothing)
        again = self._lab.storage.read(queues=False)
        changed = [it for it in ("people", "usersync") if again.rows(it) != store.rows(it)]
        breaks += [f"{name}: a second run wrote {it}" for it in changed]
        people = self._people(self._portal)
        breaks += [f"{name}: {it} is gone" for it in self._known - people.keys() - self._erased]
        self._known = set(people)
        breaks += [f"{name}: {it}" for it in self._replayed()]

    # What happens without a death; the next step's sync sees it.

    def _happens(self) -> None:
        ways = (self._changes_at_microsoft, self._changes_at_microsoft, self._is_pushed, self._is_created)
        way = self._chance.choice([*ways, self._is_erased, self._is_remapped])
        self._ends.drawn[way.__name__.strip("_")] += 1
        way()

    def _changes_at_microsoft(self) -> None:
        world, tenant, chance = self._world, self._tenant["id"], self._chance
        users = [it["id"] for it in world.users(tenant)]
        for _ in range(chance.randint(1, 4)):
            user = chance.choice(users[1:])
            what = chance.randrange(7)
            if what == 0 and len(users) < _MOST_USERS:
                name = chance.choice(NAMES)
                world.add_user(tenant, displayName=name, mail=self._mail(), employeeId=chance.choice(["1", None]))
            elif what == 1 and len(users) > _USERS // 2:
                users.remove(user)
                world.remove_user(tenant, user, permanently=chance.random() < 0.3)
            else:
                shown = {"displayName": chance.choice(NAMES), "department": chance.choice(["Sales", "Post", None])}
                shown |= {"mail": self._mail(), "accountEnabled": chance.random() < 0.8}
                name = chance.choice(list(shown))
                world.change_user(tenant, user, **{name: shown[name]})

    def _is_pushed(self) -> None:
        self._made += 1
        self._push(f"{self._made}")(self._portal)

    def _is_created(self) -> None:
        body = {"name": self._chance.choice(NAMES), "mail": self._mail()}
        self._portal.ask("POST", f"/organizations/{self._organization()}/end-users", body, expect=201)

    def _is_erased(self) -> None:
        if self._chance.random() < 0.5 and (people := self._people(self._portal)):
            self._erase(self._chance.choice(sorted(people)))(self._portal)

    def _is_remapped(self) -> None:
        if self._chance.random() < 0.3:
            self._portal.ask("DELETE", f"{self._path}/mapping", expect=204)
            self._portal.run_queues()
            self._portal.ask("PUT", f"{self._path}/mapping", {"organization_id": self._organization()})
            self._portal.run_queues()

    # What a process may die of; each can be asked for again.

    def _drawn_request(self) -> tuple[str, Request]:
        people, chance = self._people(self._portal), self._chance
        questions = self._listed("queue")
        if self._portal.ask("GET", f"{self._path}/user-sync")["state"] == "held" and chance.random() < 0.6:
            return "release", self._release
        if questions and chance.random() < 0.5:
            return "decide", self._decide(chance.choice(questions))
        ways = [("nothing", nothing), ("edit", self._edited()), ("off", self._off)]
        if links := [it for it in self._listed("links") if it["end_user"]]:
            ways.append(("undo", self._undo(chance.choice(links)["object_id"])))
        if pushed := [it["external_id"] for it in people.values() if it["external_id"]]:
            ways.append(("push", self._push(chance.choice(pushed))))
        if people:
            person = chance.choice(sorted(people))
            ways += [("erase", self._erase(person)), ("move", self._move(people[person])), ("keep", self._keep(person))]
            same = [k for k, it in people.items() if it["organization_id"] == people[person]["organization_id"]]
            if others := sorted(set(same) - {person}):
                ways.append(("merge", self._merge(person, chance.choice(others))))
        return chance.choice(ways)

    # What is there.

    def _syncro_tenant_of(self, organization: str) -> str:
        found = self._portal.ask("GET", "/organizations")["items"]
        return next(str(it["syncro_tenant_id"]) for it in found if it["id"] == organization)

    def _listed(self, what: str) -> list[dict[str, Any]]:
        return list(self._portal.ask("GET", f"{self._path}/user-sync/{what}?limit=1000")["items"])

    def _replayed(self) -> list[str]:
        """Copies of the people from any earlier point, brought up to date by the feed, which are not the people now."""
        breaks = []
        for organization in self._organizations:
            now = people_in(self._portal, organization)
            known = [it for it in self._checkpoints if it.organization == organization]
            begun = self._chance.choice([Checkpoint(organization, {}, ""), *known])
            people = dict(begun.people)
            after = follow(self._portal, organization, people, begun.after)
            if people != now:
                breaks.append(f"the feed of {organization} after {begun.after!r} leads to other people")
            self._checkpoints.append(Checkpoint(organization, now, after))
        return breaks
