"""What tests of evaluations look at, and an evaluation of a feature that is still to come."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec
import pytest
from azure.storage.queue import QueueServiceClient

from integrations.domain.evaluations import registry
from integrations.domain.evaluations.evaluation import Changes, Evaluation, Result, RowSource
from integrations.domain.jobs.orders import EvaluateOrder
from integrations.domain.sync.changed_keys import ALL
from integrations.domain.sync.datasets import Reading, Record
from integrations.domain.sync.records import User
from integrations.services import Services
from integrations.settings import Settings
from tests.flows.failing import ACCOUNT
from tests.flows.portal import Portal
from tests.flows.reading import security


class Title(msgspec.Struct, frozen=True):
    title: str


@dataclass
class Titles:
    """Everybody's job title; ``seen`` is what it was asked for each time.

    ``fault`` is raised instead, or ``gives`` is given; ``version`` and ``inputs`` are as in ``Evaluation``, ``next_at``
    as in ``Result``.
    """

    seen: list[Changes] = field(default_factory=list)
    fault: Exception | None = None
    gives: Result | None = None
    next_at: datetime | None = None
    version: int = 1
    inputs: str = ""

    @property
    def evaluation(self) -> Evaluation:
        return Evaluation(
            name="titles",
            needs=frozenset({"users"}),
            version=self.version,
            evaluate=self._evaluate,
            inputs=self._inputs,
        )

    def _inputs(self, _settings: Settings) -> str:
        return self.inputs

    def _evaluate(self, source: RowSource, changes: Changes) -> Result:
        self.seen.append(changes)
        if self.fault is not None:
            raise self.fault
        if self.gives is not None:
            return self.gives
        keys = changes["users"]
        rows = source.rows("users", User) if keys is ALL else source.find("users", keys, User).items()
        records = [Record(key=key, body=Title(it.job_title or "")) for key, it in rows]
        removed = [] if keys is ALL else sorted(keys - {it.key for it in records})
        return Result(Reading(records=records, removed=removed, is_complete=keys is ALL), self.next_at)

    @property
    def is_whole(self) -> list[bool]:
        return [it["users"] is ALL for it in self.seen]


def registered(monkeypatch: pytest.MonkeyPatch, *titles: Titles) -> None:
    """Have these evaluations carried out besides those of the product."""
    now = (*registry.EVALUATIONS, *(it.evaluation for it in titles))
    monkeypatch.setattr(registry, "EVALUATIONS", now)


def synced(portal: Portal, users: int = 30, **details: Any) -> dict[str, str]:
    """A tenant in which everybody has registered for MFA, connected and synced."""
    tenant, world = portal.has_tenant(users=users, **details), portal.microsoft.world
    for person in world.users(tenant["id"]):
        world.set_registration(tenant["id"], person["id"], isMfaRegistered=True)
    portal.connected(tenant)
    return tenant


def loses_mfa(portal: Portal, tenant: dict[str, str], *places: int) -> list[str]:
    """These people are registered no longer; returns their ids."""
    people = portal.microsoft.world.users(tenant["id"])
    for place in places:
        portal.microsoft.world.set_registration(tenant["id"], people[place]["id"], isMfaRegistered=False)
    return [people[place]["id"] for place in places]


def resynced(portal: Portal, tenant: dict[str, str], *, evaluates: bool = True) -> dict[str, Any]:
    """Seven hours later everything is read again, and evaluated unless the message of that is left where it is."""
    portal.later(hours=7)
    run_id = portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)["run_id"]
    portal.host.drain("sync-tenant")
    if evaluates:
        portal.run_queues()
    return dict(portal.ask("GET", f"/tenants/{tenant['id']}/runs/{run_id}"))


def without_mfa(portal: Portal, tenant: dict[str, str]) -> set[str]:
    """Whom the page tells to lack MFA."""
    return {it["user_id"] for it in security(portal, tenant)["mfa"]["without"]}


def view(portal: Portal, tenant: dict[str, str], name: str = "people_without_mfa") -> dict[str, Any]:
    told = portal.ask("GET", f"/tenants/{tenant['id']}")["evaluations"]
    return dict(next(it for it in told if it["name"] == name))


def states(portal: Portal, tenant: dict[str, str]) -> dict[str, str]:
    return {it["name"]: it["state"] for it in portal.ask("GET", f"/tenants/{tenant['id']}")["evaluations"]}


def order_of(services: Services, tenant: dict[str, str]) -> EvaluateOrder:
    stored = services.control(ACCOUNT).tenants.find(tenant["id"])  # type: ignore[arg-type]
    assert stored is not None
    return EvaluateOrder(account_id=ACCOUNT, tenant_id=stored.value.tenant_id, epoch=stored.value.epoch)  # type: ignore[arg-type]


def marked(services: Services, tenant: dict[str, str]) -> set[str]:
    """Data sets with changes that no evaluation has used."""
    order = order_of(services, tenant)
    return set(services.data(order.account_id, order.tenant_id, order.epoch).state().pending)


def derived_rows(services: Services, tenant: dict[str, str], name: str, model: type[Any]) -> dict[str, Any]:
    order = order_of(services, tenant)
    return dict(services.derived(order.account_id, order.tenant_id, order.epoch).list(name, model, limit=10_000))


def titles_of(services: Services, tenant: dict[str, str]) -> dict[str, str]:
    return {key: it.title for key, it in derived_rows(services, tenant, "titles", Title).items()}


def titles_at_microsoft(portal: Portal, tenant: dict[str, str]) -> dict[str, str]:
    return {it["id"]: it.get("jobTitle") or "" for it in portal.microsoft.world.users(tenant["id"])}


def messages_of(portal: Portal, queue: str) -> int:
    """All messages that are there, hidden ones too."""
    with QueueServiceClient.from_connection_string(portal.services.settings.storage) as queues:
        return int(queues.get_queue_client(queue).get_queue_properties().approximate_message_count or 0)
