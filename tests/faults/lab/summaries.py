"""What must hold of tenants' summaries and histories, read raw."""

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from tests.stored import Row, Store

_FRESH = "fresh"


def not_of_the_mapping(store: Store) -> Iterator[str]:
    """A summary exists exactly while its tenant is mapped, under the present epoch; a history of no epoch to come."""
    tenants = store.documents("tenant")
    wanted = {key: it["epoch"] for key, it in tenants.items() if it.get("mapping")}
    found = {key: it["epoch"] for key, it in store.documents("summary").items()}
    yield from (f"summary {key} of epoch {found.get(key)}" for key in wanted.items() ^ found.items())
    for (account, key), month in store.documents("history").items():
        tenant = tenants.get((account, month["tenant_id"]))
        if tenant is None:
            yield f"history {key} of no tenant"
        elif month["epoch"] > tenant["epoch"] or (month["epoch"] == tenant["epoch"] and not tenant.get("mapping")):
            yield f"history {key} of an epoch that is not mapped"


def not_up_to_date(store: Store) -> Iterator[str]:
    """Summaries that say something else than the evaluations they come from."""
    derived = _derived(store)
    for (account, tenant), it in store.documents("summary").items():
        rows = derived.get(f"{account}|{tenant}|{it['epoch']}", {})
        cursors = {key: json.loads(row["body"]) for key, row in rows.items() if key.startswith("cursor:")}
        mfa, controls = cursors.get("cursor:mfa"), cursors.get("cursor:controls")
        if _is_fresh(mfa) and it.get("mfa", {}).get("counts_by_kind") != (mfa or {}).get("tallies", {}):
            yield f"summary {tenant}: people are not counted as they were evaluated"
        verdicts = [json.loads(row["body"])["verdict"] for key, row in rows.items() if key.startswith("row:controls:")]
        by_verdict = it.get("controls", {}).get("by_verdict") or {}
        if _is_fresh(controls) and {name: len(ids) for name, ids in by_verdict.items()} != Counter(verdicts):
            yield f"summary {tenant}: controls are not as they were judged"


def _is_fresh(cursor: dict[str, Any] | None) -> bool:
    return cursor is not None and cursor["evaluated"]["state"] == _FRESH


def _derived(store: Store) -> dict[str, dict[str, Row]]:
    """Rows of evaluations by the base of their epoch."""
    found: dict[str, dict[str, Row]] = {}
    for (partition, key), row in store.rows("data").items():
        account, tenant, epoch, *rest = partition.split("|")
        if rest == ["derived"]:
            found.setdefault(f"{account}|{tenant}|{epoch}", {})[key] = row
    return found
