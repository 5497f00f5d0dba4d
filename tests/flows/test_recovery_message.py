"""What a process that died has left goes on within 90 seconds, and what is done is not done again (G17)."""

import time
from typing import Any

import pytest
from azure.storage.queue import QueueServiceClient

from integrations.domain.jobs.orders import CspOrder, SyncOrder
from shared.storage import recovery_message
from shared.storage.recovery_message import RecoveryMessage
from tests.flows.partner import has_csp
from tests.flows.portal import Portal


class Killed(BaseException):
    """The process is gone: nothing after this line is carried out, no clean-up either."""


def messages(portal: Portal, queue: str) -> int:
    """All messages that are there, hidden ones too."""
    client = QueueServiceClient.from_connection_string(portal.services.settings.storage).get_queue_client(queue)
    return int(client.get_queue_properties().approximate_message_count or 0)


def dies(portal: Portal, monkeypatch: pytest.MonkeyPatch, where: str) -> None:
    """Run the queues; when the product comes to ``where``, its process is killed."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(recovery_message, "_HIDDEN_S", 1)
        patched.setattr(where, die)
        patched.setattr(RecoveryMessage, "__exit__", lambda *_: None)
        with pytest.raises(Killed):
            portal.run_queues()


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)
    return tenant


def test_a_message_hidden_for_little_more_than_a_minute_is_put_first() -> None:
    assert recovery_message._RENEW_S * 2 < recovery_message._HIDDEN_S < 90


@pytest.mark.parametrize("where", ["_run", "close"])
def test_a_run_whose_process_died_goes_on_by_the_message_put_before_it(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    run_id = portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)["run_id"]
    path = f"/tenants/{tenant['id']}/runs/{run_id}"
    dies(portal, monkeypatch, f"integrations.actions.sync.sync_tenant.{where}")
    assert portal.ask("GET", path)["state"] == "running"

    time.sleep(1.2)
    portal.run_queues()

    assert portal.ask("GET", path)["state"] == "done"


def test_a_csps_run_whose_process_died_goes_on_too(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    csp = has_csp(portal)
    csp.has("Contoso")
    csp.settled()
    portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    before = portal.ask("GET", f"/integrations/{csp.id}")["checks"]
    dies(portal, monkeypatch, "integrations.actions.csp.check_csp._run")

    time.sleep(1.2)
    portal.run_queues()

    assert portal.ask("GET", f"/integrations/{csp.id}")["checks"] != before
    assert messages(portal, CspOrder.queue) == 1  # the one that the dead process had taken comes back in ten minutes


def test_a_run_that_ends_takes_its_message_back(portal: Portal, tenant: dict[str, str]) -> None:
    portal.sync(tenant)

    assert messages(portal, SyncOrder.queue) == 0


def test_a_message_that_comes_although_the_run_has_ended_changes_nothing(
    portal: Portal, tenant: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(recovery_message, "_HIDDEN_S", 1)
        patched.setattr("shared.storage.queues.Queues.delete", lambda *_: None)
        run = portal.sync(tenant)
    asked = len(portal.graph_requests(tenant))

    time.sleep(1.2)
    portal.run_queues()

    assert portal.ask("GET", f"/tenants/{tenant['id']}/runs/{run['id']}") == run
    assert len(portal.graph_requests(tenant)) == asked


def test_while_the_work_goes_on_the_message_stays_hidden(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recovery_message, "_RENEW_S", 0.3)
    monkeypatch.setattr(recovery_message, "_HIDDEN_S", 2)
    queues = portal.services.queues

    with RecoveryMessage(queues, "work", b"go on", ttl_s=60):
        time.sleep(3)
        assert queues.peek("work") == []
        assert messages(portal, "work") == 1
    assert messages(portal, "work") == 0


def test_what_somebody_else_has_taken_is_not_put_off(portal: Portal) -> None:
    queues = portal.services.queues
    sent = queues.send("work", b"go on")
    assert sent is not None
    assert queues.hide(sent, 0)
    client = QueueServiceClient.from_connection_string(portal.services.settings.storage).get_queue_client("work")
    client.receive_message(visibility_timeout=60)

    assert not queues.hide(sent, 30)
