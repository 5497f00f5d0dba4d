"""A job is one line in a registry: what must follow from it follows, without another line anywhere."""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import azure.functions as func
import pytest
from azure.storage.queue import QueueServiceClient

from integrations.actions.account import Account
from integrations.actions.jobs.registry import JOBS, Job, due_handlers
from integrations.domain.ids import TenantId
from integrations.domain.jobs.given_up import MOST_TRIES, Failed
from integrations.domain.jobs.orders import AccountOrder
from integrations.domain.sync.schedule import ORDER_LIFE
from integrations.services import Services
from integrations.storage.due import Work
from integrations.triggers.background import blueprint
from local.host import Host
from tests.flows.failing import ACCOUNT, AT_ONCE
from tests.flows.portal import ROOT, Portal
from tests.flows.routes import ABSENT

GOOD = {"account_id": ACCOUNT, "tenant_id": ABSENT["tenant_id"]}


class CountOrder(AccountOrder, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Count a tenant's lamps."""

    queue: ClassVar[str] = "count-lamps"

    tenant_id: TenantId


@dataclass
class Lamps:
    """A job of a feature that is still to come, and what became of it."""

    portal: Portal
    done: list[str] = field(default_factory=list)
    again: list[str] = field(default_factory=list)
    given_up: list[Failed] = field(default_factory=list)
    fault: Callable[[], None] = lambda: None

    @property
    def job(self) -> Job:
        return Job(message=CountOrder, handler=self._count, handler_again=self._count_again, on_poison=self._mark)

    def _count(self, _services: Services, order: CountOrder) -> None:
        self.fault()
        self.done.append(order.tenant_id)

    def _count_again(self, services: Services, order: CountOrder) -> None:
        self.again.append(order.tenant_id)
        self._count(services, order)

    def _mark(self, _account: Account, order: Any, failed: Failed) -> None:
        assert isinstance(order, CountOrder)
        self.given_up.append(failed)

    def comes(self, host: Host, queue: str = CountOrder.queue, **changes: Any) -> None:
        self.portal.services.queues.send(queue, json.dumps(GOOD | changes).encode())
        host.drain()


@pytest.fixture
def lamps(portal: Portal) -> Lamps:
    return Lamps(portal)


@pytest.fixture
def host(lamps: Lamps, storage: str) -> Iterator[Host]:
    """The Functions host with this job and no other; failed messages come back at once."""
    app = func.FunctionApp()
    app.register_functions(blueprint(lambda: lamps.portal.services, [lamps.job]))
    with Host(app, root=ROOT, env={"AzureWebJobsStorage": storage, **AT_ONCE}) as host:
        yield host


def test_its_message_is_taken_from_its_queue_and_carried_out(lamps: Lamps, host: Host) -> None:
    lamps.comes(host)

    assert (lamps.done, lamps.again, lamps.given_up) == ([ABSENT["tenant_id"]], [], [])


def test_a_message_with_an_odd_id_is_dropped_at_once(lamps: Lamps, host: Host) -> None:
    lamps.comes(host, tenant_id="../x")
    lamps.comes(host, account_id="acct/x")
    lamps.comes(host, lamps=3)

    assert (lamps.done, lamps.given_up) == ([], [])


def test_a_message_that_came_before_says_so(lamps: Lamps, host: Host) -> None:
    def fails_once() -> None:
        lamps.fault = lambda: None
        raise ConnectionError

    lamps.fault = fails_once
    lamps.comes(host)

    assert (lamps.done, lamps.again) == ([ABSENT["tenant_id"]], [ABSENT["tenant_id"]])


def test_a_job_that_fails_each_time_is_told_by_its_last_try_and_by_the_poison_reader(
    lamps: Lamps, host: Host, caplog: pytest.LogCaptureFixture
) -> None:
    def fails() -> None:
        raise ConnectionError

    lamps.fault = fails
    lamps.comes(host)

    assert lamps.given_up == [Failed(CountOrder.queue, MOST_TRIES, "ConnectionError"), Failed(CountOrder.queue)]
    told = next(it.getMessage() for it in caplog.records if "gave a message up" in it.getMessage())
    assert json.loads(told) | GOOD == json.loads(told)


def test_a_poison_message_is_told_and_never_raises(lamps: Lamps, host: Host) -> None:
    lamps.comes(host, queue=f"{CountOrder.queue}-poison")
    lamps.comes(host, queue=f"{CountOrder.queue}-poison", tenant_id="../x")

    assert lamps.given_up == [Failed(CountOrder.queue)]


def test_a_message_that_nobody_takes_is_gone_before_many_like_it_pile_up(portal: Portal) -> None:
    portal.services.send(CountOrder(account_id=ACCOUNT, tenant_id=ABSENT["tenant_id"]))  # type: ignore[arg-type]

    with QueueServiceClient.from_connection_string(portal.services.settings.storage) as queues:
        (sent,) = queues.get_queue_client(CountOrder.queue).peek_messages()
    assert sent.expires_on - sent.inserted_on == ORDER_LIFE


def test_whatever_can_be_due_has_somebody_who_looks_after_it() -> None:
    assert due_handlers().keys() == set(Work)


def test_no_two_jobs_share_a_queue_or_a_line_of_the_due_list() -> None:
    asked_for = [job.due for job in JOBS if job.due]

    assert len({job.queue for job in JOBS}) == len(JOBS)
    assert len(set(asked_for)) == len(asked_for)
    assert all((job.due is None) is (job.order is None) for job in JOBS)
