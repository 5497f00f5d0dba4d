"""Every change has exactly one audit entry (I25): doors and what the product does by itself, against a ledger."""

import csv
import io
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from integrations.triggers.http.routes import Need
from tests.flows.partner import Csp, has_csp
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.routes import DOORS
from tests.flows.user_sync import UserSync

FIELDS = {"id", "at", "account_id", "actor", "action", "subject", "outcome", "trace_id"}
TRACE = "0af7651916cd43dd8448eb211c80319c"


class Ledger:
    """What was done, beside what the audit log says of it."""

    def __init__(self, portal: Portal) -> None:
        self.portal = portal
        self.routes: set[str] = set()
        self.begin()

    def begin(self) -> None:
        """What has been written up to now was looked at elsewhere."""
        self._seen = {it["id"] for it in entries(self.portal)}

    def begin_after(self, action: str, *, route: str) -> None:
        """The last entry is this one; the others were looked at elsewhere."""
        assert entries(self.portal)[0]["action"] == action
        self.routes |= {route}
        self.begin()

    def expect(self, *actions: str, route: str = "", actor: str = "user_alice") -> list[dict[str, Any]]:
        """The new entries since the last question are these, each once."""
        new = [it for it in entries(self.portal) if it["id"] not in self._seen]
        self._seen |= {it["id"] for it in new}
        assert sorted(it["action"] for it in new) == sorted(actions), (route, new)
        assert all(it.keys() >= FIELDS - {"trace_id"} for it in new)
        assert {it["actor"] for it in new} <= {actor}
        self.routes |= {route} if route else set()
        return new


def entries(portal: Portal) -> list[dict[str, Any]]:
    return list(portal.ask("GET", "/audit?limit=1000")["items"])


@pytest.fixture
def csp(portal: Portal) -> Csp:
    made = has_csp(portal)
    made.has("Contoso")
    return made


def test_every_door_that_changes_something_writes_one_entry(csp: Csp) -> None:
    portal = csp.portal
    portal.headers["traceparent"] = f"00-{TRACE}-b7ad6b7169203331-01"
    tenant, ledger = portal.has_tenant(devices=1), Ledger(portal)

    started = portal.start()
    assert ledger.expect("started integration", route="post_integration")[0]["trace_id"] == TRACE
    flow = portal.signs_in(started, tenant["admin"])
    ledger.expect("accepted sign-in", actor="system:consent_callback")
    portal.accepts(flow, tenant["admin"])
    ledger.expect("consent came back", actor="system:consent_callback")
    portal.run_queues()
    ledger.expect("proved consent", actor="system:prove_consent")
    made = portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=201)
    ledger.expect("integrated tenant", route="post_complete")
    portal.ask("POST", f"/integrations/{made['integration_id']}/reauthorize", expect=201)
    ledger.expect("started reauthorization", route="post_reauthorize")

    acme = portal.organization("Acme")
    ledger.expect("created organization", route="post_organization")
    portal.ask("PUT", f"/organizations/{acme}", {"name": "Acme Ltd"})
    ledger.expect("changed organization", route="put_organization")
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": acme})
    ledger.expect("mapped tenant", route="put_mapping")
    portal.run_queues()
    portal.ask("POST", f"/tenants/{tenant['id']}/sync", expect=202)
    ledger.expect("ordered sync", route="post_sync")
    portal.run_queues()
    change_user_sync(portal, ledger, tenant, acme)
    change_asset_links(portal, ledger, tenant, acme)
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    ledger.expect("unmapped tenant", route="delete_mapping")
    portal.ask("DELETE", f"/tenants/{tenant['id']}/mapping", expect=204)
    ledger.expect()
    change_end_users(portal, ledger, acme)
    change_assets(portal, ledger, acme)
    portal.ask("DELETE", f"/organizations/{acme}", expect=204)
    ledger.expect("deleted organization", route="delete_organization")

    csp.settled()
    ledger.begin()
    portal.ask("POST", f"/integrations/{csp.id}/access-check", expect=202)
    ledger.expect("ordered access check", route="post_access_check")
    portal.ask("PUT", f"/tenants/{csp.customers['Contoso']['id']}/ignored", {"ignored": True}, expect=204)
    ledger.expect("ignored tenant", route="put_ignored")
    portal.ask("PUT", f"/tenants/{csp.customers['Contoso']['id']}/ignored", {"ignored": False}, expect=204)
    ledger.expect("stopped ignoring tenant")
    portal.ask("PUT", "/settings", {"features": ["baselines"]})
    ledger.expect("changed settings", route="put_settings")
    portal.ask("GET", "/export?kind=organization")
    ledger.expect("exported data")

    needing_the_plan = {route.name for route in DOORS if route.changes and route.needs is Need.MANAGE}
    assert ledger.routes == {*needing_the_plan, "delete_end_user", "delete_asset"}


def change_user_sync(portal: Portal, ledger: Ledger, tenant: dict[str, str], acme: str) -> None:
    """Everything that can be done with a user sync, into another Organization under the same Syncro Tenant."""
    syncro_tenant = next(it for it in portal.ask("GET", "/organizations")["items"] if it["id"] == acme)
    body = {"name": "Branch", "syncro_tenant_id": syncro_tenant["syncro_tenant_id"]}
    sync = UserSync(portal, tenant, portal.ask("POST", "/organizations", body, expect=201)["id"])
    user = sync.has_user("Jane Doe", department="Sales")
    sync.has_end_user("Jane Doe")
    portal.sync(tenant)
    sales = {"department": {"include": [{"value": "Sales"}]}}
    settings = {"organizations": [{"organization_id": sync.organization, "filter": sales}]}
    ledger.begin()
    plan = sync.plan(settings)
    ledger.expect(route="post_user_sync_plan")
    assert sync.put(settings, plan["plan_hash"]).status == 200
    ledger.expect("turned user sync on", route="put_user_sync")
    portal.run_queues()
    ledger.expect("synced users", actor="system:sync_users")
    path = f"{sync.path}/queue/{sync.questions()[0]['id']}/decision"
    portal.ask("POST", path, {"choice": "create"})
    ledger.expect("decided about user", route="post_user_sync_decision")
    portal.run_queues()
    sync.world.change_user(sync.id, user, department="Purchase")
    portal.sync(tenant)
    ledger.begin()
    held = sync.state()["hold"]["plan"]["plan_hash"]
    portal.ask("POST", f"{sync.path}/release", {"plan_hash": held})
    ledger.expect("released user sync", route="post_user_sync_release")
    portal.run_queues()
    ledger.expect("synced users", actor="system:sync_users")
    portal.ask("DELETE", f"{sync.path}/links/{user}", expect=204)
    ledger.expect("undid link of user", route="delete_user_sync_link")
    portal.run_queues()
    sync.turn_off()
    ledger.begin_after("turned user sync off", route="delete_user_sync")


def change_end_users(portal: Portal, ledger: Ledger, acme: str) -> None:
    """Everything that can be done with the people of an Organization, who are gone in the end."""
    jane, twin = (
        portal.ask("POST", f"/organizations/{acme}/end-users", {"name": name}, expect=201)["id"] for name in "JT"
    )
    ledger.expect("created End User", "created End User", route="post_end_user")
    portal.ask("PUT", f"/end-users/{jane}", {"name": "Jane"})
    assert ledger.expect("changed End User", route="put_end_user")[0]["subject"]["end_user_id"] == jane
    portal.ask("POST", f"/end-users/{jane}/merge", {"end_user_id": twin})
    ledger.expect("merged End Users", route="post_merge")
    pushed = {"items": [{"external_id": f"{number}", "name": "N."} for number in range(40)]}
    other = portal.organization("Other")
    ledger.begin()
    portal.ask("POST", f"/organizations/{other}/end-users/bulk", pushed)
    assert ledger.expect("pushed End Users", route="post_bulk")[0]["after"] == "40 items"
    portal.ask("POST", f"/organizations/{other}/end-users/bulk", pushed)
    ledger.expect()
    portal.ask("POST", f"/organizations/{acme}/end-users/move", {"organization_id": other})
    ledger.expect("moved End Users", route="post_move")
    portal.ask("DELETE", f"/end-users/{jane}", expect=204)
    ledger.expect("erased End User", route="delete_end_user")


def change_assets(portal: Portal, ledger: Ledger, acme: str) -> None:
    """Everything that can be done with the assets of an Organization, which are gone in the end."""
    pushed, path = {"items": [{"external_id": "pc-17", "name": "PC"}]}, f"/organizations/{acme}/assets/bulk"
    ledger.begin()
    asset = portal.ask("POST", path, pushed)["items"][0]["asset_id"]
    assert ledger.expect("pushed assets", route="post_assets")[0]["after"] == "1 items"
    portal.ask("POST", path, pushed)
    ledger.expect()
    portal.ask("DELETE", f"/assets/{asset}", expect=204)
    assert ledger.expect("deleted asset", route="delete_asset")[0]["subject"]["asset_id"] == asset


def change_asset_links(portal: Portal, ledger: Ledger, tenant: dict[str, str], acme: str) -> None:
    """Everything that can be decided about an asset, which is gone in the end."""
    pushed = {"items": [{"external_id": "pc-17", "name": "PC", "kind": "laptop"}]}
    asset = portal.ask("POST", f"/organizations/{acme}/assets/bulk", pushed)["items"][0]["asset_id"]
    path, device = f"/assets/{asset}", portal.microsoft.world.devices(tenant["id"])[0]["id"]
    portal.run_queues()
    ledger.begin()
    changed = {"settings": {"link_by_name": True}}
    assert portal.call("PUT", f"/tenants/{tenant['id']}/asset-links", changed, headers={"if-match": "*"}).status == 200
    ledger.expect("changed linking of assets", route="put_asset_links")
    portal.run_queues()
    portal.ask("PUT", f"{path}/link", {"device_id": device})
    assert ledger.expect("linked asset", route="put_asset_link")[0]["subject"]["device_id"] == device
    portal.run_queues()
    assert ledger.expect("linked assets", actor="system:link_assets")[0]["subject"] == {"tenant_id": tenant["id"]}
    portal.ask("DELETE", f"{path}/link", expect=204)
    assert ledger.expect("undid link of asset", route="delete_asset_link")[0]["subject"]["asset_id"] == asset
    portal.ask("DELETE", f"{path}/link", expect=204)
    portal.run_queues()
    ledger.begin()
    for _ in range(2):
        portal.ask("PUT", f"{path}/end-user", {"end_user_id": None})
    ledger.expect("assigned asset", route="put_asset_end_user")
    portal.ask("PUT", f"{path}/end-user", {"is_automatic": True})
    ledger.expect("let Microsoft assign asset")
    portal.ask("DELETE", path, expect=204)
    portal.run_queues()
    ledger.begin()


def test_a_refused_change_writes_no_entry_of_a_change(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    ledger, other = Ledger(portal), portal.organization("Other")
    ledger.expect("created organization")

    assert portal.call("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": other}).status == 409
    assert portal.called_by("tess").call("POST", "/organizations", {"name": "x"}).status == 403

    ledger.expect()


def test_what_the_product_does_by_itself_has_its_entries(csp: Csp) -> None:
    portal, ledger = csp.portal, Ledger(csp.portal)
    csp.integrate()
    told = [it["action"] for it in entries(portal)]
    assert told.count("integrated CSP") == told.count("changed CSP status") == told.count("found customer") == 1
    csp.later(minutes=1)
    auth = [(it["before"], it["after"]) for it in entries(portal) if it["action"] == "changed CSP Auth"]
    assert auth[0][1] == "Active"
    assert len(auth) == len(set(auth))
    ledger.begin()

    contoso = csp.customers["Contoso"]
    csp.world.change_relationship(csp.partner, contoso["relationship"], status="terminated")
    csp.later(hours=1)
    gone = ledger.expect("changed CSP Auth", actor="system:check_csp")
    assert (gone[0]["before"], gone[0]["subject"]["tenant_id"]) == ("Active", contoso["id"])


def test_lost_and_regained_access_is_told_once_each(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    ledger = Ledger(portal)

    portal.microsoft.world.revoke_consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    portal.services.sign_in.forget(tenant["id"])  # tokens that were given out work until they end
    for _ in range(2):
        portal.later(minutes=40)
        portal.tick()

    lost = ledger.expect("lost access", actor="system:sync_tenant")
    assert (lost[0]["before"], lost[0]["after"]) == ("synced", "app_removed")
    portal.microsoft.world.consent(tenant_id=tenant["id"], client_id=CLIENT_ID)
    portal.later(hours=7)
    portal.tick()
    ledger.expect("regained access", actor="system:sync_tenant")


def test_the_log_is_filtered_by_tenant_action_actor_and_time(portal: Portal) -> None:
    first, second = portal.has_tenant("First", seed=1), portal.has_tenant("Second", seed=2)
    portal.integrate(first)
    portal.later(hours=1)
    between = portal.clock()
    portal.later(hours=1)
    portal.integrate(second)

    def told(query: str) -> list[dict[str, Any]]:
        return list(portal.ask("GET", f"/audit?{query}")["items"])

    assert [it["action"] for it in told(f"tenant_id={first['id'].upper()}")] == ["integrated tenant"]
    assert {it["action"] for it in told("actor=system:prove_consent")} == {"proved consent"}
    assert len(told("action=integrated%20tenant")) == 2
    stamp = between.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    until, since = told(f"until={stamp}"), told(f"since={stamp}")
    assert {moment(it) <= between for it in until} == {moment(it) >= between for it in since} == {True}
    assert len(until) + len(since) == len(told(""))
    assert told(f"since={stamp}&until={stamp}") == []
    assert told("action=no%20such") == []
    for bad in ("tenant_id=x", "since=yesterday", "until=2026-11-23T07:30:00", "limit=0", "since=0001-01-01T00:00:00Z"):
        assert portal.call("GET", f"/audit?{bad}").status == 400, bad


def moment(entry: dict[str, Any]) -> datetime:
    return datetime.fromisoformat(entry["at"]).astimezone(UTC)


@pytest.mark.parametrize("query", ["", "&action=created%20organization", "&since=2020-01-01T00:00:00%2B01:00"])
def test_the_log_is_read_page_by_page_and_nothing_is_left_out(portal: Portal, query: str) -> None:
    for number in range(7):
        portal.organization(f"Org {number}")
    whole = [it["id"] for it in portal.ask("GET", f"/audit?limit=1000{query}")["items"]]
    seen, cursor = [], ""
    while cursor is not None:
        page = portal.ask("GET", f"/audit?limit=3{query}{f'&cursor={cursor}' if cursor else ''}")
        seen += [it["id"] for it in page["items"]]
        cursor = page["next_cursor"]

    assert seen == whole
    assert len(seen) == 7


def test_the_log_comes_as_csv_to_those_who_ask_for_it(portal: Portal) -> None:
    portal.organization("Acme")
    portal.organization("Other")

    answer = portal.call("GET", "/audit?limit=1", headers={"accept": "text/csv"})
    rest = portal.call("GET", f"/audit?cursor={answer.headers['Next-Cursor']}", headers={"accept": "text/csv"})

    assert answer.headers["Content-Type"].startswith("text/csv")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="audit.csv"'
    assert answer.headers["Vary"] == portal.call("GET", "/audit").headers["Vary"] == "Accept"
    lines = [line for it in (answer, rest) for line in csv.DictReader(io.StringIO(it.body.decode(), newline=""))]
    json_lines = entries(portal)
    assert [it["id"] for it in lines] == [it["id"] for it in json_lines]
    assert lines[0]["subject"] == f"organization_id={json_lines[0]['subject']['organization_id']}"
    assert lines[0]["actor"] == "user_alice"
    assert "Next-Cursor" not in rest.headers


def test_a_filter_that_finds_little_goes_on_where_it_stopped(portal: Portal, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("integrations.actions.audit.log._PAGE_ROWS", 2)
    monkeypatch.setattr("integrations.actions.audit.log._MOST_PAGES", 2)
    tenant = portal.has_tenant()
    portal.integrate(tenant)
    for number in range(6):
        portal.organization(f"Org {number}")

    first = portal.ask("GET", "/audit?action=integrated%20tenant")
    second = portal.ask("GET", f"/audit?action=integrated%20tenant&cursor={first['next_cursor']}")

    assert first["items"] == []
    assert len(second["items"]) == 1


def test_no_entry_holds_a_secret_or_the_name_of_an_end_user(portal: Portal) -> None:
    tenant = portal.has_tenant(users=3)
    portal.connected(tenant)
    names = [it["name"] for it in portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]]
    text = str(entries(portal))

    assert names
    assert not [it for it in names if it in text]
    assert "state=" not in text
    assert "eyJ" not in text
    assert timedelta(0) <= portal.clock() - moment(entries(portal)[0]) < timedelta(minutes=5)
