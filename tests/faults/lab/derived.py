"""What must hold of derived rows: whatever no mark is about follows from the synced rows beside it, worked out anew.

Rows that a session is writing at this moment, or has left half written, are another one's to finish.
"""

import json
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

from tests.stored import Row, Store

_FRESH = "fresh"

Rows = dict[str, Row]  # of one epoch, by key


def not_followed(store: Store) -> Iterator[str]:
    """Mapped tenants whose derived rows, of the present epoch, are not what their synced rows come to."""
    data = _by_epoch(store)
    for (account, tenant), it in store.documents("tenant").items():
        if not it.get("mapping"):
            continue
        base = f"{account}|{tenant}|{it['epoch']}"
        synced, derived = data[base], data[f"{base}|derived"]
        if synced.get("!fence", {}).get("unfinished") or derived.get("!fence", {}).get("unfinished"):
            continue
        for evaluation, (needs, expected) in _EXPECTED.items():
            if any(f"changed:{name}" in synced for name in needs):
                continue
            found = _found(derived, evaluation)
            wanted = expected(synced)
            if found is not None and found != wanted:
                yield f"{evaluation} of {base} has {sorted(found)}, not {sorted(wanted)}"
            if found is None and wanted and f"cursor:{evaluation}" not in derived:
                yield f"{evaluation} of {base} was never evaluated"


def _by_epoch(store: Store) -> defaultdict[str, Rows]:
    """Rows of all partitions of an epoch together, derived ones apart."""
    data: defaultdict[str, Rows] = defaultdict(dict)
    for (partition, key), row in store.rows("data").items():
        account, tenant, epoch, *rest = partition.split("|")
        beside = ["derived"] if rest[:1] == ["derived"] else []
        is_main = rest == beside
        if key != "!fence" or is_main:
            data["|".join([account, tenant, epoch, *beside])][key] = row
    return data


def _found(derived: Rows, evaluation: str) -> set[tuple[Any, ...]] | None:
    """What is stored; None where the evaluation does not claim that it is right."""
    cursor = derived.get(f"cursor:{evaluation}")
    if cursor is None or json.loads(cursor["body"])["evaluated"]["state"] != _FRESH:
        return None
    bodies = _bodies(derived, evaluation)
    if evaluation == "administrators":
        return {(it["user_id"], it["has_mfa"]) for it in bodies}
    if evaluation == "mfa":
        return {(it["user_id"], it["name"], it["counted_as"] == "disabled") for it in bodies}
    return {(person["user_id"],) for it in bodies for person in it["people"]}


def _bodies(rows: Rows, dataset: str) -> list[dict[str, Any]]:
    return [json.loads(row["body"]) for key, row in rows.items() if key.startswith(f"row:{dataset}:")]


def _registrations(synced: Rows) -> dict[str, bool]:
    pages = _bodies(synced, "registrations")
    return {it["user_id"]: it["is_mfa_registered"] for page in pages for it in page["people"]}


def _people_without_mfa(synced: Rows) -> set[tuple[Any, ...]]:
    return {(who,) for who, is_registered in _registrations(synced).items() if not is_registered}


def _administrators(synced: Rows) -> set[tuple[Any, ...]]:
    members: defaultdict[str, set[str]] = defaultdict(set)
    for it in _bodies(synced, "groups"):
        members[it["id"]] |= set(it.get("members", []))
    holders = [(it["member_id"], it["kind"]) for it in _bodies(synced, "roles")]
    people = {who for who, kind in holders if kind == "user"}
    groups, waiting = set[str](), {who for who, kind in holders if kind == "group"}
    while waiting:
        group = waiting.pop()
        groups.add(group)
        people |= {it for it in members[group] if it not in members}
        waiting |= {it for it in members[group] if it in members} - groups
    registered = _registrations(synced)
    return {(who, registered.get(who)) for who in people}


def _people(synced: Rows) -> set[tuple[Any, ...]]:
    """Everybody who has an account, with what about their row follows from that account alone."""
    return {(it["id"], it["name"], it.get("is_enabled") is False) for it in _bodies(synced, "users")}


_EXPECTED = {
    "mfa": (("users",), _people),
    "people_without_mfa": (("registrations",), _people_without_mfa),
    "administrators": (("roles", "groups", "registrations"), _administrators),
}
