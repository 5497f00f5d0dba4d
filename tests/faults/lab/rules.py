"""What must hold of everything stored, read raw: the invariants of reliability, as rules that name what breaks them.

``always`` holds at every moment, whatever crashed or races. ``at_rest`` holds when nothing is under way: queues
are drained, the reconciler has run, and no journey is half done.
"""

import json
import re
import zlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from tests.faults.lab import assets, links, people
from tests.faults.lab.derived import not_followed
from tests.faults.lab.summaries import not_of_the_mapping, not_up_to_date
from tests.stored import Store

_TOKEN = re.compile(r"eyJ[\w-]{20,}\.eyJ[\w-]{20,}\.")
_ACCOUNT = re.compile(r"acct_\w+")
_SHARDS = 16
_GRACE = timedelta(minutes=10)  # a line of the due list may be that late, and is looked at then
_LONGEST = timedelta(hours=27)  # a tenant's next look is never further away: a day, and a tenth of it
_TOLD_FOR = timedelta(days=31)  # what is left of a removal is forgotten after a month
_AUTH_BLOCKS = "csp_auth_blocks"


class Break(NamedTuple):
    """A rule that does not hold, and of what."""

    rule: str
    what: str


Rule = Callable[[Store], Iterator[str]]


def always(store: Store, canaries: Sequence[str] = ()) -> list[Break]:
    """What is broken at this moment."""
    found = [Break(name, what) for name, rule in _ALWAYS.items() for what in rule(store)]
    return found + [Break("I24 secrets are sealed", what) for what in _in_clear(store, canaries)]


def at_rest(store: Store, now: datetime, canaries: Sequence[str] = ()) -> list[Break]:
    """What is broken in a system where nothing is under way."""
    found = [Break(name, what) for name, rule in _AT_REST.items() for what in rule(store)]
    return [
        *always(store, canaries),
        *found,
        *(Break("I07 what must happen is due", it) for it in _not_due(store, now)),
    ]


def _mapped(store: Store) -> dict[tuple[str, str], dict[str, Any]]:
    return {key: it for key, it in store.documents("tenant").items() if it.get("mapping")}


def _halves(store: Store) -> Iterator[str]:
    """I02: every mapping has both its halves, and no half stands without its mapping."""
    wanted = {}
    for (account, tenant), it in _mapped(store).items():
        wanted[account, f"tenant:{tenant}"] = tenant
        wanted[account, f"syncro_tenant:{it['mapping']['syncro_tenant_id']}"] = tenant
    for (account, _), it in store.documents("integration").items():
        if it["kind"] == "csp":
            wanted[account, f"csp:{it['tenant_id']}"] = it["tenant_id"]
    held = {key: it["tenant_id"] for key, it in store.documents("map").items()}
    yield from (f"{key} of {tenant} is missing" for key, tenant in wanted.items() if held.get(key) != tenant)
    yield from (f"{key} stands without a mapping" for key in held.keys() - wanted.keys())
    mapped_to = Counter((account, it["mapping"]["syncro_tenant_id"]) for (account, _), it in _mapped(store).items())
    yield from (f"{key} is mapped {count} times" for key, count in mapped_to.items() if count > 1)


def _organizations(store: Store) -> Iterator[str]:
    """I02: a mapping leads to an Organization that is there, and to its own Syncro Tenant."""
    organizations = store.documents("organization")
    for (account, tenant), it in _mapped(store).items():
        organization = organizations.get((account, it["mapping"]["organization_id"]))
        if organization is None or organization["syncro_tenant_id"] != it["mapping"]["syncro_tenant_id"]:
            yield f"{account} {tenant} is mapped to an Organization that is not there or not so"


def _proofs(store: Store) -> Iterator[str]:
    """I03, I04: an integration has its proof, and a journey makes one integration at most."""
    proofs: Counter[tuple[str, str]] = Counter()
    for (account, key), it in store.documents("integration").items():
        proof = it.get("proof") or {}
        if not all(proof.get(name) for name in ("tenant_id", "object_id", "flow_id", "proven_at")):
            yield f"{account} {key} has no proof"
        elif proof["tenant_id"] != it["tenant_id"]:
            yield f"{account} {key} has the proof of another tenant"
        proofs[account, str(proof.get("flow_id"))] += 1
    yield from (f"{flow} made {count} integrations" for flow, count in proofs.items() if count > 1)
    for (account, key), it in store.documents("flow").items():
        if it["state"] == "bound" and (account, it.get("integration_id")) not in store.documents("integration"):
            yield f"{account} {key} is bound to an integration that is not there"


def _data(store: Store) -> Iterator[str]:
    """I05, I06: synced rows stand under the present epoch of a mapped tenant, or out of everybody's reach."""
    tenants, old = store.documents("tenant"), _left_epochs(store)
    for partition, key in store.rows("data"):
        account, tenant, epoch = partition.split("|")[:3]
        holder = tenants.get((account, tenant))
        if key == "!fence" and (account, tenant, int(epoch)) in old:
            continue  # a closed fence stays until the second look
        if holder is None:
            yield f"{partition} {key}: the tenant is not there"
        elif int(epoch) > holder["epoch"]:
            yield f"{partition} {key}: the epoch has not begun"
        elif int(epoch) == holder["epoch"] and not holder.get("mapping") and not key.startswith("!"):
            yield f"{partition} {key}: the tenant is not mapped"


def _left_epochs(store: Store) -> set[tuple[str, str, int]]:
    """Epochs of tenants that are being removed, or were until a moment ago."""
    tenant_removals = [(account, it) for (account, _), it in store.documents("parting").items()]
    return {
        (account, it["tenant_id"], epoch)
        for account, it in tenant_removals
        for epoch in [*it.get("epochs", []), it.get("epoch", 0)]
    }


def _holders(store: Store) -> Iterator[str]:
    """I10: whoever has our application in a tenant is written down as its holder."""
    held = {(tenant, *key.split("|")) for tenant, key in store.rows("holders") if not key.startswith("!")}
    for (account, key), it in store.documents("integration").items():
        if not it.get("removal") and (it["tenant_id"], account, key) not in held:
            yield f"{account} {key} does not hold {it['tenant_id']}"
    for (account, tenant), it in store.documents("tenant").items():
        if _is_leaving(store, account, it):
            continue
        reached = it["kind"] == "csp" and it["csp"]["progress"]["stage"] in {"asked", "granted", "done"}
        if reached and (tenant, account, it["integration_id"]) not in held:
            yield f"{account} {it['integration_id']} does not hold its customer {tenant}"


def _is_leaving(store: Store, account: str, tenant: dict[str, Any]) -> bool:
    integration = store.documents("integration").get((account, tenant["integration_id"]))
    return bool(tenant.get("removal") or (integration and integration.get("removal")))


def _gone(store: Store) -> Iterator[str]:
    """I06, I08: of an integration whose removal has ended, nothing is left."""
    for (account, key), it in store.documents("removal").items():
        if not it.get("forgotten_at"):
            continue
        integration = it["integration_id"]
        for kind in ("integration", "credential", "report"):
            if (account, integration) in store.documents(kind):
                yield f"{kind} {integration} after {key} has ended"
        own = [one for one in store.documents("tenant").items() if one[1].get("removal") == key]
        yield from (f"tenant {tenant} after {key} has ended" for (_, tenant), _ in own)
        held = [who for who in store.rows("holders") if who[1] == f"{account}|{integration}"]
        yield from (f"{integration} still holds {tenant}" for tenant, _ in held)
    for account, tenant, epoch in _left_epochs(store):
        ended = (account, tenant) not in store.documents("tenant")
        rows = [key for where, key in store.rows("data") if where.split("|")[:3] == [account, tenant, str(epoch)]]
        if ended and any(key != "!fence" for key in rows):
            yield f"{len(rows)} rows of {tenant}, which is gone"


def _remains(store: Store) -> Iterator[str]:
    """I10: after a removal our application is in no tenant's list of holders as one that is leaving."""
    for (tenant, key), row in store.rows("holders").items():
        if key == "!turn" and row.get("leaving"):
            yield f"{row['leaving']} never ended to leave {tenant}"
    for (account, _), it in store.documents("remove_all").items():
        yield f"{account} removes all since {it['requested_at']}"


def _foreign(store: Store) -> Iterator[str]:
    """I23: no row of an account names another one."""
    for table in ("control", "data", "people"):
        for (partition, key), row in store.rows(table).items():
            account = partition.split("|")[0]
            named = set(_ACCOUNT.findall(f"{key} {row.get('body', '')}")) - {account}
            if named:
                yield f"{table} {partition} {key} names {', '.join(sorted(named))}"
    for (shard, key), row in store.rows("due").items():
        whose = f"{row['account_id']}:{row['item_id']}"
        if key != f"{row['kind']}:{whose}" or shard != f"{zlib.crc32(whose.encode()) % _SHARDS:02d}":
            yield f"due {shard} {key} is not what it says"


def _in_clear(store: Store, canaries: Sequence[str]) -> Iterator[str]:
    """I24: no token and no secret can be read. A receipt is signed like a token, but opens nothing."""
    text = store.text()
    for it in store.documents("removal").values():
        text = text.replace(it.get("receipt") or "\0", "")
    yield from ("a token" for _ in _TOKEN.findall(text))
    yield from (f"a canary of {len(it)} characters" for it in canaries if it in text)


def _audited(store: Store) -> Iterator[str]:
    """I25: every change of a tenant or an integration has exactly one audit entry."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for (account, _), it in store.documents("audit").items():
        for kind in ("tenant_id", "integration_id"):
            if it["outcome"] == "done" and kind in it["subject"]:
                counted[account, it["action"], it["subject"][kind]] += 1
    for (account, tenant), it in store.documents("tenant").items():
        mapped, unmapped = counted[account, "mapped tenant", tenant], counted[account, "unmapped tenant", tenant]
        if _came_once(store, account, tenant) and mapped + unmapped != it["epoch"] % 1000 - 1:
            yield f"{account} {tenant}: epoch {it['epoch']} after {mapped} mappings and {unmapped} unmappings"
        if mapped - unmapped != (1 if it.get("mapping") else 0) and _came_once(store, account, tenant):
            yield f"{account} {tenant}: mapped {mapped} times, unmapped {unmapped} times, and now otherwise"
    for (account, key), it in store.documents("integration").items():
        is_csp = it["kind"] == "csp"
        made = counted[account, "integrated CSP" if is_csp else "integrated tenant", key]
        renewed = counted[account, "reauthorized CSP" if is_csp else "reauthorized tenant", key]
        if (made, renewed) != (1, it["version"] - 1):
            yield f"{account} {key}: version {it['version']} after {made} integrations and {renewed} renewals"


def _marked(store: Store) -> Iterator[str]:
    """I25: what somebody marked as done is left over, names who did, and has exactly one audit entry."""
    entries = [
        it["subject"] for it in store.documents("audit").values() if it["action"] == "marked removal step as done"
    ]
    counted = Counter((it["removal_id"], it["tenant_id"]) for it in entries)
    for (_, key), it in store.documents("parting").items():
        marks = counted[it["removal_id"], it["tenant_id"]]
        if marks != (1 if it.get("done_at") else 0) or bool(it.get("done_at")) != bool(it.get("done_by")):
            yield f"{key} was marked as done {marks} times"


def _came_once(store: Store, account: str, tenant: str) -> bool:
    """Whether the tenant's audit entries can only be of the row that stands: it was never removed."""
    actions = [it["action"] for (whose, _), it in store.documents("audit").items() if whose == account]
    return not any("remov" in action for action in actions)


def _orphans(store: Store) -> Iterator[str]:
    """No row belongs to something that is not there."""
    integrations, tenants = store.documents("integration"), store.documents("tenant")
    for (account, tenant), it in tenants.items():
        holder = integrations.get((account, it["integration_id"]))
        if holder is None or holder["kind"] != it["kind"]:
            yield f"tenant {tenant} without its integration"
    for (account, key), it in integrations.items():
        own = tenants.get((account, it["tenant_id"]))
        if it.get("removal"):
            continue
        if it["kind"] == "single" and (own is None or own["integration_id"] != key):
            yield f"integration {key} without its tenant"
        if it["kind"] == "csp" and (account, key) not in store.documents("report"):
            yield f"integration {key} without its report"
    for kind in ("credential", "report"):
        yield from (f"{kind} {it} of no integration" for it in store.documents(kind).keys() - integrations.keys())
    yield from (f"facts {it} of no tenant" for it in store.documents("facts").keys() - tenants.keys())
    runs = ((account, run.partition(":")[0]) for account, run in store.documents("run"))
    yield from (f"a run of {it}, which is no tenant" for it in set(runs) - tenants.keys())


def _lost_pointers(store: Store) -> Iterator[str]:
    """A state value leads to a journey that knows it, so that it is forgotten with the journey."""
    flows = store.documents("flow")
    for (state_hash, _), row in store.rows("callbacks").items():
        flow = flows.get((row["account_id"], row["flow_id"]))
        if flow is None or state_hash not in flow["states"]:
            yield f"callback {state_hash[:8]} of {row['flow_id']}"


def _outbox(store: Store) -> Iterator[str]:
    yield from (f"{key}: {it['queue']}" for key, it in store.documents("outbox").items())


def _queues(store: Store) -> Iterator[str]:
    """Nothing that could be done now is waiting, and nothing was given up."""
    yield from (f"{queue} holds {len(bodies)}" for queue, bodies in store.queues.items() if bodies)
    yield from (f"{queue} holds {n}" for queue, n in store.held.items() if n and queue.endswith("-poison"))


def _due_of_tenants(store: Store) -> dict[str, timedelta]:
    wanted: dict[str, timedelta] = {}
    for (account, tenant), it in store.documents("tenant").items():
        if _is_leaving(store, account, it):
            continue
        wanted[f"housekeeping:{account}:all"] = _LONGEST
        if it.get("mapping"):
            wanted[f"evaluate:{account}:{tenant}"] = _LONGEST
        if it["status"]["cause"] != _AUTH_BLOCKS:
            wanted[f"sync:{account}:{tenant}"] = _LONGEST
        if it["kind"] == "csp" and it["csp"]["progress"].get("next_at"):
            wanted[f"customer:{account}:{tenant}"] = _LONGEST
        for epoch in it.get("purges_given_up", {}):
            wanted[f"purge:{account}:{tenant}:{epoch}"] = _LONGEST
    return wanted


def _due_of_others(store: Store) -> dict[str, timedelta]:
    integrations = store.documents("integration")
    csps = [it for it in store.documents("credential") if not integrations[it].get("removal")]
    return {
        **{f"removal:{account}:{key}": _TOLD_FOR for account, key in store.documents("removal")},
        **{f"remove_all:{account}:{key}": _LONGEST for account, key in store.documents("remove_all")},
        **{f"csp:{account}:{key}": _LONGEST for account, key in csps},
        **{f"consent:{account}:{key}": _LONGEST for account, key in store.documents("flow")},
        **{
            f"plan:{account}:all": _LONGEST
            for (account, _), it in store.documents("plan").items()
            if it.get("given_up")
        },
    }


def _not_due(store: Store, now: datetime) -> Iterator[str]:
    """I07: whatever must go on by itself has its line in the due list, at a time that comes."""
    due = {key: _moment(row["due_at"]) for (_, key), row in store.rows("due").items()}
    wanted = {**_due_of_tenants(store), **_due_of_others(store)}
    for key, within in wanted.items():
        if key not in due:
            yield f"{key} is not due"
        elif due[key] > now + within:
            yield f"{key} is due too late"
    yield from (f"{key} is overdue since {at}" for key, at in due.items() if at < now - _GRACE)


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


_ALWAYS: dict[str, Rule] = {
    "I02 both halves or none": _halves,
    "I02 mapped to what is there": _organizations,
    "I03 a binding has its proof": _proofs,
    "I05 no readable row of a dead epoch": _data,
    "I10 holders are written down": _holders,
    "I23 no foreign account": _foreign,
    "I25 one audit entry a change": _audited,
    "I25 one audit entry a mark": _marked,
    "I06 what is gone is gone": _gone,
    "no orphans": _orphans,
    "derived rows follow from synced ones": not_followed,
    "a summary while it is mapped": not_of_the_mapping,
    **people.ALWAYS,
    **links.ALWAYS,
    **assets.ALWAYS,
}
_AT_REST: dict[str, Rule] = {
    "the outbox is empty": _outbox,
    "queues are empty": _queues,
    "pointers lead to journeys": _lost_pointers,
    "nobody is leaving for ever": _remains,
    "summaries follow from evaluations": not_up_to_date,
    **people.AT_REST,
    **links.AT_REST,
    **assets.AT_REST,
}

# Times that a repeated timer may move: when something was last looked at, and when it is looked at next.
MOVING = frozenset({"Timestamp", "op", "due_at"})


def differences(before: Store, after: Store) -> list[Break]:
    """I27: what timers changed that run again on a quiet system."""
    found = []
    for table in before.tables.keys() | after.tables.keys():
        was, now_is = _still(before, table), _still(after, table)
        changed = {key for key in was.keys() | now_is.keys() if was.get(key) != now_is.get(key)}
        found += [Break("I27 a fixpoint", f"{table} {key}") for key in sorted(changed)]
    return found


def _still(store: Store, table: str) -> dict[tuple[str, str], str]:
    return {
        key: json.dumps({name: str(value) for name, value in row.items() if name not in MOVING}, sort_keys=True)
        for key, row in store.rows(table).items()
    }
