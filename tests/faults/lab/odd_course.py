"""A tenant and a CSP whose Microsoft answers oddly, round after round: what is odd costs itself, and then it heals."""

import logging
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from integrations.domain.ids import AccountId, TenantId
from integrations.microsoft.registry import DATASETS
from tests.faults.lab.oddities import Errors, Listener, Place, listen, show, units
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import Portal

_RELATIONSHIP = r"[0-9a-f-]{36}\-[0-9a-f-]{36}"
Rows = dict[tuple[str, str], dict[str, Any]]
_ACCOUNT = AccountId("acct_northwind")
# Their rows hold many people, and are written anew each time.
_PACKED = frozenset({"registrations", "sign_ins", "per_user_mfa", "mailbox_purposes", "device_users"})

# What stays all or nothing: a whole answer without this is none, and what was known stands.
WITHOUT_THEM_NOTHING = {
    "shared.microsoft.graph.responses.Page.items": "an answer without it is not an empty collection",
    "shared.microsoft.graph.responses.Page.next_link": "what is on further pages would be taken for gone",
    "shared.microsoft.graph.responses.Page.delta_link": "a round of changes without its link has no end to go on from",
    "shared.microsoft.graph.batch.Parts.responses": "a batch that answers nothing is asked again",
    "shared.microsoft.graph.batch._BatchPart.id": "nobody knows whose answer it is",
    "shared.microsoft.graph.batch._BatchPart.status": "nobody knows whether it is an answer or a refusal",
    "shared.microsoft.graph.batch._BatchPart.body": "a part without its body is no answer",
    "integrations.microsoft.readers.organization._GraphOrganization.id": "whose name and plans these are",
    "shared.microsoft.partner_center._Customers.items": "an answer without it is not a partner without customers",
    "shared.microsoft.partner_center._Customers.links": "customers on further pages would be taken for gone",
    "shared.microsoft.partner_center._Links.next": "customers on further pages would be taken for gone",
}

# Where null is no oddity but Microsoft's word, and has its consequence.
NULL_IS_A_WORD = {
    "shared.microsoft.graph.responses.Page.next_link": "there is no further page; nobody can tell it from the end",
    "integrations.microsoft.memberships._Membership.name": "a group without a name is one that cannot be AdminAgents",
    "integrations.microsoft.memberships._Membership.role_template_id": "roles without it are hidden from us",
    "integrations.microsoft.readers.mailbox_purposes._GraphMailboxUser.mail": "whoever has no address has no mailbox",
}


def is_all_or_nothing(place: Place) -> bool:
    """Whether without this value its whole answer is none, for the reason in the table."""
    return is_microsofts_word(place) or (place.oddity.owner in WITHOUT_THEM_NOTHING and place.oddity.kind != "repeat")


def is_microsofts_word(place: Place) -> bool:
    """Whether null at this place says something, which is believed."""
    return place.oddity.owner in NULL_IS_A_WORD and place.oddity.kind == "null"


@dataclass
class OddSync:
    """One tenant, read whole each time."""

    portal: Portal
    tenant: Mapping[str, str]
    listener: Listener
    errors: Errors = field(default_factory=Errors)
    breaks: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    clean: Rows = field(default_factory=dict)
    moving: set[tuple[str, str]] = field(default_factory=set)

    def begin(self) -> None:
        """Learn what it looks like while nothing is odd, and what of it moves by itself."""
        self.read()
        first, self.clean = self.clean, self.rows()
        self.read()
        second = self.rows()
        for key in self.clean.keys() & second.keys():
            self.moving |= {(key[0], it) for it in second[key] if self.clean[key].get(it) != second[key][it]}
        self.moving |= {(key[0], "*") for key in self.clean.keys() ^ second.keys()}
        self.clean = self.rows()
        del first

    def read(self) -> dict[str, Any]:
        """All is read whole; returns the tenant's status."""
        self.portal.microsoft.world.expire_delta_tokens(self.tenant["id"])
        self.portal.later(hours=25)
        self.portal.ask("POST", f"/tenants/{self.tenant['id']}/sync", expect=202)
        self.portal.run_queues()
        return dict(self.portal.row(self.tenant)["sync_status"])

    def rows(self) -> Rows:
        stored = self.portal.services.control(_ACCOUNT).tenants.find(TenantId(self.tenant["id"]))
        if stored is None:
            raise AssertionError("the tenant is gone")
        data = self.portal.services.data(_ACCOUNT, stored.value.tenant_id, stored.value.epoch)
        return units({it.name: dict(data.list(it.name, it.record, limit=10_000)) for it in DATASETS})

    def round(self, places: list[Place]) -> None:
        """All of these at once; then none."""
        self.listener.is_open = False
        world = self.portal.microsoft.world
        shown_by = {show(world, it): it for it in places}
        status = self.read()
        shown = [it for number, it in shown_by.items() if world.garbled()[number]]
        world.ungarble()
        self.tried.update(it.oddity.kind for it in shown)
        names = "; ".join(it.name for it in shown)
        self._judged(names, status, shown, self.rows())
        self._healed(names)

    def _judged(self, names: str, status: Mapping[str, Any], shown: list[Place], rows: Rows) -> None:
        self.breaks += [f"{it}\n    {names}" for it in self.errors.take()]
        if status["label"] != "Success" and not any(is_all_or_nothing(it) for it in shown):
            self.breaks.append(f"{status['label']} {status['cause']} {status['evidence']}\n    {names}")
        if status["label"] == "Auth Error":
            self.breaks.append(f"Auth Error {status['cause']}\n    {names}")
        for dataset, followed in {it.name: it.follows for it in DATASETS}.items():
            own = [it for it in shown if it.seen.dataset == dataset]
            differing, missing = self.differing(rows, dataset)
            differing -= 2 * sum(it.seen.dataset in followed for it in shown)  # what is made of rows is as they are
            said = "; ".join(it.name for it in own)
            if missing > sum(it.is_identity or (dataset in _PACKED and not it.oddity.is_fit) for it in own):
                self.breaks.append(f"{dataset}: {missing} lost\n    {said}")
            if differing > 2 * len(own):
                self.breaks.append(f"{dataset}: {differing} differ\n    {said}")
            is_told = dataset in status["evidence"] or status["label"] != "Success"
            if any(not it.oddity.is_fit for it in own) and not is_told:
                self.breaks.append(f"{dataset}: nothing is told\n    {said}")

    def differing(self, rows: Rows, dataset: str) -> tuple[int, int]:
        """How many things of a data set are not as in a run without oddness, and how many are missing."""
        before = {key: it for key, it in self.clean.items() if key[0] == dataset}
        now = {key: it for key, it in rows.items() if key[0] == dataset}
        if (dataset, "*") in self.moving:
            return 0, 0  # a row a day comes, and one goes
        missing, added = before.keys() - now.keys(), now.keys() - before.keys()
        changed = [
            key
            for key in before.keys() & now.keys()
            if self._still(before[key], dataset) != self._still(now[key], dataset)
        ]
        return len(missing) + len(added) + len(changed), len(missing)

    def _still(self, told: Mapping[str, Any], dataset: str) -> dict[str, Any]:
        return {name: it for name, it in told.items() if (dataset, name) not in self.moving}

    def _healed(self, names: str) -> None:
        status, rows = self.read(), self.rows()
        if status["cause"] != "synced":
            self.breaks.append(f"afterwards {status['cause']} {status['evidence']}\n    {names}")
        differing = {it.name: self.differing(rows, it.name)[0] for it in DATASETS}
        if any(differing.values()):
            self.breaks.append(f"afterwards {dict(it for it in differing.items() if it[1])} differ\n    {names}")
        self.breaks += [f"afterwards {it}\n    {names}" for it in self.errors.take()]


@dataclass
class OddCsp:
    """A CSP with two customers, checked each time; Fabrikam may be odd, Contoso never is."""

    csp: Csp
    listener: Listener
    errors: Errors = field(default_factory=Errors)
    breaks: list[str] = field(default_factory=list)
    tried: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def round(self, places: list[Place]) -> None:
        """All of these at once; then none. Each time a new customer comes, and goes again at the end."""
        self.listener.is_open = False
        world = self.csp.world
        self.number += 1
        newcomer = self.csp.has(f"Newcomer {self.number}", seed=self.number)
        shown_by = {show(world, self._of_fabrikam(it)): it for it in places}
        self.csp.later(minutes=34)
        self.csp.later(minutes=2)
        shown = [it for number, it in shown_by.items() if world.garbled()[number]]
        world.ungarble()
        self.tried.update(it.oddity.kind for it in shown)
        names = "; ".join(it.name for it in shown)
        self._judged(names, shown)
        for _ in range(4):
            self.csp.later(minutes=34)
            auths = {name: self.csp.auth(name) for name in self.csp.customers}
            if (self.csp.status(), set(auths.values())) == ("Success", {"Active"}):
                break
        else:
            self.breaks.append(f"afterwards {self.csp.row()['sync_status']} {auths}\n    {names}")
        world.drop_customer(self.csp.partner, newcomer)
        del self.csp.customers[f"Newcomer {self.number}"]
        self.breaks += [f"afterwards {it}\n    {names}" for it in self.errors.take()]

    def _of_fabrikam(self, place: Place) -> Place:
        """The same in Fabrikam's relationship alone, where the request is about one."""
        path = place.seen.path.replace(_RELATIONSHIP, re.escape(self.csp.customers["Fabrikam"]["relationship"]))
        return replace(place, seen=replace(place.seen, path=path))

    def _judged(self, names: str, shown: list[Place]) -> None:
        status = self.csp.row()["sync_status"]
        is_excused = any(is_all_or_nothing(it) for it in shown)
        self.breaks += [f"{it}\n    {names}" for it in self.errors.take()]
        if status["label"] != "Success" and not is_excused:
            self.breaks.append(f"{status['label']} {status['reason']} {status['evidence']}\n    {names}")
        if self.csp.auth("Contoso") != "Active":
            self.breaks.append(f"Contoso: {self.csp.shown('Contoso')}\n    {names}")
        if not status["next_check_at"]:
            self.breaks.append(f"nobody looks again\n    {names}")


def begin_sync(portal: Portal, monkeypatch: Any) -> OddSync:
    """A tenant with something in every data set, on small pages."""
    world = portal.microsoft.world
    world.switch(throttling=False, most_on_a_page=4, delta_page_size=4)
    tenant = portal.has_tenant(users=6, devices=6)
    people = [it["id"] for it in world.users(tenant["id"])]
    for number in range(2):
        world.add_group(tenant["id"], f"Group {number}", people[number : number + 2])
        world.put_room(tenant["id"], f"room-{number}", displayName="Room", emailAddress=f"room{number}@contoso.example")
    course = OddSync(portal, tenant, listen(portal, monkeypatch))
    logging.getLogger().addHandler(course.errors)
    portal.connected(tenant)
    course.begin()
    return course


def begin_csp(portal: Portal, monkeypatch: Any) -> OddCsp:
    """A CSP with two customers in good order, and all that is asked while they are onboarded and checked."""
    portal.microsoft.world.switch(throttling=False)
    course = OddCsp(has_csp(portal), listen(portal, monkeypatch))
    for name in ("Contoso", "Fabrikam"):
        course.csp.has(name)
    logging.getLogger().addHandler(course.errors)
    course.csp.settled()
    course.csp.later(minutes=34)
    return course


def walk(rounds: Iterable[list[Place]], step: Callable[[list[Place]], None], is_over: Callable[[], bool]) -> int:
    """Round after round until it is over; returns how many there were."""
    done = 0
    for places in rounds:
        if is_over():
            break
        step(places)
        done += 1
    return done
