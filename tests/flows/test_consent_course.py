"""The ordinary and the unlucky course of a journey: renewing, waiting, too late, twice (A05, A11, T33)."""

import json

from tests.flows.portal import Portal


def rows_of(portal: Portal) -> list[object]:
    return list(portal.ask("GET", "/integrations")["tenants"]["items"])


def test_a_callback_that_comes_too_late_is_refused(portal: Portal) -> None:
    tenant = portal.has_tenant()
    in_time, late = portal.start(), portal.start()
    first = portal.person(tenant["admin"]).follow(in_time["authorize_url"])
    second = portal.person(tenant["admin"]).follow(late["authorize_url"])

    portal.later(minutes=9)
    portal.send(first)
    portal.later(minutes=2)
    portal.send(second)

    assert portal.flow(in_time["flow_id"])["continue_url"]
    assert (portal.flow(late["flow_id"])["state"], portal.flow(late["flow_id"])["reason"]) == ("failed", "expired")


def test_declined_permissions_leave_nothing(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    flow = portal.signs_in(started, tenant["admin"])

    portal.accepts(flow, tenant["admin"], accept=False)

    assert portal.flow(started["flow_id"])["reason"] == "declined"
    assert rows_of(portal) == []


def test_reauthorizing_with_another_tenants_login_changes_nothing(portal: Portal) -> None:
    mine, other = portal.has_tenant("Mine", seed=1), portal.has_tenant("Other", seed=2)
    portal.connected(mine)
    integration = portal.row(mine)["integration_id"]
    before = portal.ask("GET", f"/integrations/{integration}")

    flow = portal.signs_in(portal.ask("POST", f"/integrations/{integration}/reauthorize", expect=201), other["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "other_tenant")
    assert portal.ask("GET", f"/integrations/{integration}") == before
    assert portal.sync(mine)["state"] == "done"


def test_another_administrator_of_the_same_tenant_may_reauthorize(portal: Portal) -> None:
    tenant = portal.has_tenant(users=5)
    portal.connected(tenant)
    portal.microsoft.world.give_role(tenant_id=tenant["id"], username=tenant["member"])
    integration = portal.row(tenant)["integration_id"]
    before = portal.ask("GET", f"/integrations/{integration}")
    started = portal.ask("POST", f"/integrations/{integration}/reauthorize", expect=201)

    portal.accepts(portal.signs_in(started, tenant["member"]), tenant["member"])
    portal.run_queues()
    done = portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=201)
    portal.run_queues()

    after = portal.ask("GET", f"/integrations/{integration}")
    assert done["integration_id"] == integration
    assert (before["version"], after["version"]) == (1, 2)
    assert before["authorized_by"] != after["authorized_by"]
    assert portal.status(tenant) == "Success"


def test_a_consent_that_takes_effect_late_is_waited_for(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.switch(propagation_s=120)
    started = portal.start()
    portal.accepts(portal.signs_in(started, tenant["admin"]), tenant["admin"])

    portal.run_queues()
    early = portal.flow(started["flow_id"])
    portal.ask("POST", f"/consent/{started['flow_id']}/complete", expect=409)
    portal.later(minutes=3)
    portal.tick()
    late = portal.flow(started["flow_id"])

    assert (early["state"], late["state"]) == ("returned", "proven")


def test_a_consent_that_never_takes_effect_ends_with_advice(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.microsoft.world.switch(propagation_s=3600)
    started = portal.start()
    portal.accepts(portal.signs_in(started, tenant["admin"]), tenant["admin"])
    portal.run_queues()

    portal.later(minutes=16)
    portal.tick()

    flow = portal.flow(started["flow_id"])
    assert (flow["state"], flow["reason"]) == ("failed", "consent_not_visible")
    assert "Start again" in flow["remedy"]


def test_a_tenant_that_is_already_integrated_is_refused_before_consent(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.integrate(tenant)

    flow = portal.signs_in(portal.start(), tenant["admin"])

    assert (flow["state"], flow["reason"]) == ("failed", "already_integrated")


def test_two_journeys_to_one_tenant_bind_it_once(portal: Portal) -> None:
    tenant = portal.has_tenant()
    first, second = portal.proves(tenant), portal.proves(tenant)

    portal.ask("POST", f"/consent/{first}/complete", expect=201)
    answer = portal.call("POST", f"/consent/{second}/complete")

    assert answer.status == 409
    assert json.loads(answer.body)["code"] == "already_integrated"
    assert len(rows_of(portal)) == 1


def test_one_tenant_may_belong_to_two_accounts_without_a_hint_to_either(portal: Portal) -> None:
    tenant, bob = portal.has_tenant(), portal.called_by("bob")
    portal.integrate(tenant)

    bob.integrate(tenant)

    assert portal.row(tenant)["integration_id"] != bob.row(tenant)["integration_id"]


def test_a_partners_own_tenant_is_refused_as_a_single_one(portal: Portal) -> None:
    tenant = portal.has_tenant("Partner", partner_type="breadthPartner")

    flow_id = portal.proves(tenant)

    assert portal.flow(flow_id)["reason"] == "partner_tenant"


def test_a_microsoft_that_is_out_fails_the_journey_and_stores_nothing(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])
    portal.microsoft.world.fault(host="login", path="token", status=503, times=None)

    portal.send(callback)

    assert portal.flow(started["flow_id"])["reason"] == "microsoft_unavailable"
    assert rows_of(portal) == []


def test_only_the_tenants_name_is_read_before_it_is_mapped(portal: Portal) -> None:
    tenant = portal.has_tenant(users=50)
    portal.integrate(tenant)
    portal.microsoft.world.forget_requests()

    portal.later(hours=25)
    portal.tick()

    asked = {(it["path"], it["query"].get("$select")) for it in portal.graph_requests(tenant)}
    assert asked == {("/v1.0/organization", "id,displayName,partnerTenantType")}
    assert portal.row(tenant)["sync_status"]["cause"] == "name_read"


def test_a_finished_journey_is_forgotten_a_day_later(portal: Portal) -> None:
    tenant = portal.has_tenant()
    started = portal.start()
    callback = portal.person(tenant["admin"]).follow(started["authorize_url"])
    portal.send(callback)

    portal.later(minutes=30)
    portal.tick()
    assert portal.flow(started["flow_id"])["reason"] == "expired"
    portal.later(hours=25)
    portal.tick()

    assert portal.call("GET", f"/consent/{started['flow_id']}").status == 404
    assert portal.send(callback).status == 400
