"""Messages that nobody of ours sent: whatever numbers, times and ids they hold, the tables decide (T27)."""

import json
from typing import Any

import pytest

from integrations.domain.ids import AccountId
from tests.flows.portal import Portal
from tests.flows.raw import everything
from tests.flows.routes import ABSENT

ACCOUNT = AccountId("acct_northwind")
PAST, NEVER = "2026-01-01T00:00:00Z", "9999-12-31T23:59:59Z"
RUN = "000000000000001-aaaaaaaa"


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    tenant = portal.has_tenant(users=10)
    portal.connected(tenant)
    return tenant


def send(portal: Portal, queue: str, **order: Any) -> None:
    portal.services.queues.send(queue, json.dumps({"account_id": ACCOUNT, **order}).encode())


def purges(portal: Portal, tenant: dict[str, str], epoch: int, *, is_last: bool) -> None:
    send(portal, "purge-data", tenant_id=tenant["id"], epoch=epoch, is_last=is_last)
    portal.run_queues()


def present(portal: Portal, tenant: dict[str, str]) -> int:
    stored = portal.services.control(ACCOUNT).tenants.find(tenant["id"])
    assert stored is not None
    return stored.value.epoch


def users(portal: Portal, tenant: dict[str, str]) -> int:
    return len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"])


def kept(portal: Portal) -> list[tuple[str, str]]:
    """Everything stored but the log of this test's own requests."""
    return [(kind, text) for kind, text in everything(portal) if not kind.startswith("queue ")]


def remap(portal: Portal, tenant: dict[str, str]) -> None:
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": portal.organization("Next")})
    portal.run_queues()


@pytest.mark.parametrize("is_last", [True, False], ids=["the last", "the first"])
@pytest.mark.parametrize("ahead", [1, 2, 700])
def test_a_purge_of_what_is_not_over_writes_nothing(
    portal: Portal, tenant: dict[str, str], ahead: int, is_last: bool, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="integrations")
    before = kept(portal)

    purges(portal, tenant, present(portal, tenant) + ahead, is_last=is_last)

    assert kept(portal) == before
    assert "dropped order" in caplog.text


def test_after_forged_purges_the_next_mappings_are_synced(portal: Portal, tenant: dict[str, str]) -> None:
    now = present(portal, tenant)
    for epoch in range(now, now + 5):
        purges(portal, tenant, epoch, is_last=False)

    assert users(portal, tenant) == 10
    remap(portal, tenant)

    assert (portal.status(tenant), users(portal, tenant)) == ("Success", 10)


@pytest.mark.parametrize("is_last", [True, False], ids=["the last", "the first"])
def test_a_forged_purge_does_not_shorten_the_thirty_days(portal: Portal, tenant: dict[str, str], is_last: bool) -> None:
    over = present(portal, tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    before = kept(portal)

    purges(portal, tenant, over, is_last=is_last)
    assert kept(portal) == before

    portal.later(days=31)
    portal.tick()
    assert not [kind for kind, _ in kept(portal) if kind.startswith("data")]


SYNC = {"tenant_id": ABSENT["tenant_id"], "run_id": RUN, "due_at": PAST, "reason": "schedule"}
CSP = {"integration_id": ABSENT["integration_id"], "due_at": PAST, "reason": "schedule"}
PURGE = {"tenant_id": ABSENT["tenant_id"], "epoch": 1, "is_last": False}
ORDERS: list[tuple[str, dict[str, Any]]] = [
    ("sync-tenant", SYNC),
    ("prove-consent", {"flow_id": ABSENT["flow_id"]}),
    ("check-csp", CSP),
    ("onboard-customer", {"tenant_id": ABSENT["tenant_id"]}),
    ("apply-plan", {}),
    ("remove", {"removal_id": ABSENT["removal_id"]}),
    ("purge-data", PURGE),
]
ACCOUNTS = [
    "acct/../x",
    "acct\\x",
    "acct?x",
    "acct#x",
    "acct%x",
    "acct x",
    "",
    ".",
    "x" * 600,
    "\u0430cct",
    "acct\u202ex",
]


@pytest.mark.parametrize(("queue", "order"), ORDERS, ids=[queue for queue, _ in ORDERS])
def test_an_account_that_is_none_is_dropped_at_once(
    portal: Portal, queue: str, order: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="integrations")
    for account in ACCOUNTS:
        send(portal, queue, **{**order, "account_id": account})

    portal.run_queues()

    assert caplog.text.count("dropped message") == len(ACCOUNTS)
    assert everything(portal) == []


ODD: list[tuple[str, dict[str, Any]]] = [
    *(("sync-tenant", {**SYNC, name: value}) for name, value in (
        ("tenant_id", "../x"), ("tenant_id", ABSENT["tenant_id"].upper().replace("9", "A")), ("run_id", "r/../x"),
        ("run_id", ""), ("run_id", RUN + "x" * 900), ("due_at", NEVER), ("due_at", "0001-01-01T00:00:00Z"),
        ("due_at", "2026-01-01T00:00:00"), ("then_at", NEVER), ("then_at", "2026-01-01T00:00:00"),
        ("reason", "x" * 5000), ("reason", "a\nb"), ("epoch", -1), ("epoch", 10**30),
    )),
    *(("check-csp", {**CSP, name: value}) for name, value in (
        ("due_at", NEVER), ("due_at", "2026-01-01T00:00:00"), ("reason", ""), ("lifeline_of", "r/../x"),
        ("integration_id", "int_../x"),
    )),
    *(("purge-data", {**PURGE, name: value}) for name, value in (("epoch", -1), ("epoch", 0), ("epoch", 10**30))),
    *(("order-due", {"shard": shard, "until": until}) for shard, until in (
        ("00", NEVER), ("00", "2026-01-01T00:00:00"), ("../x", PAST), ("", PAST), ("0", PAST), ("99", PAST),
        ("x" * 900, PAST),
    )),
]  # fmt: skip


@pytest.mark.parametrize(("queue", "order"), ODD)
def test_a_message_with_an_odd_id_number_or_time_is_dropped_at_once(
    portal: Portal, queue: str, order: dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="integrations")
    told = order if queue == "order-due" else {"account_id": ACCOUNT, **order}
    portal.services.queues.send(queue, json.dumps(told).encode())

    portal.run_queues()

    assert caplog.text.count("dropped message") == 1
    assert everything(portal) == []


def test_a_forged_look_into_the_future_puts_no_tenant_off(portal: Portal, tenant: dict[str, str]) -> None:
    due = {text for kind, text in kept(portal) if kind.startswith("due")}
    until = (portal.clock().replace(year=portal.clock().year + 1)).isoformat()

    for shard in range(16):
        portal.services.queues.send("order-due", json.dumps({"shard": f"{shard:02d}", "until": until}).encode())
    portal.run_queues()

    assert {text for kind, text in kept(portal) if kind.startswith("due")} == due


@pytest.mark.parametrize(
    "message",
    [b'{"account_id":' + b"[" * 20_000, b'{"x":' + b"[" * 20_000 + b"]" * 20_000 + b"}", "{}".encode("utf-16-le")],
    ids=["open", "closed", "UTF-16"],
)
@pytest.mark.parametrize("queue", [*(queue for queue, _ in ORDERS), "order-due"])
def test_a_message_that_cannot_be_read_is_dropped_at_once(
    portal: Portal, queue: str, message: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", logger="integrations")
    portal.services.queues.send(queue, message)

    portal.run_queues()

    assert caplog.text.count("dropped message") == 1
    assert everything(portal) == []
