"""The product as a client of storage and of Microsoft: one job in a fresh process, measured from inside.

Reads {"job": name, "settings": {...}, ...} from its input and prints one JSON object: CPU seconds of this process
alone, wall seconds, requests by kind, and the peak of its memory.
"""

import json
import logging
import os
import resource
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from functools import partial
from http.client import HTTPConnection
from threading import Event
from typing import Any
from urllib.parse import urlsplit

import msgspec

from benchmarks.evaluations import decide, decide_again, evaluate, judge
from benchmarks.links import (
    link,
    link_again,
    link_changed,
    link_devices,
    push_fleet,
    read_and_write,
    read_and_write_fleet,
    read_and_write_ten,
)
from integrations.actions.account import Account
from integrations.actions.jobs.due_work import order_due
from integrations.actions.jobs.registry import due_handlers
from integrations.actions.read.overview import read_overview
from integrations.actions.sync.sync_tenant import sync_tenant
from integrations.domain.ids import AccountId, IntegrationId, OrganizationId, RunId, SyncroTenantId, TenantId, UserId
from integrations.domain.integrations import Kind, Mapping, Tenant
from integrations.domain.jobs.orders import SCHEDULED, ShardOrder, SyncOrder
from integrations.domain.statuses import SyncCause
from integrations.domain.sync.schedule import slot_after
from integrations.domain.sync_status import begin
from integrations.microsoft.readers import mailbox_purposes
from integrations.services import Services, connect
from integrations.settings import Settings
from integrations.storage.control import newest_first
from integrations.storage.due import Due, Work, _row, shard_of, shards
from integrations.views.table.tenant_page import TableFilter
from shared.microsoft.rate_limiter import RateLimiter
from shared.storage.account import StorageAccount
from shared.storage.tables import StorageUnavailable, chunks, upsert

_TRIES = 5  # host.json: maxDequeueCount
_PERIOD = timedelta(minutes=30)


class Clock:
    """Real time, moved on by hand from cycle to cycle."""

    ahead = timedelta(0)

    def __call__(self) -> datetime:
        return datetime.now(UTC) + self.ahead


class Requests:
    """Counts what leaves this process, by the port it goes to."""

    def __init__(self, settings: dict[str, str]) -> None:
        storage = settings["AzureWebJobsStorage"]
        ports = {
            urlsplit(StorageAccount.from_connection_string(storage, kind).endpoint).port: kind  # type: ignore[arg-type]
            for kind in ("table", "queue")
        }
        ports |= {urlsplit(settings["MICROSOFT_GRAPH_URL"]).port: "graph"}
        self.count = dict.fromkeys(("table", "queue", "graph", "other"), 0)
        putrequest = HTTPConnection.putrequest

        def counted(connection: HTTPConnection, method: str, url: str, *rest: Any, **more: Any) -> None:
            self.count[ports.get(connection.port, "other")] += 1
            putrequest(connection, method, url, *rest, **more)

        HTTPConnection.putrequest = counted  # type: ignore[method-assign]


class Bench:
    """One process's services, with what it takes to measure them."""

    def __init__(self, settings: dict[str, str], *, keeps_pace: bool = True) -> None:
        self.clock = Clock()
        connected = connect(Settings.from_env(settings))
        rate_limiter = RateLimiter() if keeps_pace else RateLimiter(lambda _seconds: None)
        changed = {"clock": self.clock, "chance": lambda: 0.5, "rate_limiter": rate_limiter}
        self.services = Services(**{**vars(connected), **changed})
        self.requests = Requests(settings)
        self.queued = StorageAccount.from_connection_string(settings["AzureWebJobsStorage"], "queue")
        self.rows = self.failed = 0
        table = self.services.tables.rest_table("data")
        write = table.write

        def counted(*writes: Any) -> str:
            self.rows += sum(it.row.key.startswith("row:") for it in writes)
            return write(*writes)

        table.write = counted  # type: ignore[method-assign]

    def measured(self, work: Callable[[], Any]) -> dict[str, Any]:
        before, rows = dict(self.requests.count), self.rows
        wall, cpu = time.monotonic(), time.process_time()
        work()
        cpu, wall = time.process_time() - cpu, time.monotonic() - wall
        made = {kind: number - before[kind] for kind, number in self.requests.count.items()}
        return {"cpu_s": cpu, "wall_s": wall, "rows": self.rows - rows, **made}

    def map(self, account: str, tenant_id: str) -> None:
        """As if the account had integrated and mapped the tenant."""
        now, rows = self.clock(), Account(self.services, AccountId(account))
        if rows.control.tenants.find(tenant_id) is not None:
            return
        mapping = Mapping(
            organization_id=OrganizationId("org_bench"),
            syncro_tenant_id=SyncroTenantId(f"syncro_{tenant_id}"),
            mapped_at=now,
            mapped_by=UserId("bench"),
        )
        tenant = Tenant(
            tenant_id=TenantId(tenant_id),
            integration_id=IntegrationId("int_bench"),
            kind=Kind.SINGLE,
            name=tenant_id,
            epoch=1,
            status=begin(SyncCause.QUEUED, now),
            added_at=now,
            mapping=mapping,
        )
        with rows.change() as change:
            change.write(rows.control.tenants.added(tenant))

    def order(self, account: str, tenant_id: str) -> SyncOrder:
        """What the schedule orders now."""
        now = self.clock()
        return SyncOrder(
            account_id=AccountId(account),
            tenant_id=TenantId(tenant_id),
            run_id=RunId(newest_first(now, "schedul0")),
            due_at=now,
            reason=SCHEDULED,
            then_at=slot_after(now, now, _PERIOD, 0.5),
        )

    def cycle(self, account: str, tenant_id: str) -> None:
        self.carry_out(self.order(account, tenant_id))

    def carry_out(self, order: SyncOrder) -> None:
        """What the queue function does with an order."""
        for number in range(_TRIES):  # as the host does: a message whose function failed comes back
            try:
                return sync_tenant(self.services, order, is_repeat=number > 0)
            except StorageUnavailable:
                self.failed += 1
                if number == _TRIES - 1:
                    raise
        return None

    def next_part(self, order: SyncOrder) -> SyncOrder | None:
        """The order of a big tenant's next part, if the run goes on."""
        stored = self.services.control(order.account_id).tenants.find(order.tenant_id)
        goes_on = stored is not None and stored.value.running is not None
        return msgspec.structs.replace(order, is_recovery=True) if goes_on else None

    def status(self, account: str, tenant_id: str) -> str:
        stored = self.services.control(AccountId(account)).tenants.find(tenant_id)
        return stored.value.status.cause.value if stored else "gone"


def cycles(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Sync one tenant so many times, half an hour apart; one measurement each, of all its parts."""
    bench.map(told["account"], told["tenant_id"])
    bench.clock.ahead = timedelta(minutes=told.get("ahead", 0))
    done = []
    for _ in range(told["count"]):
        bench.clock.ahead += timedelta(minutes=told.get("minutes", 31))
        order: SyncOrder | None = bench.order(told["account"], told["tenant_id"])
        parts = []
        while order:
            parts.append(bench.measured(partial(bench.carry_out, order)))
            order = bench.next_part(order)
        done.append({name: sum(part[name] for part in parts) for name in parts[0]} | {"parts": len(parts)})
    return {"cycles": done, "failed": bench.failed, "status": bench.status(told["account"], told["tenant_id"])}


def know_mailboxes(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """One cycle that reads the purposes of all mailboxes, which otherwise takes a big tenant many cycles."""
    mailbox_purposes.MOST_BATCHES = 1_000_000
    return cycles(bench, {**told, "count": 1})


def many(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Sync many tenants, some at once, so many rounds half an hour apart; one measurement for each round."""
    tenants = told["tenants"]
    for tenant_id in tenants:
        bench.map(told["account"], tenant_id)
    rounds = []
    bench.clock.ahead = timedelta(minutes=told.get("ahead", 0))
    for _ in range(told["rounds"]):
        bench.clock.ahead += timedelta(minutes=31)
        with ThreadPoolExecutor(told["at_once"]) as pool:
            rounds.append(
                bench.measured(lambda p=pool: list(p.map(lambda it: bench.cycle(told["account"], it), tenants)))
            )
    return {"rounds": rounds, "statuses": sorted({bench.status(told["account"], it) for it in tenants})}


def neighbours(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Rounds of small tenants' cycles, alone and while the first sync of a big one goes on, by the same few workers.

    Returns for each round how long after its beginning 95 of 100 small ones had ended, and how long 95 of 100 looks at
    the page took meanwhile. Rounds go on until the big one's ``users`` are stored; what it does after that, waiting for
    its turn at Microsoft's reports, is not waited for.
    """
    account, small = told["account"], told["tenants"]

    def round_by(pool: ThreadPoolExecutor) -> float:
        bench.clock.ahead += timedelta(minutes=31)
        began = time.monotonic()

        def lag(tenant_id: str) -> float:
            bench.cycle(account, tenant_id)
            return time.monotonic() - began

        return _most_of(list(pool.map(lag, small)))

    for tenant_id in (*small, told["big"]):
        bench.map(account, tenant_id)
    round_by(ThreadPoolExecutor(len(small)))  # their own first syncs
    workers = ThreadPoolExecutor(told["at_once"])
    with _looks(bench, account) as looks_alone:
        alone = [round_by(workers) for _ in range(told["rounds"])]
    stored, beside = bench.rows + told["users"], []
    neighbour = workers.submit(bench.cycle, account, told["big"])
    with _looks(bench, account) as looks_beside:
        while bench.rows < stored and not neighbour.done():
            beside.append(round_by(workers))
    return {
        "alone_s": alone,
        "beside_s": beside,
        "page_alone_s": _most_of(looks_alone),
        "page_beside_s": _most_of(looks_beside),
        "outlasted": not neighbour.done(),
    }


def _most_of(seconds: list[float]) -> float:
    """In how long 95 of 100 were done."""
    return sorted(seconds)[len(seconds) * 95 // 100]


@contextmanager
def _looks(bench: Bench, account: str) -> Iterator[list[float]]:
    """Look at the page four times a second; how long each look took, in seconds."""
    taken: list[float] = []
    is_over = Event()

    def look() -> None:
        while not is_over.wait(0.25):
            began = time.monotonic()
            read_overview(bench.services, AccountId(account), TableFilter())
            taken.append(time.monotonic() - began)

    with ThreadPoolExecutor(1) as pool:
        looking = pool.submit(look)
        try:
            yield taken
        finally:
            is_over.set()
            looking.result()


def fill_due(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Lines of the due list: ``due`` of them due now, the rest tomorrow."""
    now = bench.clock()
    by_shard: dict[str, list[Any]] = {}
    for number in range(told["count"]):
        at = now if number < told["due"] else now + timedelta(days=1)
        due = Due(Work.SYNC, AccountId("acct_order"), f"{told['prefix']}-{number:07d}", at)
        by_shard.setdefault(shard_of(due), []).append(upsert(_row(due, shard_of(due))))
    table = bench.services.tables.rest_table("due")
    for writes in by_shard.values():
        for part in chunks(writes):
            table.write(*part)
    return {}


def order(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Order what is due in all shards, as eight function instances would together; ``times`` over, as it comes due."""
    rounds = []
    bench.clock.ahead = timedelta(minutes=told.get("ahead", 0))
    for _ in range(told.get("times", 1)):
        until = bench.clock()
        orders = [ShardOrder(shard=shard, until=until) for shard in shards()]
        with ThreadPoolExecutor(8) as pool:
            rounds.append(
                bench.measured(
                    lambda p=pool, o=orders: list(p.map(lambda it: order_due(bench.services, it, due_handlers()), o))
                )
            )
        bench.clock.ahead += timedelta(minutes=31)
        bench.queued.send("DELETE", f"/{SyncOrder.queue}/messages", headers={})  # as if they had been taken
    return {"rounds": rounds}


def stored_rows(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """Fingerprints of all rows that the tenant's data sets hold."""
    data = bench.services.data(AccountId(told["account"]), TenantId(told["tenant_id"]), 1)
    found = {}
    for dataset in data.cursors():
        found[dataset] = sorted((key, seen.fingerprint) for key, seen in data.fingerprints(dataset, None, 16).items())
        found[dataset] = found[dataset] or sorted(
            (k, s.fingerprint) for k, s in data.fingerprints(dataset, None, 1).items()
        )
    return {"rows": {name: len(rows) for name, rows in found.items()}, "digest": hash_of(found)}


def hash_of(found: Any) -> str:
    import hashlib  # noqa: PLC0415 - here only

    return hashlib.sha256(json.dumps(found, sort_keys=True).encode()).hexdigest()


def tokens(bench: Bench, told: dict[str, Any]) -> dict[str, Any]:
    """App-only tokens for the loops without care, which do not sign in themselves."""
    return {"tokens": {it: bench.services.sign_in.app_token(TenantId(it)) for it in told["tenants"]}}


_JOBS = {
    it.__name__: it
    for it in (
        cycles,
        know_mailboxes,
        many,
        neighbours,
        fill_due,
        order,
        stored_rows,
        evaluate,
        judge,
        decide,
        decide_again,
        tokens,
        link,
        link_again,
        link_changed,
        read_and_write,
        push_fleet,
        link_devices,
        read_and_write_fleet,
        read_and_write_ten,
    )
}


def main() -> None:
    logging.disable(logging.INFO)
    told = json.loads(sys.stdin.read())
    answer = _JOBS[told["job"]](Bench(told["settings"], keeps_pace=told["keeps_pace"]), told)
    print(json.dumps({**answer, "peak_mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024}), flush=True)
    os._exit(0)  # whatever still goes on in a thread is cut off


if __name__ == "__main__":
    main()
