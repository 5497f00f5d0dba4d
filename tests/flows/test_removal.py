"""Remove Integration: hidden at once, gone in the end, whatever Microsoft does (reliability.md A34, A35, A45)."""

import json
from typing import Any

import pytest

from integrations.actions.account import Account
from integrations.actions.audit.signing import public_keys
from integrations.domain.ids import AccountId
from shared.crypto.signatures import SignatureInvalid, verify_jws
from tests.flows.portal import CLIENT_ID, Portal
from tests.flows.raw import rows_naming

ACCOUNT = AccountId("acct_northwind")
QUIET = {"minutes": 16}


def steps(told: dict[str, Any]) -> dict[str, str]:
    return {it["name"]: it["state"] for it in told["steps"]}


def receipt(told: dict[str, Any]) -> dict[str, Any]:
    return dict(told["receipt"]["statement"])


@pytest.fixture
def tenant(portal: Portal) -> dict[str, str]:
    """A single tenant, integrated, mapped and synced, in which our application may delete itself.

    Where Microsoft does not let it: ``test_removal_by_hand``.
    """
    portal.microsoft.world.switch(owned_by_removes_itself=True)
    tenant = portal.has_tenant(users=30)
    portal.connected(tenant)
    return tenant


def integration_of(portal: Portal, tenant: dict[str, str]) -> str:
    return str(portal.row(tenant)["integration_id"])


def test_the_effects_are_told_before_anybody_confirms(portal: Portal, tenant: dict[str, str]) -> None:
    told = portal.ask("GET", f"/integrations/{integration_of(portal, tenant)}/removal-effects")

    assert told["confirm"] == "Contoso Dental"
    assert told["effects"][0] == "Disconnects the Microsoft tenant Contoso Dental."
    assert any("1 mapping to Syncro Tenants" in it for it in told["effects"])
    assert any("Keeps your End Users" in it for it in told["effects"])
    assert any("Deletes no data from your Microsoft accounts" in it for it in told["effects"])


@pytest.mark.parametrize("typed", ["", "contoso", "all", "Contoso"])
def test_a_removal_that_is_not_confirmed_changes_nothing(portal: Portal, tenant: dict[str, str], typed: str) -> None:
    before = portal.row(tenant)

    answer = portal.call("DELETE", f"/integrations/{before['integration_id']}?confirm={typed}")

    assert answer.status == 400
    assert json.loads(answer.body)["code"] == "not_confirmed"
    assert portal.row(tenant) == before


def test_a_removed_tenant_is_hidden_the_moment_it_is_acknowledged(portal: Portal, tenant: dict[str, str]) -> None:
    integration = integration_of(portal, tenant)

    removal = portal.remove(integration)

    page = portal.ask("GET", "/integrations")
    assert page["tenants"]["items"] == []
    assert [(it["id"], it["name"]) for it in page["removals"]] == [(removal, "Contoso Dental")]
    for path in ("", "/users", "/devices", "/licenses", "/security", "/runs"):
        assert portal.call("GET", f"/tenants/{tenant['id']}{path}").status == 404
    assert portal.call("GET", f"/integrations/{integration}").status == 404
    assert portal.call("POST", f"/tenants/{tenant['id']}/sync").status == 404
    reauthorize = portal.call("POST", f"/integrations/{integration}/reauthorize")
    assert (reauthorize.status, json.loads(reauthorize.body)["code"]) == (409, "removing")
    assert reauthorize.headers["Retry-After"] == "60"


def test_a_removal_takes_the_application_and_the_data_and_keeps_the_organizations(
    portal: Portal, tenant: dict[str, str]
) -> None:
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = portal.removal(removal)
    assert told["state"] == "removed"
    assert steps(told) == {
        "hidden": "done", "fenced": "done", "data": "done", "microsoft": "done", "credential": "skipped",
        "forgotten": "done", "verified": "waiting",
    }  # fmt: skip
    assert told["leftovers"] == []
    assert portal.microsoft.world.service_principal(tenant["id"], CLIENT_ID) is None
    assert len(portal.microsoft.world.users(tenant["id"])) == 30  # nothing is deleted in Microsoft
    assert receipt(told)["rows"]["users"] == 30
    assert receipt(told)["microsoft"] == {"removed": 1}
    assert [it["name"] for it in portal.ask("GET", "/organizations")["items"]] == ["Acme Dental"]


def test_after_the_quiet_time_nothing_names_the_tenant_but_the_audit(portal: Portal, tenant: dict[str, str]) -> None:
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()
    portal.later(**QUIET)
    portal.tick()

    told = portal.removal(removal)
    assert told["state"] == "verified"
    assert (told["name"], receipt(told)["name"], receipt(told)["late_rows"]) == ("", "", 0)
    assert tenant["id"] not in json.dumps(told)
    kinds = {kind for kind, _ in rows_naming(portal, tenant["id"], "Contoso", tenant["domain"])}
    assert kinds <= {"control audit"}


def test_a_month_later_nothing_is_kept_but_the_audit(portal: Portal, tenant: dict[str, str]) -> None:
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()
    portal.later(**QUIET)
    portal.tick()
    portal.later(days=31)
    portal.tick()

    assert portal.call("GET", f"/removals/{removal}").status == 404
    assert portal.services.control(ACCOUNT).removals.list() == []


def test_asking_twice_joins_the_same_removal(portal: Portal, tenant: dict[str, str]) -> None:
    integration = integration_of(portal, tenant)
    first = portal.remove(integration)
    second = portal.remove(integration)
    portal.run_queues()
    third = portal.remove(integration)

    assert first == second == third
    deletes = [it for it in portal.graph_requests(tenant) if it["method"] == "DELETE"]
    assert len(deletes) == 1


def test_a_removed_tenant_can_be_integrated_again_and_finds_nothing_old(portal: Portal, tenant: dict[str, str]) -> None:
    portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    again = portal.integrate(tenant)

    row = portal.row(tenant)
    assert (row["integration_id"], row["syncro_tenant"], row["last_sync_at"] is not None) == (again, None, True)
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization})
    assert portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"] == []
    portal.run_queues()
    portal.later(**QUIET)
    portal.tick()
    assert portal.status(tenant) == "Success"
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/users")["items"]) == 30


def test_the_second_look_leaves_what_a_new_connection_has(portal: Portal, tenant: dict[str, str]) -> None:
    portal.remove(integration_of(portal, tenant))
    portal.run_queues()
    portal.integrate(tenant)
    organization = portal.ask("GET", "/organizations")["items"][0]["id"]
    portal.ask("PUT", f"/tenants/{tenant['id']}/mapping", {"organization_id": organization})
    portal.run_queues()
    before = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]

    portal.later(**QUIET)
    portal.host.fire_timer("reconcile_timer")
    portal.run_queues()
    known = portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]
    portal.later(minutes=40)
    portal.tick()

    assert before
    assert [it["id"] for it in known] == [it["id"] for it in before]
    assert len(portal.ask("GET", f"/tenants/{tenant['id']}/runs")["items"]) > len(before)  # the schedule goes on


def test_with_microsoft_down_the_tenant_is_hidden_its_data_gone_and_the_rest_waits(
    portal: Portal, tenant: dict[str, str]
) -> None:
    world = portal.microsoft.world
    world.fault(host="graph", method="DELETE", status=503, times=None)
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = portal.removal(removal)
    assert told["state"] == "removing"
    assert steps(told)["data"] == "done"
    assert steps(told)["microsoft"] == "running"
    assert {kind for kind, _ in rows_naming(portal, tenant["id"])} & {"data row", "data cursor"} == set()

    started = portal.start()
    flow = portal.signs_in(started, tenant["admin"])
    assert (flow["state"], flow["reason"]) == ("failed", "removing")
    refused = portal.call("POST", f"/consent/{started['flow_id']}/complete")
    assert (refused.status, json.loads(refused.body)["code"]) == (409, "removing")
    assert refused.headers["Retry-After"] == "60"

    world.clear_faults()
    portal.later(minutes=6)
    portal.tick()
    assert portal.removal(removal)["state"] == "removed"
    assert world.service_principal(tenant["id"], CLIENT_ID) is None
    portal.integrate(tenant)


def test_after_a_day_without_microsoft_the_removal_ends_and_says_what_is_left(
    portal: Portal, tenant: dict[str, str]
) -> None:
    portal.microsoft.world.fault(host="graph", method="DELETE", status=503, times=None)
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()
    portal.later(hours=25)
    portal.tick()

    told = portal.removal(removal)
    assert told["state"] == "removed"
    assert steps(told)["microsoft"] == "failed"
    (left,) = told["leftovers"]
    assert left["tenant_id"] == tenant["id"]
    assert CLIENT_ID in left["how"]
    assert left["evidence"]["reason"] == "Microsoft did not answer for 24 hours"


def test_what_microsoft_refuses_is_left_to_do_by_hand(portal: Portal, tenant: dict[str, str]) -> None:
    portal.microsoft.world.switch(owned_by_removes_itself=False)
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = portal.removal(removal)
    assert told["state"] == "removed"
    assert told["leftovers"][0]["evidence"]["code"] == "Authorization_RequestDenied"
    assert receipt(told)["left_over"] == [tenant["id"]]


def test_an_application_that_is_gone_already_is_no_trouble(portal: Portal, tenant: dict[str, str]) -> None:
    portal.microsoft.world.revoke_consent(tenant["id"], CLIENT_ID)
    portal.services.sign_in.forget(tenant["id"])
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = portal.removal(removal)
    assert (told["state"], told["leftovers"]) == ("removed", [])
    assert receipt(told)["microsoft"] == {"absent": 1}


def test_of_two_accounts_the_first_that_removes_leaves_the_other_syncing(
    portal: Portal, tenant: dict[str, str]
) -> None:
    other = portal.called_by("bob")
    other.connected(tenant)
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    assert receipt(portal.removal(removal))["microsoft"] == {"kept": 1}
    assert portal.microsoft.world.service_principal(tenant["id"], CLIENT_ID) is not None
    assert other.sync(tenant)["state"] == "done"
    assert other.status(tenant) == "Success"

    second = other.remove(integration_of(other, tenant))
    other.run_queues()
    assert receipt(other.removal(second))["microsoft"] == {"removed": 1}
    assert portal.microsoft.world.service_principal(tenant["id"], CLIENT_ID) is None


def test_a_receipt_is_signed_by_a_key_anybody_may_check_it_with(portal: Portal, tenant: dict[str, str]) -> None:
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = portal.removal(removal)
    jws = told["receipt"]["jws"]
    keys = public_keys(Account(portal.services, ACCOUNT))
    assert json.loads(verify_jws(jws, keys.keys)) == receipt(told)
    head, payload, signature = jws.split(".")
    with pytest.raises(SignatureInvalid):
        verify_jws(".".join([head, payload[:-4] + "AAAA", signature]), keys.keys)


def test_nobody_learns_from_a_receipt_that_another_account_holds_the_tenant(
    portal: Portal, tenant: dict[str, str]
) -> None:
    portal.called_by("bob").connected(tenant)
    removal = portal.remove(integration_of(portal, tenant))
    portal.run_queues()

    told = json.dumps(portal.removal(removal))
    assert "account" not in told.replace(ACCOUNT, "").replace("account_id", "").replace("in your account", "")
