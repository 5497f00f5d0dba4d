"""A tenant through whatever may happen, in any order, with a process that dies at any write, or others in between.

Each step is done twice from the same beginning: by an app that is left alone, and by one that is killed, started again
and repeated, or that others come in between. The first two must end alike; and from every end a run that plans anew
changes nothing.
"""

import base64
import json
import random
from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from tests.faults.lab.app import Died
from tests.faults.lab.flows import settle
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.rules import always, at_rest
from tests.flows.portal import Portal
from tests.stored import Store

_ACCOUNT = "acct_northwind"
_ROUNDS = 2  # of five minutes, after a death
_WHOLE_ROUNDS = 3  # a run that a dead process holds is free after nine
_WHOLE = 0.2  # of steps in which Microsoft is read by those who die
_MET = 0.4  # of steps in which others come in between, instead of a death
_NEAR = 3  # writes of a run, and twice as many reads before them
FRESH_MINUTES = 11  # what was read before is old enough to be read again
_ROWS = "Table"
_TIMES, _OF_ITS_TIME = frozenset({"at", "until"}), ("_at", "_since", "since", "sequence")

Request = Callable[[Portal], None]
Outcome = dict[str, Any]


@dataclass
class Ends:
    """How often each kind of thing was drawn, how often a process died or others came in between, and what broke."""

    drawn: Counter[str] = field(default_factory=Counter)
    deaths: int = 0
    meanwhile: int = 0
    breaks: list[str] = field(default_factory=list)


class Scene(NamedTuple):
    """What a process may die of; it can be asked for again."""

    name: str
    request: Request


class Done(NamedTuple):
    """The writes and reads of an app that was left alone, so many of the writes being the request's own.

    ``reads_before`` are how many reads came before each write.
    """

    writes: list[str]
    reads: list[str]
    reads_before: list[int]
    asked: int


class Course(ABC):
    """One tenant. Subclasses say what happens, what it comes to, and what must be true of it.

    ``lasting`` is the table of what outlives a mapping, ``head`` the row in it whose ``basis`` has a run plan anew.
    """

    lasting, head = "", ""

    def __init__(self, lab: Lab, portal: Portal, tenant: dict[str, str], chance: random.Random, ends: Ends) -> None:
        self._lab, self._portal, self._tenant, self._chance, self._ends = lab, portal, tenant, chance, ends
        self._world = portal.microsoft.world
        self._left: list[str] = []
        self._is_whole = False

    # What subclasses say.

    @abstractmethod
    def _scenes(self) -> Sequence[str]:
        """The scenes, by their names; all of them come before one comes again."""

    @abstractmethod
    def _begins(self, scene: str) -> Scene:
        """What stands before a scene is made, and what is asked for in it."""

    @abstractmethod
    def _comes_between(self) -> Request:
        """What somebody else asks for while the app is writing."""

    @abstractmethod
    def _outcome(self, store: Store) -> Outcome:
        """What it has come to, without when."""

    @abstractmethod
    def _broken(self, asked: Store, done: Store) -> Iterator[str]:
        """What a sync did that it may not; ``asked`` is as it was when the request had been made."""

    @abstractmethod
    def _kept(self) -> Iterator[str]:
        """What is not as it must be for whoever asks now."""

    # A step.

    def step(self) -> None:
        """A scene, and a sync, from the same beginning: by an app that is left alone, and by one that is not.

        Mostly Microsoft was read before, so that whoever dies does so in what follows from it.
        """
        self._left = self._left or self._chance.sample(list(self._scenes()), len(self._scenes()))
        name, request = self._begins(self._left.pop())
        self._ends.drawn[name] += 1
        self._portal.later(minutes=FRESH_MINUTES)
        self._is_whole = self._chance.random() < _WHOLE
        if not self._is_whole:
            self._read_only()
        store, ahead = self._lab.storage.read(), self._portal.clock.ahead + timedelta(minutes=1)
        expected, done = self._alone(name, request, store, ahead)
        self._portal = self._begin(store, ahead)
        if self._chance.random() < _MET and (meetings := list(self._meetings(done))):
            place, what = self._chance.choice(meetings)
            self._is_met(request, place, self._comes_between())
            self._look(f"{name}, met at {place} ({what})", None)
            return
        place, when = self._aimed(done)
        self._dies(request, place, when)
        self._look(f"{name}, dead at {place} {when.name} ({done.writes[place - 1]})", expected)

    def _begin(self, store: Store, ahead: timedelta) -> Portal:
        portal = self._lab.begin(store)
        portal.later(seconds=ahead.total_seconds())
        return portal

    def _alone(self, name: str, request: Request, store: Store, ahead: timedelta) -> tuple[Outcome, Done]:
        portal = self._portal = self._begin(store, ahead)
        self._lab.switch.arm()
        request(portal)
        switch, asked = self._lab.switch, self._lab.storage.read(queues=False)
        number = len(switch.seen)
        self._sync(portal)
        done = Done(list(switch.seen), list(switch.looked), list(switch.looked_before), number)
        switch.disarm()
        settle(portal)
        store = self._lab.read_at_rest(portal)
        self._ends.breaks += [f"{name}: {it}" for it in self._broken(asked, store)]
        return self._outcome(store), done

    def _aimed(self, done: Done) -> tuple[int, When]:
        """A write to die at: one between two tables, one of the request, or any."""
        seen, chance = done.writes, self._chance
        between = [at for at in range(1, len(seen)) if self._is_between(seen[at - 1], seen[at])]
        if between and chance.random() < 0.6:
            return chance.choice(between), When.AFTER
        last = done.asked if done.asked and chance.random() < 0.5 else len(seen)
        return chance.randint(1, last), chance.choice(list(When))

    def _is_between(self, write: str, following: str) -> bool:
        return f"{_ROWS} people" in write and f"{_ROWS} {self.lasting}" in following

    def _meetings(self, done: Done) -> Iterator[tuple[int, str]]:
        """Where others may come in between: the first writes of a run, and what it read just before them, as often."""
        writes = [(at, it) for at, it in enumerate(done.writes, 1) if at > done.asked and self._is_of_the_run(it)]
        if writes:
            last = done.reads_before[writes[0][0] - 1]
            reads = [(-at, it) for at, it in enumerate(done.reads[:last], 1) if self._is_of_the_run(it)]
            yield from self._chance.sample(writes[:_NEAR], min(2, len(writes[:_NEAR])))
            yield from self._chance.sample(reads[-2 * _NEAR :], min(2, len(reads)))

    def _is_of_the_run(self, request: str) -> bool:
        kinds = (f"{_ROWS} {self.lasting}", f"{_ROWS} people", f"{_ROWS} GET {self.lasting}", f"{_ROWS} GET people")
        return request.startswith(kinds)

    def _sync(self, portal: Portal) -> None:
        """What follows from Microsoft's changes, and reading them if that is part of the step."""
        if self._is_whole:
            portal.call("POST", f"/tenants/{self._tenant['id']}/sync")
            portal.run_queues()
        self._evaluate(portal)

    def _read_only(self) -> None:
        """Microsoft's changes are read, and nothing follows from them yet."""
        self._portal.call("POST", f"/tenants/{self._tenant['id']}/sync")
        self._portal.host.drain("sync-tenant")

    def _synced(self) -> None:
        """Before a step: Microsoft is read, and what follows is done."""
        self._portal.later(minutes=FRESH_MINUTES)
        self._read_only()
        self._evaluate(self._portal)

    def _evaluate(self, portal: Portal) -> None:
        """A run even if nothing changed, as there is one a day."""
        tenant = self._lab.storage.read(queues=False).documents("tenant")[_ACCOUNT, self._tenant["id"]]
        order = {"account_id": _ACCOUNT, "tenant_id": self._tenant["id"], "epoch": tenant["epoch"]}
        self._lab.storage.send("evaluate-tenant", base64.b64encode(json.dumps(order).encode()).decode())
        portal.run_queues()

    def _dies(self, request: Request, at: int, when: When) -> None:
        """Whoever got no answer tries again at once, and the rest comes by itself."""
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
            request(portal)
        self._recovers(portal)

    def _is_met(self, request: Request, at: int, other: Request) -> None:
        """Before a write of the app's is carried out, somebody else asks another process for something."""
        portal, stranger, failed = self._portal, self._lab.another(), list[Exception]()
        stranger.later(seconds=portal.clock.ahead.total_seconds())

        def meanwhile() -> None:
            try:
                other(stranger)
            except Exception as error:  # noqa: BLE001 - it is raised where the test sees it
                failed.append(error)

        self._lab.switch.arm_meanwhile(at, meanwhile)
        request(portal)
        self._sync(portal)
        self._ends.meanwhile += self._lab.switch.fired
        self._lab.switch.disarm()
        if failed:
            raise failed[0]
        self._recovers(portal)

    def _recovers(self, portal: Portal) -> None:
        for _ in range(_WHOLE_ROUNDS if self._is_whole else _ROUNDS):
            settle(portal)
            self._lab.end_leases()
            self._lab.end_hiding()
        self._sync(portal)
        settle(portal)

    def _look(self, name: str, expected: Outcome | None) -> None:
        store, breaks = self._lab.read_at_rest(self._portal), self._ends.breaks
        if expected is not None:
            breaks += [f"{name}: {it}" for it in differing(expected, self._outcome(store))]
        breaks += [f"{name}: {it}" for it in at_rest(store, self._portal.clock(), self._lab.canaries())]
        self._evaluate(self._portal)
        again = self._lab.storage.read(queues=False)
        changed = [it for it in ("people", self.lasting) if again.rows(it) != store.rows(it)]
        breaks += [f"{name}: a second run wrote {it}" for it in changed]
        breaks += [f"{name}: {it}" for it in self._changed_by_planning_anew(again)]
        breaks += [f"{name}: {it}" for it in always(again, self._lab.canaries())]
        breaks += [f"{name}: {it}" for it in self._kept()]

    def _changed_by_planning_anew(self, before: Store) -> Iterator[str]:
        """What a run writes that plans from everything that is stored, as if none had run before: nothing."""
        key = next((it for it in before.rows(self.lasting) if it[1] == f"{self.head}:current"), None)
        if key is None:
            return
        row = before.rows(self.lasting)[key]
        body = {**json.loads(row["body"]), "basis": ""}
        self._lab.storage.put(self.lasting, {**row, "body": json.dumps(body)})
        self._evaluate(self._portal)
        after = self._lab.storage.read(queues=False)
        heads = (json.loads(it.rows(self.lasting)[key]["body"]) for it in (before, after))
        was, now = (without_times({**it, "basis": ""}) for it in heads)
        if was != now:
            yield f"a run that plans anew says {now}, and {was} was said before"
        for table in ("people", self.lasting):
            rows, others = before.rows(table), after.rows(table)
            yield from (
                f"a run that plans anew writes {it}: {rows.get(it)} before, {others.get(it)} after"
                for it in sorted(rows.keys() | others.keys())
                if it != key and rows.get(it) != others.get(it)
            )


def without_times(value: Any) -> Any:
    """A document without when it came to be so."""
    if isinstance(value, dict):
        lasting = {key: it for key, it in value.items() if key not in _TIMES and not key.endswith(_OF_ITS_TIME)}
        return {key: without_times(it) for key, it in lasting.items()}
    return [without_times(it) for it in value] if isinstance(value, list) else value


def differing(expected: Mapping[str, Any], found: Mapping[str, Any]) -> list[str]:
    keys = sorted(expected.keys() | found.keys())
    return [
        f"{it}: {expected.get(it)} without, {found.get(it)} with" for it in keys if expected.get(it) != found.get(it)
    ]
