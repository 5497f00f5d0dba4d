"""A tenant's user sync through whatever may happen, in any order, with deaths at any write and others in between."""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from tests.faults.lab.courses import FRESH_MINUTES, Ends, Outcome, Request, Scene
from tests.faults.lab.flows import settle
from tests.faults.lab.lab import Lab
from tests.faults.lab.promises import State, Told, broken_promises
from tests.faults.lab.user_sync_outcomes import People, follow, outcome, people_in
from tests.faults.lab.user_sync_requests import NAMES, UserSyncRequests, nothing
from tests.stored import Store

_USERS = 6
_MOST_USERS = 14
_PURPOSES = ("shared", "room", "equipment", "user", "user")
_HARM = ("inactivate", "move", "relink")
_STALE_HOURS = 13  # users count for twelve


class Checkpoint(NamedTuple):
    """A copy of an Organization's people as of a position of its feed."""

    organization: str
    people: People
    after: str


class UserSyncCourse(UserSyncRequests):
    """One tenant, two Organizations under its Syncro Tenant, and a user sync that is on."""

    def __init__(self, lab: Lab, chance: random.Random, ends: Ends) -> None:
        portal = lab.begin()
        tenant = portal.has_tenant(f"Tenant {chance.randrange(10**9)}", users=_USERS)
        super().__init__(lab, portal, tenant, chance, ends)
        self._checkpoints: list[Checkpoint] = []
        self._made = 0
        self._purposes: dict[str, set[str]] = {}
        self._approved: set[tuple[str, str]] | None = None
        self._members = {it["id"] for it in self._users()[:3]}
        self._group = self._world.add_group(tenant["id"], "Staff", sorted(self._members))
        portal.integrate(tenant)
        mapped = portal.organization("Acme Dental")
        branch = {"name": "Branch", "syncro_tenant_id": self._syncro_tenant_of(mapped)}
        self._organizations = mapped, str(portal.ask("POST", "/organizations", branch, expect=201)["id"])
        portal.ask("PUT", f"{self._path}/mapping", {"organization_id": mapped})
        portal.run_queues()
        self._turn_on()
        settle(portal)
        self._known = set(self._people(portal))

    def _turn_on(self) -> None:
        self._edit(self._portal, {"organizations": [{"organization_id": it} for it in self._organizations[:1]]})
        self._portal.run_queues()

    def _outcome(self, store: Store) -> Outcome:
        return outcome(store)

    # What stands before, and what is asked for; a scene without a request is about the sync that follows.

    def _all(self) -> dict[str, Callable[[], Request]]:
        scenes = (
            self._newcomers,
            self._namesake,
            self._rehired,
            self._blanked,
            self._renamed,
            self._leaving,
            self._stale,
        )
        asked = (
            self._pushed,
            self._deciding,
            self._answered,
            self._undoing,
            self._edited,
            self._released,
            self._turned_off,
        )
        people = (self._erasing, self._merging, self._moved, self._keeping, self._letting_go)
        return {it.__name__.strip("_"): it for it in (*scenes, *asked, *people)}

    def _scenes(self) -> Sequence[str]:
        return list(self._all())

    def _begins(self, scene: str) -> Scene:
        self._approved = None
        state = self._portal.ask("GET", f"{self._path}/user-sync")["state"]
        if state == "off":
            self._turn_on()
        if state == "held" and self._chance.random() < 0.7:
            self._release(self._portal)
            self._portal.run_queues()
        for _ in range(self._chance.randrange(3)):
            self._happens()
        return Scene(scene, self._all()[scene]())

    def _newcomers(self) -> Request:
        for _ in range(self._chance.randint(1, 2)):
            self._newcomer()
        return nothing

    def _newcomer(self) -> str:
        self._made += 1
        name = f"Newcomer {self._made}"
        more = {"jobTitle": "Clerk", "mobilePhone": f"+1 555 01{self._made:05}", "department": "Sales"}
        mail = f"newcomer{self._made}@{self._tenant['domain']}"
        number = f"E{self._made}"
        self._world.add_user(self._tenant["id"], displayName=name, mail=mail, employeeId=number, **more)
        return name

    def _namesake(self) -> Request:
        """Somebody of the same name is in the portal, whom nothing but the name has in common with the user."""
        body = {"name": self._newcomer(), "mail": self._chance.choice([None, f"other{self._made}@elsewhere.example"])}
        self._portal.ask("POST", f"/organizations/{self._organizations[0]}/end-users", body, expect=201)
        return nothing

    def _rehired(self) -> Request:
        """Somebody left, and has a new account with the same employee id."""
        if not (linked := [it for it in self._linked() if it["employeeId"]]):
            self._newcomer()
            self._synced()
        if linked := [it for it in self._linked() if it["employeeId"]]:
            user = self._chance.choice(linked)
            self._world.remove_user(self._tenant["id"], user["id"], permanently=True)
            if self._chance.random() < 0.3:
                self._synced()
            same = {it: user[it] for it in ("displayName", "mail", "employeeId", "department")}
            self._world.add_user(self._tenant["id"], **same)
        return nothing

    def _blanked(self) -> Request:
        blank: dict[str, Any] = {"jobTitle": None, "mobilePhone": None, "businessPhones": [], "givenName": None}
        for user in self._some_linked():
            self._world.change_user(self._tenant["id"], user["id"], **blank)
        return nothing

    def _renamed(self) -> Request:
        """Only names and titles of linked users change since the last run: it plans these users alone."""
        self._synced()
        for user in self._some_linked():
            name = f"{user['displayName']} {self._another_id()}"[-40:]
            self._world.change_user(self._tenant["id"], user["id"], displayName=name, jobTitle=self._another_id())
        return nothing

    def _leaving(self) -> Request:
        for user in self._some_linked():
            if self._chance.random() < 0.5 and len(self._users()) > _USERS // 2:
                self._world.remove_user(self._tenant["id"], user["id"], permanently=self._chance.random() < 0.5)
            else:
                self._world.change_user(self._tenant["id"], user["id"], accountEnabled=False)
        return nothing

    def _stale(self) -> Request:
        """Users are read, and for half a day nobody comes to look at them: nobody becomes inactive by then."""
        self._leaving()
        self._portal.later(minutes=FRESH_MINUTES)
        self._read_only()
        before = State(self._lab.storage.read(queues=False), self._tenant["id"])
        self._portal.later(hours=_STALE_HOURS)
        self._evaluate(self._portal)
        after = State(self._lab.storage.read(queues=False), self._tenant["id"])
        same = ("is_active", "organization_id")
        for key, person in before.people.items():
            if [person.get(it) for it in same] != [after.people[key].get(it) for it in same]:
                self._ends.breaks.append(f"stale: {key} became inactive or moved, from what was read too long ago")
        return nothing

    def _pushed(self) -> Request:
        if not (known := self._external_ids()):
            self._is_pushed()
            known = self._external_ids()
        return self._push(self._chance.choice(known))

    def _deciding(self) -> Request:
        if not any(it["choices"] for it in self._listed("queue")):
            self._namesake()
            self._synced()
        questions = [it for it in self._listed("queue") if it["choices"]]
        return self._decide(self._chance.choice(questions)) if questions else nothing

    def _answered(self) -> Request:
        """Somebody is asked about, and leaves, or gets another name: there is nothing to ask any more."""
        self._namesake()
        self._synced()
        for it in self._listed("queue"):
            if it["kind"] == "name_only" and self._chance.random() < 0.5:
                self._world.remove_user(self._tenant["id"], it["user"]["object_id"], permanently=True)
            elif it["kind"] == "name_only":
                self._world.change_user(
                    self._tenant["id"], it["user"]["object_id"], displayName=f"Other {self._another_id()}"
                )
        return nothing

    def _undoing(self) -> Request:
        links = [it for it in self._listed("links") if it["end_user"]]
        return self._undo(self._chance.choice(links)["object_id"]) if links else nothing

    def _released(self) -> Request:
        """A plan is held after a mapping to another Organization; while somebody looks at it, more people leave."""
        self._map_to(self._organizations[0] if self._chance.random() < 0.5 else self._organizations[1])
        self._synced()
        hold = self._portal.ask("GET", f"{self._path}/user-sync")["hold"]
        if hold and hold["reasons"] == ["first_after_mapping"]:
            examples = hold["plan"]["examples"]
            found = [(kind, it["end_user"]) for kind in _HARM for it in examples.get(kind, []) if it["end_user"]]
            self._approved = {(kind, it["id"]) for kind, it in found}
            if self._chance.random() < 0.7:
                self._leaving()
        return self._release

    def _turned_off(self) -> Request:
        return self._off

    def _erasing(self) -> Request:
        return self._erase(self._chance.choice(people)) if (people := self._ids()) else nothing

    def _keeping(self) -> Request:
        return self._keep(self._chance.choice(people)) if (people := self._ids()) else nothing

    def _letting_go(self) -> Request:
        active = [key for key, it in self._people(self._portal).items() if it["is_active"]]
        return self._let_go(self._chance.choice(active)) if active else nothing

    def _merging(self) -> Request:
        people = self._people(self._portal)
        person = self._chance.choice(sorted(people)) if people else ""
        same = [k for k, it in people.items() if it["organization_id"] == people[person]["organization_id"]]
        others = sorted(set(same) - {person})
        return self._merge(person, self._chance.choice(others)) if others else nothing

    def _moved(self) -> Request:
        people = self._people(self._portal)
        linked = [it["end_user"]["id"] for it in self._listed("links") if it["end_user"]]
        known = sorted(people.keys() & set(linked)) or sorted(people)
        return self._move(people[self._chance.choice(known)]) if known else nothing

    # What others do in between.

    def _comes_between(self) -> Request:
        """Mostly something that the plan which is being carried out would have minded."""
        questions = [it for it in self._listed("queue") if it["choices"]]
        candidates = [it["end_user"]["id"] for question in questions for it in question["candidates"]]
        inactive = [key for key, it in self._people(self._portal).items() if not it["is_active"]]
        ways: list[Callable[[], Request]] = [self._pushed, self._keeping, self._undoing, self._moved]
        ways += [self._erasing, self._letting_go, self._letting_go]
        ways += [lambda: self._erase(self._chance.choice(candidates))] * bool(candidates)
        ways += [lambda: self._decide(self._chance.choice(questions))] * bool(questions)
        ways += [lambda: self._keep(self._chance.choice(inactive))] * bool(inactive)
        return self._chance.choice(ways)()

    # What happens before; the sync that follows sees it.

    def _happens(self) -> None:
        ways = (self._changes_at_microsoft, self._changes_at_microsoft, self._is_pushed, self._is_created)
        way = self._chance.choice([*ways, self._changes_groups, self._changes_mailbox, self._is_remapped])
        self._ends.drawn[way.__name__.strip("_")] += 1
        way()

    def _changes_at_microsoft(self) -> None:
        world, tenant, chance = self._world, self._tenant["id"], self._chance
        users = [it["id"] for it in self._users()]
        for _ in range(chance.randint(1, 3)):
            user = chance.choice(users[1:])
            what = chance.randrange(7)
            if what == 0 and len(users) < _MOST_USERS:
                name = chance.choice(NAMES)
                world.add_user(tenant, displayName=name, mail=self._mail(), employeeId=chance.choice(["1", None]))
            elif what == 1 and len(users) > _USERS // 2:
                users.remove(user)
                world.remove_user(tenant, user, permanently=chance.random() < 0.3)
            else:
                shown: dict[str, Any] = {
                    "displayName": chance.choice(NAMES),
                    "department": chance.choice(["Sales", "Post", None]),
                }
                shown |= {"mail": self._mail(), "accountEnabled": chance.random() < 0.8}
                name = chance.choice(list(shown))
                world.change_user(tenant, user, **{name: shown[name]})

    def _changes_groups(self) -> None:
        """Somebody joins the group that filters name, or leaves it."""
        user = self._chance.choice(self._users())["id"]
        change = self._world.remove_member if user in self._members else self._world.add_member
        change(self._tenant, self._group, user)
        self._members ^= {user}

    def _changes_mailbox(self) -> None:
        """A mailbox is for something else; it is asked about again since its address is another, too."""
        user, purpose = self._chance.choice(self._users()[1:])["id"], self._chance.choice(_PURPOSES)
        self._purposes.setdefault(user, set()).add(purpose)
        self._world.set_mailbox(self._tenant["id"], user, purpose)
        mail = f"{purpose}{self._chance.randrange(10**6)}@{self._tenant['domain']}"
        self._world.change_user(self._tenant["id"], user, mail=mail)

    def _is_pushed(self) -> None:
        self._push(self._another_id())(self._portal)

    def _another_id(self) -> str:
        self._made += 1
        return f"{self._made}"

    def _is_created(self) -> None:
        body = {"name": self._chance.choice(NAMES), "mail": self._mail()}
        self._portal.ask("POST", f"/organizations/{self._organization()}/end-users", body, expect=201)

    def _is_remapped(self) -> None:
        if self._chance.random() < 0.3:
            self._map_to(self._organization())

    def _map_to(self, organization: str) -> None:
        self._portal.ask("DELETE", f"{self._path}/mapping", expect=204)
        self._portal.run_queues()
        self._portal.ask("PUT", f"{self._path}/mapping", {"organization_id": organization})
        self._portal.run_queues()

    # What is there, and what must be true of it.

    def _users(self) -> list[dict[str, Any]]:
        return self._world.users(self._tenant["id"])

    def _linked(self) -> list[dict[str, Any]]:
        """Microsoft's users that have an End User, but for the first, who administers the tenant."""
        linked = {it["object_id"] for it in self._listed("links") if it["end_user"]}
        return [it for it in self._users()[1:] if it["id"] in linked]

    def _some_linked(self) -> list[dict[str, Any]]:
        linked = self._linked()
        return self._chance.sample(linked, min(len(linked), self._chance.randint(1, 2)))

    def _external_ids(self) -> list[str]:
        return [it["external_id"] for it in self._people(self._portal).values() if it["external_id"]]

    def _ids(self) -> list[str]:
        return sorted(self._people(self._portal))

    def _syncro_tenant_of(self, organization: str) -> str:
        found = self._portal.ask("GET", "/organizations")["items"]
        return next(str(it["syncro_tenant_id"]) for it in found if it["id"] == organization)

    def _listed(self, what: str) -> list[dict[str, Any]]:
        return list(self._portal.ask("GET", f"{self._path}/user-sync/{what}?limit=1000")["items"])

    def _broken(self, asked: Store, done: Store) -> Iterator[str]:
        before, after = (State(it, self._tenant["id"]) for it in (asked, done))
        settings = self._portal.ask("GET", f"{self._path}/user-sync")["settings"]
        users = {it["id"]: it for it in self._users()}
        yield from broken_promises(before, after, Told(self._tenant["id"], users, settings, self._purposes))
        if self._approved is not None:
            yield from (f"{it} was done, and nobody had seen it" for it in _harm(before, after) - self._approved)

    def _kept(self) -> Iterator[str]:
        people = self._people(self._portal)
        yield from (f"{it} is gone" for it in self._known - people.keys() - self._erased)
        self._known = set(people)
        if self._portal.ask("GET", f"{self._path}/user-sync")["state"] == "failed":
            yield "the user sync failed"
        yield from self._replayed()

    def _replayed(self) -> Iterator[str]:
        """Copies of the people from any earlier point, brought up to date by the feed, which are not the people now."""
        for organization in self._organizations:
            now = people_in(self._portal, organization)
            known = [it for it in self._checkpoints if it.organization == organization]
            begun = self._chance.choice([Checkpoint(organization, {}, ""), *known])
            people = dict(begun.people)
            after = follow(self._portal, organization, people, begun.after)
            if people != now:
                yield f"the feed of {organization} after {begun.after!r} leads to other people"
            self._checkpoints.append(Checkpoint(organization, now, after))


def _harm(before: State, after: State) -> set[tuple[str, str]]:
    """What was done to End Users that somebody has to have seen."""
    done: set[tuple[str, str]] = set()
    for key, person in before.people.items():
        now = after.people.get(key, {})
        if person.get("is_active", True) and not now.get("is_active", True):
            done.add(("inactivate", key))
        if now and now["organization_id"] != person["organization_id"]:
            done.add(("move", key))
    return done
