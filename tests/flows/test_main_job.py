"""The main job: a single tenant from the first sign-in to a synced row."""

from msgspec.structs import replace

from integrations.actions.account import Account
from integrations.domain.ids import AccountId
from tests.flows.portal import Portal


def test_a_tenant_is_integrated_mapped_and_synced(portal: Portal) -> None:
    contoso = portal.has_tenant("Contoso Dental", users=25)

    portal.integrate(contoso)
    before = portal.row(contoso)
    portal.map(contoso, to="Contoso")
    waiting = portal.row(contoso)
    portal.run_queues()
    after = portal.row(contoso)

    assert before["name"] == "Contoso Dental"
    assert before["syncro_tenant"] is None
    assert (before["sync_status"]["label"], before["sync_status"]["cause"]) == ("Success", "name_read")
    assert (waiting["sync_status"]["label"], waiting["sync_status"]["colour"]) == ("Pending", "orange")
    assert waiting["sync_status"]["reason"] == "waiting_on_microsoft"
    assert (after["sync_status"]["label"], after["sync_status"]["colour"]) == ("Success", "green")
    assert after["syncro_tenant"]["name"] == "Contoso"
    assert after["last_sync_at"] is not None
    assert (after["csp_name"], after["csp_auth"]) == ("-", "-")
    users = portal.ask("GET", f"/tenants/{contoso['id']}/users?limit=1000")
    assert len(users["items"]) == 25
    assert users["as_of"] is not None


def test_old_answers_and_old_runs_are_forgotten(portal: Portal) -> None:
    tenant = portal.has_tenant()
    portal.connected(tenant)
    account = Account(portal.services, AccountId("acct_northwind"))
    control = account.control
    portal.call("POST", "/organizations", {"name": "Once"}, headers={"idempotency-key": "once"})
    run = control.runs.list()[0].value
    for number in range(3):
        old = [replace(run, id=f"9999999999{number:02d}{it:03d}-aaaaaaaa") for it in range(90)]
        with account.change() as change:
            change.write(*(control.runs.added(it) for it in old))

    portal.later(hours=25)
    portal.tick()
    portal.later(hours=25)
    portal.tick()

    assert control.answers.list() == []
    assert len(control.runs.list()) <= 202
    assert control.runs.find(f"{tenant['id']}:{run.id}") is not None
