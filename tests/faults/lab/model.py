"""What must be true of accounts, tenants and mappings: a model in memory, and a machine that does as people do.

The machine calls the API as the page does, and now and then kills the app, repeats messages, lets time pass, and
lets Microsoft fail. After each step the page must show what the model says, and no rule may be broken.
"""

import random
from dataclasses import dataclass, field
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tests.faults.lab.app import Died
from tests.faults.lab.flows import settle
from tests.faults.lab.kill import When
from tests.faults.lab.lab import Lab
from tests.faults.lab.report import Budget
from tests.faults.lab.rules import always, at_rest, differences
from tests.flows.portal import Portal

PEOPLE = ("alice", "bob")
TENANTS = 3
ORGANIZATIONS = 2
_FAULTS: tuple[dict[str, Any], ...] = ({"status": 503}, {"kind": "reset"}, {"kind": "reset_after"}, {"status": 429})

people = st.sampled_from(PEOPLE)
tenants = st.integers(0, TENANTS - 1)
organizations = st.integers(0, ORGANIZATIONS - 1)


@dataclass
class Connected:
    """A tenant in an account."""

    version: int = 1
    mapped_to: int | None = None


@dataclass
class Account:
    """One account as it must be. ``organizations`` are ids, by the number the machine knows them by."""

    tenants: dict[int, Connected] = field(default_factory=dict)
    organizations: list[str] = field(default_factory=list)

    def holder_of(self, organization: int) -> int | None:
        return next((key for key, it in self.tenants.items() if it.mapped_to == organization), None)

    def expected_of_map(self, tenant: int, organization: int) -> int:
        if tenant not in self.tenants:
            return 404
        is_free = self.tenants[tenant].mapped_to is None and self.holder_of(organization) is None
        return 200 if is_free else 409


class World:
    """What all examples share: a laboratory, its tenants at Microsoft, and how much was tried."""

    def __init__(self, lab: Lab, budget: Budget) -> None:
        self.lab = lab
        self.budget = budget
        self.examples = self.steps = 0
        portal = lab.begin()
        self.tenants = [portal.has_tenant(f"Tenant {number}", users=3) for number in range(TENANTS)]


class Machine(RuleBasedStateMachine):
    """One example: a fresh storage account, and steps in any order."""

    world: World

    def __init__(self) -> None:
        super().__init__()
        self.idle = True
        self.accounts = {who: Account() for who in PEOPLE}

    @initialize()
    def begin(self) -> None:
        if self.world.budget.is_spent:
            return
        self.idle = False
        self.world.examples += 1
        self.lab = self.world.lab
        self.portal: Portal = self.lab.begin()
        for who in PEOPLE:
            names = [f"{who} {number}" for number in range(ORGANIZATIONS)]
            self.accounts[who].organizations = [self._by(who).organization(name) for name in names]

    def _by(self, who: str) -> Portal:
        return self.portal if who == "alice" else self.portal.called_by(who)

    def _is_off(self) -> bool:
        self.world.steps += not self.idle
        return self.idle

    @rule(who=people, tenant=tenants)
    def integrate(self, who: str, tenant: int) -> None:
        if self._is_off():
            return
        by, told = self._by(who), self.world.tenants[tenant]
        started = by.start()
        flow = by.signs_in(started, told["admin"])
        if tenant in self.accounts[who].tenants:
            assert flow["reason"] == "already_integrated", flow
            return
        by.accepts(flow, told["admin"])
        by.run_queues()
        by.ask("POST", f"/consent/{flow['flow_id']}/complete", expect=201)
        self.accounts[who].tenants[tenant] = Connected()

    @rule(who=people, tenant=tenants, organization=organizations)
    def map(self, who: str, tenant: int, organization: int) -> None:
        if self._is_off():
            return
        account = self.accounts[who]
        expected = account.expected_of_map(tenant, organization)
        answer = self._map(who, tenant, organization)
        assert answer == expected, (answer, expected)
        if answer == 200:
            account.tenants[tenant].mapped_to = organization

    def _map(self, who: str, tenant: int, organization: int) -> int:
        body = {"organization_id": self.accounts[who].organizations[organization]}
        return self._by(who).call("PUT", f"/tenants/{self.world.tenants[tenant]['id']}/mapping", body).status

    @rule(who=people, tenant=tenants)
    def unmap(self, who: str, tenant: int) -> None:
        if self._is_off():
            return
        held = self.accounts[who].tenants.get(tenant)
        assert self._unmap(who, tenant) == (204 if held else 404)
        if held:
            held.mapped_to = None

    def _unmap(self, who: str, tenant: int) -> int:
        return self._by(who).call("DELETE", f"/tenants/{self.world.tenants[tenant]['id']}/mapping").status

    @rule(who=people, tenant=tenants, fault=st.none() | st.sampled_from(_FAULTS))
    def sync(self, who: str, tenant: int, fault: dict[str, Any] | None) -> None:
        if self._is_off():
            return
        held = self.accounts[who].tenants.get(tenant)
        if fault:
            self.lab.microsoft.world.fault(host="graph", tenant_id=self.world.tenants[tenant]["id"], times=3, **fault)
        answer = self._by(who).call("POST", f"/tenants/{self.world.tenants[tenant]['id']}/sync")
        self.portal.run_queues()
        self.lab.microsoft.world.clear_faults()
        assert answer.status == (404 if held is None else 409 if held.mapped_to is None else 202)

    @rule(who=people, tenant=tenants)
    def reauthorize(self, who: str, tenant: int) -> None:
        if self._is_off():
            return
        held, by, told = self.accounts[who].tenants.get(tenant), self._by(who), self.world.tenants[tenant]
        if held is None:
            return
        started = by.ask("POST", f"/integrations/{by.row(told)['integration_id']}/reauthorize", expect=201)
        by.ask("POST", f"/consent/{by.proves(told, started)}/complete", expect=201)
        held.version += 1

    @rule(tenant=tenants, seed=st.integers(1, 99))
    def people_change(self, tenant: int, seed: int) -> None:
        if not self._is_off():
            self.lab.microsoft.world.touch_users(tenant_id=self.world.tenants[tenant]["id"], count=2, seed=seed)

    @rule(tenant=tenants, person=st.integers(0, 2), has_mfa=st.booleans())
    def registrations_change(self, tenant: int, person: int, has_mfa: bool) -> None:
        if not self._is_off():
            world, told = self.lab.microsoft.world, self.world.tenants[tenant]
            people = world.users(tenant_id=told["id"])
            world.set_registration(told["id"], people[person % len(people)]["id"], isMfaRegistered=has_mfa)

    @rule(minutes=st.sampled_from([1, 5, 12, 31]))
    def time_passes(self, minutes: int) -> None:
        if not self._is_off():
            self.portal.later(minutes=minutes)
            self.portal.tick()

    @rule(seed=st.integers(0, 999))
    def messages_come_again(self, seed: int) -> None:
        if self._is_off() or not self.lab.sent:
            return
        for queue, body in random.Random(seed).choices(self.lab.sent, k=5):
            self.lab.storage.send(queue, body)
        self.portal.run_queues()

    @rule()
    def crash(self) -> None:
        if not self._is_off():
            self.lab.restart()

    @rule(who=people, tenant=tenants, organization=organizations, at=st.integers(1, 6), when=st.sampled_from(When))
    def crash_while_mapping(self, who: str, tenant: int, organization: int, at: int, when: When) -> None:
        """The app dies in the middle of a map or an unmap: it is wholly there or wholly absent."""
        held = self.accounts[who].tenants.get(tenant)
        if self._is_off() or held is None:
            return
        is_mapped = held.mapped_to is not None
        may_map = self.accounts[who].expected_of_map(tenant, organization) == 200
        self.lab.switch.arm(at, when)
        try:
            answer = self._unmap(who, tenant) if is_mapped else self._map(who, tenant, organization)
            assert answer == (204 if is_mapped else 200 if may_map else 409)
            is_known = True
        except Died:
            is_known = False
            self.lab.restart()
        finally:
            self.lab.switch.disarm()
        after = None if is_mapped else organization if may_map else held.mapped_to
        shown = self._shown(who).get(self.world.tenants[tenant]["id"])
        if is_known or shown == self._name(who, after):
            held.mapped_to = after

    @rule(who=people, tenant=tenants)
    def remove(self, who: str, tenant: int) -> None:
        if self._is_off() or tenant not in self.accounts[who].tenants:
            return
        by, told = self._by(who), self.world.tenants[tenant]
        name = told["name"].replace(" ", "%20")
        by.ask("DELETE", f"/integrations/{by.row(told)['integration_id']}?confirm={name}", expect=202)
        del self.accounts[who].tenants[tenant]
        self.portal.run_queues()
        settle(self.portal)

    def _name(self, who: str, organization: int | None) -> str | None:
        return None if organization is None else f"{who} {organization}"

    def _shown(self, who: str) -> dict[str, str | None]:
        rows = self._by(who).ask("GET", "/integrations")["tenants"]["items"]
        return {it["tenant_id"]: it["syncro_tenant"]["name"] if it["syncro_tenant"] else None for it in rows}

    @invariant()
    def the_page_shows_the_model(self) -> None:
        if self.idle:
            return
        for who, account in self.accounts.items():
            expected = {
                self.world.tenants[key]["id"]: self._name(who, it.mapped_to) for key, it in account.tenants.items()
            }
            assert self._shown(who) == expected

    @invariant()
    def no_rule_is_broken(self) -> None:
        if not self.idle:
            assert always(self.lab.storage.read(queues=False), self.lab.canaries()) == []

    def teardown(self) -> None:
        """Everything comes to rest, and what is stored of mapped tenants is what Microsoft has."""
        if self.idle:
            return
        for _ in range(3):
            settle(self.portal)
        store = self.lab.read_at_rest(self.portal)
        assert at_rest(store, self.portal.clock(), self.lab.canaries()) == []
        self.portal.tick()
        before = self.lab.storage.read(queues=False)
        self.portal.tick()
        assert differences(before, self.lab.storage.read(queues=False)) == []
        self._compare_people()

    def _compare_people(self) -> None:
        for who, account in self.accounts.items():
            for key, held in account.tenants.items():
                told = self.world.tenants[key]
                if held.mapped_to is None:
                    continue
                by = self._by(who)
                by.ask("POST", f"/tenants/{told['id']}/sync", expect=202)
                self.portal.run_queues()
                stored = {
                    it["id"]: it.get("job_title") for it in by.ask("GET", f"/tenants/{told['id']}/users")["items"]
                }
                people_there = self.lab.microsoft.world.users(tenant_id=told["id"])
                assert stored == {it["id"]: it.get("jobTitle") for it in people_there}
                assert by.ask("GET", f"/integrations/{by.row(told)['integration_id']}")["version"] == held.version
