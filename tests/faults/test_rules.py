"""Every rule of the checker can fail: each is shown a store in which exactly that is broken."""

import copy
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.faults.lab import people
from tests.faults.lab.flows import Bases
from tests.faults.lab.lab import Lab
from tests.faults.lab.rules import always, at_rest, differences
from tests.stored import Store

ACCOUNT = "acct_northwind"


@pytest.fixture(scope="module")
def made(lab: Lab) -> Store:
    """A mapped and synced tenant, a CSP with two customers; another account's End Users with assets."""
    portal, case = Bases(lab).begin("both")
    portal = portal.called_by("bob")
    people.has_people(portal, case)
    people.merge(portal, case)
    people.move(portal, case)
    people.has_people(portal, case)
    return lab.storage.read()


@pytest.fixture
def store(made: Store) -> Store:
    return copy.deepcopy(made)


def now() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=5)


def key_of(store: Store, table: str, beginning: str) -> tuple[str, str]:
    return next(key for key in store.rows(table) if key[1].startswith(beginning))


def drop(table: str, beginning: str) -> Callable[[Store], object]:
    return lambda store: store.rows(table).pop(key_of(store, table, beginning))


def change(beginning: str, **changes: Any) -> Callable[[Store], object]:
    """Alter fields of the first control row of a kind that has them; a field may be a path with dots."""

    def alter(store: Store) -> None:
        for key, row in store.rows("control").items():
            body = json.loads(row["body"])
            if key[1].startswith(beginning) and all(path.split("__")[0] in body for path in changes):
                for path, value in changes.items():
                    *way, last = path.split("__")
                    place = body
                    for step in way:
                        place = place[step]
                    place[last] = value(place.get(last)) if callable(value) else value
                row["body"] = json.dumps(body)
                return
        raise AssertionError(f"there is no {beginning} to change")

    return alter


def add(table: str, partition: str, key: str, **row: Any) -> Callable[[Store], object]:
    told = {"PartitionKey": partition, "RowKey": key, **row}
    return lambda store: store.tables.setdefault(table, {}).update({(partition, key): told})


def repeated(beginning: str, **changes: Any) -> Callable[[Store], object]:
    """A second row beside the first of a kind."""

    def double(store: Store) -> None:
        key = key_of(store, "control", beginning)
        row = store.rows("control")[key]
        body = {**json.loads(row["body"]), **changes}
        store.rows("control")[key[0], f"{key[1]}-twice"] = {**row, "body": json.dumps(body)}

    return double


def foreign_data(store: Store) -> None:
    store.rows("data")[f"{ACCOUNT}|{'9' * 8}-9999-4999-8999-{'9' * 12}|2", "row:users:1"] = {"body": "{}"}


def data_of_tomorrow(store: Store) -> None:
    partition, key = next(it for it in store.rows("data") if it[1].startswith("row:"))
    account, tenant, epoch = partition.split("|")[:3]
    store.rows("data")[f"{account}|{tenant}|{int(epoch) + 1}", key] = {"body": "{}"}


def registered_anew(store: Store) -> None:
    """Everybody has gained or lost MFA, and no mark says so."""
    row = store.rows("data")[key_of(store, "data", "row:registrations:")]
    body = json.loads(row["body"])
    people = [it | {"is_mfa_registered": not it["is_mfa_registered"]} for it in body["people"]]
    row["body"] = json.dumps({"people": people})


def due_at(moment: str) -> Callable[[Store], object]:
    return lambda store: store.rows("due")[key_of(store, "due", "sync:")].update(due_at=moment)


def unmapped(store: Store) -> None:
    change("tenant:", mapping=None)(store)
    for kind in ("map:tenant:", "map:syncro_tenant:"):
        drop("control", kind)(store)


def purge_given_up(store: Store) -> None:
    row = store.rows("control")[key_of(store, "control", "tenant:")]
    row["body"] = json.dumps(json.loads(row["body"]) | {"purges_given_up": {"1": {"job": "purge-data"}}})


def in_people(kind: str, **changes: Any) -> Callable[[Store], object]:
    """Alter fields of the first row of a kind in the table of people."""

    def alter(store: Store) -> None:
        row = store.rows("people")[key_of(store, "people", kind)]
        body = json.loads(row["body"])
        row["body"] = json.dumps(body | {name: it(body) if callable(it) else it for name, it in changes.items()})

    return alter


def person_twice(store: Store) -> None:
    """Somebody who was moved is where they were as well, with everything that belongs to it."""
    partition, key = key_of(store, "people", "moved_end_user:")
    rows, person = store.rows("people"), key.partition(":")[2]
    copy = next(json.loads(row["body"]) for (_, it), row in rows.items() if it == f"end_user:{person}")
    head = json.loads(rows[partition, "people_head:current"]["body"])
    number = head["sequence"] + 1
    told = {
        f"end_user:{person}": {"id": person, "sequence": number, "external_id": "a", "moving_to": "org_b"},
        f"end_user_change:{number:016d}": {"sequence": number, "end_user_id": person},
        "external_id:x": {"end_user_id": person},
        "people_head:current": {**head, "sequence": number, "count": head.get("count", 0) + 1},
    }
    assert copy["organization_id"] != partition.rpartition("|")[2]
    for row_key, body in told.items():
        add("people", partition, row_key, body=json.dumps(body))(store)


SPOILT = [
    ("a head counts its people", in_people("people_head:", count=7)),
    ("a head counts its people", in_people("people_head:", sequence=1)),
    ("a head counts its people", drop("people", "people_head:")),
    ("a head counts its people", in_people("people_head:", assets=7)),
    ("a feed holds everybody once", drop("people", "end_user_change:")),
    ("a feed holds everybody once", in_people("end_user:", sequence=1000)),
    ("a feed holds everybody once", drop("people", "asset_change:")),
    ("a feed holds everybody once", in_people("asset:", sequence=1000)),
    ("assets belong to people who are there", drop("people", "asset:")),
    ("assets belong to people who are there", in_people("asset_assignment:", assignment={"end_user_id": "eu_gone"})),
    (
        "assets belong to people who are there",
        in_people("asset_assignment:", assignment={"end_user_id": None, "former": [{"end_user_id": "eu_gone"}]}),
    ),
    ("external ids lead to their owners", drop("people", "external_id:")),
    ("external ids lead to their owners", drop("people", "asset_external_id:")),
    ("external ids lead to their owners", in_people("end_user:", external_id=None, merged_external_ids=[])),
    (
        "people have their Organization",
        lambda store: [
            store.rows("control").pop(key) for key in list(store.rows("control")) if key[1].startswith("organization:")
        ],
    ),
    (
        "nobody is gone without an entry",
        lambda store: [
            store.rows("control").pop(key)
            for key in list(store.rows("control"))
            if "merged End Users" in str(store.rows("control")[key])
        ],
    ),
    ("I23 no foreign account", in_people("end_user:", notes="acct_northwind")),
    ("I02 both halves or none", drop("control", "map:tenant:")),
    ("I02 both halves or none", drop("control", "map:syncro_tenant:")),
    ("I02 both halves or none", drop("control", "map:csp:")),
    ("I02 both halves or none", add("control", ACCOUNT, "map:tenant:x", body='{"key": "tenant:x", "tenant_id": "x"}')),
    ("I02 both halves or none", change("tenant:", mapping=None)),
    ("I02 mapped to what is there", drop("control", "organization:")),
    ("I03 a binding has its proof", change("integration:", proof=None)),
    ("I03 a binding has its proof", change("integration:", proof__tenant_id="another")),
    ("I03 a binding has its proof", repeated("integration:")),
    ("I03 a binding has its proof", change("flow:", integration_id="int_gone")),
    ("I05 no readable row of a dead epoch", foreign_data),
    ("I05 no readable row of a dead epoch", data_of_tomorrow),
    ("I05 no readable row of a dead epoch", unmapped),
    ("I10 holders are written down", drop("holders", ACCOUNT)),
    (
        "I23 no foreign account",
        add(
            "control",
            ACCOUNT,
            "audit:0",
            body='{"account_id": "acct_southridge", "outcome": "refused", "subject": {}, "action": "x"}',
        ),
    ),
    ("I23 no foreign account", change("flow:", account_id="acct_southridge")),
    (
        "I23 no foreign account",
        add("due", "00", "sync:acct_a:b", kind="sync", account_id="acct_b", item_id="b", due_at="2020"),
    ),
    ("I24 secrets are sealed", change("flow:", sealed=f"eyJ{'a' * 20}.eyJ{'b' * 20}.sig")),
    ("I24 secrets are sealed", change("credential:", sealed="a canary")),
    ("I25 one audit entry a change", change("tenant:", epoch=lambda it: it + 1)),
    ("I25 one audit entry a change", change("integration:", version=lambda it: it + 1)),
    ("I25 one audit entry a change", repeated("audit:", action="mapped tenant", outcome="done")),
    (
        "I25 one audit entry a mark",
        add("control", ACCOUNT, "parting:r:t", body='{"removal_id": "r", "tenant_id": "t", "done_at": "2026"}'),
    ),
    ("derived rows follow from synced ones", drop("data", "row:administrators:")),
    ("derived rows follow from synced ones", drop("data", "cursor:administrators")),
    ("derived rows follow from synced ones", drop("data", "row:mfa:")),
    ("derived rows follow from synced ones", registered_anew),
    ("a summary while it is mapped", drop("control", "summary:")),
    ("a summary while it is mapped", change("summary:", epoch=1)),
    ("a summary while it is mapped", unmapped),
    ("a summary while it is mapped", change("history:", tenant_id="gone")),
    ("a summary while it is mapped", change("history:", epoch=lambda it: it + 1)),
    ("no orphans", drop("control", "integration:")),
    ("no orphans", drop("control", "report:")),
    ("no orphans", drop("control", "tenant:")),
    ("no orphans", add("control", ACCOUNT, "run:gone:1", body="{}")),
]
UNREST = [
    ("everybody is at one place", person_twice),
    ("everybody is at one place", drop("people", "moved_end_user:")),
    ("everybody is at one place", in_people("end_user:", moving_to="org_other")),
    ("the outbox is empty", add("control", ACCOUNT, "outbox:1", body='{"queue": "sync-tenant"}')),
    ("queues are empty", lambda store: store.queues.update({"sync-tenant": ["{}"]})),
    ("queues are empty", lambda store: store.held.update({"sync-tenant-poison": 1})),
    ("pointers lead to journeys", add("callbacks", "ff", "flow", account_id=ACCOUNT, flow_id="flow_gone")),
    ("summaries follow from evaluations", change("summary:", mfa__counts_by_kind={"person exposed": 7})),
    ("summaries follow from evaluations", change("summary:", controls__by_verdict={"met": ["MS.AAD.1.1v1"]})),
    ("I07 what must happen is due", drop("due", "sync:")),
    ("I07 what must happen is due", drop("due", "evaluate:")),
    ("I07 what must happen is due", drop("due", "csp:")),
    ("I07 what must happen is due", drop("due", "consent:")),
    ("I07 what must happen is due", drop("due", "housekeeping:")),
    ("I07 what must happen is due", purge_given_up),
    (
        "I07 what must happen is due",
        add("control", ACCOUNT, "plan:current", body='{"given_up": {"job": "apply-plan"}}'),
    ),
    ("I07 what must happen is due", due_at("2020-01-01T00:00:00.000000Z")),
    ("I07 what must happen is due", due_at("2099-01-01T00:00:00.000000Z")),
]  # fmt: skip


def test_a_healthy_store_breaks_no_rule(store: Store, lab: Lab) -> None:
    assert at_rest(store, now(), lab.canaries()) == []
    assert len(store.documents("tenant")) == 3
    assert differences(store, copy.deepcopy(store)) == []


@pytest.mark.parametrize(("rule", "spoil"), SPOILT, ids=[f"{n} {rule}" for n, (rule, _) in enumerate(SPOILT)])
def test_a_rule_sees_what_breaks_it(store: Store, rule: str, spoil: Callable[[Store], object]) -> None:
    spoil(store)

    assert rule in {it.rule for it in always(store, ["a canary"])}


@pytest.mark.parametrize(("rule", "spoil"), UNREST, ids=[f"{n} {rule}" for n, (rule, _) in enumerate(UNREST)])
def test_a_rule_sees_what_is_left_undone(store: Store, rule: str, spoil: Callable[[Store], object]) -> None:
    spoil(store)

    assert rule in {it.rule for it in at_rest(store, now())}
    assert always(store) == []


def test_a_timer_that_changes_something_is_no_fixpoint(store: Store) -> None:
    after = copy.deepcopy(store)
    change("tenant:", name="Another name")(after)

    assert [it.rule for it in differences(store, after)] == ["I27 a fixpoint"]
