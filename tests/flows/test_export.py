"""Export: every stored row that names the tenant, compared with the raw store; no secret, no formula (A24, A49)."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from integrations.actions.read import export as exporting
from integrations.domain.ids import AccountId
from integrations.storage.control import KINDS
from integrations.storage.documents import Documents
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_SECRET, Portal
from tests.flows.routes import ABSENT
from tests.stored import Storage, Store

ACCOUNT = "acct_northwind"
CSV = {"accept": "text/csv"}


def exported(portal: Portal, query: str = "") -> list[dict[str, Any]]:
    portal.services.quota._taken_at.clear()
    return list(portal.ask("GET", f"/export{query}")["rows"])


def table_of(portal: Portal, query: str = "") -> list[dict[str, str]]:
    portal.services.quota._taken_at.clear()
    answer = portal.call("GET", f"/export{query}", headers=CSV)
    assert answer.status == 200, answer.body
    return list(csv.DictReader(io.StringIO(answer.body.decode(), newline="")))


def stored(portal: Portal) -> Store:
    storage = Storage(portal.services.settings.storage)
    try:
        return storage.read(queues=False)
    finally:
        storage.close()


def named(store: Store, tenant_id: str) -> set[tuple[str, str]]:
    """Kind and id of every row of the account, in any table, that names the tenant; found by reading text."""
    found = set()
    for table, rows in store.tables.items():
        for (partition, key), row in rows.items():
            text = f"{partition} {key} {json.dumps({name: str(it) for name, it in row.items()})}"
            if tenant_id not in text or ACCOUNT not in text:
                continue
            if table == "data" and not key.startswith("!"):
                kind, _, rest = key.partition(":")
                of_cursors = "evaluation" if partition.endswith("|derived") else "dataset"
                beside = {"cursor": of_cursors, "changed": "changed"}
                found.add((beside[kind], rest) if kind in beside else tuple(rest.split(":", 1)))
            elif table == "control":
                found.add(tuple(key.split(":", 1)))
            elif table == "due":
                found.add(("due", row["kind"]))
            elif table == "holders":
                found.add(("holder", key.split("|")[1]))
    return found  # type: ignore[return-value]


def ids(rows: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(it["kind"], it["id"]) for it in rows}


@pytest.fixture
def csp(portal: Portal) -> Csp:
    made = has_csp(portal)
    made.has("Contoso")
    made.has("Fabrikam")
    return made.settled()


def test_a_tenants_export_holds_every_row_that_names_it(portal: Portal) -> None:
    tenant, other = portal.has_tenant(users=12), portal.has_tenant("Other", seed=2)
    portal.connected(tenant)
    portal.integrate(other)
    portal.map(other, to="Elsewhere")
    portal.call("POST", f"/tenants/{tenant['id']}/sync", headers={"idempotency-key": "once"})
    exceptions = [
        {"tenant_id": it["id"], "user_id": portal.microsoft.world.users(it["id"])[0]["id"], "reason": "Test"}
        for it in (tenant, other)
    ]
    portal.ask("PUT", "/settings", {"exceptions": exceptions})
    portal.run_queues()
    portal.microsoft.world.add_group(tenant["id"], "Unused", [])
    portal.call("POST", f"/tenants/{tenant['id']}/sync")
    portal.host.drain("sync-tenant")  # and what changed is marked for an evaluation that is still to come
    wanted = named(stored(portal), tenant["id"])

    rows = exported(portal, f"?tenant_id={tenant['id'].upper()}")

    assert wanted - ids(rows) == set()
    kinds = {kind for kind, _ in ids(rows)}
    assert kinds >= {"tenant", "integration", "map", "flow", "run", "audit", "users", "licenses", "dataset", "due"}
    assert kinds >= {"summary", "history", "exceptions", "mfa", "controls"}
    assert kinds >= {"holder", "organization", "syncro_tenant", "domains", "evaluation", "administrators", "changed"}
    assert other["id"] not in json.dumps(rows)
    assert "Elsewhere" not in json.dumps(rows)


def test_a_customers_export_holds_every_row_that_names_it(csp: Csp) -> None:
    portal, tenant = csp.portal, csp.customers["Contoso"]
    portal.map(tenant)
    portal.run_queues()
    wanted = named(stored(portal), tenant["id"])

    rows = exported(portal, f"?tenant_id={tenant['id']}")

    assert wanted - ids(rows) == set()
    assert {kind for kind, _ in ids(rows)} >= {"tenant", "facts", "report", "credential", "users", "audit"}


def test_the_accounts_export_holds_every_row_of_it(csp: Csp) -> None:
    portal = csp.portal
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.called_by("bob").organization("Theirs")
    portal.later(minutes=6)
    portal.tick()
    store = stored(portal)
    controls = {tuple(key.split(":", 1)) for partition, key in store.rows("control") if partition == ACCOUNT}

    rows = exported(portal)

    assert controls - ids(rows) == set()
    assert named(store, tenant["id"]) | named(store, csp.customers["Fabrikam"]["id"]) <= ids(rows)
    assert "Theirs" not in json.dumps(rows)
    assert {it["value"]["work"] for it in rows if it["kind"] == "due"} >= {
        "seal",
        "housekeeping",
        "sync",
        "csp",
        "consent",
    }


def test_no_secret_leaves(csp: Csp) -> None:
    portal = csp.portal
    portal.call("POST", "/integrations", {"kind": "single"}, headers={"idempotency-key": "once"})
    portal.ask("GET", "/audit/keys")
    store = stored(portal)
    secret = [it[name] for kind in ("flow", "credential", "audit_key") for it in store.documents(kind).values()
              for name in ("sealed", "state_hash") if it.get(name)]  # fmt: skip
    secret += [state for it in store.documents("flow").values() for state in it["states"]]
    secret += [it["body"] for it in store.documents("answer").values()]

    text = json.dumps(exported(portal)) + json.dumps(table_of(portal))

    assert len(secret) >= 5
    assert not [it for it in secret if it in text or json.dumps(it)[1:-1] in text]
    assert "state=" not in text
    assert CLIENT_SECRET not in text


def test_every_kind_of_row_is_exported_or_its_secrets_are_named(portal: Portal) -> None:
    control = portal.services.control(AccountId(ACCOUNT))
    kinds = {it._prefix[:-1] for it in vars(control).values() if isinstance(it, Documents)}

    assert kinds == set(KINDS)


def test_what_was_unmapped_is_not_exported(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)

    kinds = {kind for kind, _ in ids(exported(portal, f"?tenant_id={tenant['id']}"))}

    assert "tenant" in kinds
    assert not kinds & {"users", "licenses", "dataset"}


def test_hostile_names_run_nowhere(portal: Portal) -> None:
    name = '=HYPERLINK("http://evil.example")<img src=x>\r\n+1\u202e'
    tenant = portal.has_tenant(name, domain="contoso.example")
    for number, text in enumerate(("=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "＝1", 'a"b,c\r\nd')):  # noqa: RUF001
        told = {"displayName": text, "department": text, "jobTitle": text, "userPrincipalName": f"u{number}@c.example"}
        portal.microsoft.world.add_user(tenant_id=tenant["id"], **told)
    portal.connected(tenant)

    lines = table_of(portal, f"?tenant_id={tenant['id']}")

    assert not [cell for line in lines for cell in line.values() if cell.lstrip(" ").startswith(tuple("=+-@\t\r＝"))]  # noqa: RUF001
    users = [it for it in lines if it["kind"] == "users"]
    assert {"'=1+1", "'+1", "'-1", "'@SUM(A1)"} <= {it["name"] for it in users}
    assert len(lines) == len(exported(portal, f"?tenant_id={tenant['id']}")) - 1  # the first export is told meanwhile


def test_one_kind_of_rows_is_a_table_of_its_own(portal: Portal) -> None:
    tenant = portal.has_tenant(users=7)
    portal.connected(tenant)

    answer = portal.call("GET", f"/export?tenant_id={tenant['id']}&kind=users", headers=CSV)

    assert answer.headers["Content-Disposition"] == f'attachment; filename="export-{tenant["id"]}.csv"'
    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.body.startswith(b'"kind","id","tenant_id","value.id","')
    assert len(answer.body.decode().splitlines()) == 1 + len(
        portal.ask("GET", f"/tenants/{tenant['id']}/users?limit=1000")["items"]
    )


def test_an_export_of_a_tenant_that_is_not_ours_looks_like_none(portal: Portal) -> None:
    tenant, bob = portal.has_tenant(), portal.called_by("bob")
    portal.integrate(tenant)

    foreign = bob.call("GET", f"/export?tenant_id={tenant['id']}")
    absent = bob.call("GET", f"/export?tenant_id={ABSENT['tenant_id']}")

    assert foreign.status == absent.status == 404
    told = [{k: v for k, v in json.loads(it.body).items() if k != "trace_id"} for it in (foreign, absent)]
    assert told[0] == told[1]
    assert bob.call("GET", "/export?tenant_id=contoso.example").status == 400
    assert bob.ask("GET", "/audit")["items"] == []


def test_an_export_is_told_in_the_audit_log(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    rows = exported(portal, f"?tenant_id={tenant['id']}")

    told = portal.ask("GET", "/audit?action=exported%20data")["items"]

    assert [(it["actor"], it["subject"], it["after"]) for it in told] == [
        ("user_alice", {"tenant_id": tenant["id"]}, f"{len(rows)} rows")
    ]


def test_an_export_that_is_too_large_says_how_to_get_there(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    portal.organization("Acme")
    monkeypatch.setattr(exporting, "MOST_ROWS", 2)

    refused = portal.call("GET", "/export")

    assert (refused.status, json.loads(refused.body)["code"]) == (409, "export_too_large")
    assert "?tenant_id=" in json.loads(refused.body)["remedy"]
    assert portal.call("GET", "/export?kind=organization").status == 200
    assert len(portal.ask("GET", "/audit?action=exported%20data")["items"]) == 1


def test_exports_have_their_limit_a_minute(portal: Portal) -> None:
    answers = [portal.call("GET", "/export") for _ in range(7)]

    assert [it.status for it in answers] == [200] * 6 + [429]
    assert answers[-1].headers["Retry-After"]
    assert portal.called_by("bob").call("GET", "/export").status == 200


def test_rows_of_a_big_tenant_are_exported_from_all_its_partitions(
    portal: Portal, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr("integrations.storage.data.fences._ROWS_OF_A_PART", 10)
    monkeypatch.setattr("integrations.storage.data.stored_rows._ROWS_A_PAGE", 7)
    tenant = portal.has_tenant(users=90)
    portal.connected(tenant)
    wanted = named(stored(portal), tenant["id"])

    rows = exported(portal, f"?tenant_id={tenant['id']}&kind=users")

    assert {it for it in wanted if it[0] == "users"} == ids(rows)
    assert len(rows) == len(ids(rows)) >= 90
